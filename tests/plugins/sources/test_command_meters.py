"""What only a command tells: a management controller, and macOS's powermetrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import active_count

import pytest

from fakes.host import host_in
from tracker.errors import SourceError, SourceGone, SourceReadError, SourceUnavailable
from tracker.model.host import Host
from tracker.model.reading import PowerReading
from tracker.sources import apple, ipmi
from tracker.sources._command_meter import output_of

DCMI = """
    Instantaneous power reading:                   412 Watts
    Minimum during sampling period:                 35 Watts
    Average power reading over sample period:      398 Watts
    Power reading state is:                   activated
"""
POWERMETRICS = """*** Sampled system activity (Fri Sep 11 13:41:46 2026) (4002.90ms elapsed) ***
CPU Power: 823 mW
GPU Power: 26 mW
ANE Power: 323 mW
Combined Power (CPU + GPU + ANE): 1172 mW
"""

Install = Callable[[str, str], None]


@pytest.fixture
def bin_path(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def install(bin_path: Path) -> Install:
    """Puts a shell script into the folder that is the PATH."""

    def put(name: str, script: str) -> None:
        target = bin_path / name
        target.write_text(f"#!/bin/sh\n{script}\n")
        target.chmod(0o755)

    return put


@pytest.fixture
def host(tmp_path: Path, bin_path: Path) -> Host:
    return host_in(tmp_path, {"PATH": f"{bin_path}", "TRACKER_IPMI": "1"}, time.monotonic_ns)


def printing(text: str) -> str:
    return f"/bin/cat <<'END'\n{text}END"


def next_readings(source: ipmi.IpmiSource | apple.AppleSource) -> Sequence[PowerReading]:
    """What comes next, as the sampler would fetch it."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        readings = source.read()
        if readings:
            return readings
        time.sleep(0.01)
    raise AssertionError("nothing was read within 10 s")


def next_error(source: ipmi.IpmiSource) -> SourceError:
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        try:
            source.read()
        except SourceError as error:
            return error
        time.sleep(0.005)
    raise AssertionError("nothing failed within 10 s")


@pytest.mark.parametrize("value", ["", "0", "no"])
def test_the_controller_is_not_asked_unless_it_is_said(
    tmp_path: Path, bin_path: Path, install: Install, value: str
) -> None:
    install("ipmitool", f"/bin/touch {bin_path}/called")
    environ = {"PATH": f"{bin_path}", "TRACKER_IPMI": value}

    with pytest.raises(SourceUnavailable, match="TRACKER_IPMI=1") as raised:
        ipmi.open(host_in(tmp_path, environ))

    assert raised.value.fix == ""
    assert not (bin_path / "called").exists()


def test_the_controllers_power_is_that_of_the_machine(host: Host, install: Install) -> None:
    install("ipmitool", printing(DCMI))
    source = ipmi.open(host)
    try:
        (device,) = source.devices().devices
        (reading,) = next_readings(source)
        again = source.read()
    finally:
        source.close()

    assert (device.id, device.covers) == (
        "node:ipmi",
        ("cpu:*", "dram:*", "gpu:*", "platform:*"),
    )
    assert (reading.power_w, reading.window_s) == (412.0, 0.0)
    assert list(again) == []  # five seconds later at the earliest


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'Could not open device at /dev/ipmi0' >&2; exit 1", "Could not open device"),
        ("echo DCMI request failed", "tells no power"),
        ("echo 'Instantaneous power reading: 0 Watts'", "tells no power"),
    ],
)
def test_a_controller_that_does_not_answer_comes_with_the_fix(
    host: Host, install: Install, script: str, said: str
) -> None:
    install("ipmitool", script)

    with pytest.raises(SourceUnavailable, match=said) as raised:
        ipmi.open(host)

    assert "/dev/ipmi0" in raised.value.fix


def test_a_missing_tool_comes_with_the_fix(host: Host) -> None:
    with pytest.raises(SourceUnavailable, match="ipmitool is not found") as raised:
        ipmi.open(host)

    assert "ipmitool" in raised.value.fix


def test_a_command_that_hangs_is_ended(host: Host, install: Install) -> None:
    install("ipmitool", "exec /bin/sleep 30")

    start_s = time.monotonic()
    with pytest.raises(SourceReadError, match="timed out"):
        output_of((f"{host.environ['PATH']}/ipmitool",), host.environ, 0.1)

    assert time.monotonic() - start_s < 5


def test_reading_never_waits_for_the_command(host: Host) -> None:
    def ask() -> str:
        time.sleep(0.2)
        return DCMI

    source = ipmi.IpmiSource(host, ask, pause_s=60)
    start_s = time.monotonic()
    assert list(source.read()) == []
    assert time.monotonic() - start_s < 0.1
    source.close()


def test_a_controller_that_falls_silent_is_given_up(host: Host) -> None:
    def ask() -> str:
        raise SourceReadError("no answer")

    before = active_count()
    source = ipmi.IpmiSource(host, ask, pause_s=0.05)
    errors = [next_error(source)]
    while not isinstance(errors[-1], SourceGone):
        errors.append(next_error(source))
    source.close()

    assert isinstance(errors[0], SourceReadError)
    assert "3 times in a row" in str(errors[-1])
    deadline_s = time.monotonic() + 10
    while active_count() > before and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert active_count() == before


def test_processor_and_gpu_of_an_apple_chip(host: Host, install: Install) -> None:
    install("powermetrics", printing(POWERMETRICS))
    install("sudo", 'shift; [ "$1" = --list ] && exit 0; exec "$@"')
    source = apple.open(host)
    try:
        found = source.devices().devices
        readings = next_readings(source)
    finally:
        source.close()

    assert [device.id for device in found] == ["cpu:apple", "gpu:apple"]
    assert {one.device_id: one.power_w for one in readings[:2]} == {
        "cpu:apple": pytest.approx(0.823),
        "gpu:apple": pytest.approx(0.026),
    }
    assert readings[0].window_s == 4.0


def test_powermetrics_is_left_alone_where_it_needs_a_password(
    host: Host, bin_path: Path, install: Install
) -> None:
    install("powermetrics", f"/bin/touch {bin_path}/called")
    install("sudo", "echo 'sudo: a password is required' >&2; exit 1")

    with pytest.raises(SourceUnavailable, match="NOPASSWD") as raised:
        apple.open(host)

    assert raised.value.fix == ""  # no line at each run: it is a choice, and doctor tells it
    assert not (bin_path / "called").exists()


def test_without_powermetrics_there_is_nothing(host: Host) -> None:
    with pytest.raises(SourceUnavailable, match="macOS") as raised:
        apple.open(host)

    assert raised.value.fix == ""


def test_a_report_without_power_is_no_reading() -> None:
    with pytest.raises(ValueError, match="no power"):
        apple.powers_w("*** Sampled system activity ***")
