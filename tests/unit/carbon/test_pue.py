"""Whose PUE counts, and which is refused."""

from __future__ import annotations

import math

import pytest

from tracker.carbon.pue import Pue, choose
from tracker.data import tables
from tracker.errors import SettingsError
from tracker.model.carbon import Location

REGIONS = tables.cloud_regions()


def at(zone: str) -> Location:
    return Location(zone, zone, "argument")


@pytest.mark.parametrize("ratio", [1.0, 1.2, 1.54, 7.0])
def test_what_was_given_counts_everywhere(ratio: float) -> None:
    assert choose(ratio, "argument", at("FR"), REGIONS) == Pue(ratio, "argument")
    assert choose(ratio, "TRACKER_PUE", at("aws:eu-west-1"), REGIONS) == Pue(ratio, "TRACKER_PUE")


@pytest.mark.parametrize("ratio", [0.99, 0, -1.2, math.nan, math.inf, -math.inf])
def test_what_no_facility_has_is_refused(ratio: float) -> None:
    with pytest.raises(SettingsError, match=r"pue = .* \(TRACKER_PUE\): must be a number of at"):
        choose(ratio, "TRACKER_PUE", at("FR"), REGIONS)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("aws:eu-west-1", Pue(1.11, "published for aws:eu-west-1, 2024")),
        ("gcp:us-west1", Pue(1.07, "published for gcp:us-west1, 2024")),
        ("azure:westeurope", Pue(1.14, "published for azure:westeurope, 2023")),
        ("aws:eu-west-3", Pue(1.0, "not given, and none is published for aws:eu-west-3")),
        ("FR", Pue(1.0, "not given")),
        ("US-CAMX", Pue(1.0, "not given")),
        ("fixed", Pue(1.0, "not given")),
        ("WORLD", Pue(1.0, "not given")),
    ],
)
def test_a_cloud_region_has_its_published_figure_and_others_none(zone: str, expected: Pue) -> None:
    assert choose(None, "built in", at(zone), REGIONS) == expected
