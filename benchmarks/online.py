"""What a black-holed network costs start and stop of a run that asks it."""

from __future__ import annotations

import os
import socket
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from _bench import MS_PER_S, environ_with_store, line, machine, options, python

CHILD = """
import json, os, time, tracker
taken_s = []
for _ in range(int(os.environ["TIMES"])):
    for online in (False, True):  # in turns, so that a disturbance hits both
        begin = time.perf_counter()
        run = tracker.track("bench", online=online).start()
        started = time.perf_counter()
        time.sleep(3)  # the question is under way by then
        stopping = time.perf_counter()
        run.stop()
        taken_s.append(started - begin + time.perf_counter() - stopping)
print(json.dumps(taken_s))
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
    times = 3 if options(__doc__).short else 12
    with machine() as folder, black_hole() as url:
        environ = environ_with_store(folder, os.environ)
        environ |= {"TRACKER_LOCATION": "GB", "TRACKER_GRID_UK_CARBON_URL": url}
        environ["TIMES"] = str(times)
        taken_s = python(CHILD, environ).json()[2:]  # the first pair imports
    off_s, hole_s = taken_s[::2], taken_s[1::2]
    more_s = sorted(hole - off for off, hole in zip(off_s, hole_s, strict=True))
    line("start and stop together, offline, median", statistics.median(off_s) * MS_PER_S, "ms")
    line("  with a network that swallows everything", statistics.median(hole_s) * MS_PER_S, "ms")
    line("  the difference of a pair, median", statistics.median(more_s) * MS_PER_S, "ms", most=50)
    line("  smallest", more_s[0] * MS_PER_S, "ms")
    line("  largest", more_s[-1] * MS_PER_S, "ms")


if __name__ == "__main__":
    main()
