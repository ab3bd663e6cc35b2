"""`tracker project`: what a lower error would take, by published results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import _options
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.research.convert import Constants
    from tracker.research.project import Projection

_MODELS = ("polynomial", "exponential")


@example(
    """
    tracker project --example > results.csv
    tracker project results.csv --target 0.05 --target 0.01
    tracker project results.csv --target 0.05 --fill-from-network -o projection.svg
    tracker project --article
    """
)
@click.command
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, metavar="ERROR", help="0.05 or 5%; repeatable.")
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Choice(_MODELS),
    help="Which to fit; both by default.",
)
@click.option("--until", type=int, metavar="YEAR", help="Only results of that year or before.")
@click.option("--frontier", is_flag=True, help="Fit the best tenth (quantile regression).")
@click.option(
    "--fill-from-network",
    is_flag=True,
    help="Rows without compute_flop get it from network_flop.",
)
@click.option(
    "--error-in",
    "unit",
    type=click.Choice(("fraction", "percent")),
    help="What the column error, or score, is in.",
)
@click.option("--flop-per-usd", type=float, metavar="FLOP", help="6.874e16 by default.")
@click.option("--flop-per-lb", type=float, metavar="FLOP", help="3.4976e17 by default.")
@click.option("--lb-per-kwh", type=float, metavar="LB", help="0.954 by default.")
@click.option("--force", is_flag=True, help="Project although the fit is not to be trusted.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="A plot: .svg or .png."
)
@click.option("--article", is_flag=True, help="The article's 1 % error, from the published fit.")
@click.option("--example", is_flag=True, help="Print a made-up table to begin with.")
@_options.as_json
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Fit published results and project what a lower error would take.

    FILE is a CSV with the columns name, year, error (or score, in percent) and compute_flop,
    and optionally network_flop (docs/project.md).
    """
    ways = [name for name in ("file", "article", "example") if given[name]]
    if len(ways) != 1:
        raise click.UsageError("say one of: a FILE, --article, --example", context)
    if given["example"]:
        from tracker.data import tables  # noqa: PLC0415 - not for --help

        click.echo(tables.text("example_results.csv"), nl=False)
    elif given["article"]:
        _show_article(given)
    else:
        _show_projection(context, given)


def _show_article(given: dict[str, Any]) -> None:
    from tracker.research import article  # noqa: PLC0415 - not for --help

    constants = _constants(given)
    if given["as_json"]:
        _options.print_json(article.to_dict(constants))
        return
    from tracker.cli._project_view import article_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, article_view(constants, console.width))


def _show_projection(context: click.Context, given: dict[str, Any]) -> None:
    if given["output"] is not None and given["output"].suffix.lower() not in {".svg", ".png"}:
        raise click.UsageError(f"-o {given['output']}: a plot is .svg or .png", context)
    projection = _projection([_fraction(text, context) for text in given["targets"]], given)
    if given["output"] is not None:
        from tracker.research.plot import save  # noqa: PLC0415 - matplotlib, for a plot alone

        save(projection, given["output"])
        click.echo(f"plotted: {given['output']}", err=True)
    for warning in projection.warnings:
        click.echo(f"tracker: warning: {warning}", err=True)
    if given["as_json"]:
        _options.print_json(projection.to_dict())
        return
    from tracker.cli._project_view import project_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, project_view(projection, console.width))


def _projection(targets: list[float], given: dict[str, Any]) -> Projection:
    from tracker.research import points  # noqa: PLC0415 - not for --help
    from tracker.research.project import project  # noqa: PLC0415 - the same

    found = points.read(
        given["file"],
        until=given["until"],
        fill_from_network=given["fill_from_network"],
        unit=given["unit"],
    )
    return project(
        found,
        targets,
        models=given["models"] or _MODELS,
        frontier=given["frontier"],
        constants=_constants(given),
        force=given["force"],
    )


def _constants(given: dict[str, Any]) -> Constants:
    from tracker.research.convert import Constants  # noqa: PLC0415 - not for --help

    names = ("flop_per_usd", "flop_per_lb", "lb_per_kwh")
    return Constants(**{name: given[name] for name in names if given[name] is not None})


def _fraction(text: str, context: click.Context) -> float:
    """``0.05`` or ``5%`` as a fraction."""
    plain = text.replace(" ", "")
    try:
        number = float(plain.removesuffix("%"))
    except ValueError:
        raise click.UsageError(
            f"--target {text!r} is no number; write 0.05 or 5%", context
        ) from None
    return number / 100 if plain.endswith("%") else number
