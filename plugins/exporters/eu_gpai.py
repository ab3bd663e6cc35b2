"""The energy section of the EU's model documentation form for general-purpose AI.

The form is that of the General-Purpose AI Code of Practice, 10 July 2025 (transparency
chapter). Energy is stated in MWh with two significant figures at least, measured or
estimated, its methodology in about 100 words. The form sets no boundary: ours is stated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.exporters import _document, _facts, _markdown, _words
from tracker.model.device import DeviceKind
from tracker.model.display import number_text
from tracker.model.statement import Statement
from tracker.model.units import kwh_from_j

FIELDS: Final = {
    "training_flop": "amount of computation used for training, in FLOP",
    "training_flop_method": "how that was measured or estimated",
    "inference_flop": "benchmarked amount of computation used for inference, in FLOP",
    "inference_method": "task and hardware of that benchmark",
}
_MONTH_DAYS: Final = 365.25 / 12
_MOST_WORDS: Final = 100
_SMALL_MWH: Final = 1e-4
_EDITION: Final = (
    "Model Documentation Form, Code of Practice for General-Purpose AI Models, edition of 10 July"
    " 2025"
)
_RECIPIENTS: Final = "Recipients: AI Office (AIO) and national competent authorities (NCA)"


def write(report: Statement, target: BinaryIO) -> None:
    """The form's fields as a table, and what to know of the figures, in Markdown."""
    lines = [
        f"# Energy and compute of {_markdown.plain(report.title)}",
        "",
        f"{_EDITION}. {_RECIPIENTS}.",
        "",
        _markdown.table(("field", "recipient", "value"), list(_rows(report))),
        "## Beside the form",
        "",
        _markdown.note("CO2e", _words.carbon(report.carbon_g)),
        _markdown.note("Embodied", _words.embodied(report)),
        *(_markdown.note(label, text) for label, text in _words.notes(report)),
        "",
        _markdown.plain(_document.colophon(report)),
    ]
    _words.put(target, "\n".join(lines) + "\n")


def _rows(report: Statement) -> Iterator[tuple[str, str, str]]:
    days = _facts.duration_s(report) / _facts.S_PER_DAY
    compute = "Amount of computation used for training"
    yield "Training time, range", "NCA", _range_of_months(days)
    yield "Training time, wall-clock days", "AIO", f"{number_text(days)}{_summed(report)}"
    yield "Training time, hardware-days", "AIO", _hardware_days(report)
    yield f"{compute}, order of magnitude", "NCA", _flop(report, "training_flop", "10^{0} FLOP")
    yield compute, "AIO", _flop(report, "training_flop", "{1:.3g} FLOP")
    yield _method_row(report, "computation", "training_flop_method")
    yield "Amount of energy used for training", "AIO, NCA", _energy(report)
    yield "Measurement methodology (training energy)", "AIO, NCA", _methodology(report)
    inference = _flop(report, "inference_flop", "{1:.3g} FLOP")
    yield "Benchmarked amount of computation used for inference", "AIO, NCA", inference
    yield _method_row(report, "inference", "inference_method")


def _method_row(report: Statement, of: str, name: str) -> tuple[str, str, str]:
    return f"Measurement methodology ({of})", "AIO, NCA", _words.filled(report, FIELDS, name)


def _summed(report: Statement) -> str:
    return " (of all runs, one after the other)" if len(_facts.counted(report)) > 1 else ""


def _range_of_months(days: float) -> str:
    months = days / _MONTH_DAYS
    for most, text in ((1, "less than 1 month"), (3, "1 to 3 months"), (6, "3 to 6 months")):
        if months < most:
            return text
    return "more than 6 months"


def _hardware_days(report: Statement) -> str:
    hours = _facts.device_hours(report, DeviceKind.GPU)
    if hours is None:
        return _words.open_field("no accelerator was read")
    return f"{number_text(hours / 24)} ({_words.hardware(report)})"


def _flop(report: Statement, name: str, form: str) -> str:
    """A number of operations that a person filled in; its exponent and itself in ``form``."""
    flop = _words.filled_number(report, name)
    if flop is None:
        return _words.filled(report, FIELDS, name)
    return form.format(math.floor(math.log10(flop)), flop)


def _energy(report: Statement) -> str:
    if report.energy_j is None:
        return _words.open_field("nothing was read")
    ends = (report.energy_j.value, report.energy_j.low, report.energy_j.high)
    value, low, high = (_mwh(energy_j) for energy_j in ends)
    how = "measured" if _words.is_measured(report) else "estimated"
    return f"{value} MWh ({low} to {high}), {how}, before any PUE"


def _mwh(energy_j: float) -> str:
    """Two significant figures at least, which the form asks for."""
    energy_mwh = kwh_from_j(energy_j) / 1000
    return f"{energy_mwh:.2e}" if 0 < energy_mwh < _SMALL_MWH else number_text(energy_mwh)


def _methodology(report: Statement) -> str:
    """About 100 words: what the form has room for."""
    text = (
        "In the absence of a delegated act adopted in accordance with Article 53(5): "
        f"{_words.method(report)}. Boundary: {_words.boundary(report)}. "
        f"Coverage: {_words.coverage(report)}. The range holds the truth in about 95 of 100 cases."
    )
    words = text.split()
    return " ".join(words[:_MOST_WORDS]) + (" …" if len(words) > _MOST_WORDS else "")
