from __future__ import annotations

import pytest

from tracker.sources._amd_visible import visible

UUIDS = ("GPU-aa01", "GPU-aa02", "", "GPU-aa04")


@pytest.mark.parametrize(
    ("environ", "places"),
    [
        ({}, (0, 1, 2, 3)),
        ({"ROCR_VISIBLE_DEVICES": "2,0"}, (2, 0)),
        ({"ROCR_VISIBLE_DEVICES": "0,GPU-AA04"}, (0, 3)),
        ({"ROCR_VISIBLE_DEVICES": "GPU-aa09,0"}, ()),
        ({"ROCR_VISIBLE_DEVICES": "1,-1,2"}, (1,)),
        ({"ROCR_VISIBLE_DEVICES": ""}, ()),
        ({"HIP_VISIBLE_DEVICES": "1"}, (1,)),
        ({"CUDA_VISIBLE_DEVICES": "1"}, (1,)),
        ({"HIP_VISIBLE_DEVICES": "2", "CUDA_VISIBLE_DEVICES": "1"}, (2,)),
        ({"ROCR_VISIBLE_DEVICES": "3,1", "HIP_VISIBLE_DEVICES": "0"}, (3,)),
        ({"ROCR_VISIBLE_DEVICES": "3,1", "HIP_VISIBLE_DEVICES": "2"}, ()),
        ({"HIP_VISIBLE_DEVICES": "GPU-aa01"}, ()),
    ],
)
def test_the_variables_choose_as_rocm_does(
    environ: dict[str, str], places: tuple[int, ...]
) -> None:
    found, reason = visible(environ, UUIDS)

    assert found == places
    assert all(f"{name}={value}" in reason for name, value in environ.items() if name[0] != "C")
