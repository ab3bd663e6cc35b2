"""The digits with PyTorch: a network of two layers, steps counted, epochs as phases."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

import tracker
from tracker.hooks.pytorch import track_optimizer

EPOCHS = 5

images, labels = load_digits(return_X_y=True)
digits = TensorDataset(
    torch.tensor(images / 16.0, dtype=torch.float32), torch.tensor(labels, dtype=torch.long)
)
torch.manual_seed(0)
training_set, test_set = random_split(digits, [0.75, 0.25])
batches = DataLoader(training_set, batch_size=32, shuffle=True)
test_images, test_labels = next(iter(DataLoader(test_set, batch_size=len(test_set))))

network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(network.parameters())

with tracker.track("pytorch-digits", project="examples") as run:
    steps = track_optimizer(optimizer, run)
    for _ in steps.epochs(EPOCHS):
        for batch, targets in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(batch), targets).backward()
            optimizer.step()
        with run.phase("evaluate"), torch.no_grad():
            right = network(test_images).argmax(dim=1) == test_labels
        run.log(accuracy=right.float().mean().item())

report = run.report()
print(f"{steps.steps} steps, accuracy {report.metrics['accuracy']:.1%}")
for phase in report.phases:
    if phase.name == "epoch" and phase.energy_j is not None:
        print(f"epoch {phase.index}: {phase.metrics['steps']:.0f} steps, {phase.energy_j:.1f} J")
