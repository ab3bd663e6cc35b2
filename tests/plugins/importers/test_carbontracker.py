"""carbontracker's logs as runs of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.errors import ImportRefused
from tracker.model.device import DeviceKind

LOG = """\
2025-02-01 08:00:00 - carbontracker version 2.4.7
2025-02-01 08:00:00 - Only predicted and actual consumptions are multiplied by a PUE coefficient \
of 1.58 (Daniel Bizo, 2023, Uptime Institute Global Data Center Survey).
2025-02-01 08:00:01 - The following components were found: GPU with device(s) NVIDIA A100, \
NVIDIA A100. CPU with device(s) AMD EPYC 7.
2025-02-01 08:00:01 - Carbon intensity fetched: 50.00 gCO2/kWh at Copenhagen
2025-02-01 08:01:40 - Epoch 1:
2025-02-01 08:01:40 - Duration: 0:01:40.00
2025-02-01 08:01:40 - Average power usage (W) for gpu: 250.0
2025-02-01 08:01:40 - Average power usage (W) for cpu: 100.0
2025-02-01 08:03:20 - Epoch 2:
2025-02-01 08:03:20 - Duration: 0:01:40.00
2025-02-01 08:03:20 - Average power usage (W) for gpu: [200. 300.]
2025-02-01 08:03:20 - Average power usage (W) for cpu: None
"""
NAME = "cnn_4711.root_2025-02-01T080000Z_carbontracker.log"


@pytest.fixture
def history(tmp_path: Path) -> tracker.History:
    return tracker.History(f"sqlite:///{tmp_path}/runs.db")


def test_energy_is_power_by_time_of_every_device(history: tracker.History, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(LOG)
    (run,) = history.take_in(tmp_path / NAME).taken
    report = history.run(run.id)
    used_j = {device.kind: device.energy_j for device in report.devices}
    assert used_j == pytest.approx({DeviceKind.GPU: 100_000.0, DeviceKind.CPU: 10_000.0})
    assert report.name == "cnn"
    assert report.devices[0].name == "NVIDIA A100; NVIDIA A100"
    assert [phase.energy_j for phase in report.phases] == pytest.approx([60_000, 50_000])
    assert report.carbon_g == pytest.approx(110_000 / 3.6e6 * 50)
    assert report.provenance["carbontracker_version"] == "2.4.7"


def test_a_folder_gives_its_logs_and_leaves_the_rest(
    history: tracker.History, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / NAME).write_text(LOG)
    (folder / NAME.replace(".log", "_output.log")).write_text("nothing of ours\n")
    (folder / "notes.txt").write_text("nothing of ours\n")
    assert len(history.take_in(folder).taken) == 1


def test_a_log_without_a_measured_epoch_is_refused(
    history: tracker.History, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_text("\n".join(LOG.splitlines()[:4]))
    with pytest.raises(ImportRefused, match="no epoch with a measured power"):
        history.take_in(tmp_path / NAME)
