"""Priority dates of one small register, with the rule written as a scheme would."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from ruamel.yaml import YAML

from cbl_engine.assess import DatePolicy, PriorityDates, priority_dates
from cbl_engine.scheme.assessment import PriorityDate

AS_AT = date(2025, 6, 1)
_SPELLS = {
    "application": pl.String,
    "band": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "why": pl.String,
    "submitted_on": pl.Date,
    "priority_date": pl.Date,
    "from_application": pl.String,
}
_DAYS = ("since", "until", "submitted_on", "priority_date")


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def rule_of(text: str) -> PriorityDate:
    """A rule from the YAML of a scheme."""
    return PriorityDate.model_validate_json(json.dumps(YAML(typ="safe").load(text)))


def policy(text: str, bands: str = "A B C D", since: str = "2000-01-01") -> DatePolicy:
    return DatePolicy(date.fromisoformat(since), rule_of(text), tuple(bands.split()))


def spells_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of the history; days as text, application p unless it says another."""
    full = [
        {n: day(row.get(n)) if n in _DAYS else row.get(n) for n in _SPELLS}
        | {"application": row.get("application", "p")}
        for row in rows
    ]
    return pl.DataFrame(full, schema=_SPELLS)


def dated(
    policies: DatePolicy | list[DatePolicy],
    spells: pl.DataFrame,
    applications: dict[str, dict[str, str | None]],
    as_at: date = AS_AT,
    today: dict[str, Any] | None = None,
    outcomes: dict[str, list[int]] | None = None,
) -> PriorityDates:
    """The dates of applications given as id -> date column -> day.

    Where any band is found today, none is of an application that ``today`` has not.
    """
    columns = dict.fromkeys(n for row in applications.values() for n in row)
    frame = pl.DataFrame(
        [{"id": i} | {n: day(row.get(n)) for n in columns} for i, row in applications.items()],
        schema={"id": pl.String} | dict.fromkeys(columns, pl.Date),
    )
    found = None
    if today:
        rows = [
            {"band": None}
            | (today.get(i) or {})
            | {n: day((today.get(i) or {}).get(n)) for n in ("since", "better_until")}
            for i in applications
        ]
        found = pl.DataFrame(rows, schema={
            "band": pl.String, "since": pl.Date, "better_until": pl.Date,
        }, strict=False)
    codes = {n: np.array(values, np.int8) for n, values in (outcomes or {}).items()}
    versions = policies if isinstance(policies, list) else [policies]
    return priority_dates(frame, spells, versions, as_at, found, codes)


def only(result: PriorityDates, application: str = "p") -> tuple[str | None, str, str]:
    """Date, rule and event of one application, the date as text."""
    row = result.dates.row(by_predicate=pl.col("application") == application)
    return (None if row[1] is None else row[1].isoformat(), row[2], row[3])


def kinds(result: PriorityDates) -> list[str]:
    return result.contradictions["kind"].to_list()
