"""eco2ai's file as runs of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker

HEAD = (
    "id,project_name,experiment_description,epoch,start_time,duration(s),power_consumption(kWh),"
    "CO2_emissions(kg),CPU_name,GPU_name,OS,region/country,cost\n"
)
ONE = (
    "a1,nlp,tune,N/A,2024-05-01 10:00:00,60.5,0.02,0.009,"
    '"EPYC/1 device(s), TDP:200",,Linux,RU,N/A\n'
)
EPOCHS = (
    'b2,nlp,train,"epoch: 1, loss: 0.5, ",2024-05-01 11:00:00,30,0.01,0.004,EPYC,,Linux,RU,N/A\n'
    'b2,nlp,train,"epoch: 2, loss: 0.4, ",2024-05-01 11:00:30,30,0.02,0.008,EPYC,,Linux,RU,N/A\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "emission.csv"
    path.write_text(HEAD + ONE + EPOCHS)
    return path


def test_a_row_is_a_run_and_rows_of_one_id_are_its_epochs(tmp_path: Path, file: Path) -> None:
    history = tracker.History(f"sqlite:///{tmp_path}/runs.db")
    assert len(history.take_in(file).taken) == 2
    trained, tuned = (history.run(run.run_id) for run in history.runs())
    assert tuned.energy_j == pytest.approx(0.02 * 3.6e6)
    assert tuned.carbon_g == pytest.approx(9.0)
    assert tuned.duration_s == pytest.approx(60.5)
    assert tuned.phases == ()
    assert trained.energy_j == pytest.approx(0.03 * 3.6e6)
    assert trained.carbon_g == pytest.approx(12.0)
    assert [(phase.name, phase.index) for phase in trained.phases] == [("epoch", 0), ("epoch", 1)]
    assert [phase.energy_j for phase in trained.phases] == pytest.approx([36_000, 72_000])
    assert trained.provenance["region/country"] == "RU"
    assert history.take_in(file).known == 2
