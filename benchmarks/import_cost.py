"""CPU time of ``import tracker``, ``tracker --help`` and an estimate above bare Python."""

from __future__ import annotations

import sys

from _bench import MS_PER_S, command, compiled, line, machine, medians_cpu_s, options


def main() -> None:
    times = 3 if options(__doc__).short else 21
    commands = {
        "bare": (sys.executable, "-c", "pass"),
        "import": (sys.executable, "-c", "import tracker"),
        "help": (command(), "--help"),
        "estimate": (command(), "estimate", "--gpu", "V100", "--hours", "84"),
    }
    with machine() as folder:
        cpu_s = medians_cpu_s(commands, times, compiled(folder))
    line("bare Python", cpu_s["bare"] * MS_PER_S, "CPU ms")
    line(
        "import tracker, above it", (cpu_s["import"] - cpu_s["bare"]) * MS_PER_S, "CPU ms", most=20
    )
    line("tracker --help, above it", (cpu_s["help"] - cpu_s["bare"]) * MS_PER_S, "CPU ms", most=120)
    line("tracker estimate", cpu_s["estimate"] * MS_PER_S, "CPU ms", most=300)


if __name__ == "__main__":
    main()
