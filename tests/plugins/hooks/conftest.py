"""Keras reads its back end when it is imported, so it is chosen before."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
