"""The digits with PyTorch on several processes: the first of each node measures the node.

    torchrun --nproc-per-node 2 examples/pytorch_ddp.py

Devices are measured for the machine, not for a process: one that measures is enough. Started
without torchrun it trains in one process.
"""

import contextlib
import os

import torch
from sklearn.datasets import load_digits
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

import tracker
from tracker.hooks.pytorch import track_optimizer

EPOCHS = 5

distributed.init_process_group(
    "gloo",
    init_method="env://" if "RANK" in os.environ else "tcp://127.0.0.1:0",
    rank=int(os.environ.get("RANK", "0")),
    world_size=int(os.environ.get("WORLD_SIZE", "1")),
)
measures = int(os.environ.get("LOCAL_RANK", "0")) == 0

images, labels = load_digits(return_X_y=True)
rows = torch.tensor(images / 16.0, dtype=torch.float32)
targets = torch.tensor(labels, dtype=torch.long)
training_set = TensorDataset(rows[:1300], targets[:1300])
sampler: DistributedSampler[tuple[torch.Tensor, ...]] = DistributedSampler(training_set)
batches = DataLoader(training_set, batch_size=32, sampler=sampler)

torch.manual_seed(0)
network = DistributedDataParallel(nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)))
optimizer = torch.optim.Adam(network.parameters())

with contextlib.ExitStack() as stack:
    run = stack.enter_context(tracker.track("ddp-digits", project="examples")) if measures else None
    epochs = track_optimizer(optimizer, run).epochs(EPOCHS) if run else range(EPOCHS)
    for epoch in epochs:
        sampler.set_epoch(epoch)
        for batch, wanted in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(batch), wanted).backward()
            optimizer.step()
        if run:
            with torch.no_grad():
                right = network.module(rows[1300:]).argmax(dim=1) == targets[1300:]
            run.log(accuracy=right.float().mean().item())

if run:
    report = run.report()
    print(
        f"accuracy {report.metrics['accuracy']:.1%}, {report.metrics['steps']:.0f} steps an epoch"
    )
    for phase in report.phases:
        if phase.energy_j is not None:
            print(f"epoch {phase.index}: {phase.energy_j:.1f} J on all processes of this machine")
distributed.destroy_process_group()
