"""Lettings outside bidding: what permits each, and whether household and home fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.advertising import homes_advertised, homes_let
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.whole import whole
from cbl_engine.scheme.law import bid_criteria, names_of_law
from cbl_engine.tables import TABLES
from cbl_engine.tables.letting_columns import DIRECT_LETS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import DirectLet

_OUT = ("id", "application", "home", "kind", "finding", "state")
OVER = ("housed", "closed")
"""Statuses of an application that is over: nothing is let by it, whatever permits the letting."""
_ON_THE_LIST = ("active", "under_offer")


def direct_let_findings(
    judge: Judge,
    version: SchemeVersion,
    asked: pl.DataFrame,
    on: date,
    record: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """Why direct lets may not be proposed: each thing in which one is not permitted or does not fit.

    A household and a home are judged by the criteria of bids, as if the home were advertised.

    Args:
        judge: with the scheme, the register and the homes.
        version: in force that day.
        asked: rows of the table ``direct_lets``.
        on: the day.
        record: ``advert_states``, ``lettings`` and ``tenancies`` as they stand; those that are not
            there are empty.

    Returns:
        id, application, home, kind (as asked), finding, state. Finding: the name of a criterion
        (of an allocation under Part 6 the law's own; the kind's ``when``, its ``homes``, one of its
        ``fit`` or else of those common to every advert), or no_such_kind, no_such_home,
        no_such_application, application_over (housed or closed), not_active (an allocation under
        Part 6 to an application that is neither active nor under offer), home_let, home_advertised.
        State: failed, or not_known for a criterion that must be known and is not. By id, then in
        that order. A request that is not named may be proposed.

    Raises:
        TableError: a criterion reads a column that is not there.
    """
    asked = whole(asked, DIRECT_LETS).sort("id")
    kinds = version.direct_lets
    homes = judge.homes["id"] if judge.homes is not None else asked["home"].clear()
    applications = judge.applications(on)
    found = [
        _found_of(asked.filter(~pl.col("kind").is_in(list(kinds))), "no_such_kind"),
        _found_of(asked.filter(~_among("home", homes)), "no_such_home"),
        _found_of(asked.filter(~_among("application", applications["id"])), "no_such_application"),
    ]
    able = asked.join(pl.concat(found), on="id", how="anti")
    status = pl.col("status").cast(pl.String)
    over = applications.filter(status.is_in(OVER))["id"]
    unlisted = applications.filter(~status.is_in((*OVER, *_ON_THE_LIST)))["id"]
    allocations = [kind for kind, rule in kinds.items() if rule.part_6]
    found += [
        _found_of(able.filter(_among("application", over)), "application_over"),
        _found_of(
            able.filter(pl.col("kind").is_in(allocations), _among("application", unlisted)),
            "not_active",
        ),
        _found_of(able.filter(_among("home", homes_let(record, on))), "home_let"),
        _found_of(able.filter(_among("home", homes_advertised(judge, record))), "home_advertised"),
    ]
    fits = as_adverts(judge, able)
    for kind, rule in kinds.items():
        rows = able.filter(pl.col("kind") == kind)
        if rows.height:
            found += [_not_met(fits, version, rows, c, on) for c in criteria_of(rule, version)]
    placed = (part.with_columns(pl.lit(place).alias("place")) for place, part in enumerate(found))
    return pl.concat(placed).sort("id", "place").select(_OUT)


def as_adverts(judge: Judge, asked: pl.DataFrame) -> Judge:
    """A judge whose adverts are requests: one of each home asked for, under the request's id.

    Such an advert says nothing of its own; checks and criteria of direct lets are asked of it.

    Args:
        judge: with the scheme, the register and the homes.
        asked: id and home, as in the table ``direct_lets``.
    """
    kinds = judge.given_adverts.schema
    own = whole(asked.select("id", "home"), TABLES["adverts"])
    declared = [name for name in kinds if name not in own.columns]
    adverts = own.with_columns(pl.lit(None, kinds[name]).alias(name) for name in declared)
    return Judge(judge.scheme, judge.tables, adverts, judge.homes)


def criteria_of(rule: DirectLet, version: SchemeVersion) -> list[str]:
    """The criteria of a kind, each once, in the order they are asked; of an allocation, the law's first."""
    given = [c for c in (rule.when, rule.homes) if c is not None]
    above = names_of_law().values() if rule.part_6 else ()
    return list(dict.fromkeys([*above, *given, *(rule.fit or version.eligible)]))


def _not_met(
    judge: Judge, version: SchemeVersion, rows: pl.DataFrame, name: str, on: date
) -> pl.DataFrame:
    met = judge.met(name, on, advert=rows["id"], application=rows["application"])
    must_be_known = bid_criteria(version)[name].when_unknown != "pass"
    states = pl.Series(["failed"]).new_from_index(0, rows.height).set(met.is_null(), "not_known")
    stops = ~met.fill_null(value=not must_be_known)
    return _found_of(rows.filter(stops), name, states.filter(stops))


def _found_of(rows: pl.DataFrame, finding: str, states: pl.Series | None = None) -> pl.DataFrame:
    failed = pl.Series(["failed"]).new_from_index(0, rows.height)
    state = (failed if states is None else states).alias("state")
    return rows.select("id", "application", "home", "kind", pl.lit(finding).alias("finding"), state)


def _among(column: str, ids: pl.Series) -> pl.Expr:
    """Whether an id is one of these; ids are compared as text."""
    return pl.col(column).cast(pl.String).is_in(ids.cast(pl.String).implode())
