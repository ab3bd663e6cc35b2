"""Which devices a run counts, and whose part of them."""

from __future__ import annotations

from typing import cast

import pytest

from fakes.records import CPU, GPU, MODEL, NODE
from tracker.live.choice import choose
from tracker.model.device import Accuracy, Device, DeviceKind, is_share, share_of, whole_of
from tracker.model.ranges import Share, energy_range
from tracker.model.run import Attribution
from tracker.ports.source import Source
from tracker.sampling.selection import OpenedSource, Selection


def selection(*devices: Device) -> Selection:
    return Selection(sources=[OpenedSource("fake", cast("Source", None), devices)])


def test_whole_devices_are_counted_as_they_are() -> None:
    choice = choose(selection(NODE, GPU, CPU), ["node", "gpu"], Attribution.MACHINE)
    assert [(one.device, one.covered_by) for one in choice.counted] == [
        (NODE, None),
        (GPU, NODE.id),
    ]
    assert [one.what for one in choice.not_counted] == [CPU.id]


def test_of_a_process_shares_are_counted_and_a_node_is_not_divided() -> None:
    choice = choose(selection(NODE, GPU, CPU), None, Attribution.PROCESS)
    assert [one.device.id for one in choice.counted] == [share_of(GPU).id, share_of(CPU).id]
    assert {one.covered_by for one in choice.counted} == {None}
    (missing,) = choice.not_counted
    assert missing.what == NODE.id
    assert "divided" in missing.reason


def test_a_modules_share_holds_its_parts_shares() -> None:
    module = Device("gpu:module", DeviceKind.GPU, "GH200", GPU.accuracy, ("cpu:*",))
    choice = choose(selection(module, CPU), None, Attribution.PROCESS)
    assert [one.covered_by for one in choice.counted] == [None, share_of(module).id]


def test_a_share_is_named_after_its_device_and_labelled() -> None:
    share = share_of(CPU)
    assert whole_of(share.id) == whole_of(CPU.id) == CPU.id
    assert is_share(share.id)
    assert not is_share(CPU.id)
    assert share.accuracy.accuracy_class == "share:cpu"
    assert share.accuracy.is_model
    assert share.kind is DeviceKind.CPU


@pytest.mark.parametrize("device", [GPU, CPU, MODEL])
def test_a_shares_range_holds_the_devices_own_and_the_shares_error(device: Device) -> None:
    whole = energy_range([Share("b", device.accuracy, 100.0, 0.0)])
    share = energy_range([Share("b", share_of(device).accuracy, 100.0, 0.0)])
    assert share.low < whole.low
    assert share.high > whole.high
    assert share.high - share.low >= 60 - 1e-9


def test_shares_of_one_class_err_together() -> None:
    accuracy = share_of(Device("cpu:0", DeviceKind.CPU, "c", Accuracy.of("x", 1, 1))).accuracy
    two = energy_range([Share(name, accuracy, 100.0, 0.0) for name in ("a", "b")])
    assert (two.low, two.high) == pytest.approx((140, 260))
