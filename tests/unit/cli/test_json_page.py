"""The page that documents JSON names every key that is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.grids import value
from fakes.statements import project
from tracker.cli import sync
from tracker.cli._db_view import to_dict as db_status
from tracker.data.tables import sources
from tracker.history.grid import listed
from tracker.model.comparison import Comparison, Difference, RunDifference
from tracker.model.device import DeviceKind
from tracker.model.plain import plain
from tracker.model.report import IdleReport, OverlapReport, RemainderReport
from tracker.model.totals import GroupTotal, Totals
from tracker.store.condition import Condition
from tracker.store.outbox import Waiting
from tracker.store.shipping import Shipped
from tracker.store.state import State
from unit.cli.examples import NOW, RUN_ID, STARTED, device, examination, report, summary
from unit.cli.test_grid_views import advice, outlook, priced

FREE = {
    "tags",
    "params",
    "metrics",
    "provenance",
    "power_w",
    "versions",
    "given",
    "credits",
    "rows",
} | {
    "energy_by_method_j",
    "energy_by_kind_j",
}
"""Objects whose keys are the user's, a device's or a driver's."""

EMPTY = GroupTotal("", 0, 0, 0.0, None, None, None, None, None, None, 0.0, 0.0)
NONE = Difference("energy", None, None, None, None, None, None, None)
LINE = summary(report())
COMPARED = Comparison(
    LINE, (RunDifference(LINE, NONE, NONE, NONE, (NONE,), (NONE,), NONE, (NONE,)),)
)


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            if key not in FREE:
                yield from keys(below)
    if isinstance(value, list):
        for item in value:
            yield from keys(item)


@pytest.mark.parametrize(
    "printed",
    [
        report(
            overlaps=(OverlapReport(RUN_ID, "b2c3", "gpu:0", STARTED, NOW, 1.0),),
            devices=(device(DeviceKind.GPU, 9.0, idle=IdleReport(1.0, 2.0, NOW)),),
            remainder=RemainderReport(0.2, 1.0, 0.5, 2.0),
        ).to_dict(),
        summary(report()).to_dict(),
        examination().to_dict(),
        project().to_dict(),
        db_status(Condition("sqlite:///a", State.CURRENT, "1", "1", {"runs": 1}, 9, ())),
        sync.to_dict(3, Shipped(1, 2, ("run 1a: no",)), [Waiting("postgresql://db", 1, 2, NOW)]),
        Totals("project", (EMPTY,), EMPTY).to_dict(),
        COMPARED.to_dict(),
        plain({"pricings": [priced()]}),
        listed(value(50, NOW)),
        outlook().to_dict(),
        plain({"tables": list(sources().values())}),
        advice().to_dict(),
    ],
    ids=[
        "show",
        "runs",
        "doctor",
        "report",
        "db",
        "sync",
        "totals",
        "compare",
        "price",
        "times",
        "grid",
        "sources",
        "when",
    ],
)
def test_every_key_is_documented(printed: dict[str, object], root: Path) -> None:
    page = (root / "docs/json.md").read_text()
    documented = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", page))))

    assert set(keys(printed)) - documented == set()
