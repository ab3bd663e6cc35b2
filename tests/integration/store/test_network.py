"""A folder that machines share: a file each to write, all of them to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.records import Sample, run
from tracker.errors import StoreError
from tracker.store import network
from tracker.store.database import exists, open_database
from tracker.store.listing import Filter
from tracker.store.reader import Reader
from tracker.store.writer import Writer

ROOT = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A list of mounts in which the folder ``home dir`` is another machine's."""
    folder = str(tmp_path / "home dir").replace(" ", r"\040")
    path = tmp_path / "mountinfo"
    path.write_text(f"{ROOT}40 22 0:33 / {folder} rw shared:2 - nfs4 filer:/home rw,vers=4.2\n")
    (tmp_path / "home dir").mkdir()
    return path


def url_of(mounts: Path) -> str:
    return f"sqlite:///{mounts.parent}/home dir/runs.db"


def test_shared_folders_are_known_by_their_mount(tmp_path: Path, mounts: Path) -> None:
    shared = tmp_path / "home dir" / "below" / "runs.db"
    assert network.is_shared(shared, mounts)
    assert not network.is_shared(tmp_path / "runs.db", mounts)
    assert not network.is_shared(shared, tmp_path / "none")
    hidden = f"{mounts.read_text()}41 40 0:34 / {tmp_path}/home\\040dir rw - tmpfs tmpfs rw\n"
    mounts.write_text(hidden)
    assert not network.is_shared(shared, mounts)


@pytest.mark.parametrize("kind", ["nfs", "cifs", "lustre", "fuse.sshfs", "gpfs", "beegfs", "9p"])
def test_kinds_of_shared_file_systems(tmp_path: Path, kind: str) -> None:
    (tmp_path / "mounts").write_text(f"{ROOT}40 22 0:33 / {tmp_path} rw - {kind} x rw\n")
    assert network.is_shared(tmp_path / "runs.db", tmp_path / "mounts")


def test_each_machine_writes_a_file_of_its_own_without_a_log(mounts: Path) -> None:
    sample = Sample()
    with open_database(url_of(mounts), mode="write", mounts=mounts) as database:
        Writer(database).save(sample.records())
        with database.reading() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert mode == "delete"
    (file,) = (mounts.parent / "home dir").iterdir()
    assert file == network.file_of_host(mounts.parent / "home dir" / "runs.db")
    assert file.stat().st_mode & 0o777 == 0o600
    with open_database(url_of(mounts), mode="read", mounts=mounts) as database:
        assert len(Reader(database).records(sample.id)) == len(sample.records())


def test_readers_see_the_runs_of_all_machines(mounts: Path) -> None:
    path = mounts.parent / "home dir" / "runs.db"
    samples = [Sample(run(f"on-{host}")) for host in ("a", "b", "c")]
    for sample, host in zip(samples, "abc", strict=True):
        own = network.file_of_host(path, f"node {host}")
        with open_database(f"sqlite:///{own}", mode="write") as database:
            Writer(database).save(sample.records())
    both = Sample(samples[0].run)  # a segment of the first run on another machine
    with open_database(f"sqlite:///{own}", mode="write") as database:
        Writer(database).save(both.records())
    with open_database(url_of(mounts), mode="read", mounts=mounts) as database:
        reader = Reader(database)
        assert set(reader.newest(Filter(), 9)) == {one.id for one in samples}
        assert len(reader.run(samples[0].id)[0].segments) == 2
        found = reader.records(samples[1].id)
    own = network.file_of_host(path, "node b")
    with open_database(f"sqlite:///{own}", mode="read") as database:
        assert Reader(database).records(samples[1].id) == found
    assert exists(url_of(mounts), mounts)


def test_an_empty_shared_folder_has_no_store(mounts: Path) -> None:
    assert not exists(url_of(mounts), mounts)
    with pytest.raises(StoreError, match="there is none yet"):
        open_database(url_of(mounts), mode="read", mounts=mounts)
