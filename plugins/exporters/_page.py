"""The head of the HTML page and its style, light and dark, on a screen and on paper."""

from __future__ import annotations

from typing import Final

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6675; --line: #dfe3e8;
  --paper: #ffffff; --card: #f5f7f9; --blue: #2b6cb0; --face: #cfe0f2; --red: #b3392f;
  --amber: #b7791f; --grey: #97a3b2; --green: #2f7d5b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #a2abb8; --line: #333b46;
  --paper: #14181e; --card: #1d232b; --blue: #6ea8e0; --face: #24405e; --red: #e0766c;
  --amber: #dba94e; --grey: #6d7886; --green: #63b68f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 40px 0 12px; font-size: 1.15rem; }
.subtitle { margin: 6px 0 0; color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 12px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 14px 16px; }
.card .name { color: var(--soft); font-size: .85rem; }
.card .figure { font-size: 1.7rem; font-weight: 600; line-height: 1.3; }
.card .range { font-variant-numeric: tabular-nums; }
.card .what { color: var(--soft); font-size: .85rem; margin-top: 6px; }
figure { margin: 0 0 20px; }
figcaption { color: var(--soft); font-size: .85rem; margin-bottom: 6px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 12px; }
svg .tick, svg .value { fill: var(--soft); }
.bar { fill: var(--blue); } .bar.within, .bar.all { fill: var(--grey); }
.bar.failed { fill: var(--red); } .bar.interrupted, .bar.abandoned { fill: var(--amber); }
.bar.running, .bar.final { fill: var(--green); }
.whisker { stroke: var(--ink); stroke-width: 1.2; fill: none; opacity: .7; }
.grid { stroke: var(--line); fill: none; }
.area { fill: var(--face); } .line { stroke: var(--blue); stroke-width: 1.6; fill: none; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
.right + :not(.right) { padding-left: 8px; }
.right { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 18px; margin: 12px 0 0;
  font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--soft); font-size: .85rem; }
@media (max-width: 560px) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; } }
@media print { main { max-width: none; padding: 0; } section { break-inside: avoid-page; } }
"""


def head(title: str) -> str:
    """Everything up to the page's content; ``title`` is escaped already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
