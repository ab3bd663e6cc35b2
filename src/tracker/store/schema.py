"""The tables. One for each kind of record in ``model/run.py``, and the grid's cache.

Runs, segments and pricings are known by a UUID; what lies below them by natural keys, so
that a row written twice, or shipped twice, is one row. ``revision`` counts how often a
row was written: of two copies the higher one is the newer. ``pending`` marks, in a local
store, what a server is still to get; the few rows so marked are found by an index of their own.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    desc,
)

from tracker.store.types import Document, Id, Line, Time, Value

REVISIONS: Final = ("0001",)
"""Every schema there has been, oldest first: the files in ``migrations/versions``."""

HEAD: Final = REVISIONS[-1]
"""The schema that this program writes."""

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}
"""Every constraint has a name, by which a migration can find it."""

metadata = MetaData(naming_convention=NAMING)
stamp_metadata = MetaData()

stamp = Table(
    "alembic_version",
    stamp_metadata,
    Column("version_num", String(32), primary_key=True),
)
stamp.primary_key.name = "alembic_version_pkc"

MICROSECONDS: Final = BigInteger()
"""What a time is to SQL, where times are subtracted."""

COMPACT_SLOT_S: Final = 300
"""A slot's length in a segment that was compacted, in seconds."""

SHORT_ID: Final = String(8).with_variant(String(8, collation="C"), "postgresql")


def _revision() -> Column[int]:
    return Column("revision", Integer, nullable=False, server_default="1")


def _run() -> Column[Any]:
    return Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


def _segment() -> Column[Any]:
    return Column("segment_id", Id, ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)


def _pending() -> Column[bool]:
    """True until the server has the row; ``NULL`` where that is so, or none is to have it."""
    return Column("pending", Boolean)


def _number() -> Column[int]:
    return Column("number", Integer, primary_key=True, autoincrement=False)


hosts = Table(
    "hosts",
    metadata,
    Column("host_id", Line, primary_key=True),
    Column("hostname", Line, nullable=False),
    Column("boot_id", Line, nullable=False),
    Column("pid_namespace", Line, nullable=False),
    Column("os", Line, nullable=False),
    Column("cpu_name", Line, nullable=False),
    Column("cpu_threads", Integer, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    _revision(),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("short_id", SHORT_ID, nullable=False),
    Column("name", Line, nullable=False),
    Column("project", Line, nullable=False),
    Column("tags", Document, nullable=False),
    Column("params", Document, nullable=False),
    Column("started_at", Time, nullable=False),
    Column("provenance", Document, nullable=False),
    Column("parent_id", Id),  # no foreign key: it may be kept elsewhere, or not yet
    Column("attribution", String(16), nullable=False),
    Column("remainder_ratio", Double),
    Column("note", Line, nullable=False, server_default=""),
    _revision(),
    _pending(),
)
Index("ix_runs_newest", desc(runs.c.started_at), desc(runs.c.id))
Index("ix_runs_project_newest", runs.c.project, desc(runs.c.started_at), desc(runs.c.id))
Index("ix_runs_name", runs.c.name)
Index("ix_runs_short_id", runs.c.short_id)
Index(
    "ix_runs_parent_id",
    runs.c.parent_id,
    sqlite_where=runs.c.parent_id.is_not(None),
)

tags = Table(
    "tags",  # the same as in runs.tags, to find runs by
    metadata,
    _run(),
    Column("key", Line, primary_key=True),
    Column("value", Line, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_tags_key_value_run_id", tags.c.key, tags.c.value, tags.c.run_id)

segments = Table(
    "segments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("host_id", Line, nullable=False),  # no foreign key: a host is described later
    Column("pid", Integer, nullable=False),
    Column("process_started_at", Double, nullable=False),
    Column("boot_id", Line, nullable=False),
    Column("pid_namespace", Line, nullable=False),
    Column("interval_s", Double, nullable=False),
    Column("started_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("outcome", String(16)),
    Column("error", Line),
    Column("not_counted", Document, nullable=False),
    Column("slept_s", Double, nullable=False),
    Column("sealed_at", Time),  # it is over, and all of it has arrived: it may be compacted
    Column("slot_s", Integer, nullable=False, server_default="10"),  # of its intervals
    _revision(),
    _pending(),
)
Index("ix_segments_run_id", segments.c.run_id)
Index("ix_segments_host_id_ended_at", segments.c.host_id, segments.c.ended_at)
Index(
    "ix_segments_fresh",
    segments.c.started_at,
    sqlite_where=segments.c.slot_s < COMPACT_SLOT_S,
)
Index("ix_segments_outcome_run_id", segments.c.outcome, segments.c.run_id)

heartbeats = Table(
    "heartbeats",
    metadata,
    _segment(),
    Column("at", Time, nullable=False),
    Column("power_w", Document, nullable=False),
    Column("open_phases", Document, nullable=False),
    _revision(),
    _pending(),
)

devices = Table(
    "devices",
    metadata,
    _segment(),
    Column("device_id", Line, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Line, nullable=False),
    Column("accuracy_class", Line, nullable=False),
    Column("common_low", Double, nullable=False),
    Column("common_high", Double, nullable=False),
    Column("own_low", Double, nullable=False),
    Column("own_high", Double, nullable=False),
    Column("covers", Document, nullable=False),
    Column("refresh_s", Double, nullable=False),
    Column("added", Boolean, nullable=False),
    Column("source", Line, nullable=False),
    Column("covered_by", Line),
    Column("left_out", Line),
    Column("checked_counted_j", Double),
    Column("checked_polled_j", Double),
    Column("suspect", Boolean, nullable=False),
    _revision(),
    _pending(),
)

intervals = Table(
    "intervals",
    metadata,
    Column("segment_id", Id, primary_key=True),
    Column("device_id", Line, primary_key=True),
    Column("slot_start", Time, primary_key=True),
    Column("method", String(16), primary_key=True),
    Column("slot_s", Integer, nullable=False),
    Column("start_at", Time, nullable=False),
    Column("end_at", Time, nullable=False),
    Column("energy_j", Double, nullable=False),
    Column("slack_j", Double, nullable=False),
    Column("coverage", Double, nullable=False),
    _revision(),
    _pending(),
    ForeignKeyConstraint(
        ["segment_id", "device_id"],
        ["devices.segment_id", "devices.device_id"],
        ondelete="CASCADE",
    ),
    sqlite_with_rowid=False,  # small rows, always found by their key: half the size
)

IN_TOTAL: Final = (
    devices.c.covered_by.is_(None),
    devices.c.left_out.is_(None),
    devices.c.added,
)
"""Whether a device's energy is part of its run's total: ``SegmentDevice.in_total`` for SQL."""

phases = Table(
    "phases",
    metadata,
    _segment(),
    _number(),
    Column("name", Line, nullable=False),
    Column("name_index", Integer, nullable=False),
    Column("parent", Integer),
    Column("started_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("energy", Document),
    _revision(),
    _pending(),
)

metrics = Table(
    "metrics",
    metadata,
    _segment(),
    _number(),
    Column("phase", Integer),
    Column("name", Line, nullable=False),
    Column("value", Value),
    Column("at", Time, nullable=False),
    _revision(),
    _pending(),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    _segment(),
    _number(),
    Column("at", Time, nullable=False),
    Column("kind", Line, nullable=False),
    Column("subject", Line, nullable=False),
    Column("message", Line, nullable=False),
    _revision(),
    _pending(),
)

overlaps = Table(
    "overlaps",
    metadata,
    _segment(),
    Column("device_id", Line, primary_key=True),
    # No foreign key to the other: it may be deleted, or kept elsewhere.
    Column("other_segment_id", Id, primary_key=True),
    Column("other_run_id", Id, nullable=False),
    Column("start_at", Time, nullable=False),
    Column("end_at", Time, nullable=False),
    Column("energy_j", Double, nullable=False),
    _revision(),
    _pending(),
)
Index("ix_overlaps_other_run_id", overlaps.c.other_run_id)

baselines = Table(
    "baselines",
    metadata,
    Column("host_id", Line, primary_key=True),
    Column("device_id", Line, primary_key=True),
    Column("at", Time, primary_key=True, autoincrement=False),
    Column("power_w", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    _revision(),
)

pricings = Table(
    "pricings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("made_at", Time, nullable=False),
    Column("provider", Line, nullable=False),
    Column("zone", Line, nullable=False),
    Column("zone_name", Line, nullable=False),
    Column("location_origin", Line, nullable=False),
    Column("location_g_per_kwh", Double),
    Column("signal", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("basis", String(16), nullable=False),
    Column("pue", Double, nullable=False),
    Column("pue_source", Line, nullable=False),
    Column("what_if", Boolean, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("tariff", Document),
    Column("water", Document),
    Column("notes", Document, nullable=False),
    _revision(),
    _pending(),
)
Index("ix_pricings_run_id", pricings.c.run_id)

intensities = Table(
    "intensities",
    metadata,
    Column("pricing_id", Id, ForeignKey("pricings.id", ondelete="CASCADE"), primary_key=True),
    Column("start_at", Time, primary_key=True, autoincrement=False),
    Column("end_at", Time),
    Column("g_per_kwh", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("zone", Line, nullable=False),
    Column("signal", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("valid_from", Time, nullable=False),
    Column("valid_to", Time, nullable=False),
    Column("provider", Line, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("fetched_at", Time),
    Column("source", Line, nullable=False),
    _revision(),
)

figures = Table(
    "figures",  # of runs that have ended, added up once: see store/figures.py
    metadata,
    _run(),
    Column("started_at", Time, nullable=False),
    Column("project", Line, nullable=False),
    Column("user_name", Line, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("energy_j", Double),
    Column("energy_low_j", Double),
    Column("energy_high_j", Double),
    Column("carbon_g", Double),
    Column("carbon_low_g", Double),
    Column("carbon_high_g", Double),
    Column("low_g_per_kwh", Double),
    Column("high_g_per_kwh", Double),
    Column("shares", Document, nullable=False),
)
Index("ix_figures_energy_j", figures.c.energy_j, figures.c.run_id)
Index("ix_figures_carbon_g", figures.c.carbon_g, figures.c.run_id)
Index("ix_figures_duration_s", figures.c.duration_s, figures.c.run_id)

unbooked = Table(
    "unbooked",  # runs whose figures are to be computed from their intervals
    metadata,
    _run(),
    sqlite_with_rowid=False,
)

totals = Table(
    "totals",
    metadata,
    Column("dimension", String(16), primary_key=True),
    Column("value", Line, primary_key=True),
    Column("runs", BigInteger, nullable=False),
    Column("unread_runs", BigInteger, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("energy_j", Double, nullable=False),
    Column("unpriced_j", Double, nullable=False),
    Column("carbon_g", Double, nullable=False),
    Column("carbon_at_low_g", Double, nullable=False),
    Column("carbon_at_high_g", Double, nullable=False),
)

total_boards = Table(
    "total_boards",
    metadata,
    Column("dimension", String(16), primary_key=True),
    Column("value", Line, primary_key=True),
    Column("accuracy_class", Line, primary_key=True),
    Column("board", Line, primary_key=True),
    Column("energy_j", Double, nullable=False),
    Column("centre_j", Double, nullable=False),
    Column("common_j", Double, nullable=False),
    Column("own_j", Double, nullable=False),
    Column("slack_j2", Double, nullable=False),
    sqlite_with_rowid=False,
)

replicas = Table(
    "replicas",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("target", Line, nullable=False),
)
"""Which server a run of this store is to be on too: ``address.identity`` of its URL."""

tombstones = Table(
    "tombstones",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("deleted_at", Time, nullable=False),
    Column("target", Line),
    _pending(),
)
"""Runs that were deleted: a copy of one that arrives later is not taken in."""


def _index_what_is_pending(table: Table) -> None:
    # Its condition on a server stands in the migrations, which alone make a server's schema:
    # to name it here would import that dialect for SQLite's users.
    """In a local store alone: naming PostgreSQL here would import its dialect at every start."""
    waits = table.c.pending.is_not(None)
    key = next(iter(table.primary_key))
    Index(f"ix_{table.name}_pending", key, sqlite_where=waits).ddl_if(dialect="sqlite")


def belongs(item: object, dialect: str) -> bool:
    """Whether a part of the schema is made on a database of that dialect."""
    waits = isinstance(item, Index) and str(item.name).endswith("_pending")
    return dialect == "sqlite" or not waits


REPLICATED: Final = tuple(
    table for table in metadata.sorted_tables if "pending" in table.c and table is not tombstones
)
"""Tables whose rows a server gets too, each after those that it points to."""

for _table in (*REPLICATED, tombstones):
    _index_what_is_pending(_table)

grid_answers = Table(
    "grid_answers",
    metadata,
    Column("series", Line, primary_key=True),
    Column("zone", Line, primary_key=True),
    Column("start_at", Time, primary_key=True, autoincrement=False),
    Column("end_at", Time, nullable=False),
    Column("fetched_at", Time, nullable=False),
    Column("expires_at", Time),
    _revision(),
)

grid_values = Table(
    "grid_values",
    metadata,
    Column("series", Line, primary_key=True),
    Column("zone", Line, primary_key=True),
    Column("valid_from", Time, primary_key=True, autoincrement=False),
    Column("valid_to", Time, nullable=False),
    Column("g_per_kwh", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("grid_zone", Line, nullable=False),
    Column("signal", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("provider", Line, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("fetched_at", Time),
    Column("source", Line, nullable=False),
    _revision(),
)
