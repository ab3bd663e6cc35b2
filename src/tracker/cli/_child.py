r"""The command that `tracker run` starts, as if nobody stood between it and the shell.

The child stays in our process group: it reads the terminal, and Ctrl-C, Ctrl-\ and Ctrl-Z
reach it from the kernel, without us. A signal that somebody sends to us alone is handed on.
When the child stops we stop too, so that the shell's job control sees what it expects.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

_HANDED_ON: Final = frozenset(
    {
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGTSTP,
        signal.SIGCONT,
    }
)
_WAITED_FOR: Final = _HANDED_ON | {signal.SIGCHLD}
_PYTHON_IGNORES: Final = (signal.SIGPIPE, signal.SIGXFSZ)
_SI_KERNEL: Final = 0x80
"""``si_code`` of a signal that the kernel sent, as the terminal's keys do (sigaction(2))."""

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
BY_SIGNAL: Final = 128
"""Exit codes as POSIX shells give them; 128 is added to the number of the signal."""


@contextmanager
def signals_held() -> Iterator[None]:
    """Keep signals for ``run_child`` while it is entered; threads started inside too.

    What arrives between the child's end and here was meant for the child: it is dropped.
    """
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited: no child's end would show
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)
    try:
        yield
    finally:
        while signal.sigtimedwait(_WAITED_FOR - before, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_child(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run ``command`` to its end, inside ``signals_held``; its exit code as a shell gives it.

    Raises:
        FileNotFoundError: there is no such command.
        OSError: it is not executable.
    """
    pid = os.posix_spawnp(
        command[0], list(command), environ, setsigmask=(), setsigdef=_PYTHON_IGNORES
    )
    while True:
        received = signal.sigwaitinfo(_WAITED_FOR)
        if received.si_signo != signal.SIGCHLD:
            _hand_on(received, pid)
            continue
        waited, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if waited and os.WIFSTOPPED(status):
            _stop_as_well(os.WSTOPSIG(status))
        elif waited:
            return _exit_code(status)


def _hand_on(received: signal.struct_siginfo, pid: int) -> None:
    """Send it to the child, unless the child has it from the kernel or sent it itself."""
    if received.si_code != _SI_KERNEL and received.si_pid != pid:
        with suppress(ProcessLookupError):
            os.kill(pid, received.si_signo)


def _stop_as_well(signo: int) -> None:
    """Stop this process as the child was stopped, until somebody continues us."""
    signal.sigtimedwait({signo}, 0)  # ours from the terminal: it would stop us a second time
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})
    os.kill(os.getpid(), signo)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR & {signo})


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return BY_SIGNAL - code if code < 0 else code
