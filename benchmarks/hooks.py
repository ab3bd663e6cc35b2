"""What the hooks add to a training step, and the error of a GPU's epochs marked through one.

Each training runs with and without its hook in turns, in one process and within one run, so
that sampling and storing are in both. What the hook adds to the CPU time of a step is given
in microseconds, and against steps of 1 ms and of 100 ms: the training's own step is cheap, so
that the little that is added shows. The epochs are those of ``track_optimizer`` over GPUs that
draw a square of 3 s, 100 W and 500 W, with a counter that refreshes every 0.1 s.
"""

from __future__ import annotations

import os
from typing import Any, Final

from _bench import environ_with_store, line, machine, options, python

from fakes.nvml import FakeGpu, FakeNvml, Waveform

HOOKS: Final = ("pytorch", "pytorch_loader", "keras", "lightning", "huggingface")
MOST_US: Final = {"pytorch": 5.0, "pytorch_loader": 5.0}
STEPS: Final = (("1 ms", 1e3, 1.0), ("100 ms", 1e5, 0.05))
"""A step's name and length in microseconds, and the most per cent that a hook may add."""
EPOCHS_S: Final = {1: 2.0, 3: 0.2, 5: 0.1}
"""The most that an epoch of so many seconds may be off, in per cent."""

TRAININGS: Final = {
    "pytorch": """
import torch
from tracker.hooks.pytorch import track_optimizer
weight = torch.nn.Parameter(torch.ones(8)); weight.grad = torch.ones(8)
optimizer = torch.optim.SGD([weight], lr=0.0)
def train(steps, run):
    counter = track_optimizer(optimizer, run) if run else None
    for _ in (counter.epochs(2) if counter else range(2)):
        for _ in range(steps // 2):
            optimizer.step()
    if counter:
        counter.remove()
""",
    "pytorch_loader": """
import torch
from tracker.hooks.pytorch import track_loader
batch = torch.ones(32, 8), torch.ones(32)
weight = torch.ones(8)
def train(steps, run):
    batches = [batch] * (steps // 2)
    for _ in range(2):
        for rows, targets in (track_loader(batches, run) if run else batches):
            rows @ weight
""",
    "keras": """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy as np
from tracker.hooks.keras import EmissionsCallback
network = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
network.compile("sgd", "mse")
def train(steps, run):
    rows = np.ones((steps // 2, 4))
    network.fit(rows, rows[:, 0], batch_size=1, epochs=2, verbose=0, shuffle=False,
                callbacks=[EmissionsCallback(run)] if run else [])
""",
    "lightning": """
import logging, torch
from lightning import pytorch as lightning
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
from tracker.hooks.lightning import EmissionsCallback
class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, index):
        return self.layer(batch[0]).mean()
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.0)
def train(steps, run):
    rows = torch.utils.data.TensorDataset(torch.ones(steps // 2, 4))
    lightning.Trainer(
        max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, accelerator="cpu",
        callbacks=[EmissionsCallback(run)] if run else [],
    ).fit(Net(), torch.utils.data.DataLoader(rows, batch_size=1))
""",
    "huggingface": """
import tempfile, torch, transformers
from tracker.hooks.huggingface import EmissionsCallback
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def forward(self, x, labels=None):
        return {"loss": self.layer(x).mean()}
folder = tempfile.mkdtemp()
def train(steps, run):
    rows = [{"x": torch.ones(4)}] * (steps // 2)
    given = transformers.TrainingArguments(
        folder, num_train_epochs=2, per_device_train_batch_size=1, report_to="none", use_cpu=True,
        disable_tqdm=True, save_strategy="no", logging_strategy="no", remove_unused_columns=False)
    transformers.Trainer(Net(), given, train_dataset=rows,
                         callbacks=[EmissionsCallback(run)] if run else []).train()
""",
}

PAIRED: Final = """
import contextlib, io, json, statistics, time, warnings
warnings.simplefilter("ignore")
import tracker
{training}
def cpu_s(run):
    began_s = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        train({steps}, run)
    return time.process_time() - began_s

with tracker.track("hooks") as run:
    cpu_s(None), cpu_s(run)
    pairs = [(cpu_s(None), cpu_s(run)) for _ in range({times})]
bare_s = statistics.median(bare for bare, _ in pairs)
added_s = statistics.median(hooked - bare for bare, hooked in pairs)
spread_s = statistics.stdev(hooked - bare for bare, hooked in pairs) / len(pairs) ** 0.5
print(json.dumps([one / {steps} * 1e6 for one in (added_s, bare_s, spread_s)]))
"""

EPOCHS: Final = """
import json, time, torch, tracker
from tracker.hooks.pytorch import track_optimizer

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.0)
ahead_ns = time.time_ns() - time.monotonic_ns()
with tracker.track("epochs", devices=["gpu"]) as run:
    time.sleep(1.0)
    for _ in track_optimizer(optimizer, run).epochs({epochs}):
        time.sleep({duration_s})
report = run.report()
print(json.dumps([
    [round(one.start.timestamp() * 1e9) - ahead_ns, round(one.end.timestamp() * 1e9) - ahead_ns,
     one.energy_j] for one in report.phases
]))
"""


def main() -> None:
    short = options(__doc__).short
    with machine() as folder:
        environ = environ_with_store(folder) | {"OMP_NUM_THREADS": "1", "TRACKER_ONLINE": "0"}
        for hook in HOOKS[:1] if short else HOOKS:
            steps = 40_000 if hook in MOST_US else 300  # a framework's own step takes milliseconds
            _step(hook, environ, steps=400 if short else steps, times=3 if short else 15)
    for duration_s, most_percent in EPOCHS_S.items():
        if not short or duration_s == 1:
            _epochs(duration_s, most_percent, epochs=3 if short else 12)


def _step(hook: str, environ: dict[str, str], steps: int, times: int) -> None:
    code = PAIRED.format(training=TRAININGS[hook], steps=steps, times=times)
    added_us, bare_us, error_us = python(code, environ).json()
    line(f"{hook}: a step of this training", bare_us, "CPU us")
    line(f"{hook}: added to each step", added_us, "CPU us", most=MOST_US.get(hook))
    line(f"{hook}: standard error of that", error_us, "CPU us")
    for step, step_us, most_percent in STEPS:
        told = added_us / step_us * 100
        resolved = error_us < step_us * most_percent / 100  # else a verdict would be chance
        line(f"{hook}: of a step of {step}", told, "%", most=most_percent if resolved else None)


def _epochs(duration_s: int, most_percent: float, epochs: int) -> None:
    with machine() as folder:
        gpus = 4
        waves = [Waveform(100.0, 500.0, 3.0, number * 0.7) for number in range(gpus)]
        fake = FakeNvml(folder, [FakeGpu(waveform=wave) for wave in waves])
        code = EPOCHS.format(epochs=epochs, duration_s=duration_s)
        found: list[Any] = python(code, environ_with_store(folder, fake.environ(os.environ))).json()
    errors = [
        abs(energy_j / sum(fake.energy_j(gpu, start_ns, end_ns) for gpu in range(gpus)) - 1)
        for start_ns, end_ns, energy_j in found
    ]
    line(f"epochs of {duration_s} s, {gpus} GPUs, worst", 100 * max(errors), "%", most=most_percent)


if __name__ == "__main__":
    main()
