from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tracker.live.provenance import host_facts, masked, process_started_at, provenance


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["train.py", "--lr", "3e-4"], ["train.py", "--lr", "3e-4"]),
        (["--api-key", "abc123", "--epochs", "3"], ["--api-key", "***", "--epochs", "3"]),
        (["--token=abc"], ["--token=***"]),
        (["WANDB_API_KEY=abc"], ["WANDB_API_KEY=***"]),
        (["postgresql://me:hunter2@db/runs"], ["postgresql://me:***@db/runs"]),
        (["--name", "hf_abcdefghijklmnop"], ["--name", "***"]),
        (["--tokenizer", "bert"], ["--tokenizer", "bert"]),
        (["--password", "--verbose"], ["--password", "--verbose"]),
    ],
)
def test_secrets_are_masked_and_nothing_else(arguments: list[str], shown: list[str]) -> None:
    assert masked(arguments) == shown


def test_the_process_start_is_the_kernels() -> None:
    ours = process_started_at(os.getpid(), Path("/proc"))
    assert psutil.boot_time() + ours == pytest.approx(psutil.Process().create_time(), abs=1.1)


def test_a_system_without_proc_gives_empty_facts(tmp_path: Path) -> None:
    facts = host_facts(tmp_path)
    assert (facts.boot_id, facts.memory_bytes, len(facts.host_id)) == ("", 0, 16)
    assert process_started_at(1, tmp_path) == 0.0


def test_the_launchers_job_id_is_kept() -> None:
    found = provenance({"SLURM_JOB_ID": "4711"})
    assert found["job"] == {"launcher": "slurm", "id": "4711"}
    assert found["python"]


def test_git_commit_and_dirty_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "n")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "n@example.org")
    assert "git_commit" not in provenance({})
    Path("a").write_text("1")
    for command in (["init", "-q"], ["add", "a"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *command], check=True)
    assert provenance({})["git_dirty"] is False
    Path("a").write_text("2")
    assert provenance({})["git_dirty"] is True
