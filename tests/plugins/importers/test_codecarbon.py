"""codecarbon's files, old and new, as runs of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.errors import ImportRefused
from tracker.importers import codecarbon
from tracker.model.device import DeviceKind
from tracker.model.run import RunStatus

OLD = """\
timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country_name,\
country_iso_code,region,on_cloud,cloud_provider,cloud_region
2021-04-01T12:00:10,e1,"two
lines",10.0,0.002,0.01,France,FRA,,N,,
2021-04-01T13:00:20,e2,plain,20.0,0.003,0.015,France,FRA,,N,,
"""
NEW = """\
timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,\
ram_power,cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,\
country_iso_code,region,cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,\
cpu_model,gpu_count,gpu_model,longitude,latitude,ram_total_size,tracking_mode,\
cpu_utilization_percent,gpu_utilization_percent,ram_utilization_percent,ram_used_gb,on_cloud,pue,wue
2026-03-01T10:00:30,vision,11111111-2222-4333-8444-555555555555,x,30.0,0.0006,2e-5,42,300,20,0.002,\
0.006,0.002,0.01,0,Germany,DEU,bavaria,,,Linux-6.1,3.12.1,3.3.2,64,AMD EPYC,1,1 x NVIDIA H100,\
11.5,48.1,512,machine,0,0,0,0,N,1.25,0
2026-03-01T10:01:00,vision,11111111-2222-4333-8444-555555555555,x,60.0,0.0012,2e-5,42,300,20,0.004,\
0.012,0.004,0.02,0,Germany,DEU,bavaria,,,Linux-6.1,3.12.1,3.3.2,64,AMD EPYC,1,1 x NVIDIA H100,\
11.5,48.1,512,machine,0,0,0,0,N,1.25,0
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.csv"
    path.write_text(OLD)
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.csv"
    path.write_text(NEW)
    return path


@pytest.fixture
def history(tmp_path: Path) -> tracker.History:
    return tracker.History(f"sqlite:///{tmp_path}/runs.db")


def test_old_columns_give_the_machines_whole_energy(history: tracker.History, old: Path) -> None:
    assert [run.name for run in history.take_in(old).taken] == ["two\nlines", "plain"]
    report = history.run("plain")
    assert report.energy_j == pytest.approx(0.015 * 3.6e6)
    assert report.carbon_g == pytest.approx(3.0)
    assert report.duration_s == pytest.approx(20.0)
    assert [device.kind for device in report.devices] == [DeviceKind.NODE]
    assert report.devices[0].method == "model"
    assert report.energy_low_j is not None
    assert report.energy_j is not None
    assert report.energy_low_j < report.energy_j < report.energy_high_j  # type: ignore[operator]
    assert report.status is RunStatus.FINISHED
    assert (report.pricing and report.pricing.zone) == "FR"


def test_new_columns_give_devices_without_the_pue(history: tracker.History, new: Path) -> None:
    (run,) = history.take_in(new).taken  # two rows of one run: the longer one
    report = history.run(run.id)
    used_j = {device.kind: device.energy_j for device in report.devices}
    assert used_j == pytest.approx(
        {
            DeviceKind.GPU: 0.012 * 3.6e6 / 1.25,
            DeviceKind.CPU: 0.004 * 3.6e6 / 1.25,
            DeviceKind.DRAM: 0.004 * 3.6e6 / 1.25,
        }
    )
    assert report.carbon_g == pytest.approx(1.2)
    assert report.pricing is not None
    assert report.pricing.pue == 1.25
    assert report.pricing.g_per_kwh_mean == pytest.approx(60.0)
    assert report.provenance["codecarbon_version"] == "3.3.2"
    assert str(report.run_id) == "11111111-2222-4333-8444-555555555555"
    assert [event.kind for event in report.events] == ["imported"]
    assert history.totals("project").total.energy_j == pytest.approx(0.02 * 3.6e6 / 1.25)


def test_files_read_again_double_nothing(history: tracker.History, old: Path, new: Path) -> None:
    assert len(history.take_in(old, new, new).taken) == 3
    again = history.take_in(new, old)
    assert (len(again.taken), again.known) == (0, 3)
    assert len(history.runs()) == 3


def test_project_and_tags_for_all_and_a_look_before(history: tracker.History, new: Path) -> None:
    looked = history.take_in(new, project="p", tags={"k": "v"}, dry=True)
    assert [(run.project, run.tags) for run in looked.taken] == [("p", {"k": "v"})]
    assert history.runs() == ()
    history.take_in(new, project="p", tags={"k": "v"})
    assert [run.name for run in history.runs(project="p", tags={"k": "v"})] == ["vision"]


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("20.0,0.003", "abc,0.003", r"line 4: duration is 'abc'"),
        ("2021-04-01T13:00:20", "soon", r"line 4: timestamp is 'soon'"),
        ("plain,20.0,0.003", "plain,20.0,-1", r"line 4: emissions is '-1'"),
        ("France,FRA,,N,,\n", "France,FRA,,N,,,surplus\n", "more cells than the header"),
    ],
)
def test_a_damaged_file_is_refused_whole(
    history: tracker.History, old: Path, was: str, becomes: str, said: str
) -> None:
    old.write_text(OLD.replace(was, becomes))
    with pytest.raises(ImportRefused, match=said):
        history.take_in(old)
    assert history.runs() == ()


def test_what_was_not_recorded_is_no_zero(history: tracker.History, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    head, first, *_ = NEW.splitlines()
    cells = dict(zip(head.split(","), first.split(","), strict=True))
    for name in ("cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "emissions"):
        cells[name] = ""
    path.write_text(f"{head}\n{','.join(cells.values())}\n")
    (run,) = history.take_in(path).taken
    assert (history.run(run.id).energy_j, history.run(run.id).carbon_g) == (None, None)


def test_only_its_columns_are_recognised() -> None:
    assert codecarbon.recognises(Path("x"), NEW)
    assert codecarbon.recognises(Path("x"), "\ufeff" + OLD)
    assert not codecarbon.recognises(Path("emissions.csv"), "a,b\n1,2\n")
