# ruff: noqa: ARG002 - SQLAlchemy asks every type with the dialect
"""How values lie in a database: the same in SQLite and PostgreSQL, to the last digit."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Dialect, Double, LargeBinary, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from tracker.model.plain import plain

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970, exact: no float in between."""
    return (at - _EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """The way back from ``microseconds``."""
    return _EPOCH + timedelta(microseconds=us)


class Time(TypeDecorator[datetime]):
    """UTC as microseconds since 1970, in 64 bits.

    SQLite has no type for times, and PostgreSQL's follows the session's time zone. A
    number is the same in both, sorts, subtracts, and is grouped by month through
    ``strftime('%Y-%m', at / 1000000, 'unixepoch')`` or ``to_timestamp(at / 1e6)``.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else instant(value)


class Id(TypeDecorator[UUID]):
    """A UUID as 16 bytes: PostgreSQL's own type, a blob in SQLite."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL has a type for it."""
        chosen: TypeEngine[Any] = Uuid() if dialect.name == "postgresql" else LargeBinary(16)
        return dialect.type_descriptor(chosen)

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        """To the database."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: UUID | bytes | None, dialect: Dialect) -> UUID | None:
        """From the database."""
        return UUID(bytes=value) if isinstance(value, bytes) else value


class Line(TypeDecorator[str]):
    """Any text: what no database takes becomes ``�`` (zero bytes, lone surrogates)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else storable(value)


class Document(TypeDecorator[Any]):
    """A mapping or list as JSON: ``JSONB`` in PostgreSQL, text in SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL has a type that can be indexed."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - not for SQLite's users

        return dialect.type_descriptor(JSONB(none_as_null=True))


class Value(TypeDecorator[float]):
    """A float64 that may be NaN, which SQLite cannot hold: there it is ``NULL``."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """To the database."""
        return None if value is None or math.isnan(value) else value

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        """From the database."""
        return math.nan if value is None else value


def storable(text: str) -> str:
    """``text`` as every database takes it."""
    if text.isascii() and "\0" not in text:
        return text
    return "".join("�" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def to_json(value: object) -> str:
    """JSON of a column's value; numbers that are not finite become null."""
    return _encode(_storable_tree(value))


_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _storable_tree(value: object) -> object:
    """What a database takes, in one pass: a heartbeat's powers come here once a second."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _storable_tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable_tree(item) for item in value]
    if value is None or isinstance(value, int):
        return value
    return _storable_tree(plain(value))
