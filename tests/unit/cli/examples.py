"""Reports as the history makes them, for views to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from tracker.cli._rooms import Rooms
from tracker.errors import RunNotFound
from tracker.history.importing import Imported
from tracker.model.carbon import CarbonIntensity, Location, Scope, Signal
from tracker.model.comparison import Comparison
from tracker.model.device import DeviceKind, NotCounted
from tracker.model.examination import (
    BaselineExamination,
    DeviceExamination,
    Examination,
    GridExamination,
    SettingExamination,
    SourceExamination,
    StoreExamination,
)
from tracker.model.report import (
    CostReport,
    DeviceReport,
    EventReport,
    PhaseReport,
    PricingPart,
    PricingReport,
    RunReport,
    RunSummary,
    WaterReport,
)
from tracker.model.run import RunStatus
from tracker.model.statement import Statement
from tracker.model.totals import GroupTotal, Totals

NOW = datetime(2026, 5, 3, 16, 0, tzinfo=UTC)
STARTED = datetime(2026, 5, 3, 14, 22, 5, tzinfo=UTC)
RUN_ID = UUID("0196a5b2-7c11-7a40-8f00-0000a1b2c3d4")
GPU = "gpu:GPU-8a1b2c3d"


def device(kind: DeviceKind, energy_j: float, **changes: Any) -> DeviceReport:
    names = {DeviceKind.GPU: "NVIDIA H100 PCIe", DeviceKind.CPU: "AMD EPYC 9654 96-Core Processor"}
    made = DeviceReport(
        device_id=GPU if kind is DeviceKind.GPU else f"{kind.value}:package-0",
        kind=kind,
        name=names.get(kind, "package-0"),
        source="nvml" if kind is DeviceKind.GPU else "rapl",
        accuracy_class=f"counter:{kind.value}",
        energy_j=energy_j,
        low_j=energy_j * 0.93,
        high_j=energy_j * 1.07,
        method="counter",
        energy_by_method_j={"counter": energy_j},
        coverage=1.0,
        in_total=True,
        covered_by=None,
    )
    return replace(made, **changes)


def phase(name: str, index: int, parent: int | None = None, **changes: Any) -> PhaseReport:
    start = STARTED + timedelta(seconds=50 * index)
    made = PhaseReport(
        name=name,
        index=index,
        parent=parent,
        start=start,
        end=start + timedelta(seconds=50),
        duration_s=50.2,
        energy_j=14_000.0,
        low_j=13_000.0,
        high_j=15_000.0,
        energy_by_kind_j={"gpu": 12_000.0},
        carbon_g=0.22,
        metrics={},
    )
    return replace(made, **changes)


def epochs(count: int) -> tuple[PhaseReport, ...]:
    """``count`` epochs, each with the phases train and validate below it."""
    made: list[PhaseReport] = []
    for index in range(count):
        parent = len(made)
        logged = {"accuracy": 0.9123 + index / 1000, "loss": 0.312}
        made += [
            phase("epoch", index, metrics=logged),
            phase("train", 0, parent, energy_j=11_000.0, duration_s=41.0),
            phase("validate", 0, parent, energy_j=3_000.0, duration_s=9.2),
        ]
    return tuple(made)


PRICING = PricingReport(
    id=UUID(int=7),
    provider="table",
    zone="FR",
    zone_name="France",
    location_origin="TRACKER_LOCATION",
    signal="average",
    scope="lifecycle",
    basis="location",
    g_per_kwh_mean=56.0,
    g_per_kwh_low=45.0,
    g_per_kwh_high=72.0,
    pue=1.0,
    pue_source="not given",
    carbon_g=0.69,
    carbon_low_g=0.52,
    carbon_high_g=0.87,
    source="Ember, yearly electricity data, 2025 edition, CC BY 4.0",
    provisional=False,
    current=True,
    made_at=STARTED,
    parts=(PricingPart("table", "FR", "average", "lifecycle", estimated=False, energy_ratio=1.0),),
    cost=CostReport("EUR", 0.0031, 0.0029, 0.0033, "argument"),
    water=WaterReport(0.0037, None, "argument"),
)


def report(**changes: Any) -> RunReport:
    made = RunReport(
        run_id=RUN_ID,
        short_id="a1b2c3d4",
        name="resnet-cifar",
        project="vision",
        tags={"lr": "3e-4"},
        params={"depth": 18},
        status=RunStatus.FINISHED,
        kept=True,
        store="sqlite:////home/ada/.local/share/emissions-tracker/runs.db",
        started_at=STARTED,
        ended_at=STARTED + timedelta(seconds=151),
        last_seen_at=STARTED + timedelta(seconds=151),
        duration_s=151.3,
        energy_j=44_300.0,
        energy_low_j=41_300.0,
        energy_high_j=47_400.0,
        carbon_g=0.69,
        carbon_low_g=0.52,
        carbon_high_g=0.87,
        power_w={},
        open_phases=(),
        devices=(
            device(DeviceKind.GPU, 36_400.0),
            device(DeviceKind.CPU, 7_900.0, method="model", coverage=0.97),
            device(DeviceKind.DRAM, 900.0, in_total=False, covered_by="cpu:package-0"),
        ),
        phases=epochs(3),
        pricings=(PRICING,),
        overlaps=(),
        not_counted=(
            NotCounted("dram", "memory has no counter on this machine and no model was asked for"),
        ),
        events=(
            EventReport(
                STARTED, "source-unavailable", "rapl", "counters are readable by root only"
            ),
        ),
        metrics={"accuracy": 0.9143, "loss": 0.312},
        provenance={
            "user": "ada",
            "command": ["python", "train.py", "--lr", "3e-4"],
            "git_commit": "37647b9",
            "git_dirty": True,
        },
    )
    return replace(made, **changes)


def running(**changes: Any) -> RunReport:
    power_w = {GPU: 431.0, "cpu:package-0": 62.0, "dram:package-0": 9.0}
    now = report(
        status=RunStatus.RUNNING, ended_at=None, power_w=power_w, open_phases=("epoch", "train")
    )
    return replace(now, **changes)


def summary(of: RunReport) -> RunSummary:
    return RunSummary(
        run_id=of.run_id,
        short_id=of.short_id,
        name=of.name,
        project=of.project,
        tags=of.tags,
        status=of.status,
        hostname="gpu-node-07",
        started_at=of.started_at,
        duration_s=of.duration_s,
        energy_j=of.energy_j,
        energy_low_j=of.energy_low_j,
        energy_high_j=of.energy_high_j,
        carbon_g=of.carbon_g,
        carbon_low_g=of.carbon_low_g,
        carbon_high_g=of.carbon_high_g,
    )


def examination() -> Examination:
    return Examination(
        version="0.1.0",
        versions={"Python": "3.11.9", "Linux": "6.8.0"},
        hostname="gpu-node-07",
        cpu_name="AMD EPYC 9654 96-Core Processor",
        sources=(
            SourceExamination(
                "nvml",
                usable=True,
                devices=(
                    DeviceExamination(
                        GPU, DeviceKind.GPU, "NVIDIA H100 PCIe", "counter:gpu", 0.93, 1.07
                    ),
                ),
                not_counted=(NotCounted("GPU 1", "CUDA_VISIBLE_DEVICES hides it"),),
                versions={"nvidia driver": "550.54.15"},
            ),
            SourceExamination(
                "rapl",
                usable=False,
                reason="/sys/class/powercap/intel-rapl:0/energy_uj is readable by root only",
                fix="sudo chmod -R a+r /sys/class/powercap/intel-rapl /sys/class/powercap/dram",
            ),
        ),
        grid=(
            GridExamination("table", usable=True, zones=281, signal="average", scope="lifecycle"),
            GridExamination("uk_carbon", usable=False, reason="online is off", needs_network=True),
        ),
        location=Location("FR", "France", "time zone"),
        intensity=CarbonIntensity(
            g_per_kwh=56.0,
            low=45.0,
            high=72.0,
            zone="FR",
            signal=Signal.AVERAGE,
            scope=Scope.LIFECYCLE,
            valid_from=datetime(2025, 1, 1, tzinfo=UTC),
            valid_to=datetime(2026, 1, 1, tzinfo=UTC),
            provider="table",
            estimated=False,
            fetched_at=None,
            source="Ember, yearly electricity data, 2025 edition, CC BY 4.0",
        ),
        location_fix="export TRACKER_LOCATION=FR",
        store=StoreExamination(
            "sqlite:////home/ada/.local/share/emissions-tracker/runs.db",
            exists=True,
            state="current",
            writable=True,
            runs=41,
            size_bytes=2_310_000,
        ),
        baselines=(BaselineExamination(GPU, 71.5, STARTED, 10.02),),
        settings=(
            SettingExamination("location", None, "built in"),
            SettingExamination("interval_s", 1.0, "built in"),
            SettingExamination("project", "vision", "/home/ada/work/tracker.toml"),
            SettingExamination("online", value=False, origin="built in"),
        ),
    )


class Shelf:
    """A history of a few reports; each look at a run gives its next state."""

    def __init__(self, *states: RunReport) -> None:
        self.states = list(states)
        self.asked: dict[str, object] = {}

    def runs(self, *, limit: int = 50, **asked: object) -> Sequence[RunSummary]:
        self.asked = {"limit": limit, **asked}
        wanted = asked.get("status")
        return [summary(each) for each in self.states if wanted in {None, each.status}][:limit]

    def totals(self, by: str, **asked: object) -> Totals:
        self.asked = {"by": by, **asked}
        nothing = GroupTotal("", 0, 0, 0.0, None, None, None, None, None, None, 0.0, 0.0)
        return Totals(by, (), nothing)

    def compare(self, base: str, *others: str, metrics: Sequence[str]) -> Comparison:
        self.asked = {"base": base, "others": others, "metrics": metrics}
        return Comparison(summary(self.states[0]), ())

    def tag(self, selector: str, tags: Mapping[str, str], *, remove: Iterable[str]) -> None:
        self.asked = {"tag": selector, "tags": tags, "remove": remove}

    def rename(self, selector: str, name: str, *, project: str | None) -> None:
        self.asked = {"rename": selector, "name": name, "project": project}

    def note(self, selector: str, text: str) -> None:
        self.asked = {"note": selector, "text": text}

    def delete(self, selector: str) -> None:
        self.asked = {"delete": selector}

    # The verbs that take and write whole files are tested on a real store.

    def collection(self, *selectors: str, **asked: object) -> Statement:
        raise NotImplementedError(selectors, asked)

    def take_in(self, *paths: str, **asked: object) -> Imported:
        raise NotImplementedError(paths, asked)

    def run(self, selector: str) -> RunReport:
        if not self.states:
            raise RunNotFound(f"no run {selector!r} in this store")
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def statement(self, selector: str) -> Statement:
        from fakes.statements import statement  # noqa: PLC0415 - it is made of these reports

        run = self.run(selector)
        return statement(title=run.name, runs=(run,))

    def project_statement(self, project: str, **asked: object) -> Statement:
        from fakes import statements  # noqa: PLC0415 - as above

        self.asked = {"project": project, **asked}
        made = statements.project(title=project, project=project)
        return made if asked.get("final") else replace(made, development=None)


def rooms(*states: RunReport, found: Examination | None = None, **others: Any) -> Rooms:
    """Rooms with these runs in every store, a time that stands still, and no waiting."""

    shelf = Shelf(*states)
    made = Rooms(
        history=lambda _: shelf,
        examine=lambda _: found or examination(),
        now=lambda: NOW,
        sleep=lambda _: None,
    )
    return replace(made, **others)
