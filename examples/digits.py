"""Train a small network on scikit-learn's digits for about 20 s, and see what it used.

Needs scikit-learn and nothing else: no account, no GPU, no network.
"""

import argparse
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import tracker

MAX_EPOCHS = 500
PASSES_AN_EPOCH = 40  # the data is small: an epoch of several passes lasts about a second


def train(duration_s: float) -> None:
    """Run epochs until ``duration_s`` have passed, with the accuracy logged after each."""
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        images / 16.0, labels, test_size=0.25, random_state=0
    )
    network = MLPClassifier((256, 128), learning_rate_init=1e-5, random_state=0)
    until_s = time.monotonic() + duration_s
    accuracy = 0.0

    with tracker.track("digits", project="demo", show="line") as run:
        for _ in run.epochs(MAX_EPOCHS):
            with run.phase("train"):
                for _ in range(PASSES_AN_EPOCH):
                    network.partial_fit(train_x, train_y, classes=np.unique(labels))
            with run.phase("evaluate"):
                accuracy = float(network.score(test_x, test_y))
            run.log(accuracy=accuracy)
            if time.monotonic() >= until_s:
                break

    report = run.report()
    epochs = sum(phase.name == "epoch" for phase in report.phases)
    print(f"Trained {epochs} epochs to an accuracy of {accuracy:.1%}.")
    print(f"Kept as run {report.short_id}; `tracker show last` shows it again.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--duration", type=float, default=20.0, help="seconds (default 20)")
    train(parser.parse_args().duration)
