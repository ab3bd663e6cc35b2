"""How Alembic reaches a store: always through a connection that the caller opened.

The caller owns the transaction, so that a migration is there entirely or not at all; on
SQLite too, whose data definition is transactional once ``BEGIN`` is written by hand.
"""

from __future__ import annotations

from alembic import context

from tracker.store import schema


def _belongs(item: object, *_: object) -> bool:
    """Alembic would miss what is made on another kind of database alone."""
    return schema.belongs(item, context.get_bind().dialect.name)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table by making it anew
    compare_type=True,
    include_object=_belongs,
)
with context.begin_transaction():
    context.run_migrations()
