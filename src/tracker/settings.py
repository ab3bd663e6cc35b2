"""Where arguments, environment and files meet, once.

Order: argument or option; ``TRACKER_<ARGUMENT>``; ``tracker.toml``, then ``[tool.tracker]``
of ``pyproject.toml``, in the nearest folder upwards that has one; the user's own
``tracker.toml``; what is built in. Every value remembers where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.setting_values import checked

if TYPE_CHECKING:
    from tracker.grid_settings import GridOptions

FILE_NAME = "tracker.toml"
OTHER_VARIABLES = (
    "TRACKER_AUTO",
    "TRACKER_DISABLED",
    "TRACKER_PARENT",
    "TRACKER_SYSFS",
    "TRACKER_PROCFS",
)
"""Variables that are no settings of a run."""

GRID = "grid"
"""The table of the grid providers' addresses and keys in a settings file."""


class TrackOptions(TypedDict, total=False):
    """What ``track``, ``tracked``, the callbacks and ``tracker run`` take; all optional.

    Attributes:
        project: groups runs in the history.
        tags: short facts to filter by.
        params: the run's parameters; any JSON value.
        location: where the electricity is used: ``FR``, ``US-CAMX``, ``aws:eu-west-3``,
            ``57 g/kWh`` (``docs/location.md``).
        pue: facility energy over IT energy, at least 1.
        pricing: the grid provider by name.
        market_g_per_kwh: your contract's intensity, for a market-based pricing beside the
            grid's.
        tariff: what electricity costs: ``0.25 EUR/kWh, 22:00-06:00 0.15``
            (``docs/pricing.md``).
        water: litres a kilowatt-hour: ``0.3 L/kWh`` on site, ``grid 1.8 L/kWh``.
        store: a URL as SQLAlchemy writes it: ``sqlite:///runs.db``.
        interval_s: seconds between two readings, at least 0.1.
        devices: what to count, as kinds or patterns of ids: ``["gpu", "cpu:package-0"]``.
        online: whether the network may be asked for the grid's own figures.
        show: ``"line"`` writes a live line to a terminal's stderr.
        provenance: whether user, command line, git commit and versions are kept.
        log_to: experiment loggers that the figures go to as well: ``"mlflow"``, ``"wandb"``,
            ``"tensorboard:FOLDER"``, a writer or run of theirs, several of these, or
            ``"auto"`` for whichever has a run under way (``docs/loggers.md``).
        attribution: ``"machine"`` counts whole devices, ``"process"`` this process tree's
            share of them, an estimate (``docs/shared-machines.md``).
        resume: a run to go on with, by its id, ``last`` or a unique name; after a restart by
            the launcher that is the job's own run, unless ``"never"`` (``docs/cluster.md``).
        remainder_ratio: energy of fans, boards and power supply over that of the devices
            read, 0.2 for example; shown by itself and never added.
    """

    project: str | None
    tags: Mapping[str, str] | None
    params: Mapping[str, Any] | None
    location: str | None
    pue: float | None
    pricing: str | None
    market_g_per_kwh: float | None
    tariff: str | None
    water: str | None
    store: str | None
    interval_s: float | None
    devices: Sequence[str] | None
    online: bool | None
    show: Literal["line", "nothing"] | None
    provenance: bool | None
    log_to: object | Sequence[object] | None
    attribution: Literal["machine", "process"] | None
    remainder_ratio: float | None
    resume: str | None


BUILT_IN: Mapping[str, Any] = {
    "project": "",
    "tags": {},
    "params": {},
    "location": None,
    "pue": None,
    "pricing": None,
    "market_g_per_kwh": None,
    "tariff": None,
    "water": None,
    "store": None,
    "interval_s": 1.0,
    "devices": None,
    "online": False,
    "show": "nothing",
    "provenance": True,
    "log_to": (),
    "attribution": "machine",
    "remainder_ratio": None,
    "resume": None,
}


class Setting(Struct, frozen=True):
    """A value and where it came from: ``argument``, a variable, a file's path, ``built in``."""

    value: Any
    origin: str


class Settings(Struct, frozen=True):
    """Every setting, resolved; the fields are those of ``TrackOptions``.

    Attributes:
        grid: address and key of the grid providers of which one is set.
    """

    project: str
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    location: str | None
    pue: float | None
    pricing: str | None
    market_g_per_kwh: float | None
    tariff: str | None
    water: str | None
    store: str | None
    interval_s: float
    devices: tuple[str, ...] | None
    online: bool
    show: str
    provenance: bool
    log_to: tuple[object, ...]
    attribution: str
    remainder_ratio: float | None
    resume: str | None
    origins: Mapping[str, str]
    grid: Mapping[str, GridOptions]


def resolve(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: Path,
    user_folder: Path | None = None,
) -> Settings:
    """Every setting, from the first place that gives it.

    Args:
        options: arguments; ``None`` means not given.
        environ: the environment variables.
        folder: where the search for a settings file begins, upwards.
        user_folder: the user's own settings folder; platformdirs' by default.

    Raises:
        SettingsError: an unknown name, or a value that cannot be meant.
    """
    _refuse_unknown(options, "argument")
    project, user = _from_project(folder), _from_user(user_folder, environ)
    layers = [
        {key: Setting(value, "argument") for key, value in options.items() if value is not None},
        _from_environment(environ),
        project,
        user,
        {key: Setting(value, "built in") for key, value in BUILT_IN.items()},
    ]
    chosen = {key: next(layer[key] for layer in layers if key in layer) for key in BUILT_IN}
    values = {key: checked(key, setting.value, setting.origin) for key, setting in chosen.items()}
    origins = {key: setting.origin for key, setting in chosen.items()}
    return Settings(**values, origins=origins, grid=_grid(environ, project, user))


def _grid(
    environ: Mapping[str, str], project: Mapping[str, Setting], user: Mapping[str, Setting]
) -> Mapping[str, GridOptions]:
    named = any(name.startswith("TRACKER_GRID_") for name in environ)
    if not (named or GRID in project or GRID in user):
        return {}
    from tracker import grid_settings  # noqa: PLC0415 - looks for plugins, rarely needed

    nothing = Setting(None, "")
    tables = [layer.get(GRID, nothing) for layer in (project, user)]
    return grid_settings.resolve(environ, *((table.value, table.origin) for table in tables))


def _refuse_unknown(names: Mapping[str, Any], where: str) -> None:
    for name in names:
        if name not in BUILT_IN:
            import difflib  # noqa: PLC0415 - only for a mistake

            near = difflib.get_close_matches(name, BUILT_IN, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(BUILT_IN)}"
            raise SettingsError(f"unknown setting {name!r} ({where}); {hint}")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    _refuse_near_misses(environ)
    found = {}
    for key in BUILT_IN:
        name = f"TRACKER_{key.upper()}"
        if environ.get(name):
            found[key] = Setting(_from_text(key, environ[name], name), name)
    return found


def _refuse_near_misses(environ: Mapping[str, str]) -> None:
    """A variable that is nearly one of ours was meant to be it; others may be anybody's."""
    ours = [f"TRACKER_{key.upper()}" for key in BUILT_IN]
    known = {*ours, *OTHER_VARIABLES}
    strange = [name for name in environ if name.startswith("TRACKER_") and name not in known]
    for name in strange:
        import difflib  # noqa: PLC0415 - hardly ever are there any

        if near := difflib.get_close_matches(name, ours, n=1, cutoff=0.88):
            raise SettingsError(f"unknown variable {name}; did you mean {near[0]}?")


def _from_text(key: str, text: str, name: str) -> Any:  # noqa: ANN401 - any setting's type
    if key in {"tags", "params"}:
        return dict(pair_of(part, name) for part in text.split(","))
    if key in {"devices", "log_to"}:
        return [part.strip() for part in text.split(",")]
    return text


def pair_of(text: str, where: str) -> tuple[str, str]:
    """``key=value`` taken apart.

    Raises:
        SettingsError: there is no ``=`` in it, or nothing before it.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(f"{where}: {text!r} is no KEY=VALUE")
    return key.strip(), value.strip()


def _from_project(folder: Path) -> dict[str, Setting]:
    for parent in (folder, *folder.parents):
        own, shared = parent / FILE_NAME, parent / "pyproject.toml"
        if own.is_file():
            return _from_table(_toml(own), own)
        if shared.is_file():
            table = _toml(shared).get("tool", {}).get("tracker")
            if table is not None:
                return _from_table(table, shared, "tool.tracker.")
    return {}


def _from_user(folder: Path | None, environ: Mapping[str, str]) -> dict[str, Setting]:
    if folder is None:
        from platformdirs import user_config_path  # noqa: PLC0415 - not for `import tracker`

        home = environ.get("XDG_CONFIG_HOME")
        folder = Path(home) / "emissions-tracker" if home else user_config_path("emissions-tracker")
    path = folder / FILE_NAME
    return _from_table(_toml(path), path) if path.is_file() else {}


def _toml(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - many runs have no settings file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error


def _from_table(table: Any, path: Path, prefix: str = "") -> dict[str, Setting]:  # noqa: ANN401 - TOML
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {prefix.rstrip('.')} must be a table")
    for key in table:
        if key != GRID:
            _refuse_unknown({key: None}, f"{path}, key {prefix}{key}")
    return {key: Setting(value, str(path)) for key, value in table.items()}
