"""Whole runs on hardware that misbehaves: what is kept, what is said, and that training goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fakes.nvml import FakeGpu, Fault, Waveform, fake_uuid
from integration.machine import Machine, machine_in

FIELDS = "nvmlDeviceGetFieldValues"
TRAINING = """
    import pathlib, time, tracker
    with tracker.track("training"):
        time.sleep(2)
        pathlib.Path("begun").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.02)
        {then}
        time.sleep(3)
"""


def trained(machine: Machine, then: str = "pass", **fault: object) -> dict[str, Any]:
    """The report of a training; ``fault`` befalls the GPUs in its middle."""
    process = machine.start(TRAINING.format(then=then))
    while not (machine.folder / "begun").exists():
        assert process.poll() is None
        time.sleep(0.02)
    machine.nvml.update(None, **fault)
    (machine.folder / "go").touch()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return machine.shown("training")


def gpus_of(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["device_id"]: one for one in report["devices"] if one["kind"] == "gpu"}


def gpu(number: int) -> str:
    return f"gpu:{fake_uuid(number)}"


def steady(count: int, **changes: Any) -> list[FakeGpu]:
    return [FakeGpu(waveform=Waveform.constant(300.0), **changes) for _ in range(count)]


def test_a_gpu_that_falls_off_the_bus_keeps_what_it_used_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    machine = machine_in(tmp_path, *steady(2))
    report = trained(machine, faults=[Fault(FIELDS, 15, gpu=0)])
    found = gpus_of(report)
    assert 0 < found[gpu(0)]["energy_j"] < 0.9 * found[gpu(1)]["energy_j"]
    assert found[gpu(1)]["energy_j"] == pytest.approx(300 * report["duration_s"], rel=0.05)
    (said,) = [one for one in report["not_counted"] if one["what"] == gpu(0)]
    assert said["reason"].startswith("since 2")
    assert "GPU is lost" in said["reason"]


def test_a_read_that_fails_now_and_then_costs_nothing(tmp_path: Path) -> None:
    machine = machine_in(tmp_path, *steady(2))
    machine.nvml.update(faults=[Fault(FIELDS, 999, every=5)])
    report = trained(machine)
    for one in gpus_of(report).values():
        assert one["energy_j"] == pytest.approx(300 * report["duration_s"], rel=0.05)
        assert one["energy_by_method_j"].get("counter", 0) > 0.9 * one["energy_j"]
    assert "read-failed" in {event["kind"] for event in report["events"]}


def test_another_library_that_shuts_nvml_down_costs_nothing(tmp_path: Path) -> None:
    machine = machine_in(tmp_path, *steady(1))
    report = trained(
        machine,
        "import pynvml; pynvml.nvmlShutdown()",
    )
    (one,) = gpus_of(report).values()
    assert one["energy_j"] == pytest.approx(300 * report["duration_s"], rel=0.05)


def test_what_tells_neither_power_nor_energy_is_a_model_or_not_counted(tmp_path: Path) -> None:
    nothing = {"counter": False, "average": False, "instant": False, "usage": False}
    machine = machine_in(
        tmp_path, *steady(1, **nothing), *steady(1, **nothing, limit_w=0, utilization=-1)
    )
    report = trained(machine)
    (one,) = gpus_of(report).values()
    assert (one["device_id"], one["method"], one["accuracy_class"]) == (
        gpu(0),
        "model",
        "model:gpu",
    )
    assert one["energy_j"] > 0
    assert any(fake_uuid(1) in missing["what"] for missing in report["not_counted"])


@pytest.mark.parametrize("code", [9, 18])
def test_a_driver_that_does_not_start_leaves_the_rest_measured(tmp_path: Path, code: int) -> None:
    machine = machine_in(tmp_path, *steady(1))
    machine.nvml.update(init_error=code)
    report = trained(machine)
    assert gpus_of(report) == {}
    kinds = [event["kind"] for event in report["events"] if event["subject"] == "nvml"]
    assert kinds == (["source-unavailable"] if code == 18 else [])


def test_counters_that_stand_still_are_not_shown_as_0_j(tmp_path: Path) -> None:
    machine = machine_in(tmp_path, *steady(1))  # its package and memory do not move
    report = trained(machine)
    assert {one["kind"] for one in report["devices"]} == {"gpu"}
    assert {"cpu:package-0", "dram:package-0"} <= {one["what"] for one in report["not_counted"]}
