"""The field ``co2_eq_emissions`` of a Hugging Face model card's metadata: in grams.

Its form is that of the hub's documentation, "Displaying carbon emissions for your model".
"""

from __future__ import annotations

from typing import BinaryIO, Final

from tracker.exporters import _words
from tracker.exporters.model_card import FIELDS as CARD_FIELDS
from tracker.exporters.model_card import metadata
from tracker.model.statement import Statement

SUFFIX: Final = ".yaml"
FIELDS: Final = {name: CARD_FIELDS[name] for name in ("training_type", "geographical_location")}


def write(report: Statement, target: BinaryIO) -> None:
    """The lines that go between the dashes at the top of a model card."""
    _words.put(target, "\n".join(metadata(report)) + "\n")
