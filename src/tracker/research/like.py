"""A job that draws what a measured run drew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tracker.errors import SettingsError
from tracker.model.device import DeviceKind
from tracker.research.figure import Figure
from tracker.research.job import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.model.report import DeviceReport, RunReport

_S_PER_HOUR: Final = 3600.0
_HOST_KINDS: Final = (DeviceKind.CPU, DeviceKind.NODE, DeviceKind.PLATFORM)


def job_like(report: RunReport, hours: float | None = None, gpus: int | None = None) -> Job:
    """A job with a run's mean power: per accelerator, and hosts in proportion to these.

    Each draw keeps the range of its meter. What the run did not count is not counted here.

    Args:
        report: the measured run.
        hours: how long the job takes; as long as the run by default.
        gpus: how many accelerators it has; as many as the run by default.

    Raises:
        SettingsError: nothing was read in the run, or it had no accelerator to multiply.
    """
    counted = [device for device in report.devices if device.in_total]
    if not counted or not report.energy_j or report.duration_s <= 0:
        raise SettingsError(f"run {report.short_id} ({report.name}): no energy was read in it")
    boards = [device for device in counted if device.kind is DeviceKind.GPU]
    all_boards = [device for device in report.devices if device.kind is DeviceKind.GPU]
    had = len(all_boards)
    if gpus is not None and not had:
        raise SettingsError(
            f"run {report.short_id} ({report.name}) used no accelerator: leave out gpus = {gpus}"
        )
    wanted = had if gpus is None else gpus
    factor = wanted / had if had else 1.0
    seconds, source = report.duration_s, f"measured in {report.short_id}"
    hosts = [device for device in counted if device.kind in _HOST_KINDS]
    memory = [device for device in counted if device.kind is DeviceKind.DRAM]
    # Where a node's meter covers the accelerators, their draw is in the host's.
    each_w = _mean_w(boards, seconds, 1 / had, source) if had else None
    return Job(
        name=report.name,
        hours=seconds / _S_PER_HOUR if hours is None else hours,
        gpu=all_boards[0].name if had else None,
        gpus=wanted,
        gpu_w=each_w or (Figure.exactly(0.0, source) if had else None),
        cpu_w=_mean_w(hosts, seconds, factor, source) or Figure.exactly(0.0, source),
        dram_w=_mean_w(memory, seconds, factor, source),
        measured_as=f"{report.short_id} ({report.name})",
    )


def _mean_w(
    devices: Sequence[DeviceReport], seconds: float, factor: float, source: str
) -> Figure | None:
    if not devices:
        return None
    # Boards of one kind mostly err alike, so their ranges are added and not evened out.
    sums = (
        sum(each.energy_j for each in devices),
        sum(each.low_j for each in devices),
        sum(each.high_j for each in devices),
    )
    return Figure(*sums, source).times(factor / seconds)
