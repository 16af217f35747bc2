"""What cases may write short, as the rows and lists it stands for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic_core import PydanticCustomError

from cbl_engine.tables.letting_columns import OUTCOMES

Row = dict[str, Any]
"""Column name -> value as the file has it."""

_CODES = {c.name: c.codes for c in OUTCOMES}
ACTS = _CODES["act"]
"""What may be proposed."""
_OF_ADVERTS = {"tie": "advert", "rung": "advert"}
WHAT = {
    **dict.fromkeys(_CODES["what"], "application"),
    "approved": "act",
    "declined": "act",
    "advert_withdrawn": "advert",
    "advert_corrected": "advert",
}
"""What may happen -> the column of what stands behind it, as in ``accepted: X``."""


def wrong(message: str) -> PydanticCustomError:
    """The words for what does not fit."""
    return PydanticCustomError("value", "{words}", {"words": message})


def a_day(value: Any) -> Any:
    """A date, or ``close``."""
    plain_date = isinstance(value, date) and not isinstance(value, datetime)
    if value is None or value == "close" or plain_date:
        return value
    raise wrong("must be a date, or close")


def some(value: Any) -> Any:
    """Anything but nothing."""
    if not value:
        raise wrong("must not be empty")
    return value


def versions(value: Any) -> Any:
    """One mapping, or a list of them: versions of one application."""
    given = value if isinstance(value, tuple) else (value,)
    if not given or not all(isinstance(row, dict) for row in given):
        raise wrong("must be the application's columns, or a list of its dated versions")
    return given


def rows(value: Any) -> Any:
    """A list of rows, or application -> its rows; one row may stand alone."""
    if isinstance(value, dict):
        listed = {name: row if isinstance(row, tuple) else (row,) for name, row in value.items()}
        each_row = [row for given in listed.values() for row in given]
    else:
        listed, each_row = value, value
    if not isinstance(each_row, (tuple, list)) or not all(isinstance(r, dict) for r in each_row):
        raise wrong("must be a list of rows, or give each application a list of its rows")
    return listed


def order(value: Any) -> Any:
    """``[X, [Y, Z]]``: applications in order, those that tie together."""
    if not isinstance(value, tuple):
        raise wrong("must be a list of applications, with those that tie in a list of their own")
    groups = tuple(item if isinstance(item, tuple) else (item,) for item in value)
    if not all(group and all(isinstance(name, str) for name in group) for group in groups):
        raise wrong("must name applications; put a number in quotes")
    return groups


def adverts(value: Any) -> Any:
    """``{P: {...}, Q: {...}}``: the columns of each advert, by its name."""
    named = isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())
    if value is None or named:
        return value
    raise wrong("must give each advert its columns; {} where there are none")


def bids(value: Any) -> Any:
    """Every way of writing bids, as rows; one without a moment is given one later.

    ``{X: moment}``, ``{P: [X, Y]}``, ``{P: {X: moment}}`` and a list of rows.
    """
    if value is None or (isinstance(value, tuple) and all(isinstance(v, dict) for v in value)):
        return value
    if not isinstance(value, dict):
        raise wrong("must give each application the moment of its bid, or be a list of bids")
    out: list[Row] = []
    for name, given in value.items():
        if isinstance(given, dict):
            out += [{"advert": name, "application": a, "placed_at": at} for a, at in given.items()]
        elif isinstance(given, tuple):
            out += [{"advert": name, "application": a} for a in given]
        else:
            out.append({"application": name, "placed_at": given})
    return tuple(out)


def preferences(value: Any) -> Any:
    """``{X: [P, Q]}``: adverts in the household's own order."""
    if isinstance(value, dict) and all(isinstance(v, tuple) for v in value.values()):
        listed = {
            name: tuple({"advert": a, "rank": n} if isinstance(a, str) else a
                        for n, a in enumerate(given, start=1))
            for name, given in value.items()
        }
        return rows(listed)
    return rows(value)


def checks(value: Any) -> Any:
    """``{X: {fraud: cleared}}``: what each check found of each application."""
    if isinstance(value, dict) and all(isinstance(v, dict) for v in value.values()):
        return {
            name: tuple(
                {"check": check, **(found if isinstance(found, dict) else {"outcome": found})}
                for check, found in given.items()
            )
            for name, given in value.items()
        }
    return rows(value)


def happened(value: Any) -> Any:
    """Rows in which ``accepted: X`` says what happened to whom, and ``approved: offer`` to what."""
    if not isinstance(value, tuple) or not all(isinstance(row, dict) for row in value):
        raise wrong("must be a list of what happened, such as {accepted: X, advert: P}")
    return tuple(_said(row, WHAT, "what") for row in value)


def proposed(value: Any) -> Any:
    """Rows in which ``consequence: X`` says what is proposed for whom."""
    if value is None:
        return None
    if not isinstance(value, tuple) or not all(isinstance(row, dict) for row in value):
        raise wrong("must be a list of what is proposed, such as {offer: X, advert: P}")
    words = dict.fromkeys(ACTS, "application") | _OF_ADVERTS
    return tuple(_said(row, words, "act") for row in value)


def _said(row: Row, words: dict[str, str], column: str) -> Row:
    """A row whose first word says what it is, with that in a column of its own."""
    word = next((key for key in row if key in words), None)
    if word is None or column in row:
        return row
    rest = {key: value for key, value in row.items() if key != word}
    return {column: word, words[word]: row[word], **rest}


def each(value: Any) -> Any:
    """``{P: word}`` and ``{P: [word, word]}``, all as the latter."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong("must be a mapping")
    return {k: v if isinstance(v, tuple) else () if v is None else (v,) for k, v in value.items()}


def each_of_each(value: Any) -> Any:
    """The same, a level deeper: ``{P: {X: word}}``."""
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise wrong("must give each name a mapping of its own")
    return {key: each(given) for key, given in value.items()}


def ends(value: Any) -> Any:
    """``{X: {name: first day it no longer holds}}``, days as text; null is for good."""
    if value is None:
        return None
    named = each_of_each(value)
    days = [day for given in named.values() for last in given.values() for day in last]
    if not all(isinstance(day, date) for day in days):
        raise wrong("must give each consequence the first day it no longer holds, or null")
    return {
        key: {name: tuple(map(str, last)) for name, last in given.items()}
        for key, given in named.items()
    }


def lists(value: Any) -> Any:
    """``{P: [X, Y]}``: the order on each advert."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong("must give each advert its list of applications")
    return {advert: order(given) for advert, given in value.items()}
