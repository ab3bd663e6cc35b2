"""`tracker` as a process of its own, with a run that only notes what it is told.

``NOTES`` in the environment is the file of the notes; ``TROUBLE`` names the call that fails.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from tracker.cli import main
from tracker.errors import SettingsError
from tracker.model.report import RunReport
from tracker.model.run import RunStatus
from unit.cli.examples import RUN_ID, report, rooms


def note(text: str) -> None:
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{text}\n")


def fail_at(call: str) -> None:
    if os.environ.get("TROUBLE") == call:
        raise RuntimeError(f"{call} does not work")


class NotedRun:
    id: UUID = RUN_ID

    def start(self) -> object:
        note("start")
        logging.getLogger("tracker").warning("rapl cannot be read")
        fail_at("start")
        return self

    def stop(self, *, error: str | None = None) -> RunReport:
        note(f"stop {error}")
        fail_at("stop")
        return report(status=RunStatus.FAILED if error else RunStatus.FINISHED)


def track(name: str, options: Mapping[str, Any]) -> NotedRun:
    given = {key: value for key, value in options.items() if value is not None}
    note(f"track {name} {given}")
    if (options.get("interval_s") or 1) <= 0:
        raise SettingsError("interval_s = -1 (argument): must be at least 0.1 seconds")
    return NotedRun()


if __name__ == "__main__":
    main(rooms=rooms(report(), track=track, sleep=time.sleep))
