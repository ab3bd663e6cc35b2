from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sources._visible import Gpu, select, slurm_doubt

A, B, C = "GPU-aaaa1111", "GPU-aabb2222", "GPU-cccc3333"
GPUS = tuple(Gpu(uuid, "NVIDIA H100") for uuid in (A, B, C))
MIG_OF_B = {"MIG-1": B, "MIG-2": B}


@pytest.mark.parametrize(
    ("value", "positions"),
    [
        ("", ()),
        ("0", (0,)),
        ("2,0", (2, 0)),
        (" 1 , 2 ", (1, 2)),
        ("1gpu2", (1,)),
        ("0,-1,1", (0,)),
        ("-1", ()),
        ("0,7,1", (0,)),
        ("0,,1", (0,)),
        ("0,0", ()),
        ("NoDevFiles", ()),
        (A, (0,)),
        ("GPU-cc,GPU-aaaa", (2, 0)),
        ("GPU-aa", ()),  # two GPUs begin so
        ("GPU-cc,GPU-aa,GPU-aaaa", (2,)),
        ("GPU-cc,GPU-cccc", ()),
        ("GPU-cc,0", (2,)),
        ("0,GPU-cc", (0,)),
        ("MIG-1", (1,)),
        ("MIG-1,MIG-2", (1,)),
        ("MIG-1,MIG-1", ()),
        ("MIG-9", ()),
        (f"MIG-{C}/7/0", (2,)),
        (f"MIG-{C}/7/0,MIG-1", (2, 1)),
    ],
)
def test_the_value_selects_gpus_as_cuda_does(value: str, positions: tuple[int, ...]) -> None:
    selection = select({"CUDA_VISIBLE_DEVICES": value}, GPUS, MIG_OF_B.get)

    assert selection.positions == positions
    assert selection.reason == f"not visible to this process: CUDA_VISIBLE_DEVICES={value}"


def test_all_are_visible_where_nothing_is_said() -> None:
    assert select({}, GPUS, MIG_OF_B.get).positions == (0, 1, 2)


def test_only_mig_entries_are_marked_as_parts_of_a_board() -> None:
    by_mig = select({"CUDA_VISIBLE_DEVICES": "MIG-1"}, GPUS, MIG_OF_B.get)
    by_uuid = select({"CUDA_VISIBLE_DEVICES": B}, GPUS, MIG_OF_B.get)

    assert by_mig.mig_positions == {1}
    assert by_uuid.mig_positions == frozenset()


@pytest.mark.parametrize(
    ("names", "order", "is_doubtful"),
    [
        (("NVIDIA H100", "NVIDIA T4"), None, True),
        (("NVIDIA H100", "NVIDIA T4"), "FASTEST_FIRST", True),
        (("NVIDIA H100", "NVIDIA T4"), "PCI_BUS_ID", False),
        (("NVIDIA T4", "NVIDIA T4"), None, False),
    ],
)
def test_numbers_on_a_mixed_machine_are_doubted(
    names: tuple[str, ...], order: str | None, *, is_doubtful: bool
) -> None:
    environ = {"CUDA_VISIBLE_DEVICES": "0"} | ({"CUDA_DEVICE_ORDER": order} if order else {})
    gpus = [Gpu(f"GPU-{place}", name) for place, name in enumerate(names)]

    reason = select(environ, gpus, MIG_OF_B.get).reason

    assert ("CUDA_DEVICE_ORDER=PCI_BUS_ID" in reason) is is_doubtful


@given(st.text(alphabet="0123456789,-+ GPUMIGac/", max_size=30))
def test_any_value_gives_distinct_gpus_of_this_machine(value: str) -> None:
    positions = select({"CUDA_VISIBLE_DEVICES": value}, GPUS, MIG_OF_B.get).positions

    assert len(set(positions)) == len(positions)
    assert set(positions) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("environ", "listed", "is_said"),
    [
        ({"SLURM_GPUS_ON_NODE": "2"}, 8, True),
        ({"SLURM_GPUS_ON_NODE": "8"}, 8, False),
        ({"SLURM_GPUS_ON_NODE": "2", "CUDA_VISIBLE_DEVICES": "0,1"}, 8, False),
        ({"SLURM_GPUS_ON_NODE": "two"}, 8, False),
        ({}, 8, False),
    ],
)
def test_a_job_that_was_given_fewer_gpus_than_are_seen_is_told(
    environ: dict[str, str], listed: int, *, is_said: bool
) -> None:
    assert ("2 of the 8 GPUs" in slurm_doubt(environ, listed)) is is_said
