from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tracker.cli import main
from tracker.cli._rooms import RunReader
from tracker.errors import PluginError, SourceUnavailable, StoreError
from unit.cli.examples import report, rooms


class Failing:
    """Rooms whose store cannot be opened."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def history(self, store: str | None) -> RunReader:
        raise self._error


def outcome(
    line: Sequence[str], capsys: pytest.CaptureFixture[str], error: BaseException | None = None
) -> tuple[object, str, str]:
    behind = rooms(report()) if error is None else rooms(history=Failing(error).history)
    with pytest.raises(SystemExit) as ended:
        main(line, behind)
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_well_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = outcome(["runs"], capsys)

    assert code == 0
    assert "resnet-cifar" in out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    import tracker  # noqa: PLC0415 - what the command must agree with

    assert outcome(["--version"], capsys) == (0, f"tracker {tracker.__version__}\n", "")


def test_a_failure_is_one_line_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    failure = StoreError("runs.db is no database:\nit begins with 'PK'; name another one")
    code, out, err = outcome(["runs"], capsys, failure)

    assert (code, out) == (1, "")
    assert err == "tracker: runs.db is no database: it begins with 'PK'; name another one\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            SourceUnavailable("not readable", fix="sudo chmod"),
            "tracker: not readable; sudo chmod\n",
        ),
        (PluginError("no such plugin"), "tracker: no such plugin\n"),
        (OSError(28, "No space left on device"), "tracker: [Errno 28] No space left on device\n"),
    ],
)
def test_what_mends_it_is_said_with_it(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(["runs"], capsys, error) == (1, "", said)


def test_a_key_press_ends_it_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome(["watch"], capsys, KeyboardInterrupt())

    assert (code, out, err.strip()) == (130, "", "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["rums"], "no verb 'rums'; did you mean runs?"),
        (
            ["zzz"],
            "no verb 'zzz'; there are: compare, db, delete, doctor, estimate, export, grid, import",
        ),
        (["runs", "--limit", "0"], "0 is not in the range x>=1"),
        (["runs", "--status", "well"], "'well' is not one of"),
        (["run"], "Missing argument 'COMMAND...'"),
        (["watch", "--interval", "0"], "0.0 is not in the range x>=0.1"),
    ],
)
def test_usage_is_2(line: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = outcome(line, capsys)

    assert (code, out) == (2, "")
    assert said in err


def test_the_views_look_where_a_run_here_would_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tracker.toml").write_text('store = "sqlite:///runs-of-this-project.db"')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["runs"])

    assert ended.value.code == 1
    assert "runs-of-this-project.db" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom tracker.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'sqlalchemy', 'alembic', 'psutil', 'pynvml', 'requests',"
        " 'platformdirs', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "  watch " in done.stdout
    assert done.stderr == "[]\n"


def test_a_reader_that_goes_away_is_no_trouble(root: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(root / 'tests')!r})\n"
        "from unit.cli.examples import report, rooms\n"
        "from tracker.cli import main\n"
        "main(['show', '--phases'], rooms(report(metrics={f'm{n}': 1.0 for n in range(90000)})))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert said == ""
