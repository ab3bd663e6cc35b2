"""Runs that may ask the network, and runs that may not, against a provider on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.http_server import Asked, Reply, Server, serving
from integration.machine import Machine, machine_in

HALF_HOUR = timedelta(minutes=30)
URL = "TRACKER_GRID_UK_CARBON_URL"

SHORT_RUN = """
    import json, time, tracker
    with tracker.track("short") as run:
        for _ in range(60):  # until the grid's figures are there, 15 s at most
            time.sleep(0.25)
            if run.report().pricing.parts[0].provider != "table":
                break
        live = run.totals
    print(json.dumps([run.report().to_dict(), live.carbon_g, live.provisional]))
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = machine_in(tmp_path)
    made.environ.update(
        TRACKER_LOCATION="GB", XDG_CACHE_HOME=str(tmp_path / "cache"), no_proxy="127.0.0.1"
    )
    return made


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.answers(half_hours)
        yield running


def half_hours(asked: Asked) -> Reply:
    """What the service says: the half-hours asked for, or those of two days ahead."""
    _, _, begin, end = asked.path.split("/")
    start = instant(begin)
    until = start + timedelta(days=2) if end == "fw48h" else instant(end)
    slots = []
    while start < until:
        figure = 100 + start.hour
        slots.append(
            {
                "from": f"{start:%Y-%m-%dT%H:%MZ}",
                "to": f"{start + HALF_HOUR:%Y-%m-%dT%H:%MZ}",
                "intensity": {"forecast": figure + 1, "actual": figure, "index": "moderate"},
            }
        )
        start += HALF_HOUR
    return Reply(json.dumps({"data": slots}))


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


WATCHED = """
    import os, sys
    def watch(event, arguments):
        if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"}:
            print(event, arguments, file=sys.stderr, flush=True)
            os._exit(77)
    sys.addaudithook(watch)
    import time, tracker
    with tracker.track("watched") as run:
        time.sleep(30 if "TRACKER_ONLINE" in os.environ else 1.5)
    run.report()
"""


def test_without_online_no_socket_is_used(machine: Machine, server: Server) -> None:
    done = machine.run(WATCHED, **{URL: server.url})
    assert done.returncode == 0, done.stderr
    assert "online" not in done.stderr
    chosen = machine.run(WATCHED, **{URL: server.url, "TRACKER_PRICING": "uk_carbon"})
    assert chosen.returncode == 0, chosen.stderr
    assert server.asked == []
    asking = machine.run(WATCHED, **{URL: server.url, "TRACKER_ONLINE": "1"})
    assert asking.returncode == 77  # the watch would have seen it


def test_a_run_is_priced_by_the_grids_own_half_hours(machine: Machine, server: Server) -> None:
    done = machine.run(SHORT_RUN, **{URL: server.url, "TRACKER_ONLINE": "1"})
    assert done.returncode == 0, done.stderr
    report, live_g, provisional = json.loads(done.stdout)
    assert "online: carbon intensity is asked of uk_carbon (127.0.0.1) for GB" in done.stderr
    assert done.stderr.count("uk_carbon") == 1
    (pricing,) = report["pricings"]
    assert (pricing["provider"], pricing["scope"]) == ("uk_carbon", "direct")
    assert [part["provider"] for part in pricing["parts"]] == ["uk_carbon"]
    assert 100 <= pricing["g_per_kwh_mean"] <= 123
    assert provisional
    assert pricing["provisional"]
    assert live_g == pytest.approx(report["carbon_g"], rel=0.2)
    agents = {asked.headers["user-agent"].split("/")[0] for asked in server.asked}
    assert agents == {"emissions-tracker"}


def test_it_is_completed_later_and_then_frozen(machine: Machine, server: Server) -> None:
    environ = {URL: server.url, "TRACKER_ONLINE": "1"}
    machine.run(SHORT_RUN, **environ)
    before = machine.shown()
    done = machine.tracker("price", "last", "--json", **environ)
    assert done.returncode == 0, done.stderr
    (priced,) = json.loads(done.stdout)["pricings"]
    assert priced["action"] == "completed"
    after = machine.shown()
    (pricing,) = after["pricings"]
    assert pricing["id"] == before["pricings"][0]["id"]
    assert not pricing["provisional"]
    server.asked.clear()
    again = machine.tracker("price", "last", "--json", **environ)
    assert json.loads(again.stdout)["pricings"][0]["action"] == "unchanged"
    assert server.asked == []
    assert machine.shown() == after


def test_sync_completes_it_where_the_network_is_allowed(machine: Machine, server: Server) -> None:
    machine.run(SHORT_RUN, **{URL: "http://127.0.0.1:9", "TRACKER_ONLINE": "1"})
    assert machine.shown()["pricings"][0]["provisional"]
    refused = machine.tracker("sync", **{URL: server.url})
    assert (refused.returncode, server.asked) == (1, [])
    done = machine.tracker("sync", "--json", **{URL: server.url, "TRACKER_ONLINE": "1"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["priced"] == 1
    (pricing,) = machine.shown()["pricings"]
    assert not pricing["provisional"]
    assert [part["provider"] for part in pricing["parts"]] == ["uk_carbon"]
    server.asked.clear()
    again = machine.tracker("sync", "--json", **{URL: server.url, "TRACKER_ONLINE": "1"})
    assert (json.loads(again.stdout)["priced"], server.asked) == (0, [])


def test_a_provider_that_hangs_holds_up_neither_the_run_nor_the_program(
    machine: Machine, server: Server
) -> None:
    released = threading.Event()

    def hang(asked: Asked) -> Reply:
        (machine.folder / "asked").touch()
        released.wait(60)
        return half_hours(asked)

    server.answers(hang)
    script = """
        import pathlib, time, tracker
        with tracker.track("held") as run:
            for _ in range(80):
                time.sleep(0.25)
                if pathlib.Path("asked").exists():
                    break
        print(run.report().status)
    """
    process = machine.start(script, **{URL: server.url, "TRACKER_ONLINE": "1"})
    out, err = process.communicate(timeout=50)  # and nobody has answered yet
    assert (process.returncode, out) == (0, "finished\n"), err
    assert len(server.asked) == 1
    assert not released.is_set()
    released.set()
    (pricing,) = machine.shown()["pricings"]
    assert pricing["provisional"]
    assert [part["provider"] for part in pricing["parts"]] == ["table"]
    machine.tracker("price", "last", **{URL: server.url})
    (pricing,) = machine.shown()["pricings"]
    assert [part["provider"] for part in pricing["parts"]] == ["uk_carbon"]


def at_aws(asked: Asked) -> Reply:
    """A machine in London: the metadata service, and the grid's."""
    if asked.method == "PUT":
        return Reply("a-token")
    if asked.path.endswith("/placement/region"):
        known = asked.headers.get("x-aws-ec2-metadata-token") == "a-token"
        return Reply("eu-west-2") if known else Reply(status=401)
    return half_hours(asked)


@pytest.fixture
def cloud(machine: Machine, server: Server) -> Machine:
    """The machine at a cloud, of whose firmware it learns that."""
    server.answers(at_aws)
    below = Path(machine.environ["TRACKER_SYSFS"], "class/dmi/id")
    below.mkdir(parents=True)
    (below / "sys_vendor").write_text("Amazon EC2\n")
    del machine.environ["TRACKER_LOCATION"]
    machine.environ.update(
        {"TZ": "UTC", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, URL: server.url}
    )
    return machine


def asked_for_place(server: Server) -> list[Asked]:
    return [asked for asked in server.asked if asked.path.startswith("/latest/")]


def test_a_machine_at_a_cloud_learns_its_region_in_the_background(
    cloud: Machine, server: Server
) -> None:
    done = cloud.run(SHORT_RUN, TRACKER_ONLINE="1")
    assert done.returncode == 0, done.stderr
    (pricing,) = cloud.shown()["pricings"]
    assert (pricing["zone"], pricing["location_origin"]) == ("aws:eu-west-2", "AWS metadata")
    assert [part["provider"] for part in pricing["parts"]] == ["uk_carbon"]
    assert pricing["pue_source"] == "not given, and none is published for aws:eu-west-2"
    assert [asked.method for asked in asked_for_place(server)] == ["PUT", "GET"]


def test_a_machine_at_a_cloud_is_not_asked_where_that_is_not_wanted(
    cloud: Machine, server: Server
) -> None:
    done = cloud.run(WATCHED)
    assert (done.returncode, server.asked) == (0, []), done.stderr
    assert cloud.shown()["pricings"][0]["zone"] == "WORLD"
    done = cloud.run(SHORT_RUN, TRACKER_ONLINE="1", TRACKER_LOCATION="GB")
    assert done.returncode == 0, done.stderr
    assert cloud.shown()["pricings"][0]["zone"] == "GB"
    assert asked_for_place(server) == []


def test_a_metadata_service_that_fails_leaves_the_place_as_it_was(
    cloud: Machine, server: Server
) -> None:
    server.answers(lambda asked: Reply(status=403) if "latest" in asked.path else half_hours(asked))
    script = """
        import time, tracker
        with tracker.track("short") as run:
            time.sleep(3)
    """
    done = cloud.run(script, TRACKER_ONLINE="1")
    assert done.returncode == 0, done.stderr
    assert cloud.shown()["pricings"][0]["zone"] == "WORLD"
    assert "online: nobody serves WORLD without a key" in done.stderr


def test_a_provider_that_fails_is_an_event_and_the_table_prices(
    machine: Machine, server: Server
) -> None:
    server.says(Reply("<html>Service unavailable</html>", status=404))
    script = """
        import time, tracker
        with tracker.track("failing") as run:
            for _ in range(60):
                time.sleep(0.25)
                if run.report().events:
                    break
    """
    done = machine.run(script, **{URL: server.url, "TRACKER_ONLINE": "1"})
    assert done.returncode == 0, done.stderr
    shown = machine.shown()
    events = [one for one in shown["events"] if one["kind"] == "price-fallback"]
    assert events
    assert all(one["subject"] == "uk_carbon" for one in events)
    assert "GB" in events[0]["message"]
    assert "404" in events[0]["message"]
    assert shown["pricings"][0]["parts"][0]["provider"] == "table"
    assert shown["carbon_g"] > 0


RANGE = ("--start", "2026-08-01T00:00Z", "--end", "2026-08-01T12:00Z", "--json")


def test_grid_lists_a_time_and_asks_once(machine: Machine, server: Server) -> None:
    line = ("grid", "GB", "--provider", "uk_carbon", *RANGE)
    done = machine.tracker(*line, **{URL: server.url})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 24
    assert set(found[0]) == {
        *("g_per_kwh", "valid_from", "valid_to", "zone"),
        *("provider", "signal", "scope", "estimated"),
    }
    assert [one["g_per_kwh"] for one in found[:3]] == [100, 100, 101]
    asked = len(server.asked)
    again = machine.tracker(*line, **{URL: server.url})
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    "reply", [Reply(status=404), Reply("{"), Reply('{"data": []}'), Reply('{"data": null}')]
)
def test_grid_without_any_intensity_fails_in_one_line(
    machine: Machine, server: Server, reply: Reply
) -> None:
    server.says(reply)
    done = machine.tracker("grid", "GB", "--provider", "uk_carbon", *RANGE, **{URL: server.url})
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "uk_carbon" in done.stderr
    assert "GB" in done.stderr


def test_when_asks_for_the_forecast(machine: Machine, server: Server) -> None:
    line = ("when", "--duration", "2h", "--within", "24h", "--json")
    done = machine.tracker(*line, **{URL: server.url})
    assert done.returncode == 0, done.stderr
    advice = json.loads(done.stdout)
    assert advice["provider"] == "uk_carbon"
    assert advice["best"]["g_per_kwh"] <= advice["now"]["g_per_kwh"]
    assert advice["pause_saves_ratio"] >= advice["saves_ratio"] - 1e-9
    asked = len(server.asked)
    assert asked > 0
    machine.tracker(*line, **{URL: server.url})
    assert len(server.asked) == asked
    elsewhere = machine.tracker("when", "--duration", "2h", "--location", "BR")
    assert elsewhere.returncode == 1
    assert "no forecast for BR" in elsewhere.stderr
