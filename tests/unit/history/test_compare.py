"""How runs differ, from a store in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from fakes.records import CPU, GPU, Sample, at, intensity, interval, pricing, run
from tracker.cli._compare_view import compare_view
from tracker.history.compare import comparison_of
from tracker.history.profile import profile_of
from tracker.history.status import Vantage
from tracker.model.carbon import Scope
from tracker.model.comparison import Comparison, RunDifference
from tracker.model.device import Device
from tracker.model.energy import EnergyAmount
from tracker.model.ranges import Share, difference_range
from tracker.model.run import Metric, Phase, Record, SegmentDevice
from tracker.store.database import Database, open_memory
from tracker.store.reader import Reader
from tracker.store.writer import Writer

OTHER_GPU = replace(GPU, id="gpu:GPU-other")


@pytest.fixture
def database() -> Iterator[Database]:
    with open_memory() as opened:
        yield opened


def used(energy_j: float, device: Device = GPU) -> Sample:
    """A run that used so much on one device, in two epochs."""
    sample = Sample(run(), devices=())
    key, half = sample.segment.id, {device.id: EnergyAmount(energy_j / 2, 0.0)}
    epochs: list[Record] = [
        Phase(key, n, "epoch", n, None, at(10 * n), at(10 * n + 10), half) for n in range(2)
    ]
    inner = {device.id: EnergyAmount(energy_j / 4, 0.0)}
    epochs.append(Phase(key, 2, "train", 0, 0, at(1), at(5), inner))
    more: list[Record] = [
        SegmentDevice(key, device, "fake"),
        interval(sample.segment, device, 0, energy_j),
        Metric(key, 9, None, "accuracy", 0.5, at(15)),
        *epochs,
    ]
    made = [one for one in sample.records() if not isinstance(one, (Phase, Metric))]
    sample.records = lambda: [*made, *more]  # type: ignore[method-assign]
    return sample


def compared(
    database: Database, base: Sample, other: Sample, metrics: Sequence[str] = ()
) -> RunDifference:
    for sample in (base, other):
        Writer(database).save(sample.records())
    reader, vantage = Reader(database), Vantage.here()
    profiles = [profile_of(reader, sample.id, vantage) for sample in (base, other)]
    return comparison_of(profiles, metrics).others[0]


def test_on_one_board_two_per_cent_are_seen(database: Database) -> None:
    found = compared(database, used(1000.0), used(980.0)).energy_j
    assert (found.base, found.other, found.difference) == (1000.0, 980.0, -20.0)
    assert found.ratio == pytest.approx(-0.02)
    assert found.low is not None
    assert found.high is not None
    assert -23 < found.low < -20 < found.high < -17
    assert found.exceeds_error


def test_on_two_boards_two_per_cent_may_be_the_boards(database: Database) -> None:
    found = compared(database, used(1000.0), used(980.0, OTHER_GPU)).energy_j
    bounds = difference_range(
        [Share("a", GPU.accuracy, 980.0, 0.0)], [Share("b", GPU.accuracy, 1000.0, 0.0)]
    )
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert found.exceeds_error is False


def test_by_device_phase_epoch_and_unit_of_a_metric(database: Database) -> None:
    found = compared(database, used(1000.0), used(500.0), ["accuracy", "loss"])
    assert [(one.what, one.difference) for one in found.devices] == [(GPU.name, -500.0)]
    assert [(one.what, one.difference) for one in found.phases] == [
        ("epoch", -500.0),
        ("epoch/train", -125.0),
    ]
    assert found.per_epoch_j is not None
    assert (found.per_epoch_j.base, found.per_epoch_j.other) == (500.0, 250.0)
    accuracy, loss = found.per_metric_j
    assert (accuracy.base, accuracy.other) == (2000.0, 1000.0)
    assert accuracy.exceeds_error
    assert (loss.base, loss.difference, loss.exceeds_error) == (None, None, None)


def test_what_only_one_of_them_has_has_no_difference(database: Database) -> None:
    found = compared(database, used(1000.0), used(1000.0, CPU))
    assert [(one.what, one.base, one.other, one.difference) for one in found.devices] == [
        (GPU.name, 1000.0, None, None),
        (CPU.name, None, 1000.0, None),
    ]


def test_at_one_intensity_its_error_does_not_hide_a_difference(database: Database) -> None:
    found = compared(database, used(1000.0), used(900.0)).carbon_g
    assert found.difference == pytest.approx(-100 / 3.6e6 * 50)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.difference < found.high < 0  # type: ignore[operator]
    assert found.exceeds_error


def test_at_two_intensities_their_errors_are_two(database: Database) -> None:
    base, other = used(1000.0), used(900.0)
    other.pricing = pricing(other.run, (other.run.started_at, intensity(51.0)))
    kept = other.records()
    other.records = lambda: [*kept, replace(other.pricing, made_at=at(99))]  # type: ignore[method-assign]
    found = compared(database, base, other).carbon_g
    assert found.exceeds_error is False
    assert found.difference == pytest.approx((900 * 51 - 1000 * 50) / 3.6e6)


def test_a_run_without_readings_is_not_zero(database: Database) -> None:
    found = compared(database, used(1000.0), Sample(devices=()))
    assert (found.energy_j.other, found.energy_j.difference) == (None, None)
    assert (found.carbon_g.other, found.carbon_g.difference) == (None, None)


def test_where_the_grams_count_other_emissions_that_is_said(database: Database) -> None:
    base, other = used(1000.0), used(900.0)
    kept = other.records()
    direct = replace(pricing(other.run), scope=Scope.DIRECT, made_at=at(99))
    other.records = lambda: [*kept, direct]  # type: ignore[method-assign]
    found = compared(database, base, other)
    assert found.scopes == ("lifecycle", "direct")
    words = "\n".join(line.plain for line in compare_view(Comparison(found.run, (found,)), 100))
    assert "life-cycle emissions against direct" in words


def test_where_both_count_the_same_nothing_is_said(database: Database) -> None:
    found = compared(database, used(1000.0), used(900.0))
    words = "\n".join(line.plain for line in compare_view(Comparison(found.run, (found,)), 100))
    assert "emissions against" not in words
