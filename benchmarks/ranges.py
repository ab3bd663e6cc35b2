"""How often the stated range holds the truth, by kind of run, and how wide it is.

Of each kind runs are simulated through the meter, and of each run several truths are drawn, with
gains as the arithmetic assumes them and otherwise: uniform, one bad board of eight, drift over an
hour. The width is over that of the narrowest interval that holds 95 of 100 truths.
"""

from __future__ import annotations

from _bench import line, options

from unit.energy.range_kinds import KINDS, TRUTHS, outcome


def main() -> None:
    short = options(__doc__).short
    for kind in KINDS:
        measured = max(kind.measured // 5, 2) if short else 10 * kind.measured
        found = outcome(kind, measured=measured)
        line(f"{kind.name}, truth outside", 100 * (1 - found.held_ratio), "%", most=5)
        line(f"{kind.name}, width over the least", found.width_ratio, "", most=1.5)
    print(f"{TRUTHS} truths of each kind, drawn over the measured runs")


if __name__ == "__main__":
    main()
