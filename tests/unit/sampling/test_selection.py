from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tracker.errors import SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind, NotCounted
from tracker.model.host import Host
from tracker.model.reading import EnergyReading, PowerReading, ReadFailure
from tracker.ports.source import Inventory, Source
from tracker.sampling.selection import select

HOST = Host(Path("/nowhere"), Path("/nowhere"), {}, lambda: 0)


def device(
    device_id: str, accuracy_class: str = "counter:x", covers: tuple[str, ...] = ()
) -> Device:
    kind = DeviceKind(device_id.partition(":")[0])
    return Device(device_id, kind, device_id, Accuracy.of(accuracy_class, 0.9, 1.1), covers)


class FakeSource:
    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.closed = False

    def devices(self) -> Inventory:
        return self.inventory

    def read(self) -> Sequence[EnergyReading | PowerReading | ReadFailure]:
        return []

    def close(self) -> None:
        self.closed = True


class Plugin:
    def __init__(self, *devices: Device, missing: tuple[NotCounted, ...] = ()) -> None:
        self.source = FakeSource(Inventory(devices, missing))
        self.opened = False

    def open(self, host: Host) -> Source:
        self.opened = True
        return self.source


class Fallback(Plugin):
    def __init__(self, kind: DeviceKind, *devices: Device) -> None:
        super().__init__(*devices)
        self.FALLBACK_FOR = kind


class Absent:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def open(self, host: Host) -> Source:
        raise self.error


DRAM = Plugin(device("dram:package-0"))


def test_a_model_is_not_even_opened_where_a_counter_is() -> None:
    model = Fallback(DeviceKind.CPU, device("cpu:node", "model:cpu"))
    selection = select({"a_model": model, "rapl": Plugin(device("cpu:package-0")), "d": DRAM}, HOST)
    assert not model.opened
    assert [one.id for one in selection.devices] == ["cpu:package-0", "dram:package-0"]


def test_a_model_stands_in_where_no_counter_can_be_read() -> None:
    rapl = Absent(SourceUnavailable("no permission", fix="chmod"))
    model = Fallback(DeviceKind.CPU, device("cpu:node", "model:cpu"))
    selection = select({"rapl": rapl, "cpu_model": model, "d": DRAM}, HOST)
    assert [one.id for one in selection.devices] == ["dram:package-0", "cpu:node"]
    assert [(one.name, one.reason, one.fix) for one in selection.refusals] == [
        ("rapl", "no permission", "chmod")
    ]
    assert not selection.not_counted


def test_a_broken_plugin_does_not_stop_the_others() -> None:
    selection = select({"bad": Absent(ValueError("oops")), "d": DRAM}, HOST)
    assert [one.id for one in selection.devices] == ["dram:package-0"]
    assert selection.refusals[0].broken
    assert "ValueError: oops" in selection.refusals[0].reason


def test_what_a_whole_covers_is_not_added_to_it() -> None:
    node = device("node:cray", covers=("cpu:*", "dram:*"))
    selection = select({"cray": Plugin(node, device("cpu:package-0"))}, HOST)
    assert selection.covered_by(selection.devices[1]) == "node:cray"
    assert selection.covered_by(selection.devices[0]) is None


@pytest.mark.parametrize("wanted", [["gpu"], ["gpu:*"], ["gpu:1", "gpu:2"]])
def test_the_setting_devices_leaves_the_others_out_and_says_so(wanted: list[str]) -> None:
    plugins = {"n": Plugin(device("gpu:1"), device("gpu:2")), "r": Plugin(device("cpu:package-0"))}
    selection = select(plugins, HOST, wanted)
    assert [one.id for one in selection.devices] == ["gpu:1", "gpu:2"]
    assert [one.what for one in selection.not_counted] == ["cpu:package-0"]
    assert plugins["r"].source.closed


def test_a_kind_that_nobody_gives_is_said_with_the_reason() -> None:
    selection = select({"cpu_model": Absent(SourceUnavailable("unknown processor"))}, HOST)
    assert [(one.what, one.reason) for one in selection.not_counted] == [
        ("cpu", "unknown processor"),
        ("dram", "no source could read or model it"),
    ]


def test_a_device_that_two_sources_give_counts_once() -> None:
    plugins = {"first": Plugin(device("cpu:package-0")), "second": Plugin(device("cpu:package-0"))}
    selection = select(plugins, HOST)
    assert [one.name for one in selection.sources] == ["first"]
    assert plugins["second"].source.closed
