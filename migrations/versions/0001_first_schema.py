"""The first schema.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")  # a UUID's 16 bytes
TIME = sa.BigInteger()  # microseconds since 1970, UTC
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SHORT_ID = sa.String(8).with_variant(sa.String(8, collation="C"), "postgresql")


def upgrade() -> None:
    _hosts()
    _runs()
    _pricings()
    _segments()
    _devices()
    _events()
    _heartbeats()
    _intensities()
    _metrics()
    _phases()
    _intervals()
    _overlaps()
    _baselines()
    _grid_answers()
    _grid_values()
    _replicas()
    _tombstones()
    _pending()
    _tags()
    _figures()
    _totals()


def downgrade() -> None:
    op.drop_table("total_boards")
    op.drop_table("totals")
    op.drop_table("unbooked")
    op.drop_table("figures")
    op.drop_table("tags")
    op.drop_table("tombstones")
    op.drop_table("replicas")
    op.drop_table("baselines")
    op.drop_table("overlaps")
    op.drop_table("grid_values")
    op.drop_table("grid_answers")
    op.drop_table("intervals")
    op.drop_table("phases")
    op.drop_table("metrics")
    op.drop_table("intensities")
    op.drop_table("heartbeats")
    op.drop_table("events")
    op.drop_table("devices")
    op.drop_table("segments")
    op.drop_table("pricings")
    op.drop_table("runs")
    op.drop_table("hosts")


def _hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("pid_namespace", sa.Text(), nullable=False),
        sa.Column("os", sa.Text(), nullable=False),
        sa.Column("cpu_name", sa.Text(), nullable=False),
        sa.Column("cpu_threads", sa.Integer(), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("host_id", name="pk_hosts"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("short_id", SHORT_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("tags", DOCUMENT, nullable=False),
        sa.Column("params", DOCUMENT, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("provenance", DOCUMENT, nullable=False),
        sa.Column("parent_id", ID),
        sa.Column("attribution", sa.String(16), nullable=False),
        sa.Column("remainder_ratio", sa.Double()),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_name", "runs", ["name"])
    has_parent = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "ix_runs_parent_id",
        "runs",
        ["parent_id"],
        sqlite_where=has_parent,
        postgresql_where=has_parent,
    )
    op.create_index("ix_runs_newest", "runs", [sa.text("started_at DESC"), sa.text("id DESC")])
    op.create_index(
        "ix_runs_project_newest",
        "runs",
        ["project", sa.text("started_at DESC"), sa.text("id DESC")],
    )
    op.create_index("ix_runs_short_id", "runs", ["short_id"])


def _pricings() -> None:
    op.create_table(
        "pricings",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("zone_name", sa.Text(), nullable=False),
        sa.Column("location_origin", sa.Text(), nullable=False),
        sa.Column("location_g_per_kwh", sa.Double()),
        sa.Column("signal", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("basis", sa.String(16), nullable=False),
        sa.Column("pue", sa.Double(), nullable=False),
        sa.Column("pue_source", sa.Text(), nullable=False),
        sa.Column("what_if", sa.Boolean(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("tariff", DOCUMENT),
        sa.Column("water", DOCUMENT),
        sa.Column("notes", DOCUMENT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_pricings"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_pricings_run_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_pricings_run_id", "pricings", ["run_id"])


def _segments() -> None:
    op.create_table(
        "segments",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started_at", sa.Double(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("pid_namespace", sa.Text(), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("outcome", sa.String(16)),
        sa.Column("error", sa.Text()),
        sa.Column("not_counted", DOCUMENT, nullable=False),
        sa.Column("slept_s", sa.Double(), nullable=False),
        sa.Column("sealed_at", TIME),
        sa.Column("slot_s", sa.Integer(), nullable=False, server_default="10"),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_segments_run_id", ondelete="CASCADE"
        ),
    )
    fresh = sa.text("slot_s < 300")
    op.create_index(
        "ix_segments_fresh",
        "segments",
        ["started_at"],
        sqlite_where=fresh,
        postgresql_where=fresh,
    )
    op.create_index("ix_segments_host_id_ended_at", "segments", ["host_id", "ended_at"])
    op.create_index("ix_segments_outcome_run_id", "segments", ["outcome", "run_id"])
    op.create_index("ix_segments_run_id", "segments", ["run_id"])


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("accuracy_class", sa.Text(), nullable=False),
        sa.Column("common_low", sa.Double(), nullable=False),
        sa.Column("common_high", sa.Double(), nullable=False),
        sa.Column("own_low", sa.Double(), nullable=False),
        sa.Column("own_high", sa.Double(), nullable=False),
        sa.Column("covers", DOCUMENT, nullable=False),
        sa.Column("refresh_s", sa.Double(), nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("covered_by", sa.Text()),
        sa.Column("left_out", sa.Text()),
        sa.Column("checked_counted_j", sa.Double()),
        sa.Column("checked_polled_j", sa.Double()),
        sa.Column("suspect", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("segment_id", "device_id", name="pk_devices"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name="fk_devices_segment_id", ondelete="CASCADE"
        ),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("segment_id", "number", name="pk_events"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name="fk_events_segment_id", ondelete="CASCADE"
        ),
    )


def _heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("power_w", DOCUMENT, nullable=False),
        sa.Column("open_phases", DOCUMENT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("segment_id", name="pk_heartbeats"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name="fk_heartbeats_segment_id", ondelete="CASCADE"
        ),
    )


def _intensities() -> None:
    op.create_table(
        "intensities",
        sa.Column("pricing_id", ID, nullable=False),
        sa.Column("start_at", TIME, nullable=False, autoincrement=False),
        sa.Column("end_at", TIME),
        sa.Column("g_per_kwh", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("signal", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.Column("valid_to", TIME, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("fetched_at", TIME),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("pricing_id", "start_at", name="pk_intensities"),
        sa.ForeignKeyConstraint(
            ["pricing_id"], ["pricings.id"], name="fk_intensities_pricing_id", ondelete="CASCADE"
        ),
    )


def _metrics() -> None:
    op.create_table(
        "metrics",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("phase", sa.Integer()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("at", TIME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("segment_id", "number", name="pk_metrics"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name="fk_metrics_segment_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )


def _phases() -> None:
    op.create_table(
        "phases",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_index", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer()),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("energy", DOCUMENT),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("segment_id", "number", name="pk_phases"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name="fk_phases_segment_id", ondelete="CASCADE"
        ),
    )


def _intervals() -> None:
    op.create_table(
        "intervals",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("slot_start", TIME, nullable=False, autoincrement=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("slot_s", sa.Integer(), nullable=False),
        sa.Column("start_at", TIME, nullable=False),
        sa.Column("end_at", TIME, nullable=False),
        sa.Column("energy_j", sa.Double(), nullable=False),
        sa.Column("slack_j", sa.Double(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint(
            "segment_id", "device_id", "slot_start", "method", name="pk_intervals"
        ),
        sa.ForeignKeyConstraint(
            ["segment_id", "device_id"],
            ["devices.segment_id", "devices.device_id"],
            name="fk_intervals_segment_id_device_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )


def _overlaps() -> None:
    op.create_table(
        "overlaps",
        sa.Column("segment_id", ID, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("other_segment_id", ID, nullable=False),
        sa.Column("other_run_id", ID, nullable=False),
        sa.Column("start_at", TIME, nullable=False),
        sa.Column("end_at", TIME, nullable=False),
        sa.Column("energy_j", sa.Double(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("segment_id", "device_id", "other_segment_id", name="pk_overlaps"),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name="fk_overlaps_segment_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_overlaps_other_run_id", "overlaps", ["other_run_id"])


def _baselines() -> None:
    op.create_table(
        "baselines",
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False, autoincrement=False),
        sa.Column("power_w", sa.Double(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("host_id", "device_id", "at", name="pk_baselines"),
    )


def _of_run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["run_id"], ["runs.id"], name=f"fk_{table}_run_id", ondelete="CASCADE"
    )


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key", name="pk_tags"),
        _of_run("tags"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tags_key_value_run_id", "tags", ["key", "value", "run_id"])


def _figures() -> None:
    op.create_table(
        "figures",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("energy_j", sa.Double()),
        sa.Column("energy_low_j", sa.Double()),
        sa.Column("energy_high_j", sa.Double()),
        sa.Column("carbon_g", sa.Double()),
        sa.Column("carbon_low_g", sa.Double()),
        sa.Column("carbon_high_g", sa.Double()),
        sa.Column("low_g_per_kwh", sa.Double()),
        sa.Column("high_g_per_kwh", sa.Double()),
        sa.Column("shares", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_figures"),
        _of_run("figures"),
    )
    for name in ("energy_j", "carbon_g", "duration_s"):
        op.create_index(f"ix_figures_{name}", "figures", [name, "run_id"])
    op.create_table(
        "unbooked",
        sa.Column("run_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_unbooked"),
        _of_run("unbooked"),
        sqlite_with_rowid=False,
    )


def _totals() -> None:
    op.create_table(
        "totals",
        sa.Column("dimension", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("unread_runs", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("energy_j", sa.Double(), nullable=False),
        sa.Column("unpriced_j", sa.Double(), nullable=False),
        sa.Column("carbon_g", sa.Double(), nullable=False),
        sa.Column("carbon_at_low_g", sa.Double(), nullable=False),
        sa.Column("carbon_at_high_g", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("dimension", "value", name="pk_totals"),
    )
    op.create_table(
        "total_boards",
        sa.Column("dimension", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("accuracy_class", sa.Text(), nullable=False),
        sa.Column("board", sa.Text(), nullable=False),
        sa.Column("energy_j", sa.Double(), nullable=False),
        sa.Column("centre_j", sa.Double(), nullable=False),
        sa.Column("common_j", sa.Double(), nullable=False),
        sa.Column("own_j", sa.Double(), nullable=False),
        sa.Column("slack_j2", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dimension", "value", "accuracy_class", "board", name="pk_total_boards"
        ),
        sqlite_with_rowid=False,
    )


def _replicas() -> None:
    op.create_table(
        "replicas",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_replicas"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_replicas_run_id", ondelete="CASCADE"
        ),
    )


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("deleted_at", TIME, nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("pending", sa.Boolean()),
        sa.PrimaryKeyConstraint("run_id", name="pk_tombstones"),
    )


def _pending() -> None:
    if op.get_bind().dialect.name != "sqlite":  # only a local store waits for a server
        return
    waits = sa.text("pending IS NOT NULL")
    keys = {"runs": "id", "pricings": "id", "segments": "id", "tombstones": "run_id"}
    below = ("heartbeats", "devices", "intervals", "phases", "metrics", "events", "overlaps")
    for table, key in {**keys, **dict.fromkeys(below, "segment_id")}.items():
        op.create_index(f"ix_{table}_pending", table, [key], sqlite_where=waits)


def _grid_answers() -> None:
    op.create_table(
        "grid_answers",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("start_at", TIME, nullable=False, autoincrement=False),
        sa.Column("end_at", TIME, nullable=False),
        sa.Column("fetched_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("series", "zone", "start_at", name="pk_grid_answers"),
    )


def _grid_values() -> None:
    op.create_table(
        "grid_values",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("valid_from", TIME, nullable=False, autoincrement=False),
        sa.Column("valid_to", TIME, nullable=False),
        sa.Column("g_per_kwh", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("grid_zone", sa.Text(), nullable=False),
        sa.Column("signal", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("fetched_at", TIME),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.PrimaryKeyConstraint("series", "zone", "valid_from", name="pk_grid_values"),
    )
