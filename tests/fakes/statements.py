"""Statements as the history makes them, for exporters to write."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from tracker.model.run import RunStatus
from tracker.model.statement import Amount, Development, Embodied, Group, Statement
from tracker.ports import discovery
from unit.cli.examples import NOW, PRICING, STARTED, report

ENERGY = Amount(44_300.0, 41_300.0, 47_400.0)
CARBON = Amount(0.69, 0.52, 0.87)
MADE = Embodied(
    Amount(0.6, 0.3, 1.2), "accelerators.csv, over 4 years", "from half to double", ("the host",)
)
MARKET = replace(
    PRICING,
    id=UUID(int=8),
    basis="market",
    current=False,
    g_per_kwh_mean=12.0,
    carbon_g=0.148,
    carbon_low_g=0.138,
    carbon_high_g=0.158,
    source="supplier's certificate",
)


def statement(**changes: Any) -> Statement:
    """Of one run."""
    made = Statement(
        title="resnet-cifar",
        project="",
        made_at=NOW,
        version="0.1.0",
        runs=(report(),),
        energy_j=ENERGY,
        carbon_g=CARBON,
        embodied=MADE,
        equivalents=("0.056 smartphone charges (US, 2022; EPA)",),
        power_w=tuple((STARTED + timedelta(seconds=10 * at), 300.0 + at) for at in range(15)),
    )
    return replace(made, **changes)


def project(**changes: Any) -> Statement:
    """Of three runs, of which one is final, with their development."""
    names = ("bert-final", "bert-tune", "bert-tune")
    statuses = (RunStatus.FINISHED, RunStatus.FINISHED, RunStatus.FAILED)
    runs = tuple(
        report(run_id=UUID(int=at), short_id=f"{at:08x}", name=name, project="nlp", status=status)
        for at, (name, status) in enumerate(zip(names, statuses, strict=True), 1)
    )
    made = statement(
        title="nlp",
        project="nlp",
        runs=runs,
        power_w=(),
        energy_j=times(ENERGY, 3),
        carbon_g=times(CARBON, 3),
        development=Development(
            ("*final",),
            (group("final", 1), group("tuning", 1), group("failed", 1)),
            group("all", 3),
            Amount(3.0, 2.99, 3.01),
            0.12,
        ),
    )
    return replace(made, **changes)


def nothing_read() -> Statement:
    """Of a run on a machine where nothing could be read."""
    run = report(
        devices=(), phases=(), energy_j=None, energy_low_j=None, energy_high_j=None, carbon_g=None
    )
    return statement(
        runs=(run,),
        energy_j=None,
        carbon_g=None,
        embodied=Embodied(None, "accelerators.csv", "wide"),
        equivalents=(),
        power_w=(),
    )


def group(name: str, runs: int) -> Group:
    usd = times(Amount(0.00148, 0.00138, 0.00158), runs)
    energy_j, carbon_g = times(ENERGY, runs), times(CARBON, runs)
    return Group(name, runs, 151.0 * runs, 0.042 * runs, energy_j, carbon_g, usd, None)


def times(amount: Amount, factor: int) -> Amount:
    return Amount(amount.value * factor, amount.low * factor, amount.high * factor)


def written(name: str, of: Statement, given: Mapping[str, str] | None = None) -> str:
    """What an exporter writes, as text."""
    target = io.BytesIO()
    plugin: Any = discovery.load("exporters", name)
    plugin.write(replace(of, given=given or {}), target)
    return target.getvalue().decode("utf-8")
