"""The page of lettings that a council publishes, or keeps for its officers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.disclosure import month
from cbl_engine.report.page import day, render
from cbl_engine.report.results_tables import ALL, BY, UNKNOWN
from cbl_engine.shortlist.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cbl_engine.report.results import Results

HIDDEN = "*"
_TITLES = {
    "band": "By band", "bedrooms": "By bedrooms of the home", "area": "By area",
    "property_type": "By type of home", "landlord": "By landlord",
    "needs_group": "By group of need that the home is for", "route": "By how it was let",
    "month": "By month of signing",
}
_OTHERS = {
    "offers": "Offers that led to no letting",
    "passed_over": "Why households were passed over",
    "not_let": "Adverts that were not let",
    "nominations": "Homes by which nominations agreed with landlords are short",
}
_HEADINGS = {
    "bids": "bids on each advert", "registered_mean": "mean", "registered_median": "median",
    "ranked_mean": "mean", "ranked_median": "median", "waiting": "households",
    "waiting_median": "median months so far", "nominated": "households named",
    "nominated_for_each": "for each letting",
}
_IN_LISTS = {
    "id": "offer", "property_type": "type", "ranks_from": "ranked from", "signed_on": "signed",
    "ranked_from": "ranked from", "registered_on": "registered", "route": "let by",
}
_GROUPS = (
    ("From joining the register to signing, months", ("registered_mean", "registered_median")),
    ("From the date that ranked, months", ("ranked_mean", "ranked_median")),
    ("Still on the register", ("waiting", "waiting_median")),
    ("Named to the landlord, and settled", ("nominated", "nominated_for_each")),
)
_FLAT = {
    "nominated": "households whose\nnomination was settled",
    "registered_mean": "months since\nregistering, mean", "registered_median": "median",
    "ranked_mean": "months since the\ndate that ranked, mean", "ranked_median": "median",
}
_LISTED_FOR_OFFICERS = (
    "id", "advert", "home", "application", "route", "signed_on", "band", "ranked_from",
    "registered_on", "bids", "position", "bedrooms", "property_type", "area", "landlord",
)


def results_page(results: Results) -> str:
    """The lettings of a time as one offline HTML page, for the audience they were made for."""
    tables = results.tables
    return render(
        "results.html",
        title="Homes let",
        audience=results.audience,
        scheme=results.title,
        period=_period(results),
        facts=_facts(results),
        tables=[_table(_TITLES[by], by, tables[by]) for by in BY if tables[by].height > 1],
        left_out=[_TITLES[by].removeprefix("By ") for by in BY if _left_out(tables[by])],
        others=[
            {"title": words, "rows": rows}
            for name, words in _OTHERS.items() if (rows := _rows_of(results, name))
        ],
        waiting_on=results.until,
        note=results.note if results.audience == "officer" else None,
        listed=_list(results),
        hidden=HIDDEN,
    )


def table_in_words(results: Results, name: str) -> tuple[str, list[str], list[list[str]]] | None:
    """A table as people read it: title, headings and rows; None when nothing of it can be shown."""
    frame = results.tables[name]
    if name in _OTHERS:
        rows = [[what, n] for what, n, _ in _rows_of(results, name)]
        counts = "homes" if name == "nominations" else frame.columns[1]
        return (_OTHERS[name], ["", counts], rows) if rows else None
    if frame.height == 1:
        return None
    table = _table(_TITLES[name], name, frame)
    heads = ["", "homes let", _HEADINGS["bids"]]
    flat = _FLAT | {"waiting": f"still waiting\non {results.until}"}
    heads += [flat.get(n, _HEADINGS[n]) for _, of in _GROUPS for n in of if n in frame.columns]
    rows = [[row["value"], row["lettings"], row["bids"], *row["cells"]] for row in table["rows"]]
    return _TITLES[name], heads, rows


def _left_out(table: pl.DataFrame) -> bool:
    """Whether no count of lettings but their total is told."""
    return not table["lettings"][:-1].drop_nulls().len()


def _period(results: Results) -> str:
    since, begins = results.since, results.begins
    begun = "" if begins is None else f"; the record begins on {day(begins)}"
    if since is None:
        return f"Up to {day(results.until)}{begun}"
    return f"{day(since)} to {day(results.until)}{begun if begins is not None and begins > since else ''}"


def _facts(results: Results) -> list[tuple[str, str]]:
    """The first things people ask, with what they are."""
    whole = results.tables["band"].row(-1, named=True)
    share = results.direct_share
    said = [
        (_count(whole["lettings"]), "homes let"),
        (_measure(whole["ranked_median"]), "months from the date that ranked, median"),
        (_measure(whole["bids"]), "bids on each advert, mean"),
        (HIDDEN if share is None else f"{share:.0%}", "let directly, without bids"),
        (_count(whole["waiting"]), f"households on the register, {day(results.until)}"),
    ]
    return [(value, words) for value, words in said if value != "–"]


def _table(title: str, by: str, frame: pl.DataFrame) -> dict[str, Any]:
    names = frame.columns[1:]
    groups = [(words, [n for n in of if n in names]) for words, of in _GROUPS]
    most = max((n for n in frame["lettings"][:-1] if n is not None), default=0) or 1
    return {
        "title": title,
        "groups": [(words, len(of)) for words, of in groups if of],
        "heads": [_HEADINGS[n] for words, of in groups for n in of],
        "rows": [
            {
                "value": _value(by, row[by]),
                "lettings": _count(row["lettings"]),
                "bar": 0 if row[by] == ALL else round(100 * (row["lettings"] or 0) / most),
                "bids": _measure(row["bids"], shown=row["lettings"] is not None),
                "cells": [_cell(n, row) for _, of in groups for n in of],
                "whole": row[by] == ALL,
            }
            for row in frame.iter_rows(named=True)
        ],
    }


def _cell(name: str, row: dict[str, Any]) -> str:
    if name in ("waiting", "nominated"):
        return _count(row[name])
    count = "waiting" if name == "waiting_median" else "lettings"
    if name == "nominated_for_each":
        count = "nominated"
    return _measure(row[name], shown=row[count] is not None)


def _value(by: str, value: str) -> str:
    if value == ALL:
        return "all"
    if by == "bedrooms" and value != UNKNOWN:
        return "bedsit" if value == "0" else value
    return month(_first_of(value)) if by == "month" else value


def _first_of(text: str) -> date:
    from datetime import date

    return date.fromisoformat(f"{text}-01")


def _count(value: int | None) -> str:
    return HIDDEN if value is None else f"{value:,}"


def _measure(value: float | None, *, shown: bool = True) -> str:
    if value is None:
        return "–" if shown else HIDDEN
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _rows_of(results: Results, name: str) -> list[tuple[str, str, bool]]:
    """What, how many, and whether it is the whole: rows of a table that counts no lettings."""
    frame = results.tables.get(name)
    if frame is None:
        return []
    if name == "nominations":
        return [
            ((f"{row['landlord']}: agreed {row['agreed']:.4g} of homes let, {row['to_nominees']:,} of "
             f"{row['homes_let']:,} to households named"), _count(row["short"]), False)
            for row in frame.iter_rows(named=True)
        ]
    return [_count_row(row) for row in frame.iter_rows()] if frame.height > 1 else []


def _count_row(row: tuple[str, int | None]) -> tuple[str, str, bool]:
    return row[0], _count(row[1]), row[0] == ALL


def _list(results: Results) -> dict[str, Any]:
    frame = results.lettings
    public = results.audience == "public"
    if not public:
        frame = frame.select(_LISTED_FOR_OFFICERS)
    names = frame.columns
    return {
        "heads": [_IN_LISTS.get(n, n.replace("_", " ")).capitalize() for n in names],
        "days": [frame.schema[n] == pl.Date for n in names],
        "rows": list(_rows(frame, public=public)),
    }


def _rows(frame: pl.DataFrame, *, public: bool) -> Iterator[list[str]]:
    for row in frame.iter_rows(named=True):
        yield [_listed(name, value, public=public) for name, value in row.items()]


def _listed(name: str, value: Any, *, public: bool) -> str:
    if value is None:
        return HIDDEN if public else "–"
    if public and name in ("month", "ranks_from") and len(value) == 7:
        return month(_first_of(value))
    if name == "bedrooms" and str(value) == "0":
        return "bedsit"
    return say(value)
