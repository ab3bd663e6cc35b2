"""Whatever a provider answers, each minute is booked by somebody, and a note says why by whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.http_server import Reply, Server, serving
from tracker.assembly import Assembly
from tracker.carbon.feed import Booked, Feed
from tracker.chains import Wish, chain_for
from tracker.settings import resolve

KEY = "s3cret-key-0123456789"
HOUR = timedelta(hours=1)
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 100 * HOUR


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def booked(folder: Path, name: str, location: str, url: str) -> Booked:
    environ = {
        f"TRACKER_GRID_{name.upper()}_URL": url,
        f"TRACKER_GRID_{name.upper()}_KEY": KEY,
        "XDG_CACHE_HOME": str(folder),
    }
    settings = resolve({"location": location, "pricing": name}, environ, folder, folder)
    assembly = Assembly.of_this_process(environ)
    wish = Wish(provider=name, online=True)
    chain = chain_for(assembly, settings, assembly.location(settings), wish)
    return Feed(chain, None, lambda: datetime.now(UTC)).book(START, START + 3 * HOUR)


def slots(*values: object) -> Reply:
    found = []
    for number, value in enumerate(values):
        times = [START + (number + n) * HOUR / 2 for n in (0, 1)]
        begin, end = (f"{at:%Y-%m-%dT%H:%MZ}" for at in times)
        found.append({"from": begin, "to": end, "intensity": {"actual": value}})
    return Reply(json.dumps({"data": found}))


TROUBLE = {
    "404": Reply("{}", status=404),
    "a page": Reply("<html></html>", status=403),
    "refused": Reply("no", status=401),
    "left alone": Reply("", status=429, headers={"Retry-After": "7200"}),
    "empty": Reply(""),
    "truncated": Reply('{"data": [{"from": "2026-'),
    "HTML": Reply("<html>Sign in</html>"),
    "a list": Reply("[]"),
    "nulls": slots(*[None] * 6),
    "negative": slots(*[-1] * 6),
    "absurd": slots(*[1e6] * 6),
    "a loop": Reply(status=302, headers={"Location": "/again"}),
    "too long": Reply(b" " * (17 << 20)),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_trouble_ends_in_the_table_and_a_note(tmp_path: Path, server: Server, what: str) -> None:
    server.says(TROUBLE[what])
    found = booked(tmp_path, "uk_carbon", "GB", server.url)
    (stretch,) = found.stretches
    assert (stretch.start, stretch.end) == (START, START + 3 * HOUR)
    assert stretch.intensity.provider == "table"
    assert {(note.provider, note.zone) for note in found.notes} == {("uk_carbon", "GB")}
    assert all(note.reason for note in found.notes)
    assert KEY not in str(found.notes)


def test_a_refused_value_costs_its_own_minutes_and_the_note_says_which(
    tmp_path: Path, server: Server
) -> None:
    server.says(slots(100, -5, -5, -5, -5, 100))
    found = booked(tmp_path, "uk_carbon", "GB", server.url)
    used = [(one.intensity.provider, one.intensity.g_per_kwh) for one in found.stretches]
    assert [name for name, _ in used] == ["uk_carbon", "table", "uk_carbon"]
    reasons = [note.reason for note in found.notes]
    assert any("4 of 6 values of zone GB are refused, such as '-5'" in one for one in reasons)
    assert any("has nothing for" in one for one in reasons)


def test_a_clock_that_is_wrong_is_noted(tmp_path: Path, server: Server) -> None:
    late = {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}
    server.says(Reply(slots(*[100] * 6).body, headers=late))
    found = booked(tmp_path, "uk_carbon", "GB", server.url)
    assert [one.intensity.provider for one in found.stretches] == ["uk_carbon"] * 6
    (note,) = found.notes
    assert "the clock here is" in note.reason


def test_a_key_goes_to_no_address_of_a_projects_file(tmp_path: Path, server: Server) -> None:
    server.says(Reply("{}"))
    project = f'[grid.electricity_maps]\nurl = "{server.url}"\n'
    (tmp_path / "tracker.toml").write_text(project)
    environ = {"TRACKER_GRID_ELECTRICITY_MAPS_KEY": KEY, "XDG_CACHE_HOME": str(tmp_path)}
    nowhere = tmp_path / "nowhere"
    settings = resolve({"location": "FR"}, environ, tmp_path, nowhere)
    assembly = Assembly.of_this_process(environ)
    wish = Wish(provider="electricity_maps", online=True)
    chain = chain_for(assembly, settings, assembly.location(settings), wish)
    found = Feed(chain, None, lambda: datetime.now(UTC)).book(START, START + HOUR)
    assert server.asked == []
    assert found.stretches[0].intensity.provider == "table"
    assert f"is not sent to {server.url}" in found.notes[0].reason
