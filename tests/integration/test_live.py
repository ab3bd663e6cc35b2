"""A program that measures itself, on a machine whose power is known."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.machine import Machine, living, machine_in
from tracker import History


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with living(machine_in(tmp_path)) as machine:
        yield machine


def test_a_training_is_measured_priced_stored_and_reported(machine: Machine) -> None:
    done = machine.run("""
        import json, time, tracker
        with tracker.track("resnet", project="vision", tags={"lr": "3e-4"}, params={"b": 8}) as run:
            for epoch in run.epochs(2):
                with run.phase("train"):
                    time.sleep(0.6)
                run.log(accuracy=0.5 + epoch / 10)
            live = run.totals
        report = run.report()
        print(json.dumps([report.to_dict(), live.energy_j, live.carbon_g]))
    """)
    assert done.returncode == 0, done.stderr
    report, live_j, live_g = json.loads(done.stdout)
    assert report["status"] == "finished"
    assert report["kept"]
    assert report["tags"] == {"lr": "3e-4"}
    assert report["energy_j"] == pytest.approx(300 * report["duration_s"], rel=0.03)
    assert report["energy_low_j"] < report["energy_j"] < report["energy_high_j"]
    assert live_j == pytest.approx(report["energy_j"], rel=0.1)
    assert live_g == pytest.approx(report["carbon_g"], rel=0.1)
    gpu = next(one for one in report["devices"] if one["kind"] == "gpu")
    assert (gpu["kind"], gpu["method"], gpu["in_total"]) == ("gpu", "counter", True)
    phases = [(one["name"], one["index"], one["parent"]) for one in report["phases"]]
    assert phases == [("epoch", 0, None), ("train", 0, 0), ("epoch", 1, None), ("train", 0, 2)]
    epochs_j = [one["energy_j"] for one in report["phases"] if one["name"] == "epoch"]
    assert sum(epochs_j) == pytest.approx(report["energy_j"], rel=0.05)
    assert report["phases"][2]["metrics"] == {"accuracy": 0.6}
    assert report["pricings"][0]["zone"] == "FR"
    assert report["provenance"]["python"]
    assert not report["events"]
    assert machine.shown() == report


def test_an_exception_fails_the_run_and_goes_on_unchanged(machine: Machine) -> None:
    done = machine.run("""
        import tracker
        with tracker.track("bad") as run, run.phase("train"):
            raise ValueError("loss is nan")
    """)
    assert done.returncode == 1
    assert "ValueError: loss is nan" in done.stderr
    shown = machine.shown()
    assert shown["status"] == "failed"
    assert shown["phases"][0]["end"] is not None


@pytest.mark.parametrize(("code", "status"), [("0", "finished"), ("3", "failed")])
def test_sys_exit_is_a_failure_only_with_a_code(machine: Machine, code: str, status: str) -> None:
    done = machine.run(f"""
        import sys, tracker
        with tracker.track("leaves"):
            sys.exit({code})
    """)
    assert done.returncode == int(code)
    assert machine.shown()["status"] == status


def test_a_run_that_nobody_stopped_is_closed_at_exit_as_failed(machine: Machine) -> None:
    done = machine.run("import time, tracker; tracker.track('open').start(); time.sleep(0.3)")
    assert done.returncode == 0
    assert machine.shown()["status"] == "failed"


def test_nested_runs_and_runs_in_threads_each_count_their_own_time(machine: Machine) -> None:
    done = machine.run("""
        import threading, time, tracker
        def work(name):
            with tracker.track(name) as run, run.phase(name):
                time.sleep(0.8)
        with tracker.track("outer") as outer:
            threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(2)]
            for one in threads: one.start()
            with outer.phase("wait"):
                for one in threads: one.join()
            with tracker.track("inner"):
                time.sleep(0.5)
    """)
    assert done.returncode == 0, done.stderr
    assert sorted(machine.names()) == ["inner", "outer", "t0", "t1"]
    for name in ("inner", "outer", "t0", "t1"):
        shown = machine.shown(name)
        assert shown["energy_j"] == pytest.approx(300 * shown["duration_s"], rel=0.05)
    assert [one["name"] for one in machine.shown("t0")["phases"]] == ["t0"]


def test_the_decorator_makes_every_call_a_run(machine: Machine) -> None:
    done = machine.run("""
        import asyncio, tracker
        @tracker.tracked(project="p")
        def train(x): return x + 1
        @tracker.tracked("other")
        async def later(): return 7
        print(train(1), train(2), asyncio.run(later()), train.__name__)
    """)
    assert done.stdout.split() == ["2", "3", "7", "train"], done.stderr
    assert sorted(machine.names()) == ["other", "train", "train"]


def test_switched_off_everything_answers_and_nothing_is_kept(machine: Machine) -> None:
    done = machine.run(
        """
        import threading, tracker
        with tracker.track("off") as run:
            for epoch in run.epochs(2):
                with run.phase("train") as phase: pass
                run.log(loss=1)
        print(run.report().energy_j, run.totals.energy_j, phase.energy_j, threading.active_count())
        """,
        TRACKER_DISABLED="1",
    )
    assert done.stdout.split() == ["None", "0.0", "None", "1"], done.stderr
    assert not (machine.folder / "runs.db").exists()


def test_a_spawned_worker_does_not_start_the_main_scripts_run_again(machine: Machine) -> None:
    done = machine.run("""
        import multiprocessing as mp, time, tracker
        run = tracker.track("main").start()
        def work(n):
            with tracker.track(f"worker{n}"):
                time.sleep(0.2)
            return n
        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(2) as pool:
                pool.map(work, range(2))
            run.stop()
    """)
    assert done.returncode == 0, done.stderr
    assert sorted(machine.names()) == ["main", "worker0", "worker1"]


def test_a_forked_child_drops_the_run_it_inherited_and_may_start_its_own(
    machine: Machine,
) -> None:
    done = machine.run("""
        import os, time, tracker
        with tracker.track("parent") as run:
            time.sleep(0.4)
            child = os.fork()
            if child == 0:
                run.log(loss=1)
                with run.phase("inherited"): pass
                with tracker.track("child") as own:
                    time.sleep(0.4)
                run.stop()
                raise SystemExit(0)
            assert os.waitpid(child, 0)[1] == 0
            time.sleep(0.3)
    """)
    assert done.returncode == 0, done.stderr
    assert sorted(machine.names()) == ["child", "parent"], done.stderr
    parent, child = machine.shown("parent"), machine.shown("child")
    assert parent["status"] == child["status"] == "finished"
    assert parent["duration_s"] > child["duration_s"]
    assert not parent["phases"]


def test_after_kill_9_the_run_is_there_but_for_the_last_tick(machine: Machine) -> None:
    process = machine.start("""
        import time, tracker
        with tracker.track("killed") as run, run.phase("train"):
            print(time.monotonic_ns(), flush=True)
            time.sleep(60)
    """)
    assert process.stdout is not None
    started_ns = int(process.stdout.readline())
    time.sleep(4.5)
    killed_ns = time.monotonic_ns()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    shown = machine.shown()
    assert shown["status"] == "interrupted"
    assert shown["phases"][0]["end"] is None
    used_j = 300.0 * (killed_ns - started_ns) / 1e9
    assert used_j - 1.3 * 300 <= shown["energy_j"] <= used_j * 1.02


def test_a_running_run_can_be_seen_from_outside(machine: Machine) -> None:
    process = machine.start("""
        import time, tracker
        with tracker.track("long") as run, run.phase("train"):
            time.sleep(4)
    """)
    time.sleep(3)
    shown = machine.shown()
    process.communicate(timeout=30)
    assert shown["status"] == "running"
    assert shown["open_phases"] == ["train"]
    gpu = next(one["device_id"] for one in shown["devices"] if one["kind"] == "gpu")
    assert shown["power_w"][gpu] == pytest.approx(300.0, rel=0.02)
    assert machine.shown()["status"] == "finished"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda path: path.write_text("not a database, but a text of some length\n" * 9),
            "not a SQLite",
        ),
        (lambda path: path.mkdir(), "runs.db"),
    ],
)
def test_a_store_that_cannot_be_used_leaves_the_run_unkept_and_the_training_whole(
    machine: Machine, make: object, words: str
) -> None:
    path = machine.folder / "runs.db"
    make(path)  # type: ignore[operator]  # one of the two above
    before = path.read_bytes() if path.is_file() else b""
    done = machine.run("""
        import time, tracker
        with tracker.track("unkept") as run:
            time.sleep(2)
        report = run.report()
        power_w = report.energy_j / report.duration_s
        print(report.kept, round(power_w), [event.kind for event in report.events])
    """)
    assert done.stdout.split()[0] == "False", done.stderr
    assert 290 <= int(done.stdout.split()[1]) <= 310
    assert "store-unavailable" in done.stdout
    assert done.stderr.count("not kept") == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_store_of_a_newer_version_is_not_touched(machine: Machine) -> None:
    machine.run("import tracker\nwith tracker.track('first'): pass")
    path = machine.folder / "runs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    done = machine.run("""
        import tracker
        with tracker.track("second") as run: pass
        print(run.report().kept)
    """)
    assert done.stdout.split() == ["False"], done.stderr
    assert "newer" in done.stderr
    answer = machine.tracker("runs")
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "newer" in answer.stderr


@pytest.mark.parametrize("name", ["two\nlines", "émoji 🚀", "=cmd()", "[red]x", "a" * 5000, " "])
def test_any_name_is_kept_and_shown(machine: Machine, name: str) -> None:
    done = machine.run(f"import tracker\nwith tracker.track({name!r}): pass")
    assert done.returncode == 0, done.stderr
    assert name.startswith(machine.shown()["name"].rstrip())
    assert machine.tracker("show", "last").returncode == 0
    assert machine.tracker("runs").returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("location='FRA'", "FR (France)"),
        ("location='-3 g/kWh'", "between 0 and"),
        ("interval_s=0", "at least 0.1"),
        ("interval_s=-1", "at least 0.1"),
        ("pue=0.5", "at least 1"),
        ("colour='red'", "unknown setting 'colour'"),
        ("pricing='tabel'", "did you mean table"),
        ("store='mysql://x/y'", "sqlite"),
        ("show='bar'", "show"),
    ],
)
def test_what_the_caller_wrote_wrong_is_raised_at_once(
    machine: Machine, options: str, words: str
) -> None:
    done = machine.run(f"import tracker\ntracker.track('x', {options})")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("tracker.errors.SettingsError")
    assert words in last


def test_provenance_can_be_left_out(machine: Machine) -> None:
    machine.run("import tracker\nwith tracker.track('x', provenance=False): pass")
    assert machine.shown()["provenance"] == {}


def test_a_metric_that_is_no_number_is_one_warning(machine: Machine) -> None:
    done = machine.run("""
        import tracker
        with tracker.track("x") as run:
            for _ in range(5):
                run.log(loss="high", accuracy=float("nan"), steps=3)
    """)
    assert done.returncode == 0
    assert done.stderr.count("loss") == 1
    assert machine.shown()["metrics"]["steps"] == 3


def test_nothing_measures_because_it_is_imported(machine: Machine) -> None:
    done = machine.run("""
        import threading, tracker
        from tracker.hooks import keras, pytorch
        print(threading.active_count())
    """)
    assert done.stdout.split() == ["1"], done.stderr
    assert not (machine.folder / "runs.db").exists()


def test_a_store_that_is_held_longer_than_the_end_of_a_run_waits_gets_it_before_the_exit(
    machine: Machine,
) -> None:
    machine.run("import time, tracker\nwith tracker.track('first'): time.sleep(0.3)")
    done = machine.run("""
        import os, sqlite3, subprocess, sys, time, tracker
        hold = (
            "import sqlite3, sys, time\\n"
            "held = sqlite3.connect(sys.argv[1], isolation_level=None)\\n"
            "held.execute('BEGIN IMMEDIATE'); print('held', flush=True)\\n"
            "time.sleep(9); held.execute('COMMIT')"
        )
        path = os.environ["TRACKER_STORE"].removeprefix("sqlite:///")
        holder = subprocess.Popen([sys.executable, "-c", hold, path], stdout=subprocess.PIPE)
        holder.stdout.readline()
        with tracker.track("second") as run:
            time.sleep(0.5)
        print(run.report().kept)
    """)
    assert done.stdout.split() == ["False"]
    assert {run.name for run in History(machine.store).runs()} == {"first", "second"}


def test_a_disk_that_fills_leaves_the_training_whole_and_says_what_is_missing(
    machine: Machine,
) -> None:
    done = machine.run("""
        import os, resource, time, tracker
        with tracker.track("full") as run:
            time.sleep(1.5)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            for n in range(300):
                run.log(**{f"metric{n}": n})
            time.sleep(1.5)
        report = run.report()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        power_w = report.energy_j / report.duration_s
        print(report.status, report.kept, round(power_w), [one.kind for one in report.events])
    """)
    assert done.returncode == 0, done.stderr
    status, kept, power_w, *events = done.stdout.split(maxsplit=3)
    assert (status, kept) == ("finished", "False"), done.stderr
    assert 290 <= int(power_w) <= 310
    assert events == ["['store-failed']\n"]
    assert done.stderr.count("not stored for now") == 1
    assert "Traceback" not in done.stderr


def test_phases_that_threads_hold_open_at_the_end_are_closed_with_it(machine: Machine) -> None:
    done = machine.run("""
        import threading, time, tracker
        run = tracker.track("x").start()
        phase = run.phase("open")
        thread = threading.Thread(target=phase.start)
        thread.start(); thread.join()
        time.sleep(0.5)
        report = run.stop()
        phase.stop()
        print(report.phases[0].end is not None, report.phases[0].energy_j > 100)
    """)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_the_energy_of_a_phase_settles_at_once_and_is_final(machine: Machine) -> None:
    done = machine.run("""
        import time, tracker
        with tracker.track("x") as run:
            time.sleep(0.5)
            with run.phase("train") as phase:
                time.sleep(1.0)
            began = time.perf_counter()
            energy_j = phase.energy_j
            waited_s = time.perf_counter() - began
            time.sleep(0.5)
            print(energy_j, waited_s, phase.energy_j == energy_j, phase.carbon_g > 0)
        print(run.report().phases[0].energy_j)
    """)
    energy_j, waited_s, final, priced, stored_j = done.stdout.split()
    assert float(energy_j) == pytest.approx(300, rel=0.03), done.stderr
    assert float(waited_s) <= 0.2
    assert (final, priced) == ("True", "True")
    assert float(stored_j) == float(energy_j)


def test_a_child_that_is_forked_while_we_import_can_import_too(machine: Machine) -> None:
    done = machine.run("""
        import os, time, tracker
        for wait_s in (0.0, 0.03, 0.06, 0.1, 0.15):
            run = tracker.track("parent").start()
            time.sleep(wait_s)
            child = os.fork()
            if child == 0:
                import sqlalchemy, tracker.history.report
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            run.stop()
            print("well")
    """)
    assert done.stdout.split() == ["well"] * 5, done.stderr


def test_each_run_of_a_process_counts_the_devices_that_it_asked_for(machine: Machine) -> None:
    done = machine.run("""
        import time, tracker
        with tracker.track("memory", devices=["dram"]) as outer:
            with tracker.track("all") as inner:
                time.sleep(0.5)
        for run in (outer, inner):
            report = run.report()
            print(sorted(str(one.kind) for one in report.devices), len(report.not_counted))
    """)
    assert done.stdout.splitlines() == ["['dram'] 2", "['cpu', 'dram', 'gpu'] 0"], done.stderr


def test_one_timer_may_be_entered_again_inside_itself(machine: Machine) -> None:
    done = machine.run("""
        import time, tracker
        with tracker.track("x") as run:
            timer = run.phase("again")
            with timer:
                with timer:
                    time.sleep(0.2)
            time.sleep(0.5)
        print([(one.parent, one.duration_s < 0.4) for one in run.report().phases])
    """)
    assert done.stdout.strip() == "[(None, True), (0, True)]", done.stderr


def test_a_decorated_generator_is_measured_to_its_end(machine: Machine) -> None:
    done = machine.run("""
        import time, tracker
        @tracker.tracked()
        def batches():
            for n in range(3):
                time.sleep(0.1)
                yield n
        print(list(batches()))
    """)
    assert done.stdout.strip() == "[0, 1, 2]", done.stderr
    assert machine.shown()["duration_s"] >= 0.3


def test_what_cannot_be_priced_is_said_before_anything_begins(machine: Machine) -> None:
    done = machine.run("import tracker; tracker.track('x', pricing='table', location='57 g/kWh')")
    assert "SettingsError: pricing = 'table'" in done.stderr


def test_two_runs_at_once_know_of_each_other_and_both_reports_say_so(machine: Machine) -> None:
    long = machine.start("""
        import pathlib, time, tracker
        with tracker.track("long"):
            pathlib.Path("begun").touch()
            while not pathlib.Path("done").exists():
                time.sleep(0.05)
    """)
    done = machine.run("""
        import pathlib, time, tracker
        while not pathlib.Path("begun").exists():
            time.sleep(0.05)
        with tracker.track("short"):
            time.sleep(3)
        pathlib.Path("done").touch()
    """)
    long.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    shown = {name: machine.shown(name) for name in ("long", "short")}
    for name, other in (("long", "short"), ("short", "long")):
        assert len(shown[name]["overlaps"]) == 3
        gpu = next(one for one in shown[name]["overlaps"] if one["device_id"].startswith("gpu"))
        assert gpu["run_id"] == shown[other]["run_id"]
        assert gpu["start"] == shown["short"]["started_at"]
        assert gpu["end"] == shown["short"]["ended_at"]
        assert gpu["energy_j"] == pytest.approx(300 * shown["short"]["duration_s"], rel=0.1)
    assert shown["short"]["short_id"] in machine.tracker("show", "long").stdout
