from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tracker.cli.run import name_of

PATIENCE_S = 20


class Terminal:
    """Starts `tracker run`, and reads what its run noted."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.notes = folder / "notes"
        self.folder = folder
        self._program = root / "tests/unit/cli/measured.py"
        self._environ = {
            **os.environ,
            "PYTHONPATH": str(root / "tests"),
            "NOTES": str(self.notes),
            "PYTHONWARNINGS": "ignore",
        }
        self.started: list[subprocess.Popen[str]] = []

    def begin(self, *line: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(self._program), "run", *line],
            env={**self._environ, **(environ or {})},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(
        self, *line: str, environ: Mapping[str, str] | None = None, keys: str = ""
    ) -> tuple[int, str, str]:
        process = self.begin(*line, environ=environ)
        out, err = process.communicate(keys, timeout=PATIENCE_S)
        return process.returncode, out, err

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture
def terminal(root: Path, tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(root, tmp_path)
    yield made
    for process in made.started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(path: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.02)


def test_the_command_has_the_terminal_and_its_exit_code_is_ours(terminal: Terminal) -> None:
    code, out, err = terminal.run("--", "sh", "-c", "cat; exit 7", keys="what was typed")

    assert (code, out) == (7, "what was typed")
    assert terminal.noted()[-1] == "stop exit code 7"
    assert "tracker: resnet-cifar failed after 2 min 31 s" in err


def test_the_report_is_on_stderr_alone_and_short(terminal: Terminal) -> None:
    code, out, err = terminal.run("--", "true")

    assert (code, out) == (0, "")
    assert "energy   12.3 Wh    11.5\N{EN DASH}13.2 Wh  gpu 10.1 Wh, cpu 2.19 Wh" in err
    assert "CO2e     690 mg     520\N{EN DASH}870 mg" in err
    assert "tracker show a1b2c3d4" in err
    assert err.splitlines()[0] == "tracker: rapl cannot be read"
    assert len(err.splitlines()) == 6


def test_the_password_of_a_store_is_not_printed(terminal: Terminal) -> None:
    _, _, err = terminal.run("--store", "postgresql+psycopg://ada:hunter2@db/runs", "true")

    assert "hunter2" not in err
    assert "--store 'postgresql+psycopg://ada:***@db/runs'" in err


def test_options_reach_the_run_and_those_of_the_command_do_not(terminal: Terminal) -> None:
    options = ("--project", "vision", "--tag", "lr=3e-4", "--tag", "seed=1", "--pue", "1.2")
    terminal.run(*options, "--no-provenance", "echo", "--name", "its own")

    assert terminal.noted()[0] == (
        "track echo {'project': 'vision', 'pue': 1.2, "
        "'tags': {'lr': '3e-4', 'seed': '1'}, 'provenance': False}"
    )


def test_the_command_learns_the_id_of_the_run_around_it(terminal: Terminal) -> None:
    _, out, _ = terminal.run("--", "sh", "-c", "echo $TRACKER_PARENT")

    assert out.strip() == "0196a5b2-7c11-7a40-8f00-0000a1b2c3d4"


def test_a_command_that_is_not_there_is_127(terminal: Terminal) -> None:
    code, _, err = terminal.run("--", "no-such-command-here")

    assert code == 127
    assert "tracker: no-such-command-here: command not found\n" in err
    assert terminal.noted()[-1] == "stop no-such-command-here: command not found"


def test_a_command_that_is_not_executable_is_126(terminal: Terminal) -> None:
    (terminal.folder / "data.txt").write_text("no program")
    code, _, err = terminal.run("--", "./data.txt")

    assert code == 126
    assert "tracker: ./data.txt: cannot be run: Permission denied\n" in err


def test_a_command_killed_by_a_signal_gives_128_and_its_number(terminal: Terminal) -> None:
    code, _, _ = terminal.run("--", "sh", "-c", "kill -KILL $$")

    assert code == 128 + signal.SIGKILL
    assert terminal.noted()[-1] == "stop ended by SIGKILL"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"])
def test_a_signal_sent_to_us_is_handed_on_and_the_report_still_comes(
    terminal: Terminal, name: str
) -> None:
    script = f"trap 'echo got {name}; exit 3' {name[3:]}; : > ready; while :; do sleep 0.05; done"
    process = terminal.begin("--", "sh", "-c", script)
    wait_for(terminal.folder / "ready")
    os.kill(process.pid, getattr(signal, name))
    out, err = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, out) == (3, f"got {name}\n")
    assert "tracker show a1b2c3d4" in err


def test_the_child_starts_with_signals_as_a_shell_would_leave_them(terminal: Terminal) -> None:
    _, out, _ = terminal.run("--", "grep", "-E", "SigBlk|SigIgn", "/proc/self/status")

    own_to_the_c_library = ~0x7FFFFFFF  # 32 and up: posix_spawn leaves those ignored
    found = [int(line.split()[1], 16) & ~own_to_the_c_library for line in out.splitlines()]
    assert found == [0, 0]


def test_when_the_command_stops_so_do_we_until_both_are_continued(terminal: Terminal) -> None:
    script = (
        "echo $$ > ready.new; mv ready.new ready; while [ ! -e go ]; do sleep 0.05; done; exit 5"
    )
    process = terminal.begin("--", "sh", "-c", script)
    wait_for(terminal.folder / "ready")
    child = int((terminal.folder / "ready").read_text())

    os.kill(child, signal.SIGSTOP)
    waited, status = os.waitpid(process.pid, os.WUNTRACED)
    assert waited == process.pid
    assert os.WIFSTOPPED(status)

    os.killpg(process.pid, signal.SIGCONT)
    (terminal.folder / "go").touch()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 5


@pytest.mark.parametrize("call", ["start", "stop"])
def test_the_command_runs_even_where_measuring_fails(terminal: Terminal, call: str) -> None:
    code, out, err = terminal.run("--", "sh", "-c", "echo ran; exit 4", environ={"TROUBLE": call})

    assert (code, out) == (4, "ran\n")
    assert f"{call} does not work" in err
    assert len(err.splitlines()) == 2


def test_what_cannot_be_meant_is_said_before_anything_runs(terminal: Terminal) -> None:
    code, out, err = terminal.run("--interval", "-1", "--", "echo", "ran")

    assert (code, out) == (1, "")
    assert err == "tracker: interval_s = -1 (argument): must be at least 0.1 seconds\n"


def test_a_tag_without_a_value_is_a_usage_error(terminal: Terminal) -> None:
    code, _, err = terminal.run("--tag", "fast", "--", "true")

    assert code == 2
    assert "'fast' is no KEY=VALUE" in err


def test_switched_off_nothing_is_reported(terminal: Terminal) -> None:
    code, _, err = terminal.run("--", "true", environ={"TRACKER_DISABLED": "1"})

    assert code == 0
    assert "energy" not in err


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (["python", "train.py", "--lr", "1"], "train.py"),
        (["/usr/bin/python3.12", "src/train.py"], "train.py"),
        (["python", "-m", "train"], "python"),
        (["python"], "python"),
        (["./bin/train", "x.py"], "train"),
    ],
)
def test_a_run_is_named_after_what_it_runs(line: list[str], name: str) -> None:
    assert name_of(line) == name
