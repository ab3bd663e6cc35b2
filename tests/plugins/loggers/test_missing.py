from __future__ import annotations

import pytest

import tracker
from integration.machine import Machine
from tracker.errors import PluginError, SettingsError
from tracker.ports.logger import found


@pytest.mark.parametrize("wrong", ["mlflw", "nothing:at/all", ["auto", "mlflw"]])
def test_a_logger_that_does_not_exist_is_refused_before_anything_begins(wrong: object) -> None:
    with pytest.raises(SettingsError, match=r"log_to \(argument\): no loggers plugin"):
        tracker.track("logs", log_to=wrong)


def test_an_object_of_nobodys_is_refused_by_its_class() -> None:
    with pytest.raises(PluginError, match=r"builtins\.object; there are: .*mlflow"):
        found([object()])


@pytest.mark.parametrize("package", ["mlflow", "wandb"])
def test_a_logger_that_is_not_installed_is_said_and_the_run_goes_on(
    machine: Machine, package: str
) -> None:
    done = machine.run(f"""
        import sys, tracker
        sys.modules["{package}"] = None
        with tracker.track("logs", log_to="{package}") as run:
            pass
        print(run.report().status, *[event.message for event in run.report().events])
    """)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"finished log_to = '{package}'")
    assert "pip install" in done.stdout


def test_the_environment_names_loggers(machine: Machine) -> None:
    done = machine.run(
        "import tracker; tracker.track('logs')", TRACKER_LOG_TO="tensorboard:a,mlfow"
    )
    assert "did you mean mlflow" in done.stderr
    assert "TRACKER_LOG_TO" in done.stderr
