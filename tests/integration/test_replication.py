"""A run whose store is a server: written here first, there soon, and nobody waits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, make_url

from integration.machine import Machine, machine_in
from integration.postgres import Server
from tracker.errors import StoreError
from tracker.store.database import open_database
from tracker.store.listing import Filter
from tracker.store.reader import Reader
from tracker.store.upgrade import upgrade_server


@pytest.fixture
def machine(tmp_path: Path, postgresql_url: str) -> Machine:
    upgrade_server(postgresql_url)
    machine = machine_in(tmp_path)
    machine.environ["TRACKER_STORE"] = postgresql_url
    machine.environ["XDG_DATA_HOME"] = str(tmp_path / "data")
    return machine


SLOW = """
CREATE FUNCTION wait() RETURNS trigger AS
'BEGIN PERFORM pg_sleep(5); RETURN NULL; END' LANGUAGE plpgsql;
CREATE TRIGGER slow BEFORE INSERT ON runs EXECUTE FUNCTION wait()
"""


def local_url(machine: Machine) -> str:
    return f"sqlite:///{machine.folder}/data/emissions-tracker/runs.db"


def records(url: str) -> dict[UUID, tuple[object, ...]]:
    with open_database(url, mode="read") as database:
        reader = Reader(database)
        return {key: reader.records(key) for key in reader.newest(Filter(), 1000)}


def assert_same(machine: Machine, runs: int = 1) -> None:
    here, there = records(local_url(machine)), records(machine.environ["TRACKER_STORE"])
    assert len(there) == runs
    assert here == there


def status(machine: Machine) -> dict[str, Any]:
    done = machine.tracker("sync", "--status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


RUN = """
import time, tracker
with tracker.track("there") as run:
    for epoch in run.epochs(2):
        time.sleep({seconds})
        run.log(loss=epoch)
print(run.report().kept)
"""


def test_a_run_is_on_the_server_when_its_program_has_ended(machine: Machine) -> None:
    done = machine.run(RUN.format(seconds=0.4))
    assert (done.stdout.strip(), done.stderr) == ("True", "")
    assert_same(machine)
    assert status(machine)["waiting"] == []
    assert machine.shown()["status"] == "finished"


def test_without_the_server_the_run_is_kept_here_and_sync_takes_it_there(
    machine: Machine, tmp_path: Path
) -> None:
    url = machine.environ["TRACKER_STORE"]
    away = make_url(url).set(password="hidden")  # noqa: S106 - a test's
    away = away.update_query_dict({"host": str(tmp_path)})
    began_s = time.monotonic()
    done = machine.run(
        RUN.format(seconds=0.1), TRACKER_STORE=away.render_as_string(hide_password=False)
    )
    assert time.monotonic() - began_s < 30
    assert done.stdout.strip() == "True", done.stderr
    assert done.stderr.count("kept on this machine") <= 1
    assert "hidden" not in done.stderr + (tmp_path / "data").joinpath(
        "emissions-tracker/runs.db"
    ).read_bytes().decode("latin1")
    seen = machine.tracker("show", "last", TRACKER_STORE=away.render_as_string(hide_password=False))
    assert seen.returncode == 0
    assert "there" in seen.stdout
    assert "what follows is what this machine has" in seen.stderr
    assert "hidden" not in seen.stderr
    (waiting,) = status(machine)["waiting"]
    assert waiting["runs"] == 1
    assert "hidden" not in json.dumps(waiting)
    done = machine.tracker("sync", "--all")
    assert done.returncode == 0, done.stderr
    assert "1 runs" in done.stdout
    assert_same(machine)


def test_a_killed_run_goes_with_the_next_one(machine: Machine) -> None:
    process = machine.start("""
        import time, tracker
        with tracker.track("killed"):
            time.sleep(600)
    """)
    _await(lambda: len(records(local_url(machine))) == 1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    following = machine.start("""
        import sys, tracker
        with tracker.track("next"):
            sys.stdin.readline()
    """)
    server = machine.environ["TRACKER_STORE"]
    _await(lambda: len(records(server)) == 2)
    following.communicate("\n", timeout=60)
    machine.tracker("sync")  # the end of the second, where this machine is slow
    assert_same(machine, runs=2)
    assert {run["status"] for run in _runs(machine)} == {"interrupted", "finished"}


def _await(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        with suppress(StoreError):  # not made yet
            if is_so():
                return
        time.sleep(0.1)
    pytest.fail("it did not come about in a minute")


def _runs(machine: Machine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(machine.tracker("runs", "--json").stdout)["runs"]
    return found


def test_a_server_of_no_schema_is_one_warning_that_names_the_command(
    machine: Machine, postgresql_server: str
) -> None:
    done = machine.run(RUN.format(seconds=1.2), TRACKER_STORE=postgresql_server)
    assert done.stdout.strip() == "True"
    assert done.stderr.count("tracker db upgrade --store") == 1
    assert "Traceback" not in done.stderr


@pytest.fixture(params=["read-only", "no connections left", "slow", "no encryption"])
def troubled(
    request: pytest.FixtureRequest, machine: Machine
) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of the machine's server, which has a trouble, and what mends it."""
    good = make_url(machine.environ["TRACKER_STORE"])
    engine = create_engine(good, isolation_level="AUTOCOMMIT")
    database, role = good.database, f"limited_{uuid4().hex[:8]}"
    begin, end, url = {
        "read-only": (
            f"ALTER DATABASE {database} SET default_transaction_read_only = on",
            f"ALTER DATABASE {database} RESET default_transaction_read_only",
            good,
        ),
        "no connections left": (
            f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0",
            f"DROP ROLE {role}",
            good.set(username=role),
        ),
        "slow": (
            SLOW,
            "DROP FUNCTION wait() CASCADE",
            good,
        ),
        "no encryption": ("SELECT 1", "SELECT 1", make_url("postgresql+psycopg://ada@localhost")),
    }[request.param]
    with ExitStack() as stack:
        if request.param == "no encryption":
            port = stack.enter_context(_without_encryption())
            url = url.set(host="127.0.0.1", port=port, query={"sslmode": "verify-full"})
        with engine.connect() as connection:
            connection.exec_driver_sql(begin)

        def mend() -> None:
            with engine.connect() as connection:
                connection.exec_driver_sql("SET default_transaction_read_only = off")
                connection.exec_driver_sql(end)

        yield url.render_as_string(hide_password=False), mend
    engine.dispose()


@contextmanager
def _without_encryption() -> Iterator[int]:
    """A port that answers the request for encryption (protocol, "SSLRequest") with a no."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    asking, _ = listener.accept()
                    with asking:
                        asking.recv(8)
                        asking.sendall(b"N")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_server_in_trouble_is_one_warning_and_gets_everything_later(
    machine: Machine, troubled: tuple[str, Callable[[], None]]
) -> None:
    url, mend = troubled
    done = machine.run(RUN.format(seconds=2.0), TRACKER_STORE=url)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
    assert len(done.stderr.splitlines()) <= 1, done.stderr
    assert status(machine)["waiting"]
    mend()
    assert machine.tracker("sync", "--all").returncode == 0
    assert_same(machine)


def sign(certificate: Path, key: Path) -> None:
    """Make a key, and a certificate for this machine that nobody else vouches for."""
    options = "-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    subprocess.run(
        [
            *("openssl", "req", *options.split(), "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )


@contextmanager
def encrypting() -> Iterator[tuple[str, Path]]:
    """A server whose certificate nobody but itself vouches for: its URL, and that certificate."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder, keys = Path(name) / "server", Path(name) / "keys"
        folder.mkdir()
        keys.mkdir()
        Path(name).chmod(0o755)  # the server is another user's, where we are root
        certificate, key = keys / "server.crt", keys / "server.key"
        sign(certificate, key)
        if os.geteuid() == 0:
            shutil.chown(key, "nobody")
        key.chmod(0o600)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = Server(
            folder,
            20,
            port,
            "listen_addresses=localhost",
            "ssl=on",
            f"ssl_cert_file={certificate}",
            f"ssl_key_file={key}",
        )
        try:
            yield f"postgresql+psycopg://tracker@localhost:{port}/postgres", certificate
        finally:
            server.stop()


def test_a_certificate_that_is_not_trusted_is_one_warning_and_sync_follows_once_it_is(
    machine: Machine,
) -> None:
    with encrypting() as (url, certificate):
        trusted = f"{url}?sslmode=verify-full&sslrootcert={certificate}"
        upgrade_server(trusted)
        stranger = machine.folder / "nobody.crt"
        sign(stranger, machine.folder / "nobody.key")
        done = machine.run(
            RUN.format(seconds=2.0),
            TRACKER_STORE=f"{url}?sslmode=verify-full&sslrootcert={stranger}",
        )
        assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
        (warning,) = done.stderr.splitlines()
        assert "certificate" in warning
        assert status(machine)["waiting"]
        machine.environ["TRACKER_STORE"] = trusted
        assert machine.tracker("sync", "--all").returncode == 0
        assert_same(machine)


def test_what_is_edited_or_deleted_here_is_so_on_the_server(machine: Machine) -> None:
    for _ in range(2):
        assert machine.run(RUN.format(seconds=0.1)).returncode == 0
    assert machine.tracker("sync").returncode == 0
    assert_same(machine, runs=2)
    server, local = machine.environ["TRACKER_STORE"], local_url(machine)
    edited, deleted = sorted(records(server), key=str)
    for words in (
        ("tag", str(edited), "stage=final"),
        ("rename", str(edited), "better"),
        ("note", str(edited), "the one in the paper"),
        ("delete", str(deleted), "--yes"),
    ):
        done = machine.tracker(*words, "--store", local)
        assert done.returncode == 0, done.stderr
    done = machine.tracker("sync")
    assert done.returncode == 0, done.stderr
    assert_same(machine)
    with open_database(server, mode="read") as database:
        (run,) = Reader(database).run(edited)[0].runs
        assert (run.name, run.note) == ("better", "the one in the paper")
        assert run.tags["stage"] == "final"
        found = Reader(database).newest(Filter(tags={"stage": "final"}), 10)
        assert list(found) == [edited]
    assert machine.run(RUN.format(seconds=0.1)).returncode == 0  # nothing brings it back
    machine.tracker("sync")
    assert deleted not in records(server)


def test_sync_without_a_server_says_how_to_name_one(machine: Machine) -> None:
    done = machine.tracker("sync", TRACKER_STORE="")
    assert done.returncode == 1
    assert "tracker sync --store" in done.stderr
