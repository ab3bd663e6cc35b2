"""Once CUDA is up, it decides which GPUs are ours; before that, doubt is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from fakes.host import host_in
from fakes.nvml import FakeGpu, FakeNvml, fake_uuid
from tracker.model.reading import EnergyReading, Settled
from tracker.ports.source import Source
from tracker.sources import nvml
from tracker.sources._cuda_uuids import cuda_uuids

MakeFake = Callable[..., FakeNvml]

A100 = "NVIDIA A100-SXM4-80GB"
T4 = "Tesla T4"


class FakeTorch:
    """What of ``torch`` is looked at."""

    def __init__(self, uuids: Sequence[str], *, cuda: str | None = "12.4") -> None:
        self.is_up = False
        self.asked = 0
        self._uuids = uuids
        self.version = SimpleNamespace(cuda=cuda)
        self.cuda = SimpleNamespace(
            is_initialized=lambda: self.is_up,
            device_count=lambda: len(self._uuids),
            get_device_properties=self._properties,
        )

    def _properties(self, place: int) -> SimpleNamespace:
        self.asked += 1
        return SimpleNamespace(uuid=self._uuids[place])


def bare(number: int) -> str:
    return fake_uuid(number).removeprefix("GPU-")


def gpu(number: int) -> str:
    return f"gpu:{fake_uuid(number)}"


@contextmanager
def opened(folder: Path, torch: object, **environ: str) -> Iterator[Source]:
    source = nvml.open(host_in(folder, environ, modules={"torch": torch}))
    try:
        yield source
    finally:
        source.close()


def counted(source: Source) -> set[str]:
    return {one.device_id for one in source.read() if isinstance(one, EnergyReading)}


def settled(source: Source) -> list[Settled]:
    return [one for one in source.read() if isinstance(one, Settled)]


def test_on_a_mixed_machine_all_are_read_until_cuda_says_which_are_ours(
    make_fake: MakeFake, tmp_path: Path
) -> None:
    make_fake(FakeGpu(name=T4, architecture=6), FakeGpu(name=A100, architecture=7))
    torch = FakeTorch([bare(1)])
    with opened(tmp_path, torch, CUDA_VISIBLE_DEVICES="0") as source:
        inventory = source.devices()
        assert [one.id for one in inventory.devices] == [gpu(0), gpu(1)]
        assert list(inventory.left_out) == [gpu(1)]
        assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in inventory.left_out[gpu(1)]
        assert counted(source) == {gpu(0), gpu(1)}
        torch.is_up = True
        assert settled(source) == [
            Settled(gpu(0), "CUDA does not use it in this process"),
            Settled(gpu(1), None),
        ]
        assert counted(source) == {gpu(1)}
        assert settled(source) == []


def test_where_the_guess_was_right_nothing_changes(make_fake: MakeFake, tmp_path: Path) -> None:
    make_fake(FakeGpu(name=A100, architecture=7), FakeGpu(name=T4, architecture=6))
    torch = FakeTorch([bare(0)])
    with opened(tmp_path, torch, CUDA_VISIBLE_DEVICES="0") as source:
        torch.is_up = True
        assert settled(source) == []
        assert counted(source) == {gpu(0)}


@pytest.mark.parametrize("order", ["PCI_BUS_ID", ""])
def test_without_doubt_only_ours_are_read(make_fake: MakeFake, tmp_path: Path, order: str) -> None:
    same = "" if order else A100
    make_fake(FakeGpu(name=same or T4), FakeGpu(name=A100))
    environ = {"CUDA_VISIBLE_DEVICES": "0"} | ({"CUDA_DEVICE_ORDER": order} if order else {})
    with opened(tmp_path, None, **environ) as source:
        assert counted(source) == {gpu(0)}
        assert source.devices().left_out == {}


def test_a_variable_that_was_set_after_we_began_is_seen_once_cuda_is_up(
    make_fake: MakeFake, tmp_path: Path
) -> None:
    make_fake(*[FakeGpu()] * 4)
    torch = FakeTorch([bare(2)])
    with opened(tmp_path, torch) as source:
        assert counted(source) == {gpu(number) for number in range(4)}
        torch.is_up = True
        assert {one.device_id for one in settled(source)} == {gpu(0), gpu(1), gpu(3)}
        assert counted(source) == {gpu(2)}


def test_cuda_that_is_up_already_decides_at_the_start(make_fake: MakeFake, tmp_path: Path) -> None:
    make_fake(FakeGpu(name=T4), FakeGpu(name=A100), FakeGpu(mig=["MIG-aaaa"]))
    torch = FakeTorch([bare(1), "aaaa"])
    torch.is_up = True
    with opened(tmp_path, torch, CUDA_VISIBLE_DEVICES="0") as source:
        inventory = source.devices()
        assert [one.id for one in inventory.devices] == [gpu(1), gpu(2)]
        assert inventory.devices[1].name.endswith("(whole board of a MIG instance)")
        assert [one.reason for one in inventory.not_counted] == [
            "CUDA does not use it in this process"
        ]


def test_uuids_that_nvml_does_not_know_decide_nothing(make_fake: MakeFake, tmp_path: Path) -> None:
    make_fake()
    torch = FakeTorch(["00000000-dead-beef-0000-000000000000"])
    torch.is_up = True
    with opened(tmp_path, torch) as source:
        assert counted(source) == {gpu(0)}


def test_torch_is_only_asked_where_it_is_there_built_for_cuda_and_up() -> None:
    sleeping, amd = FakeTorch(["a"]), FakeTorch(["a"], cuda=None)
    amd.is_up = True
    assert cuda_uuids({}) is None
    assert cuda_uuids({"torch": sleeping}) is None
    assert cuda_uuids({"torch": amd}) is None
    assert cuda_uuids({"torch": object()}) is None  # half imported
    assert (sleeping.asked, amd.asked) == (0, 0)
    sleeping.is_up = True
    assert cuda_uuids({"torch": sleeping}) == ("a",)
