from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import tracker

pytest.importorskip("IPython", reason="ipython is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # IPython's own remarks


@pytest.fixture
def shell(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415 - behind the skip
    from traitlets.config import Config  # noqa: PLC0415 - the same

    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    made.run_cell("%load_ext tracker")
    yield made
    InteractiveShell.clear_instance()


def shown(shell: Any, cell: str) -> tuple[Any, Any]:
    from IPython.utils.capture import capture_output  # noqa: PLC0415 - behind the skip

    with capture_output() as captured:
        outcome = shell.run_cell(cell)
    return outcome, captured


def test_a_cell_is_a_run_and_shows_what_it_used(shell: Any) -> None:
    outcome, captured = shown(
        shell, "%%track squares --project p --location FR --tag lr=3e-4\nx = 6 * 7\nprint(x)"
    )
    assert outcome.success
    assert captured.stdout.startswith("42\n")
    report = shell.user_ns["run"].report()
    assert (report.name, report.project, report.tags) == ("squares", "p", {"lr": "3e-4"})
    assert report.status == "finished"
    (html,) = [one.data["text/html"] for one in captured.outputs if "text/html" in one.data]
    assert report.short_id in html
    assert "<b>squares</b>" in html
    assert shell.user_ns["x"] == 42


def test_the_cells_run_can_mark_phases_and_have_another_name(shell: Any) -> None:
    shown(shell, "%%track --as mine --location '57 g/kWh'\nwith mine.phase('train'):\n    pass")
    report = shell.user_ns["mine"].report()
    assert [phase.name for phase in report.phases] == ["train"]
    assert report.pricing.g_per_kwh_mean == 57


def test_an_error_in_the_cell_is_shown_once_and_fails_the_run(shell: Any) -> None:
    outcome, captured = shown(shell, "%%track --location FR\nraise ValueError('loss is nan')")
    assert not outcome.success
    said = re.sub(r"\x1b\[[0-9;]*m", "", captured.stdout)
    assert said.count("ValueError: loss is nan") == 1
    report = shell.user_ns["run"].report()
    assert (report.status, report.error) == ("failed", "ValueError: loss is nan")


@pytest.mark.parametrize(
    ("line", "said"), [("--pue 0.5", "pue"), ("--location Atlantis", "Atlantis"), ("--wrong 1", "")]
)
def test_what_is_typed_wrong_is_said_before_the_cell_runs(shell: Any, line: str, said: str) -> None:
    outcome, captured = shown(shell, f"%%track {line}\ny = 1")
    assert not outcome.success
    assert said in captured.stderr
    assert "Traceback" not in captured.stdout + captured.stderr
    assert "y" not in shell.user_ns


def test_runs_reports_and_the_history_are_tables(shell: Any) -> None:
    with tracker.track("<b>", location="FR") as run:
        for _ in run.epochs(25):
            pass
    for shows in (run._repr_html_(), run.report()._repr_html_()):
        assert "&lt;b&gt;" in shows
        assert "5 earlier phases are not shown" in shows
        assert "<td>epoch 24</td>" in shows
    listed = tracker.History()._repr_html_()
    assert run.report().short_id in listed
    assert "<b>" not in listed


def test_importing_the_package_imports_no_ipython() -> None:
    script = "import sys, tracker.hooks.ipython; sys.exit('IPython' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.long
def test_in_a_kernel_of_its_own_it_is_the_same() -> None:
    client = pytest.importorskip(
        "jupyter_client", reason="ipykernel is not installed (extra test-frameworks)"
    )
    manager, kernel = client.manager.start_new_kernel(kernel_name="python3")
    try:
        outputs: list[Any] = []
        for code in ("%load_ext tracker", "%%track kernel --location FR\nsum(range(10))"):
            kernel.execute_interactive(code, output_hook=outputs.append, timeout=60)
        htmls = [one["content"].get("data", {}).get("text/html", "") for one in outputs]
        assert any("<b>kernel</b>" in html for html in htmls)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
