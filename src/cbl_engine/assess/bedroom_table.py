"""A council's own table of household shapes, which stands above the rule of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import age_on
from cbl_engine.assess.sharing import CARER, COUPLE, NONE
from cbl_engine.scheme.bedrooms import SHAPE
from cbl_engine.scheme.expressions import parse_expression

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.members import Members
    from cbl_engine.scheme.bedrooms import BedroomStandard


@dataclass(frozen=True)
class Table:
    """What the table says, one row a household with people.

    Attributes:
        need: the need, by the table or, where no row applies, by the rule; -1 when not known.
        row: the row that applies, from 0; -1 for none.
        missing: for each fact that the shape needs, the rows of people without it.
    """

    need: NDArray[np.int64]
    row: NDArray[np.int16]
    missing: dict[str, NDArray[np.int64]]


def by_table(
    members: Members, standard: BedroomStandard, on: date, by_rule: NDArray[np.int64]
) -> Table:
    """The first row whose ``when`` is true of each household's shape.

    A row of which that is not known, before one of which it is true, leaves the need not known.
    Loops over the table's rows.
    """
    shape, missing = _shapes(members, standard, on, by_rule)
    row = np.full(len(by_rule), -1, np.int16)
    open_ = np.ones(len(by_rule), bool)
    doubt = np.zeros(len(by_rule), bool)
    for number, line in enumerate(standard.table):
        met = shape.select(
            met=pl.lit(value=True) & parse_expression(line.when).polars({})
        )["met"]
        if len(met) != len(by_rule):
            met = met.new_from_index(0, len(by_rule))
        true, unknown = met.fill_null(value=False).to_numpy(), met.is_null().to_numpy()
        row[open_ & true] = number
        doubt |= open_ & unknown
        open_ &= ~(true | unknown)
    given = np.array([-1 if line.bedrooms is None else line.bedrooms for line in standard.table])
    says = given[row]
    need = np.where((row >= 0) & (says >= 0), says, by_rule)
    need[doubt] = -1
    return Table(need.astype(np.int64), row, missing)


def _shapes(
    members: Members, standard: BedroomStandard, on: date, by_rule: NDArray[np.int64]
) -> tuple[pl.DataFrame, dict[str, NDArray[np.int64]]]:
    """Each household's shape, the columns of SHAPE, null where a missing fact matters."""
    people = members.people
    mask = members.masks
    number = np.repeat(
        np.arange(len(members.starts)), np.diff(np.append(members.starts, len(mask)))
    )
    outside = mask & np.uint16(1 << NONE | 1 << CARER) > 0
    only_outside = mask & ~np.uint16(1 << NONE | 1 << CARER) == 0
    applicant = (people["relationship"] == "applicant").fill_null(value=False).to_numpy()
    in_couple = members.partner >= 0
    age = people.select(age_on(on)).to_series()
    unborn = age.is_null().to_numpy() & ~only_outside & (
        people["expected_on"].is_not_null().to_numpy() if "expected_on" in people.columns else False
    )
    years = np.where(unborn, 0, age.fill_null(-1_000).to_numpy())
    years = np.where((years < 0) & (years > -1_000), 0, years)
    other = ~applicant & ~in_couple & ~only_outside
    no_age = other & (years == -1_000)
    maybe = other & outside
    child = other & (years < standard.children_until) & ~no_age
    no_sex = child & (members.sex > 1)
    flagged = (
        people["cannot_share"].fill_null(value=False).to_numpy()
        if "cannot_share" in people.columns else np.zeros(len(mask), bool)
    )
    not_stated = (
        people["cannot_share"].is_null().to_numpy()
        if "cannot_share" in people.columns and standard.not_stated == "unknown"
        else np.zeros(len(mask), bool)
    )
    rows = pl.DataFrame(
        {
            "number": number,
            "couple": _has(mask, COUPLE),
            "adult": other & ~child,
            "child": child,
            "boy": child & (members.sex == 1),
            "girl": child & (members.sex == 0),
            "years": years,
            "applicant_in_couple": applicant & in_couple,
            "carer": _has(mask, CARER) & (mask & (mask - np.uint16(1)) == 0),
            "cannot_share": flagged & ~only_outside,
            "doubt": no_age | maybe,
            "sex_doubt": no_sex,
            "carer_doubt": _has(mask, CARER) & (mask & (mask - np.uint16(1)) > 0),
            "share_doubt": not_stated & ~only_outside,
        }
    )
    of_children = pl.col("years").filter(pl.col("child"))
    doubt = pl.col("doubt").any()
    shape = (
        rows.group_by("number", maintain_order=True)
        .agg(
            pl.col("couple").sum().cast(pl.Int64).alias("couples"),
            _unless(doubt, pl.col("adult").sum().cast(pl.Int64)).alias("adults"),
            _unless(doubt, pl.col("child").sum().cast(pl.Int64)).alias("children"),
            _unless(doubt | pl.col("sex_doubt").any(), pl.col("boy").sum().cast(pl.Int64)).alias(
                "boys"),
            _unless(doubt | pl.col("sex_doubt").any(), pl.col("girl").sum().cast(pl.Int64)).alias(
                "girls"),
            _unless(doubt, of_children.min().cast(pl.Int64)).alias("youngest_child"),
            _unless(doubt, of_children.max().cast(pl.Int64)).alias("oldest_child"),
            pl.col("applicant_in_couple").any(),
            _unless(pl.col("carer_doubt").any() & ~pl.col("carer").any(),
                    pl.col("carer").any().cast(pl.Int64)).alias("carers"),
            _unless(pl.col("share_doubt").any(),
                    pl.col("cannot_share").sum().cast(pl.Int64)).alias("cannot_share"),
        )
        .with_columns(pl.Series("rule", by_rule))
        .with_columns(pl.when(pl.col("rule") >= 0).then(pl.col("rule")))
        .select(list(SHAPE))
    )
    missing = {
        "date_of_birth": np.flatnonzero(no_age),
        "sex": np.flatnonzero(no_sex),
        "cannot_share": np.flatnonzero(not_stated & ~only_outside),
    }
    return shape, missing


def _has(mask: NDArray[np.uint16], kind: int) -> NDArray[np.bool_]:
    return mask & np.uint16(1 << kind) > 0


def _unless(doubt: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(~doubt).then(value)

