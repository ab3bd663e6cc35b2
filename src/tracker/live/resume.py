"""Which run a process goes on with: the one that was asked for, or the job's before its restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from tracker.assembly import Assembly
from tracker.errors import RunNotFound, SettingsError, StoreError
from tracker.model.run import RunStatus
from tracker.settings import Settings

NEVER: Final = "never"
"""As the setting ``resume``: begin anew, also after a restart."""

RESTART_COUNTS: Final = ("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT")
"""How often the launcher began this job again (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES";
PyTorch, "torchrun", "Environment Variables")."""

_RECENT: Final = 50
"""So many runs of that name are looked at."""


def resumed_id(assembly: Assembly, settings: Settings, name: str) -> UUID | None:
    """The run to go on with; ``None`` for a new one.

    An id is taken as it is. Anything else is looked up in the store, and so is, after a
    restart by the launcher, the run that this job had under this name and did not finish.

    Raises:
        SettingsError: the run that was asked for cannot be found.
    """
    if settings.resume == NEVER:
        return None
    if settings.resume is not None:
        return _asked_for(assembly, settings, settings.resume)
    if _restarts(assembly.host.environ) and settings.provenance:
        return _of_this_job(assembly, settings, name)
    return None


def _asked_for(assembly: Assembly, settings: Settings, run: str) -> UUID:
    try:
        return UUID(run)
    except ValueError:
        pass
    from tracker.history import History  # noqa: PLC0415 - imports SQLAlchemy

    try:
        return History(assembly.first_store(settings.store)).run(run).run_id
    except (RunNotFound, StoreError) as error:
        shown = f"resume = {run!r} ({settings.origins['resume']})"
        raise SettingsError(f"{shown}: {error}") from error


def _restarts(environ: Mapping[str, str]) -> int:
    counts = [environ.get(variable, "") for variable in RESTART_COUNTS]
    return max((int(count) for count in counts if count.isdecimal()), default=0)


def _of_this_job(assembly: Assembly, settings: Settings, name: str) -> UUID | None:
    from tracker.history import History  # noqa: PLC0415 - imports SQLAlchemy
    from tracker.live.provenance import job  # noqa: PLC0415 - imports platform

    mine = job(assembly.host.environ)
    if mine is None:
        return None
    history = History(assembly.first_store(settings.store))
    try:
        recent = history.runs(project=settings.project or None, limit=_RECENT)
        ours = (
            one.run_id
            for one in recent
            if one.name == name
            and one.status is not RunStatus.FINISHED
            and history.run(one.run_id).provenance.get("job") == mine
        )
        return next(ours, None)
    except StoreError:  # none yet, or it cannot be read: a run of its own, then
        return None
