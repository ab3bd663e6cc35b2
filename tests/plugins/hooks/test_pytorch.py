from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fakes.recording import RecordingRun
from tracker.errors import SettingsError
from tracker.hooks._vendor import synchronize
from tracker.hooks.pytorch import track_loader, track_optimizer


def parameter() -> torch.nn.Parameter:
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    return weight


def sgd() -> torch.optim.SGD:
    return torch.optim.SGD([parameter()], lr=0.1)


class Outer(torch.optim.SGD):
    """An optimizer whose step() calls that of its parent, as many of other people's do."""

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        return super().step(closure)  # type: ignore[no-any-return]


def test_each_step_counts_once() -> None:
    optimizer = sgd()
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    for _ in range(3):
        optimizer.step()
    assert steps.steps == 3


def test_a_step_that_calls_its_parents_step_counts_once() -> None:
    sgd()  # the first of a class has its step() wrapped: the parent's fires hooks from now on
    optimizer = Outer([parameter()], lr=0.1)
    fired: list[object] = []
    optimizer.register_step_post_hook(lambda *call: fired.append(call))
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    for _ in range(3):
        optimizer.step()
    assert len(fired) == 6
    assert steps.steps == 3


def test_a_step_that_raised_is_not_counted_and_spoils_nothing() -> None:
    def failing() -> float:
        raise MemoryError

    sgd()
    optimizer = Outer([parameter()], lr=0.1)
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    with pytest.raises(MemoryError):
        optimizer.step(failing)

    def deeper() -> None:
        optimizer.step()

    deeper()
    optimizer.step()
    assert steps.steps == 2


def test_an_optimizer_that_steps_within_anothers_step_counts_its_own() -> None:
    inner = sgd()

    class Lookahead(torch.optim.SGD):
        def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
            inner.step()
            return None

    outer = Lookahead([parameter()], lr=0.1)
    steps = track_optimizer(inner, RecordingRun().as_run())
    outer.step()
    outer.step()
    assert steps.steps == 2


def test_of_several_optimizers_the_largest_number_is_reported() -> None:
    generator, critic = sgd(), sgd()
    steps = track_optimizer([generator, critic], RecordingRun().as_run())
    for iteration in range(6):
        critic.step()
        if iteration % 3 == 0:
            generator.step()
    assert steps.steps == 6


def test_accumulated_gradients_make_one_step() -> None:
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters())
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    for micro_batch in range(8):
        network(torch.ones(1, 2)).sum().backward()
        if micro_batch % 4 == 3:
            optimizer.step()
            optimizer.zero_grad()
    assert steps.steps == 2


def test_a_step_that_the_grad_scaler_skips_does_not_count() -> None:
    weight = parameter()
    optimizer = torch.optim.SGD([weight], lr=0.1)
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    for gradient in (1.0, float("inf"), 1.0):
        scaler.scale(torch.ones(1)).sum()
        weight.grad = torch.full((2,), gradient)
        scaler.step(optimizer)
        scaler.update()
    assert steps.steps == 2


def test_an_epochs_steps_are_logged_while_it_is_open() -> None:
    run, optimizer = RecordingRun(), sgd()
    steps = track_optimizer(optimizer, run.as_run())
    optimizer.step()  # before the first epoch: nobody's
    for epoch in steps.epochs(2):
        for _ in range(epoch + 2):
            optimizer.step()
    epoch_of = ["begin epoch", "log {'steps': %d}", "end epoch"]
    assert run.told == [line % n if "%" in line else line for n in (2, 3) for line in epoch_of]


def test_an_epoch_that_is_broken_off_has_its_steps_too() -> None:
    run, optimizer = RecordingRun(), sgd()
    steps = track_optimizer(optimizer, run.as_run())
    for _ in steps.epochs(["only"]):
        optimizer.step()
        break
    assert run.told == ["begin epoch", "log {'steps': 1}", "end epoch"]


def test_a_run_that_cannot_log_is_one_warning_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(RecordingRun):
        def log(self, **metrics: float) -> None:
            raise OSError("disk is gone")

    steps = track_optimizer(sgd(), Broken().as_run())
    assert list(steps.epochs(3)) == [0, 1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "StepCounter._log failed, and the training goes on: OSError('disk is gone')"
    ]


def test_after_remove_nothing_is_counted_and_the_number_stays() -> None:
    optimizer = sgd()
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    optimizer.step()
    steps.remove()
    optimizer.step()
    assert steps.steps == 1


def test_a_copy_of_the_optimizer_is_not_counted() -> None:
    optimizer = sgd()
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    copy.deepcopy(optimizer).step()
    assert steps.steps == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's compiler has its own
@pytest.mark.parametrize("optimizer_type", [torch.optim.SGD, Outer])
def test_a_compiled_step_is_counted(optimizer_type: type[torch.optim.SGD]) -> None:
    sgd()
    optimizer = optimizer_type([parameter()], lr=0.1)
    steps = track_optimizer(optimizer, RecordingRun().as_run())
    compiled: Any = torch.compile(optimizer.step, backend="eager")
    for _ in range(3):
        compiled()
    assert steps.steps == 3


def batches_of(*sizes: int) -> list[Any]:
    return [(torch.ones(size, 3), torch.ones(size)) for size in sizes]


def test_every_pass_of_a_loader_is_a_phase_with_its_batches_and_samples() -> None:
    run = RecordingRun()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.ones(5, 3)), batch_size=2
    )
    tracked = track_loader(loader, run.as_run())
    for _ in range(2):
        assert [len(batch[0]) for batch in tracked] == [2, 2, 1]
    assert run.told == ["begin epoch", "log {'batches': 3, 'samples': 5}", "end epoch"] * 2


@pytest.mark.parametrize(
    ("batch", "samples"),
    [
        ({"ids": torch.ones(4, 2)}, 4),
        ([{"ids": (torch.ones(3),)}], 3),
        (torch.tensor(1.0), 0),
        ("text", 0),
        ([], 0),
    ],
)
def test_samples_are_the_length_of_a_batchs_first_tensor(batch: Any, samples: int) -> None:
    run = RecordingRun()
    list(track_loader([batch], run.as_run(), phase="train"))
    said = {"batches": 1} | ({"samples": samples} if samples else {})
    assert run.told == ["begin train", f"log {said}", "end train"]


def test_a_pass_that_is_broken_off_is_closed_with_what_it_had() -> None:
    run = RecordingRun()
    for _ in track_loader(batches_of(2, 2, 2), run.as_run()):
        break
    assert run.told == ["begin epoch", "log {'batches': 1, 'samples': 2}", "end epoch"]


def test_a_tracked_loader_stands_for_the_loader() -> None:
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.ones(5, 3)), batch_size=2
    )
    tracked = track_loader(loader, RecordingRun().as_run())
    assert len(tracked) == 3
    assert tracked.dataset is loader.dataset
    assert tracked.batch_size == 2
    assert len(copy.copy(tracked)) == 3


class Cuda:
    """Two GPUs, of which PyTorch holds memory on the second."""

    def __init__(self, *, initialized: bool) -> None:
        self.initialized = initialized
        self.waited_for: list[int] = []

    def is_initialized(self) -> bool:
        return self.initialized

    def device_count(self) -> int:
        return 2

    def memory_reserved(self, index: int) -> int:
        return index * 1024

    def synchronize(self, index: int) -> None:
        self.waited_for.append(index)


@pytest.mark.parametrize(("initialized", "waited_for"), [(False, []), (True, [1])])
def test_only_gpus_that_are_in_use_are_waited_for(initialized: bool, waited_for: list[int]) -> None:
    cuda = Cuda(initialized=initialized)
    synchronize({"torch": SimpleNamespace(cuda=cuda)})
    assert cuda.waited_for == waited_for


def test_without_pytorch_or_cuda_nothing_is_waited_for() -> None:
    synchronize({})
    synchronize()
    assert not torch.cuda.is_initialized()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("wait", [True, False])
def test_waiting_for_the_gpu_can_be_left(wait: bool) -> None:
    class Edges(RecordingRun):
        def wait_at_edges(self, barrier: Callable[[], object]) -> None:
            self.told.append("waits")

    run = Edges()
    track_optimizer(sgd(), run.as_run(), wait_for_gpu=wait)
    track_loader([], run.as_run(), wait_for_gpu=wait)
    assert run.told == (["waits"] * 2 if wait else [])


@pytest.mark.parametrize("wrong", [None, "adam", [1], []])
def test_what_is_no_optimizer_is_refused(wrong: Any) -> None:
    with pytest.raises(SettingsError, match=r"optimizer"):
        track_optimizer(wrong, RecordingRun().as_run())


def test_without_pytorch_the_error_says_what_to_install() -> None:
    script = """
import sys
sys.modules["torch"] = None
from tracker.errors import PluginError
from tracker.hooks._vendor import synchronize
from tracker.hooks.pytorch import track_loader, track_optimizer
try:
    track_optimizer(object(), None)
except PluginError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install torch" in done.stdout
