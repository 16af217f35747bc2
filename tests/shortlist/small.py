"""Small registers written by hand: a scheme's text, rows as dictionaries, a shortlist."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.scheme import scheme_from_text
from cbl_engine.shortlist import Shortlist, prepare, shortlist
from tests.reference.frames import frame_of

if TYPE_CHECKING:
    from cbl_engine.scheme import Scheme

CLOSES = datetime.fromisoformat("2024-05-31T12:00:00+01:00")
HEAD = """
scheme: small
title: Small
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}}
columns:
  applications:
    in_debt: {type: bool, label: in debt}
    owes: {type: int, label: owes}
    local: {type: bool, label: local}
    limit: {type: int, label: limit}
    arrears: {type: number, unit: GBP, label: arrears}
  adverts:
    cap: {type: int, label: cap}
"""
COLUMNS = {
    "applications": {
        "in_debt": {"type": "bool"}, "owes": {"type": "int"}, "local": {"type": "bool"},
        "limit": {"type": "int"}, "arrears": {"type": "number"},
    },
    "adverts": {"cap": {"type": "int"}},
}


def scheme_of(text: str) -> Scheme:
    """The head and this text."""
    return scheme_from_text(HEAD + text)


def order(*keys: str, eligible: str = "") -> str:
    """A profile with these keys."""
    return f"profiles: {{only: {{label: x, eligible: [{eligible}], order: [" + ", ".join(
        f"{{{k}}}" for k in keys
    ) + "]}}\n"


def bid(application: Any, minutes: float = 60, advert: Any = "ad", **more: Any) -> dict[str, Any]:
    """A bid placed so many minutes before the advert closed."""
    placed_at = CLOSES - timedelta(minutes=minutes)
    return {"advert": advert, "application": application, "placed_at": placed_at, **more}


def frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame; ids that are whole numbers stay so."""
    ids = ("id", "application", "advert", "home")
    whole = [n for n in ids if rows and isinstance(rows[0].get(n), int)]
    texts = [row | {n: str(row[n]) for n in whole} for row in rows]
    made = frame_of(table, texts, COLUMNS.get(table))
    return made.with_columns(pl.col(whole).cast(pl.Int64))


def adverts_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Adverts that are closed, of two bedrooms, unless the row says otherwise."""
    own = {"id": "ad", "status": "closed", "closes_at": CLOSES, "bedrooms": 2}
    return frame("adverts", [own | row for row in rows or ({},)])


def applications_of(applications: dict[Any, dict[str, Any]]) -> pl.DataFrame:
    """Applications by id, active unless the row says otherwise."""
    rows = [{"id": i, "status": "active", **own} for i, own in applications.items()]
    return frame("applications", rows)


def ranked(
    text: str,
    applications: dict[Any, dict[str, Any]],
    bids: list[dict[str, Any]] | None = None,
    adverts: pl.DataFrame | None = None,
    homes: list[dict[str, Any]] | None = None,
    *,
    as_at: Any = "close",
    seed: int = 1,
    **register: list[dict[str, Any]],
) -> Shortlist:
    """The shortlist of one small case; every application bids once unless bids are given."""
    tables = {"applications": applications_of(applications)}
    tables |= {name: frame(name, rows) for name, rows in register.items()}
    given = [bid(i) for i in applications] if bids is None else bids
    return shortlist(
        prepare(scheme_of(text), tables, as_at),
        adverts_of() if adverts is None else adverts,
        frame("bids", given),
        frame("homes", homes) if homes is not None else None,
        seed=seed,
        verify="full",
    )


def ranked_by_second_version(
    applications: dict[Any, dict[str, Any]], *earlier: str
) -> Shortlist:
    """By bands X and Z, in a scheme whose first version had A and B; earlier keys go ahead."""
    versions = []
    for force, bands in (("from: 2020-01-01, until: 2024-01-01", "AB"), ("from: 2024-01-01", "XZ")):
        head = HEAD.replace("from: 2020-01-01", force).replace(
            "{A: {label: x}, B: {label: x}, C: {label: x}}",
            f"{{{', '.join(f'{band}: {{label: x}}' for band in bands)}}}")
        versions.append(head + order(*earlier, f"band: [{', '.join(bands)}]", "tie: human"))
    scheme = scheme_from_text([(f"{n}.yaml", text) for n, text in enumerate(versions)])
    register = {"applications": applications_of(applications)}
    return shortlist(prepare(scheme, register, "close"), adverts_of(),
                     frame("bids", [bid(i) for i in applications]), verify="full")


def places(result: Shortlist) -> list[tuple[Any, ...]]:
    """application, position, tie group and what decided, row by row."""
    return result.frame().select("application", "position", "tie_group", "decided_by").rows()


def ids(result: Shortlist) -> list[Any]:
    """Applications in order, the ineligible last."""
    return result.frame()["application"].to_list()


def by_id(result: Shortlist, column: str) -> dict[Any, Any]:
    """A column by application."""
    return dict(result.frame().select("application", column).rows())


def day(text: str) -> date:
    """A date."""
    return date.fromisoformat(text)
