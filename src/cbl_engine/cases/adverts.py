"""The adverts of a case, their homes and the bids for them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from cbl_engine.cases.rows import Table, suggest
from cbl_engine.tables.values import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.cases.checker import Checker, Place

Row = dict[str, Any]
ADVERT = "advert"
"""The name of the advert where a case has only one."""


def names_of(check: Checker) -> list[str]:
    """The names of the case's adverts."""
    return [ADVERT] if check.case.adverts is None else list(check.case.adverts)


def closing_moments(check: Checker, as_at: date | str) -> dict[str, datetime]:
    """When each advert closes: as it says, or on the day of the case, at 23:59.

    An advert for which nothing can be said is left out, and reported.
    """
    out = {}
    for name, own in _written(check).items():
        place, given = (_place(name, check, "closes_at"), own.get("closes_at"))
        if given is None and "closes_at" not in own:
            if isinstance(as_at, date):
                out[name] = moment(datetime.combine(as_at, time(23, 59)))[0]
            else:
                message = "as_at is close, so advert needs closes_at"
                check.problem("closes_at_missing", message, place[:-1])
            continue
        out[name], wrong = moment(given)
        if wrong:
            check.problem("case_value", f"advert.closes_at {wrong}", place)
    return {name: at for name, at in out.items() if at is not None}


def _written(check: Checker) -> dict[str, Row]:
    """What is written of each advert, with what all of them have in common."""
    common = check.file.advert | check.case.advert
    return {name: common | (check.case.adverts or {}).get(name, {}) for name in names_of(check)}


def _place(name: str, check: Checker, column: str) -> Place:
    """Where a column of an advert is written, or would be."""
    own = (check.case.adverts or {}).get(name, {})
    return ("adverts", name, column) if column in own else ("advert", column)


def advert_rows(
    check: Checker, tables: Mapping[str, Table], closes_at: Mapping[str, datetime], status: str
) -> tuple[list[Row], list[Row]]:
    """The rows of adverts, and of homes.

    An advert that names no home lets one of its own, called as it is. Columns of homes alone, which
    the scheme declares, may be written with the advert: they are those of its homes.
    """
    adverts, homes = tables["adverts"], tables["homes"]
    both = Table("an advert or its home", {**homes.columns, **adverts.columns})
    common = check.shared("advert", both)
    of_home = homes.columns.keys() - adverts.columns.keys()
    out, made, shared = [], [], {}
    for name in names_of(check):
        own = (check.case.adverts or {}).get(name, {})
        row = common | check.row(own, (*check.place, "adverts", name), both)
        row |= {"id": name, "closes_at": closes_at.get(name), "status": row.get("status", status)}
        theirs = {column: row.pop(column, None) for column in of_home}
        for column in ("home", "home_group"):
            if row.get(column) is not None:
                shared[column, row[column]] = theirs
        if row.get("home") is None and row.get("home_group") is None:
            row["home"] = name
            made.append(theirs | {"id": name})
        out.append(row)
    rest = {column: common.get(column) for column in of_home}
    given = [
        shared.get(("home", home.get("id")), shared.get(("home_group", home.get("home_group")), rest))
        | home
        for home in check.rows("homes", check.case.homes, homes)
    ]
    return out, given + made


def bid_rows(check: Checker, table: Table, closes_at: Mapping[str, datetime]) -> list[Row]:
    """The bids; without any in the case, every application bids for every advert.

    Those without a moment are placed a minute apart, from nine o'clock on the day before the first
    advert closes.
    """
    adverts = names_of(check)
    if check.case.bids is None:
        rows: list[Row] = [
            {"advert": name, "application": application}
            for name in adverts
            for application in check.case.applications
        ]
    else:
        rows = [_bid(check, index, bid, table, adverts) for index, bid in enumerate(check.case.bids)]
    first = min(closes_at.values(), default=None)
    if first is not None:
        minute = first.replace(hour=9, minute=0, second=0) - timedelta(days=1)
        for number, row in enumerate(rows):
            row.setdefault("placed_at", minute + timedelta(minutes=number))
    return rows


def _bid(check: Checker, index: int, bid: Row, table: Table, adverts: list[str]) -> Row:
    advert, application = bid.get("advert", ADVERT), bid.get("application")
    nth = sum(other.get("advert", ADVERT) == advert for other in (check.case.bids or ())[:index])
    places: list[Place] = [
        ("bids", index), ("bids", advert, application), ("bids", advert, nth), ("bids", advert),
        ("bids", application),
    ]
    place = next((p for p in places if (*check.place, *p) in check.document.positions), places[0])
    row = {"advert": advert} | check.row(bid, (*check.place, *place), table)
    listed = (*check.place, "bids", advert) in check.document.positions
    by_advert: Place = ("bids", advert) if listed else place
    for kind, name, known, at in (
        ("application", application, list(check.case.applications), place),
        ("advert", advert, adverts, by_advert),
    ):
        if name not in known:
            message = f"there is no {kind} {name} in this case"
            check.problem(f"unknown_{kind}", message, at, suggest(str(name), known), key=True)
            break
    return row
