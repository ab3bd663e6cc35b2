"""The wheel, built from a clean copy and installed in an empty environment, is the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from fakes.checkout import copy_of, working_files

LINKED = {
    "plugins/sources/": "tracker/sources/",
    "plugins/grid/": "tracker/grid/",
    "plugins/places/": "tracker/places/",
    "plugins/exporters/": "tracker/exporters/",
    "plugins/importers/": "tracker/importers/",
    "plugins/loggers/": "tracker/loggers/",
    "plugins/hooks/": "tracker/hooks/",
    "migrations/": "tracker/migrations/",
    "src/tracker/": "tracker/",
}
PIP = ("-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check")
PROGRAM = """
import tracker
with tracker.track("from-the-wheel", location="FR") as run:
    for _ in run.epochs(2):
        pass
print(run.report().status)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(__file__).resolve().parents[2]
    return copy_of(root, tmp_path_factory.mktemp("wheel") / "checkout")


@pytest.fixture(scope="module")
def built(checkout: Path) -> Path:
    """A folder with the sdist, and the wheel built from the sdist."""
    run(sys.executable, "-m", "build", "--outdir", "dist", cwd=checkout)
    return checkout / "dist"


@pytest.fixture(scope="module")
def installed(built: Path) -> Path:
    """The Python of an environment that holds the wheel and what it depends on."""
    environment = built.parent.parent / "environment"
    run(sys.executable, "-m", "venv", str(environment), cwd=built)
    python = environment / "bin" / "python"
    run(str(python), *PIP, "install", str(only(built, "*.whl")), cwd=built)
    return python


def run(*command: str, cwd: Path, **environ: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=inherited | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def package_files(checkout: Path) -> set[str]:
    """Every file of the package on disk, under its name in the package."""
    found = set()
    for name in working_files(checkout):
        if (checkout / name).is_symlink():
            continue
        for folder, package in LINKED.items():
            if name.startswith(folder):
                found.add(package + name.removeprefix(folder))
    return found


def test_every_link_leads_where_the_test_believes(checkout: Path) -> None:
    links = {
        path: path.readlink() for path in (checkout / "src/tracker").iterdir() if path.is_symlink()
    }
    expected = {f"src/{package.rstrip('/')}": folder for folder, package in LINKED.items()}
    del expected["src/tracker"]
    assert {str(path.relative_to(checkout)) for path in links} == set(expected)
    for path, target in links.items():
        folder = (path.parent / target).resolve().relative_to(checkout.resolve())
        assert f"{folder}/" == expected[str(path.relative_to(checkout))]


def test_the_wheel_holds_every_file_of_the_package(built: Path, checkout: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == package_files(checkout)


def test_the_wheel_carries_the_licence(built: Path) -> None:
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        assert any(name.endswith("LICENSE") for name in wheel.namelist())


def test_the_sdist_holds_real_files_and_the_tests(built: Path, checkout: Path) -> None:
    with tarfile.open(only(built, "*.tar.gz")) as sdist:
        members = {member.name.partition("/")[2]: member for member in sdist.getmembers()}
    assert not [name for name, member in members.items() if member.issym() or member.islnk()]
    assert {f"src/{name}" for name in package_files(checkout)} <= set(members)
    assert {"Makefile", "tests/conftest.py", "README.md", "examples/digits.py"} <= set(members)


def test_the_installed_command_answers(installed: Path, tmp_path: Path) -> None:
    tracker = str(installed.with_name("tracker"))
    assert "tracker" in run(tracker, "--help", cwd=tmp_path)
    doctor = json.loads(run(tracker, "doctor", "--json", cwd=tmp_path))
    assert isinstance(doctor, dict)


def test_a_run_of_the_installed_package_is_measured_and_shown(
    installed: Path, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'runs.db'}"
    said = run(str(installed), "-c", PROGRAM, cwd=tmp_path, TRACKER_STORE=store)
    assert said.strip() == "finished"
    tracker = str(installed.with_name("tracker"))
    shown = run(tracker, "show", "last", "--json", cwd=tmp_path, TRACKER_STORE=store)
    assert json.loads(shown)["name"] == "from-the-wheel"


def test_the_installed_package_finds_every_plugin(
    installed: Path, tmp_path: Path, root: Path
) -> None:
    script = """
import json
from tracker.ports.discovery import own_names
groups = ("sources", "grid", "places", "exporters", "importers", "loggers", "hooks")
print(json.dumps({group: own_names(group) for group in groups}))
"""
    found = json.loads(run(str(installed), "-c", script, cwd=tmp_path))
    for group, names in found.items():
        files = (root / "plugins" / group).glob("[!_]*.py")
        assert names == sorted(path.stem for path in files)


def test_an_editable_install_sees_a_new_plugin_at_once(
    checkout: Path, installed: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "editable"
    run(sys.executable, "-m", "venv", str(environment), cwd=tmp_path)
    python = str(environment / "bin" / "python")
    run(python, *PIP, "install", "--no-deps", "--editable", str(checkout), cwd=tmp_path)
    added = checkout / "plugins" / "sources" / "added.py"
    added.write_text('"""A plugin that was not there at installation."""\n')
    try:
        run(python, "-c", "import tracker.sources.added", cwd=tmp_path)
    finally:
        added.unlink()
