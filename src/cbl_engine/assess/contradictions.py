"""What a register says of a household that cannot all be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.facts import present_bedrooms
from cbl_engine.assess.overrides import no_problems
from cbl_engine.assess.rooms import DIFFERS
from cbl_engine.scheme.facts import BedroomsNow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.assess.plan import Plan
    from cbl_engine.tables import Ordinals


def contradictions_of(
    tables: Mapping[str, pl.DataFrame], ids: Ordinals, on: date, *, dated: bool
) -> pl.DataFrame:
    """Contradictions in people, applications and statuses.

    Args:
        tables: the register.
        ids: applications.
        on: the as-at date.
        dated: the priority date is worked out, which looks at the histories of bands itself.

    Returns:
        Frame of ordinal, kind, rows (ids of the people concerned; empty elsewhere), assumption.
        Kinds: born_after_as_at, two_partners, band_before_registration, statuses_overlap.
    """
    found = [
        _born_later(tables.get("people"), ids, on),
        _two_partners(tables.get("people"), ids),
        None if dated else _band_too_early(tables["applications"], ids),
        _overlapping(tables.get("status_history"), ids),
    ]
    return pl.concat([f for f in found if f is not None] or [no_problems()])


def _with_ordinal(frame: pl.DataFrame, ids: Ordinals, column: str = "application") -> pl.DataFrame:
    ordinal = ids.ordinals_of(frame[column]).astype(np.int64)
    return frame.with_columns(pl.Series("ordinal", ordinal)).filter(pl.col("ordinal") >= 0)


def _said(rows: pl.DataFrame, kind: str, assumption: str) -> pl.DataFrame:
    """One line for each application, of frame (ordinal, id)."""
    return (
        rows.group_by("ordinal")
        .agg(pl.col("id").cast(pl.String).unique().sort().alias("rows"))
        .select(
            pl.col("ordinal").cast(pl.Int64),
            pl.lit(kind).alias("kind"),
            "rows",
            pl.lit(assumption).alias("assumption"),
        )
    )


def _born_later(people: pl.DataFrame | None, ids: Ordinals, on: date) -> pl.DataFrame | None:
    if people is None or not {"id", "date_of_birth"} <= set(people.columns):
        return None
    rows = people.filter(pl.col("date_of_birth") > on)
    return _said(
        _with_ordinal(rows, ids), "born_after_as_at", "taken as not yet born"
    ) if rows.height else None


def _two_partners(people: pl.DataFrame | None, ids: Ordinals) -> pl.DataFrame | None:
    """People with more than one partner, whoever of the two says so, or their own partner."""
    if people is None or not {"id", "partner_of"} <= set(people.columns):
        return None
    said = people.filter(pl.col("partner_of").is_not_null())
    if not said.height:
        return None
    one = said.select("application", "id", pl.col("partner_of").cast(said.schema["id"]))
    other = one.select("application", pl.col("partner_of").alias("id"),
                       pl.col("id").alias("partner_of"))
    partners = pl.concat([one, other]).unique()
    wrong = partners.filter(
        (pl.len().over("application", "id") > 1) | (pl.col("id") == pl.col("partner_of"))
    )
    if not wrong.height:
        return None
    return _said(_with_ordinal(wrong, ids), "two_partners", "none of them is taken as a couple")


def _band_too_early(applications: pl.DataFrame, ids: Ordinals) -> pl.DataFrame | None:
    if not {"band_from", "registered_on"} <= set(applications.columns):
        return None
    rows = applications.filter(pl.col("band_from") < pl.col("registered_on")).select("id")
    if not rows.height:
        return None
    told = _with_ordinal(rows, ids, "id").select("ordinal", pl.lit(None, pl.String).alias("id"))
    return _said(told, "band_before_registration", "both dates stand as recorded").with_columns(
        pl.lit([], pl.List(pl.String)).alias("rows")
    )


def rooms_that_differ(
    plan: Plan, tables: Mapping[str, pl.DataFrame], ids: Ordinals, on: date, own: pl.DataFrame
) -> pl.DataFrame:
    """Households whose rooms and ``current_bedrooms`` disagree, where the scheme reads rooms.

    Args:
        plan: with the facts that are read.
        tables: the register.
        ids: applications.
        on: the as-at date.
        own: columns of the application that facts read, a row an application by ordinal.

    Returns:
        Frame as of :func:`contradictions_of`, of the kind rooms_differ.
    """
    found = [no_problems()]
    for fact in plan.facts.values():
        if isinstance(fact, BedroomsNow):
            basis = present_bedrooms(fact, tables, ids, on, plan.version, own)["basis"]
            ordinals = pl.DataFrame({"ordinal": (basis == DIFFERS).arg_true()})
            told = ordinals.with_columns(pl.lit(None, pl.String).alias("id"))
            found.append(_said(told, "rooms_differ", "the bedrooms it has are not known")
                         .with_columns(pl.lit([], pl.List(pl.String)).alias("rows")))
    return pl.concat(found)


def _overlapping(history: pl.DataFrame | None, ids: Ordinals) -> pl.DataFrame | None:
    """Spells in a status, of which one begins before another ends."""
    if history is None or not {"since", "until"} <= set(history.columns) or not history.height:
        return None
    spells = _with_ordinal(history, ids).select(
        "ordinal",
        pl.col("since").cast(pl.Int32).fill_null(-(1 << 30)).alias("from"),
        pl.col("until").cast(pl.Int32).fill_null(1 << 30).alias("to"),
    ).sort("ordinal", "from", "to")
    reach = pl.col("to").cum_max().shift(1).over("ordinal")
    wrong = spells.filter(pl.col("from") < reach)
    if not wrong.height:
        return None
    told = wrong.select("ordinal", pl.lit(None, pl.String).alias("id"))
    return _said(told, "statuses_overlap", "the status of the application stands").with_columns(
        pl.lit([], pl.List(pl.String)).alias("rows")
    )
