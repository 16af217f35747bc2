"""A random correction of a random case: as an officer writes it, and made by hand on the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.reference.strategies import (
    AREAS,
    AS_AT,
    Case,
    _application,
    _connection,
    _described,
    _flow,
    _person,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    Row = dict[str, Any]

NAMED_BY = {
    "applications": ("id", "valid_from"),
    "people": ("id",),
    "connections": ("application", "person", "area", "kind", "since", "until"),
    "bids": ("advert", "application", "placed_at"),
    "adverts": ("id",),
    "homes": ("id",),
    "areas": ("id",),
}
FIXED = ("id", "application", "advert", "valid_from", "valid_to", "closes_at", "opens_at",
         "placed_at", "person", "home_group", "lottery_seed")


@dataclass(frozen=True)
class Corrected:
    """The text of the correction, and the case with it made."""

    text: str
    case: Case


def rows_of(case: Case, table: str) -> list[Row]:
    return case.register[table] if table in case.register else getattr(case, table)


def random_correction(
    rng: random.Random, case: Case, read: Mapping[str, Sequence[str]]
) -> Corrected | None:
    """A correction of something the run read; None when the choice falls on nothing."""
    bidders = {b["application"] for b in case.bids}
    table = rng.choice([t for t in NAMED_BY if t in read])
    rows = rows_of(case, table)
    column = {"applications": "id"}.get(table, "application")
    mine = [r for r in rows if column not in r or r[column] in bidders] if table not in (
        "adverts", "homes", "areas") else rows
    if table == "homes":
        advertised = {a["home"] for a in case.adverts}
        mine = [r for r in mine if r["id"] in advertised]
    kind = rng.choice(["change", "change", "change", "remove", "add"])
    if kind == "add":
        return _added(rng, case, table, read[table], sorted(bidders))
    if not mine:
        return None
    row = rng.choice(mine)
    name = {n: row[n] for n in NAMED_BY[table] if n in row and n in read[table]
            and (row[n] is not None or n in ("since", "until", "person"))}
    if sum(all(r.get(n) == v for n, v in name.items()) for r in mine) != 1:
        return None
    if kind == "remove":
        if table not in ("people", "connections", "bids"):
            return None
        entry = f"  - {{table: {table}, remove: {_flow(name)}, reason: x}}\n"
        return Corrected(f"corrections:\n{entry}", case.with_rows(
            table, [r for r in rows if r is not row]))
    return _changed(rng, case, table, row, name, read[table])


def _value(rng: random.Random, case: Case, table: str, column: str, row: Row) -> Any:
    """Another value for a column, drawn as the cases are."""
    if table == "applications":
        return _application(rng, "x", sorted(case.schemes[0]["bands"])).get(column)
    if table == "people":
        return _person(rng, "x", 0).get(column)
    if table == "connections":
        return _connection(rng, "x", []).get(column)
    if table == "areas":
        return {"parent": None, "level": rng.choice(["ward", "parish", None])}.get(column)
    if column == "status":
        return rng.choice(["open", "closed", "draft", "withdrawn"])
    if column == "profile":
        return rng.choice([None, *case.schemes[0]["profiles"]])
    if column == "withdrawn_at":
        return None if row[column] else row["placed_at"] + timedelta(minutes=1)
    return _described(rng, 0.2).get(column)


def _changed(
    rng: random.Random, case: Case, table: str, row: Row, name: Row, read: Sequence[str]
) -> Corrected | None:
    columns = [c for c in read if c in row and c not in FIXED and c not in (
        "home", "local_lettings_plan", "urgent", "rural", "disabled", "confirmed", "labels",
        "heating")]
    if not columns:
        return None
    column = rng.choice(columns)
    value = _value(rng, case, table, column, row)
    if value == row[column] or (value is None and column in ("status", "area", "kind")
                                and table != "adverts" and table != "homes"):
        return None
    since: date | None = None
    if table == "applications" and rng.random() < 0.7:
        since = rng.choice(AS_AT)
        if not (row.get("valid_from") or date.min) < since < (row.get("valid_to") or date.max):
            since = None
    entry = {"table": table, "row": name, "column": column, "was": row[column],
             "should_be": value, "reason": "x"} | ({"from": since} if since else {})
    rows = rows_of(case, table)
    if since:
        new = [
            row | {"valid_from": row.get("valid_from"), "valid_to": since},
            row | {"valid_from": since, "valid_to": row.get("valid_to"), column: value},
        ]
    else:
        new = [row | {column: value}]
    kept = [r for r in rows if r is not row]
    return Corrected(f"corrections:\n  - {_flow(entry)}\n", case.with_rows(table, kept + new))


def _added(
    rng: random.Random, case: Case, table: str, read: Sequence[str], bidders: list[str]
) -> Corrected | None:
    if table not in ("people", "connections", "bids") or not bidders:
        return None
    own = rng.choice(bidders)
    if table == "people":
        row = _person(rng, own, 0) | {"id": "new"}
    elif table == "connections":
        row = _connection(rng, own, []) | {"area": rng.choice(AREAS)["id"]}
    else:
        advert = rng.choice(case.adverts)
        row = {"advert": advert["id"], "application": own,
               "placed_at": advert["closes_at"] - timedelta(minutes=rng.choice([7, 33])),
               "withdrawn_at": None, "placed_by": None}
    given = {n: v for n, v in row.items() if n in read}
    entry = f"  - {{table: {table}, add: {_flow(given)}, reason: x}}\n"
    return Corrected(f"corrections:\n{entry}", case.with_rows(table, [*rows_of(case, table), row]))
