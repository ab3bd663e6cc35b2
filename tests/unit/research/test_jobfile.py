from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import SettingsError
from tracker.research import jobfile

HEADER = "name,gpu,gpus,hours"


def written(folder: Path, text: str, name: str = "jobs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_of_many_jobs(tmp_path: Path) -> None:
    text = (
        "name,gpu,gpus,hours,gpu_watts,usd_per_hour,location,pue,repeats\n"
        "tune,V100,8,12,250,0.74-2.48,FR,1.2,3\n"
        "\n"
        ",A100,,100,,,,,\n"
    )
    first, second = jobfile.read(written(tmp_path, text))

    assert (first.name, first.gpus, first.hours, first.repeats) == ("tune", 8, 12.0, 3)
    assert first.gpu_w is not None
    assert first.gpu_w.value == 250.0
    assert (first.usd_per_h, first.location, first.pue) == ((0.74, 2.48), "FR", 1.2)
    assert (second.name, second.gpus, second.gpu_w) == ("job 2", 1, None)


def test_the_same_as_toml(tmp_path: Path) -> None:
    text = (
        '[[job]]\nname = "tune"\ngpu = "V100"\ngpus = 8\nhours = 12\nusd_per_hour = 2.1\n'
        "[[job]]\ncpu_watts = 90\nhours = 2.5\n"
    )
    first, second = jobfile.read(written(tmp_path, text, "jobs.toml"))

    assert (first.gpu, first.gpus, first.usd_per_h) == ("V100", 8, (2.1, 2.1))
    assert (second.gpus, second.hours) == (0, 2.5)


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(f"{HEADER}\na,V100,1,2\n", encoding="utf-8-sig")

    assert jobfile.read(path)[0].name == "a"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,V100,8,ten", r"jobs\.csv, row 1 \(line 2\), column hours: 'ten' is no number"),
        ("a,V100,8,1", r"row 2 \(line 3\), column hours: '1,5' is no number.*no commas"),
        ("a,V100,8,", r"row 1 \(line 2\), column hours: empty"),
        ("a,V100,8,0", r"column hours: hours = 0: must be above 0"),
        ("a,V100,8,-4", r"column hours: hours = -4"),
        ("a,V100,8,nan", r"column hours: 'nan' is no number"),
        ("a,V100,2.5,4", r"column gpus: 2\.5 is no whole number"),
        ("a,V10,8,4", r"column gpu: no accelerator 'V10'.*did you mean V100"),
        ("a,,8,4", r"column gpu: neither gpu nor gpu_watts"),
        ("a,V100,8,4,9", r"row 1 \(line 2\): 5 cells, and the header names 4"),
    ],
)
def test_a_fault_is_named_by_row_and_column(tmp_path: Path, rows: str, said: str) -> None:
    text = f'{HEADER}\n{rows}\nb,V100,8,"1,5"\n'

    with pytest.raises(SettingsError, match=said):
        jobfile.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (f"{HEADER}\n", "holds no rows"),
        ("name,gpu,gpus\na,V100,1\n", r"header \(line 1\): no column hours; found: name, gpu"),
        ("name,gpu,hour\na,V100,1\n", r"no column hours \(hour looks like it\)"),
        (f"{HEADER},gpu_wats\na,V100,1,2,3\n", "unknown column 'gpu_wats'; did you mean gpu_watts"),
        (f"{HEADER},hours\na,V100,1,2,3\n", "the column hours is there twice"),
        (f"{HEADER},gpu_watts\na,V100,1,2,0.3\n", "column gpu_watts: .*write 300"),
        (f"{HEADER},usd_per_hour\na,V100,1,2,cheap\n", "column usd_per_hour: 'cheap' is no price"),
        (f"{HEADER},usd_per_hour\na,V100,1,2,3-1\n", "the lower price stands first"),
        (f"{HEADER},utilisation\na,V100,1,2,80\n", "column utilisation: .*80 % is 0.8"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        jobfile.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[job]\n", "not valid TOML"),
        ("[job]\nhours = 3\n", r"write each one as \[\[job\]\]"),
        ("[[jobs]]\nhours = 3\n", "unknown key 'jobs'"),
        ("[[job]]\ngpu = 'T4'\nhours = '5h'\n", r"jobs\.toml, job 1, column hours: '5h'"),
        ("[[job]]\ngpu = 'T4'\nhours = true\n", "column hours: 'True' is no number"),
        ("[[job]]\ngpu = 'T4'\nhours = 1\n[[job]]\ngpu = 'T4'\n", "job 2, column hours: empty"),
    ],
)
def test_toml_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        jobfile.read(written(tmp_path, text, "jobs.toml"))


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.csv: cannot be read: No such file"):
        jobfile.read(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"name,hours\n\xe9,1\n")
    with pytest.raises(SettingsError, match="no UTF-8 text"):
        jobfile.read(tmp_path / "latin.csv")
