"""The acceptance script finds out what is known of fake GPUs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes.nvml import FakeGpu, FakeNvml, Waveform


def examined(root: Path, folder: Path, *gpus: FakeGpu) -> tuple[dict[str, Any], str]:
    fake, target = FakeNvml(folder, gpus), folder / "deep" / "result.json"
    done = subprocess.run(
        [
            *(sys.executable, root / "benchmarks/gpu_acceptance.py"),
            *("--short", "--no-load", "--json", target),
        ],
        env=fake.environ(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(target.read_text()), done.stdout


def test_it_finds_refresh_scope_agreement_and_the_trackers_error(
    root: Path, tmp_path: Path
) -> None:
    superchip = FakeGpu(
        waveform=Waveform.constant(400.0), refresh_s=0.1, module_scope=True, module_extra_w=90.0
    )
    found, printed = examined(root, tmp_path, superchip, FakeGpu())
    assert found["facts"]["gpus"] == 2
    assert found["facts"]["name"] == "NVIDIA H100 80GB HBM3"
    assert found["refresh"]["counter"]["median_ms"] == pytest.approx(100, rel=0.1)
    assert found["scope"]["module_instant_w"] == pytest.approx(490, rel=0.01)
    assert found["scope"]["gpu_average_w"] == pytest.approx(400, rel=0.01)
    assert found["scope"]["counter_w"] == pytest.approx(400, rel=0.05)
    assert found["scope"]["memory_instant_w"] is None
    agreement = found["agreement"]["as found"]
    assert agreement["counter_over_average_1hz"] == pytest.approx(1, abs=0.02)
    assert found["cost"]["one_call_each_of_2_gpus_ms"] > 0
    assert found["samples"] is None
    tracked = found["tracker"]["as found"]
    assert tracked["reference_j"] == pytest.approx(1200, rel=0.2)
    assert tracked["error_percent"] == pytest.approx(0, abs=8)
    assert "median_ms" in printed
    assert "not told" in printed


def test_a_sensor_that_looks_a_quarter_of_the_time_disagrees_with_the_counter(
    root: Path, tmp_path: Path
) -> None:
    beats = FakeGpu(waveform=Waveform(100.0, 700.0, 0.1), refresh_s=0.1, refresh_phase_s=0.03)
    found, _ = examined(root, tmp_path, beats)
    agreement = found["agreement"]["as found"]
    assert agreement["counter_w"] == pytest.approx(400, rel=0.05)
    assert agreement["instant_10hz_w"] == pytest.approx(700, rel=0.05)
    assert agreement["counter_over_average_1hz"] == pytest.approx(1, abs=0.05)


def test_without_a_counter_or_a_gpu_it_says_so(root: Path, tmp_path: Path) -> None:
    found, _ = examined(root, tmp_path, FakeGpu(counter=False))
    assert found["refresh"]["counter"] is None
    assert found["agreement"]["as found"]["counter_over_average_1hz"] is None
    assert found["tracker"]["as found"]["error_percent"] is None
    none = FakeNvml(tmp_path, ())
    done = subprocess.run(
        [sys.executable, root / "benchmarks/gpu_acceptance.py"],
        env=none.environ(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "no NVIDIA GPU" in done.stdout
