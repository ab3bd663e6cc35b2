"""Another choice is another pricing; none is overwritten, and the run's own is derived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from fakes.records import Sample, at, intensity, pricing
from tracker.assembly import Assembly
from tracker.errors import SettingsError
from tracker.history.pricing import Priced, PricingChoice, Repricer
from tracker.history.report import report_of
from tracker.model.beside import PricingNote, Tariff, TariffBand, WaterUse
from tracker.model.carbon import Signal
from tracker.model.report import PricingReport, RunReport
from tracker.store.database import Database, open_memory
from tracker.store.writer import Writer

KWH = 2 * 5000.3 / 3.6e6
"""Of the sample run."""


@pytest.fixture
def database() -> Iterator[Database]:
    with open_memory() as opened:
        yield opened


@pytest.fixture
def sample(database: Database) -> Sample:
    made = Sample()
    Writer(database).save(made.records())
    return made


def repricer(database: Database, *, dry_run: bool = False) -> Repricer:
    return Repricer(Assembly.of_this_process(), database, dry_run=dry_run)


def price(database: Database, run_id: UUID, **choice: Any) -> Priced:
    (done,) = repricer(database).price([run_id], PricingChoice(**choice))
    return done


def report(database: Database, sample: Sample) -> RunReport:
    return report_of(database, sample.id, kept=True)


def ours(found: RunReport) -> PricingReport:
    assert found.pricing is not None
    return found.pricing


def test_a_pue_of_its_own_is_a_new_pricing_and_becomes_current(
    database: Database, sample: Sample
) -> None:
    before = report(database, sample)
    done = price(database, sample.id, pue=1.5)
    after = report(database, sample)
    assert done.action == "added"
    assert done.carbon_before_g == before.carbon_g
    assert len(after.pricings) == 2
    assert after.pricing == done.pricing
    assert ours(after).pue == 1.5
    assert after.carbon_g == pytest.approx(KWH * ours(after).g_per_kwh_mean * 1.5)
    assert replace(after.pricings[0], current=True) == before.pricings[0]


def test_a_what_if_elsewhere_never_becomes_current(database: Database, sample: Sample) -> None:
    before = report(database, sample)
    done = price(database, sample.id, at_region="PL")
    after = report(database, sample)
    assert (done.pricing.zone, done.pricing.what_if, done.pricing.current) == ("PL", True, False)
    assert done.pricing.carbon_g > 10 * (before.carbon_g or 0)
    assert after.carbon_g == before.carbon_g
    assert done.pricing in after.pricings


def test_a_contract_stands_beside_the_grid_and_never_in_its_place(
    database: Database, sample: Sample
) -> None:
    before = report(database, sample)
    done = price(database, sample.id, market_g_per_kwh=12.0)
    after = report(database, sample)
    assert done.pricing.basis == "market"
    assert done.pricing.carbon_g == pytest.approx(KWH * 12)
    assert done.pricing.source == "as set by the user"
    assert (after.carbon_g, ours(after).basis) == (before.carbon_g, "location")
    assert [one.basis for one in after.pricings] == ["location", "market"]


def test_many_runs_are_priced_at_once_each_by_its_own_energy(
    database: Database, sample: Sample
) -> None:
    others = [Sample() for _ in range(3)]
    for other in others:
        Writer(database).save(other.records())
    ids = [sample.id, *(other.id for other in others)]
    done = repricer(database).price(ids, PricingChoice(pue=1.5))
    assert [one.run_id for one in done] == ids
    assert len({one.pricing.id for one in done}) == len(ids)
    for run_id, one in zip(ids, done, strict=True):
        found = report_of(database, run_id, kept=True)
        assert found.pricing == one.pricing
        assert one.pricing.carbon_g == pytest.approx(1.5 * KWH * one.pricing.g_per_kwh_mean)


def test_a_run_that_nobody_can_price_holds_up_no_other(database: Database, sample: Sample) -> None:
    nowhere = replace(sample.pricing.location, zone="fixed", g_per_kwh=-1.0)
    other = Sample()
    Writer(database).save(
        [
            *other.records(),
            replace(other.pricing, provisional=True, location=nowhere),
            replace(sample.pricing, provisional=True),
        ]
    )
    (done,) = repricer(database).complete(10, online=False)
    assert (done.run_id, done.action) == (sample.id, "completed")


def test_a_corrected_location_becomes_the_runs_own(database: Database, sample: Sample) -> None:
    done = price(database, sample.id, location="DE")
    assert report(database, sample).pricing == done.pricing
    assert done.pricing.zone == "DE"
    assert done.pricing.location_origin == "--location"


def test_dry_run_keeps_nothing(database: Database, sample: Sample) -> None:
    before = report(database, sample)
    (done,) = repricer(database, dry_run=True).price([sample.id], PricingChoice(pue=2.0))
    assert done.pricing.carbon_g == pytest.approx(2 * (done.carbon_before_g or 0), rel=0.5)
    assert report(database, sample) == before


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"signal": "marginal"}, "nobody has marginal intensities for FR .*online is off"),
        ({"signal": "mean"}, "signal = 'mean': must be one of average, marginal"),
        ({"provider": "uk_karbon"}, "uk_karbon"),
        ({"pue": 0.5}, "pue = 0.5"),
        ({"at_region": "Atlantis"}, "--at-region"),
        ({"market_g_per_kwh": -1.0}, "between 0 and 2000"),
        ({"tariff": "cheap"}, "tariff = 'cheap'"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    database: Database, sample: Sample, choice: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        price(database, sample.id, **choice)
    assert len(report(database, sample).pricings) == 1


def test_what_is_frozen_is_left_alone(database: Database, sample: Sample) -> None:
    before = report(database, sample)
    assert price(database, sample.id).action == "unchanged"
    assert report(database, sample) == before


def test_a_provisional_pricing_is_frozen_once_nobody_can_add_to_it(
    database: Database, sample: Sample
) -> None:
    Writer(database).save([replace(sample.pricing, provisional=True)])
    assert report(database, sample).pricings[0].provisional
    (done,) = repricer(database).price([sample.id], PricingChoice(online=False))
    assert done.action == "completed"
    found = ours(report(database, sample))
    assert (found.id, found.provisional) == (sample.pricing.id, False)


def test_a_pricing_that_waits_for_the_network_waits_on_without_it(
    database: Database, sample: Sample
) -> None:
    waiting = replace(sample.pricing, provisional=True, provider="energy_charts")
    Writer(database).save([waiting])
    (done,) = repricer(database).price([sample.id], PricingChoice(online=False))
    assert done.action == "filled"
    assert done.pricing.provisional
    said = [one for one in report(database, sample).events if one.kind == "price-fallback"]
    assert [(one.subject, one.message.startswith("FR: ")) for one in said] == [
        ("energy_charts", True)
    ]


def test_all_that_wait_are_completed_and_one_that_cannot_be_holds_up_no_other(
    database: Database,
) -> None:
    samples = [Sample() for _ in range(3)]
    for one in samples:
        Writer(database).save([*one.records(), replace(one.pricing, provisional=True)])
    broken = replace(samples[1].pricing, provisional=True, provider="gone")
    Writer(database).save([broken])
    done = repricer(database).complete(9, online=False)
    assert {one.run_id for one in done} == {samples[0].id, samples[2].id}
    assert {one.action for one in done} == {"completed"}
    assert report(database, samples[1]).pricings[0].provisional


def test_a_marginal_pricing_is_current_only_where_there_is_no_other(database: Database) -> None:
    sample = Sample()
    marginal = pricing(sample.run, (at(0), intensity(800, signal=Signal.MARGINAL)))
    Writer(database).save([*sample.records(), replace(marginal, made_at=at(99))])
    assert ours(report(database, sample)).signal == "average"
    other = Sample()
    other.pricing = pricing(other.run, (at(0), intensity(800, signal=Signal.MARGINAL)))
    Writer(database).save(other.records())
    assert ours(report(database, other)).signal == "marginal"


def test_the_parts_say_who_priced_how_much(database: Database) -> None:
    sample = Sample()
    start = sample.run.started_at
    late = replace(intensity(300, valid_from=start), provider="uk_carbon")
    sample.pricing = pricing(
        sample.run, (start, intensity(100)), (start + timedelta(seconds=10), late)
    )
    Writer(database).save(sample.records())
    found = ours(report(database, sample))
    by_provider = {part.provider: part.energy_ratio for part in found.parts}
    assert by_provider == pytest.approx(
        {"table": 3000.1 / 5000.3, "uk_carbon": 2000.2 / 5000.3}, rel=1e-9
    )
    expected = (3000.1 * 100 + 2000.2 * 300) / 5000.3
    assert found.g_per_kwh_mean == pytest.approx(expected, rel=1e-9)
    assert found.carbon_g == pytest.approx(KWH * expected, rel=1e-9)


def test_an_interval_over_a_boundary_is_divided_by_time(database: Database) -> None:
    sample = Sample()
    start = sample.run.started_at
    sample.pricing = pricing(
        sample.run,
        (start, intensity(100)),
        (start + timedelta(seconds=2.5), intensity(200)),
        (start + timedelta(seconds=5), intensity(400)),
        (start + timedelta(seconds=12), intensity(800)),
    )
    Writer(database).save(sample.records())
    expected = 3000.1 * (0.25 * 100 + 0.25 * 200 + 0.5 * 400) + 2000.2 * (0.2 * 400 + 0.8 * 800)
    assert ours(report(database, sample)).g_per_kwh_mean == pytest.approx(
        expected / 5000.3, rel=1e-9
    )


def test_cost_follows_the_hours_and_water_the_energy(database: Database) -> None:
    sample = Sample()  # from 12:00:00.123456 UTC, 20 s
    tariff = Tariff("EUR", 0.2, (TariffBand(720, 780, 0.4),), "UTC", "argument")
    sample.pricing = replace(sample.pricing, tariff=tariff, water=WaterUse(0.3, 1.8, "argument"))
    Writer(database).save(sample.records())
    found = ours(report(database, sample))
    assert found.cost is not None
    assert found.cost.amount == pytest.approx(KWH * 0.4)
    assert found.cost.low < found.cost.amount < found.cost.high
    assert found.water is not None
    assert (found.water.site_l, found.water.grid_l) == pytest.approx((KWH * 0.3, KWH * 1.8))


def test_without_a_price_there_is_no_cost_and_no_zero(database: Database, sample: Sample) -> None:
    found = ours(report(database, sample))
    assert found.cost is None
    assert found.water is None


def test_tariff_and_water_come_along_with_another_choice(
    database: Database, sample: Sample
) -> None:
    price(database, sample.id, tariff="0.25 EUR/kWh", water="0.3 L/kWh")
    done = price(database, sample.id, pue=1.2).pricing
    assert done.cost is not None
    assert done.cost.amount == pytest.approx(KWH * 0.25)  # the PUE is in the carbon alone
    assert done.water is not None
    assert done.water.site_l == pytest.approx(KWH * 0.3)


def test_what_the_providers_could_not_do_is_an_event_once(database: Database) -> None:
    sample = Sample()
    note = PricingNote(at(1), "uk_carbon", "GB", "no answer")
    Writer(database).save([*sample.records(), replace(sample.pricing, notes=(note, note))])
    (event,) = [one for one in report(database, sample).events if one.kind == "price-fallback"]
    assert (event.subject, event.message) == ("uk_carbon", "GB: no answer")
