"""What `tracker db status` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.model.plain import plain

if TYPE_CHECKING:
    from tracker.store.condition import Condition


def to_dict(found: Condition) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "url": found.url,
        "state": found.state.value,
        "revision": found.revision,
        "needed": found.needed,
        "rows": found.rows,
        "size_bytes": found.size_bytes,
        "waiting": plain(found.waiting),
    }


def lines(found: Condition) -> list[str]:
    """The same for people."""
    said = [f"store     {found.url}", f"schema    {found.state.value}{_revisions(found)}"]
    if found.size_bytes:
        said.append(f"size      {found.size_bytes / 1e6:.1f} MB")
    said += [f"{table:<9} {count:,}" for table, count in found.rows.items()]
    for one in found.waiting:
        said.append(f"waiting   {one.runs} runs, {one.rows} rows for {one.target}")
    return said


def _revisions(found: Condition) -> str:
    if found.revision in {None, found.needed}:
        return ""
    return f" (it has {found.revision}, this program {found.needed})"
