"""Whose work a GPU does, as far as its driver tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fakes.nvml import FakeGpu, FakeNvml, Fault, fake_uuid
from tracker.ports.source import SharedSource, Source

MakeFake = Callable[..., FakeNvml]
OpenNvml = Callable[..., Source]
GPU = f"gpu:{fake_uuid(0)}"
OURS = frozenset({101, 102})


def share(source: Source, *, others_are_seen: bool = True) -> float | None:
    assert isinstance(source, SharedSource)
    return source.process_shares(OURS, lambda _: others_are_seen)[GPU]


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        (((101, 10),), 1.0),
        (((101, 10), (102, 10)), 1.0),
        (((101, 10, 60), (900, 10, 20)), 0.75),
        (((101, 10, 30), (102, 10, 30), (900, 10, 40)), 0.6),
        (((101, 10), (900, 10)), 0.5),
        (((101, 10, 0), (900, 10, 0)), 0.5),
        (((900, 10, 50),), 0.0),
        ((), None),
    ],
)
def test_time_is_shared_among_the_processes_that_use_the_gpu(
    make_fake: MakeFake,
    open_nvml: OpenNvml,
    processes: tuple[tuple[int, ...], ...],
    expected: float | None,
) -> None:
    make_fake(FakeGpu(processes=processes))
    assert share(open_nvml()) == expected


def test_in_a_container_that_sees_no_host_process_nothing_is_told(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(FakeGpu(processes=((900, 10, 50),)))
    assert share(open_nvml(), others_are_seen=False) is None


def test_a_driver_that_lists_no_processes_tells_nothing(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    refused = Fault("nvmlDeviceGetComputeRunningProcesses_v3", 3)
    make_fake(FakeGpu(processes=((101, 10),)), faults=(refused,))
    assert share(open_nvml()) is None
