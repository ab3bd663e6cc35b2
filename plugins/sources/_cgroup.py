"""The control groups that this process runs in (cgroups(7))."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tracker.model.host import Host
from tracker.sources._powercap import read_text


def unified(host: Host) -> Iterator[Path]:
    """The folders of our group and of those above it, of cgroup v2.

    In a container only the mount is there, which then is our own group.
    """
    for line in _lines(host):
        hierarchy, _, rest = line.partition(":")
        if hierarchy == "0":
            yield from _up(host.sys_path / "fs/cgroup", rest.partition(":")[2])


def legacy(host: Host, controller: str) -> Iterator[Path]:
    """The same of one controller of cgroup v1."""
    for line in _lines(host):
        controllers, _, group = line.partition(":")[2].partition(":")
        if controller in controllers.split(","):
            yield from _up(host.sys_path / "fs/cgroup" / controller, group)


def _lines(host: Host) -> list[str]:
    return read_text(host.proc_path / "self/cgroup").splitlines()


def _up(mount: Path, group: str) -> Iterator[Path]:
    folder = mount / group.strip("/")
    for place in (folder, *folder.parents):
        if not place.is_relative_to(mount):
            return
        yield place
