"""Relations between tables: references, bidding windows, the tree of areas."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.tables.columns import type_name
from cbl_engine.tables.findings import MOST_GIVEN, Finding, is_personal, quoted, rows_found
from cbl_engine.tables.ordinals import Ordinals
from cbl_engine.tables.register_columns import DATED_TABLES
from cbl_engine.tables.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """A column that holds ids of another table, or of its own."""

    table: str
    column: str
    target: str
    noun: str


# In an order in which every table's own references come before those to it.
RELATIONS = (
    Relation("areas", "parent", "areas", "area"),
    Relation("homes", "area", "areas", "area"),
    Relation("homes", "landlord", "landlords", "landlord"),
    Relation("adverts", "home", "homes", "home"),
    Relation("adverts", "area", "areas", "area"),
    Relation("adverts", "landlord", "landlords", "landlord"),
    Relation("people", "application", "applications", "application"),
    Relation("people", "partner_of", "people", "person"),
    Relation("connections", "application", "applications", "application"),
    Relation("connections", "area", "areas", "area"),
    Relation("connections", "person", "people", "person"),
    *(Relation(table, "application", "applications", "application") for table in DATED_TABLES),
    Relation("ta_placements", "area", "areas", "area"),
    Relation("bids", "advert", "adverts", "advert"),
    Relation("bids", "application", "applications", "application"),
    Relation("preferences", "application", "applications", "application"),
    Relation("preferences", "advert", "adverts", "advert"),
    Relation("wishes", "application", "applications", "application"),
    Relation("wishes", "area", "areas", "area"),
    Relation("checks", "application", "applications", "application"),
    Relation("checks", "home", "homes", "home"),
    Relation("checks", "advert", "adverts", "advert"),
    Relation("checks", "area", "areas", "area"),
    Relation("tenancies", "home", "homes", "home"),
    Relation("tenancies", "application", "applications", "application"),
    Relation("direct_lets", "application", "applications", "application"),
    Relation("direct_lets", "home", "homes", "home"),
    Relation("voids", "home", "homes", "home"),
    Relation("voids", "advert", "adverts", "advert"),
    Relation("voids", "leaving_application", "applications", "application"),
    Relation("litigation_holds", "application", "applications", "application"),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A table whose rows have been checked by themselves.

    Attributes:
        frame: columns in their declared types.
        source_row: source row of each row.
        bad: numpy mask of rows rejected so far; relations add to it in place.
        whole: the table's structure is right, so its good rows are worth referring to.
        unread: rows were rejected while the source was read, and are not in the frame.
    """

    frame: pl.DataFrame = field(repr=False)
    source_row: pl.Series = field(repr=False)
    bad: np.ndarray
    whole: bool = True
    unread: bool = False


def broken_relations(tables: Mapping[str, Checked], *, windows: bool = True) -> list[Finding]:
    """Rows that break a relation; marks them in ``bad``.

    1. area parents that run in a circle; 2. each reference in :data:`RELATIONS`, a table's own
    before those to it, so that a rejected row takes with it whatever refers to it; 3. with ``windows``,
    bids outside their advert's window. Loops over relations, and over generations for a table's references to
    itself.
    """
    findings = _circles(tables)
    for relation in RELATIONS:
        if relation.table in tables and relation.target in tables:
            findings += _references(relation, tables[relation.table], tables[relation.target])
    return findings + (_windows(tables) if windows else [])


def _mark(checked: Checked, found: list[Finding]) -> list[Finding]:
    for finding in found:
        if finding.positions is not None:
            checked.bad[finding.positions.to_numpy()] = True
    return found


def _references(relation: Relation, child: Checked, target: Checked) -> list[Finding]:
    column = relation.column
    if column not in child.frame.columns or "id" not in target.frame.columns:
        return []
    ids, refs = target.frame["id"], child.frame[column]
    declared = next(c for c in TABLES[relation.table] if c.name == column)
    shown = None if is_personal(relation.table, declared) else refs
    if refs.null_count() == len(refs):
        return []
    if ids.null_count() == len(ids):
        ids = ids.cast(refs.dtype, strict=False)
    if (ids.dtype == pl.String) != (refs.dtype == pl.String):
        message = f"ids of another type than those of {relation.target}"
        return [
            Finding(
                relation.table,
                column,
                "id_type_differs",
                message,
                allowed=type_name(ids.dtype),
                given=type_name(refs.dtype),
                remedy="Use text in both, or whole numbers in both",
            )
        ]
    missing, remedy = f"no such {relation.noun} in {relation.target}", ""
    if target.unread:
        missing = (f"no such {relation.noun} among the rows of {relation.target} that could be read; "
                   "others of its rows were rejected")
        remedy = f"Repair {relation.target} first"
    found = _mark(
        child,
        rows_found(
            relation.table,
            column,
            f"unknown_{relation.noun}",
            missing,
            _absent(refs, ids),
            child.source_row,
            values=shown,
            remedy=remedy,
        ),
    )
    if not target.whole or not target.bad.any():
        return found
    return found + _mark(child, _rejected_targets(relation, child, target, ids, shown))


def _absent(refs: pl.Series, ids: pl.Series) -> pl.Series:
    if refs.dtype.is_integer():
        return pl.Series(Ordinals(ids).ordinals_of(refs) < 0) & refs.is_not_null()
    return ~refs.is_in(ids.drop_nulls().unique().implode())


def _rejected_targets(
    relation: Relation, child: Checked, target: Checked, ids: pl.Series, shown: pl.Series | None
) -> list[Finding]:
    """Rows whose target is there but was rejected; generations deep within one table. ``ids`` are the
    target's, of the references' type.
    """
    refs = child.frame[relation.column]
    within = relation.table == relation.target
    bad = target.bad.copy()
    known = ~_absent(refs, ids)
    while True:
        lost = known & _absent(refs, ids.filter(pl.Series(~bad)))
        lost = lost.fill_null(value=False)
        wider = bad | lost.to_numpy() if within else bad
        if not within or (wider == bad).all():
            break
        bad = wider
    if within:
        # A row rejected on its own account, say for being in a circle, is not reported twice.
        lost &= pl.Series(~child.bad)
    return rows_found(
        relation.table,
        relation.column,
        "refers_to_rejected",
        f"refers to a row of {relation.target} that was itself rejected",
        lost,
        child.source_row,
        values=shown,
        remedy=f"Repair {relation.target} first",
    )


def _circles(tables: Mapping[str, Checked]) -> list[Finding]:
    """Areas that lie, through their parents, in themselves.

    Parents are followed by doubling (parent, grandparent, great-great ...): a loop over log2 of
    the number of areas. After as many steps as there are areas, whatever still has an ancestor is
    in or below a circle, and the ancestors reached are the circles.
    """
    areas = tables.get("areas")
    if areas is None or not {"id", "parent"} <= set(areas.frame.columns):
        return []
    ids, parents = areas.frame["id"], areas.frame["parent"]
    if not areas.frame.height or (ids.dtype == pl.String) != (parents.dtype == pl.String):
        return []
    ordinals = Ordinals(ids)
    own, parent_of_row = ordinals.ordinals_of(ids), ordinals.ordinals_of(parents)
    ancestor = np.full(len(ordinals) + 1, -1, np.int64)
    ancestor[own] = parent_of_row
    ancestor[-1] = -1
    for _ in range(max(1, len(ordinals)).bit_length()):
        ancestor = np.where(ancestor >= 0, ancestor[ancestor], -1)
    circle = np.zeros(len(ordinals) + 1, bool)
    circle[ancestor[ancestor >= 0]] = True
    return _mark(
        areas,
        rows_found(
            "areas",
            "parent",
            "area_circle",
            "areas that lie in themselves by way of their parents",
            pl.Series(circle[own] & (own >= 0)),
            areas.source_row,
            values=ids,
        ),
    )


def _windows(tables: Mapping[str, Checked]) -> list[Finding]:
    """Bids placed before their advert opens or after it closes."""
    bids, adverts = tables.get("bids"), tables.get("adverts")
    if bids is None or adverts is None:
        return []
    needed = {"advert", "placed_at"} <= set(bids.frame.columns)
    if not needed or not {"id", "closes_at"} <= set(adverts.frame.columns):
        return []
    once = adverts.frame.filter(pl.col("id").is_unique() & pl.col("id").is_not_null())
    if (once["id"].dtype == pl.String) != (bids.frame["advert"].dtype == pl.String):
        return []
    ordinals = Ordinals(once["id"])
    at = pl.Series(ordinals.ordinals_of(bids.frame["advert"]))
    at = pl.select(pl.when(at >= 0).then(at)).to_series()
    by_id = once.sort("id")
    placed = bids.frame["placed_at"]
    outside = placed > by_id["closes_at"].gather(at)
    if "opens_at" in once.columns:
        outside = outside.fill_null(value=False) | (
            placed < by_id["opens_at"].gather(at)
        ).fill_null(value=False)
    found = rows_found("bids", "placed_at", "bid_outside_window",
                       "bids placed before their advert opens or after it closes", outside, bids.source_row)
    where = outside.fill_null(value=False).arg_true().head(MOST_GIVEN + 1)
    return _mark(bids, [replace(one, given=_placed(bids.frame[where], by_id[at.gather(where)]))
                        for one in found])


def _placed(bids: pl.DataFrame, adverts: pl.DataFrame) -> str:
    """The first few of these bids: whose, when, and when their adverts are open."""
    own = bids.select(n for n in ("advert", "application", "placed_at") if n in bids.columns)
    told = []
    for bid, advert in zip(own.rows(named=True), adverts.rows(named=True), strict=True):
        by = f" by {quoted(bid['application'])}" if "application" in bid else ""
        opens = advert.get("opens_at")
        since = "" if opens is None else f"from {_moment(opens)} "
        told.append(f"{quoted(bid['advert'])}{by} at {_moment(bid['placed_at'])}, open {since}to "
                    f"{_moment(advert['closes_at'])}")
    return "; ".join([*told[:MOST_GIVEN], *(("...",) if len(told) > MOST_GIVEN else ())])


def _moment(at: datetime) -> str:
    return f"{at.replace(tzinfo=None, microsecond=0)}"
