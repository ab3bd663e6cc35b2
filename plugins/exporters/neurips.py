"""Text for the NeurIPS paper checklist's item on compute resources.

The item asks for the type of workers, memory and storage, the compute of each run and of
all, and whether the project needed more than the reported experiments. Emissions are not
asked for; they follow as a sentence of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.exporters import _document, _facts, _words
from tracker.model.device import DeviceKind
from tracker.model.display import duration_text, number_text
from tracker.model.report import RunReport
from tracker.model.statement import Statement
from tracker.model.text import harmless

FIELDS: Final = {
    "answer": "Yes, No or NA, which is for the authors to say",
    "provider": "internal cluster or cloud provider",
    "memory": "memory of a worker",
    "storage": "storage",
    "project": "whether the research took more compute than the experiments reported",
}
_MOST_RUNS: Final = 30


def write(report: Statement, target: BinaryIO) -> None:
    """The item's answer and its justification, as plain text."""
    _words.put(target, "\n".join(_lines(report)) + "\n")


def _lines(report: Statement) -> Iterator[str]:
    yield "Experiments compute resources"
    yield f"Answer: [{_answer(report)}]"
    yield "Justification:"
    yield ""
    hardware = _words.hardware(report) or _words.open_field("nothing was read")
    yield f"Workers: {hardware}."
    for name in ("provider", "memory", "storage"):
        yield f"{name.capitalize()}: {_words.filled(report, FIELDS, name)}."
    yield from _runs(report)
    yield f"In total: {_compute(report)}."
    yield f"Whole project: {_project(report)}."
    yield ""
    yield f"Energy: {_words.energy(report.energy_j)}. CO2e: {_words.carbon(report.carbon_g)}."
    yield f"Making the hardware: {_words.embodied(report)}."
    yield from (f"{label}: {text}." for label, text in _words.notes(report))
    yield _document.colophon(report)


def _answer(report: Statement) -> str:
    said = report.given.get("answer")
    return harmless(said) if said else f"open: {FIELDS['answer']}; --fill answer=…"


def _runs(report: Statement) -> Iterator[str]:
    runs = sorted(_facts.counted(report), key=lambda run: -run.duration_s)
    for run in runs[:_MOST_RUNS]:
        yield f"Run {harmless(run.name)} ({run.short_id}): {_run(run)}."
    if len(runs) > _MOST_RUNS:
        yield f"{len(runs) - _MOST_RUNS} shorter runs are in the total."


def _run(run: RunReport) -> str:
    gpus = sum(device.kind is DeviceKind.GPU for device in run.devices)
    held = f", {number_text(gpus * run.duration_s / _facts.S_PER_H)} GPU-hours" if gpus else ""
    return f"{duration_text(run.duration_s)}{held}"


def _compute(report: Statement) -> str:
    hours = _facts.device_hours(report, DeviceKind.GPU)
    held = "" if hours is None else f", {number_text(hours)} GPU-hours"
    return f"{duration_text(_facts.duration_s(report))}{held}"


def _project(report: Statement) -> str:
    if report.given.get("project") or report.development is None:
        return _words.filled(report, FIELDS, "project")
    groups = (f"{group.runs} {group.name}" for group in report.development.groups)
    return f"{', '.join(groups)}; {_document.ratio_text(report.development)}"
