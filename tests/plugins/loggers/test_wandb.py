from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integration.machine import Machine

pytestmark = pytest.mark.long  # W&B starts a service of its own for every run
pb2 = pytest.importorskip(
    "wandb.proto.wandb_internal_pb2", reason="wandb is not installed (extra test-frameworks)"
)

BLOCK, HEADER = 32768, 7
WHOLE, LAST = 1, 4

TRAINING = """
    import json, time, warnings
    warnings.simplefilter("ignore")
    import wandb, tracker
    board = wandb.init(mode="offline", project="p", settings=wandb.Settings(silent=True))
    with tracker.track("wb", log_to=LOG_TO) as run:
        for epoch in run.epochs(3):
            time.sleep(0.3)
            wandb.log({"loss": 1.0 / (epoch + 1)})
    summary = dict(board.summary)
    board.finish()
    print(json.dumps([summary, run.report().to_dict()]))
"""


def records(data: bytes) -> Iterator[bytes]:
    """LevelDB's log: blocks of records of CRC (4 bytes), length (2) and kind (1), then content."""
    place, whole = HEADER, b""
    while place + HEADER <= len(data):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        whole += data[place + HEADER : place + HEADER + length]
        place += HEADER + length
        if kind in {WHOLE, LAST}:
            yield whole
            whole = b""


def history(data: bytes) -> Iterator[dict[str, Any]]:
    for one in records(data):
        record = pb2.Record()
        record.ParseFromString(one)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            yield {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}


@pytest.mark.parametrize("log_to", ['"wandb"', '"auto"', "board"])
def test_the_trainings_steps_stay_its_own_and_the_totals_are_the_reports(
    machine: Machine, log_to: str
) -> None:
    done = machine.run(TRAINING.replace("LOG_TO", log_to), WANDB_MODE="offline")
    assert done.returncode == 0, done.stderr
    summary, report = json.loads(done.stdout.splitlines()[-1])
    (log,) = machine.folder.glob("wandb/offline-run-*/*.wandb")
    rows = list(history(log.read_bytes()))
    losses = [(row["_step"], row["loss"]) for row in rows if "loss" in row]
    assert losses == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    told: list[Any] = [row["energy/epoch_wh"] for row in rows if "energy/epoch_wh" in row]
    phases_wh = [phase["energy_j"] / 3600 for phase in report["phases"]]
    assert told == pytest.approx(phases_wh)
    assert summary["energy/wh"] == pytest.approx(report["energy_j"] / 3600)
    assert summary["energy/co2_g"] == pytest.approx(report["carbon_g"])
    assert summary["energy/tracker_run_id"] == report["run_id"]
