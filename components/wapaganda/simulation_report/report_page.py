"""report.html: one self-contained page with every figure and number of a simulation."""

from wapaganda.simulation_report.report_html import Html, join, tag
from wapaganda.simulation_report.report_sections import (
    areas,
    calibration,
    copies,
    curves,
    savings,
    settings,
    types,
    worst,
)
from wapaganda.simulation_report.report_style import STYLE
from wapaganda.simulation_report.report_top import facts_of, headlines, tiles, warnings
from wapaganda.simulation_report.summary import Summary

# The browser is told to fetch nothing, whatever the texts in the page say.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def report_html(summary: Summary) -> str:
    """The page as text: it needs no network and no script, and every string from outside is escaped."""
    title = f"Which texts to label first: {summary.corpus.get('name') or 'a simulation'}"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Html(STYLE)),
    ]
    body = tag("main", [tag("h1", title), *_body(summary)])
    return f"<!doctype html>\n{tag('html', [tag('head', head), tag('body', body)], lang='en')}\n"


def _body(summary: Summary) -> list[str]:
    top = [
        tag("p", join(facts_of(summary), " · "), class_="facts"),
        warnings("This simulation is not finished", summary.missing),
        warnings("Read this first", summary.remarks),
    ]
    if not any(arm.rounds for arm in summary.strategies):
        return [*top, tag("p", "No round is finished yet."), settings(summary)]
    return [
        *top,
        tiles(summary),
        headlines(summary),
        curves(summary),
        areas(summary),
        savings(summary),
        worst(summary),
        types(summary),
        calibration(summary),
        copies(summary),
        settings(summary),
        tag("footer", "Written by selfish simulate. docs/choosing-a-strategy.md says how to read it; "
            "summary.json and curves.csv beside this file hold the same numbers."),
    ]  # fmt: skip
