"""What ``start()`` and ``stop()`` take, and a whole process, beside the import of SQLAlchemy."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping

from _bench import MS_PER_S, environ_with_store, line, machine, measured, options, python

SUBJECT = """
import json, time
import tracker

def taken(action):
    cpu_s, wall_s = time.thread_time(), time.perf_counter()
    action()
    return time.thread_time() - cpu_s, time.perf_counter() - wall_s

run = tracker.track("start-stop", provenance=True)
start = taken(run.start)
time.sleep(2.0)
stop = taken(run.stop)
print(json.dumps({"start": start, "stop": stop}))
"""

IMPORT = """
import json, time
cpu_s, wall_s = time.process_time(), time.perf_counter()
import sqlalchemy
print(json.dumps([time.process_time() - cpu_s, time.perf_counter() - wall_s]))
"""


def main() -> None:
    times = 2 if options(__doc__).short else 11
    with machine() as folder:
        environ = environ_with_store(folder)
        python(SUBJECT, environ)  # makes the store; the first import compiles
        figures = [_once(environ) for _ in range(times)]
    middle = {name: statistics.median(each[name] for each in figures) for name in figures[0]}
    line("import sqlalchemy, alone", middle["import wall"] * MS_PER_S, "ms")
    line("import sqlalchemy, alone", middle["import cpu"] * MS_PER_S, "CPU ms")
    line("start()", middle["start wall"] * MS_PER_S, "ms", most=100)
    line("start(), in the caller's thread", middle["start cpu"] * MS_PER_S, "CPU ms")
    line("stop() of a run of 2 s", middle["stop wall"] * MS_PER_S, "ms", most=50)
    line("stop(), in the caller's thread", middle["stop cpu"] * MS_PER_S, "CPU ms")
    line("whole process beyond bare Python and that import", middle["process"], "CPU s", most=0.25)


def _once(environ: Mapping[str, str]) -> dict[str, float]:
    bare = measured((sys.executable, "-c", "pass"), environ)
    imported = python(IMPORT, environ).json()
    whole = python(SUBJECT, environ)
    told = whole.json()
    return {
        "import cpu": imported[0],
        "import wall": imported[1],
        "start cpu": told["start"][0],
        "start wall": told["start"][1],
        "stop cpu": told["stop"][0],
        "stop wall": told["stop"][1],
        "process": whole.cpu_s - bare.cpu_s - imported[0],
    }


if __name__ == "__main__":
    main()
