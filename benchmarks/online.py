"""What a black-holed network costs start and stop of a run that asks it."""

from __future__ import annotations

import os
import socket
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from _bench import MS_PER_S, environ_with_store, line, machine, options, python

CHILD = """
import json, time, tracker
begin = time.perf_counter()
run = tracker.track("bench").start()
started = time.perf_counter()
time.sleep(5)  # the question is under way by then, also on a busy machine
stopping = time.perf_counter()
run.stop()
print(json.dumps(started - begin + time.perf_counter() - stopping))
"""


@contextmanager
def black_hole() -> Iterator[str]:
    """An address whose every connection hangs: its queue is full and nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for caller in callers:
                caller.close()


def main() -> None:
    times = 2 if options(__doc__).short else 9
    taken_s: dict[str, list[float]] = {"off": [], "hole": []}
    with machine() as folder, black_hole() as url:
        offline = environ_with_store(folder, os.environ)
        offline["TRACKER_LOCATION"] = "GB"
        hole = offline | {"TRACKER_ONLINE": "1", "TRACKER_GRID_UK_CARBON_URL": url}
        for _ in range(times + 1):  # in turns, so that a disturbance hits both
            for name, environ in (("off", offline), ("hole", hole)):
                taken_s[name].append(python(CHILD, environ).json())
    off_s, hole_s = (statistics.median(each[1:]) for each in taken_s.values())
    pairs = zip(taken_s["off"][1:], taken_s["hole"][1:], strict=True)
    more_s = sorted(hole - off for off, hole in pairs)
    line("start and stop together, offline", off_s * MS_PER_S, "ms")
    line("  with a network that swallows everything", hole_s * MS_PER_S, "ms")
    line("  the difference of a pair, median", statistics.median(more_s) * MS_PER_S, "ms", most=50)
    line("  smallest", more_s[0] * MS_PER_S, "ms")
    line("  largest", more_s[-1] * MS_PER_S, "ms")


if __name__ == "__main__":
    main()
