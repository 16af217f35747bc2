"""Households in one line: ``name sex+age relationship [with:name] [flags]``, between commas.

``M``, ``F`` or ``U`` (sex not known), then whole years, ``?`` (not known), ``1m`` (months) or
``-12w`` (expected in so many weeks). Flags: cannot_share, foster, part_time, away, carer. ``+n`` at
the end is n rooms agreed by an officer.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

AS_AT = date(2026, 6, 15)
SCHEMA = {
    "id": pl.String, "application": pl.String, "date_of_birth": pl.Date, "expected_on": pl.Date,
    "sex": pl.String, "relationship": pl.String, "partner_of": pl.String, "carer": pl.Boolean,
    "cannot_share": pl.Boolean, "temporarily_away": pl.Boolean, "part_time": pl.Boolean,
    "foster_child": pl.Boolean,
}
_SEXES = {"M": "male", "F": "female", "O": "other", "U": None}
_FLAGS = {"cannot_share": "cannot_share", "foster": "foster_child", "part_time": "part_time",
          "away": "temporarily_away", "carer": "carer"}


def rows_of(household: str, application: str = "A") -> list[dict[str, Any]]:
    """The rows of people of one household."""
    rows = []
    for said in household.split(", "):
        if said.startswith("+"):
            continue
        name, age, relationship, *words = said.split()
        row: dict[str, Any] = {
            "id": f"{application}-{name}", "application": application, "sex": _SEXES[age[0]],
            "relationship": relationship, "date_of_birth": None, "expected_on": None,
            "partner_of": None, **dict.fromkeys(_FLAGS.values(), False),
        }
        years = age[1:]
        if years.startswith("-"):
            row["expected_on"] = AS_AT + timedelta(weeks=int(years[1:-1]))
        elif years.endswith("m"):
            row["date_of_birth"] = AS_AT - timedelta(days=30 * int(years[:-1]))
        elif years != "?":
            row["date_of_birth"] = date(AS_AT.year - int(years), 3, 7)
        for word in words:
            if word.startswith("with:"):
                row["partner_of"] = f"{application}-{word.removeprefix('with:')}"
            else:
                row[_FLAGS[word]] = True
        rows.append(row)
    return rows


def people_of(*households: str) -> pl.DataFrame:
    """The people of households called A, B, ..."""
    rows = [row for at, text in enumerate(households) for row in rows_of(text, chr(65 + at))]
    return pl.DataFrame(rows, schema=SCHEMA)


def applications_of(*households: str) -> pl.DataFrame:
    """Their applications, with the rooms an officer agreed."""
    agreed = [sum(int(w[1:]) for w in text.split(", ") if w.startswith("+")) for text in households]
    return pl.DataFrame(
        {"id": [chr(65 + at) for at in range(len(households))], "extra_rooms": agreed})
