"""What is said where the counters are absent, masked or forbidden."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.host import host_in
from fakes.powercap import PowercapTree, ProcTree
from fakes.privilege import unprivileged
from tracker.errors import SourceUnavailable
from tracker.sources import rapl
from tracker.sources._powercap import long_term_limits_w


def test_without_powercap_it_is_unavailable_and_asks_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="class/powercap") as raised:
        rapl.open(host_in(tmp_path))

    assert raised.value.fix == ""


def test_in_a_container_the_fix_is_to_pass_the_hosts_sys(tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    tree.add_package()
    tree.mask()

    with pytest.raises(SourceUnavailable, match="masked") as raised:
        rapl.open(host_in(tmp_path))

    assert "TRACKER_SYSFS=/host/sys" in raised.value.fix


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are for their owner alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_counters_that_may_not_be_read_come_with_the_commands_that_allow_it(
    open_folder: Path,
) -> None:
    tree = PowercapTree(open_folder / "sys")
    tree.forbid(tree.add_package(), "intel-rapl:0:1")

    with unprivileged(), pytest.raises(SourceUnavailable) as raised:
        rapl.open(host_in(open_folder))

    assert "2 energy counters are there, but none can be read" in str(raised.value)
    assert "intel-rapl:0/energy_uj: Permission denied" in str(raised.value)
    assert "sudo tee /etc/udev/rules.d/70-rapl.rules" in raised.value.fix
    assert 'RUN+="/usr/bin/chgrp energy /sys/%p/energy_uj"' in raised.value.fix
    assert "z /sys/class/powercap/intel-rapl:0/energy_uj 0440 root energy -" in raised.value.fix
    assert raised.value.fix.endswith("tracker doctor")
    assert "sudo udevadm trigger --subsystem-match=powercap" in raised.value.fix


def test_a_single_forbidden_counter_is_said_and_the_others_are_read(open_folder: Path) -> None:
    tree = PowercapTree(open_folder / "sys")
    tree.add_package()
    tree.forbid("intel-rapl:0:1")

    with unprivileged():
        source = rapl.open(host_in(open_folder))
        inventory = source.devices()
        source.close()

    assert [device.id for device in inventory.devices] == ["cpu:package-0"]
    (missing,) = inventory.not_counted
    assert missing.what == "dram:package-0"
    assert missing.reason.endswith("energy_uj: Permission denied")


def test_a_package_limit_is_read_without_any_right(open_folder: Path) -> None:
    tree = PowercapTree(open_folder / "sys")
    tree.forbid(tree.add_package(limit_w=140))

    with unprivileged():
        assert long_term_limits_w(tree.sys_path) == (140.0,)


@pytest.mark.parametrize(
    ("vendor", "virtual", "has_msr", "is_explained"),
    [
        ("GenuineIntel", False, True, True),
        ("AuthenticAMD", False, True, True),
        ("GenuineIntel", True, True, False),
        ("GenuineIntel", False, False, False),
        ("CentaurHauls", False, True, False),
    ],
)
def test_a_real_processor_whose_driver_is_missing_comes_with_the_module_to_load(
    tmp_path: Path, vendor: str, *, virtual: bool, has_msr: bool, is_explained: bool
) -> None:
    ProcTree(tmp_path / "proc").write_cpu("Some CPU", vendor=vendor, virtual=virtual)
    if has_msr:
        (tmp_path / "sys/class/msr/msr0").mkdir(parents=True)

    with pytest.raises(SourceUnavailable) as raised:
        rapl.open(host_in(tmp_path))

    assert ("modprobe intel_rapl_msr" in raised.value.fix) is is_explained
    assert ("this processor has counters" in str(raised.value)) is is_explained
