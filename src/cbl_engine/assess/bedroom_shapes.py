"""Shapes of households for a council's table: how many of whom, in every way they may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from cbl_engine.assess.ages import age_on
from cbl_engine.assess.sharing import CARER, COUPLE, NONE
from cbl_engine.scheme.bedrooms import SHAPE

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.members import Members
    from cbl_engine.scheme.bedrooms import BedroomStandard

MOST_WAYS = 256
"""Ways in which a household may be made up that are tried; with more, its shape is not known."""

_CHILD, _ADULT, _CARER, _OUT = (np.uint8(1 << k) for k in range(4))
_NO_AGE = -1_000


@dataclass(frozen=True)
class Shapes:
    """Each way in which each household may be made up.

    Attributes:
        frame: the columns of SHAPE, null where a missing fact matters.
        household: whose each row is; null where each household has one row, in order.
        too_many: households with more ways than are tried.
        missing: for each fact that the shape needs, the rows of people without it.
    """

    frame: pl.DataFrame = field(repr=False)
    household: NDArray[np.int64] | None
    too_many: NDArray[np.bool_]
    missing: dict[str, NDArray[np.int64]]


def shapes_of(
    members: Members, standard: BedroomStandard, on: date, by_rule: NDArray[np.int64]
) -> Shapes:
    """Shapes of households.

    Someone whose age is not known may be a child or an adult, and someone who may be a carer or
    not counted may be that: each combination within a household is a row.
    """
    people, mask = members.people, members.masks
    number = np.repeat(
        np.arange(len(members.starts)), np.diff(np.append(members.starts, len(mask)))
    )
    only_outside = mask & ~np.uint16(1 << NONE | 1 << CARER) == 0
    applicant = (people["relationship"] == "applicant").fill_null(value=False).to_numpy()
    in_couple = members.partner >= 0
    age = people.select(age_on(on)).to_series()
    unborn = age.is_null().to_numpy() & ~only_outside & (
        people["expected_on"].is_not_null().to_numpy() if "expected_on" in people.columns else False
    )
    years = np.where(unborn, 0, age.fill_null(_NO_AGE).to_numpy())
    years = np.where((years < 0) & (years > _NO_AGE), 0, years)
    other = ~applicant & ~in_couple & ~only_outside
    no_age = other & (years == _NO_AGE)
    may_be = np.where(other & ((years < standard.children_until) | no_age), _CHILD, np.uint8(0))
    may_be |= np.where(other & ((years >= standard.children_until) | no_age), _ADULT, np.uint8(0))
    outside = ~applicant & ~in_couple
    may_be |= np.where(outside & _has(mask, CARER), _CARER, np.uint8(0))
    may_be |= np.where(~outside | _has(mask, NONE), _OUT, np.uint8(0))
    not_stated = np.zeros(len(mask), bool)
    flagged = not_stated
    if "cannot_share" in people.columns:
        flagged = people["cannot_share"].fill_null(value=False).to_numpy()
        if standard.not_stated == "unknown":
            not_stated = people["cannot_share"].is_null().to_numpy()

    row, is_, way, household, too_many = _ways(may_be, number, members.starts)
    child, adult = is_ == _CHILD, is_ == _ADULT
    counts = child | adult | ((applicant | in_couple) & ~only_outside)[row]
    sex, lost = members.sex[row], no_age[row]
    rows = pl.DataFrame({
        "way": way, "couple": _has(mask, COUPLE)[row], "adult": adult, "child": child,
        "boy": child & (sex == 1), "girl": child & (sex == 0), "no_sex": child & (sex > 1),
        "no_age": child & lost, "years": years[row], "carer": is_ == _CARER,
        "applicant_in_couple": (applicant & in_couple)[row],
        "cannot_share": flagged[row] & counts, "not_stated": not_stated[row] & counts,
    })
    of_children, doubt = pl.col("years").filter(pl.col("child")), pl.col("no_age").any()
    shape = (
        rows.group_by("way", maintain_order=True)
        .agg(
            pl.col("couple").sum().cast(pl.Int64).alias("couples"),
            pl.col("adult").sum().cast(pl.Int64).alias("adults"),
            pl.col("child").sum().cast(pl.Int64).alias("children"),
            _unless(pl.col("no_sex").any(), pl.col("boy").sum().cast(pl.Int64)).alias("boys"),
            _unless(pl.col("no_sex").any(), pl.col("girl").sum().cast(pl.Int64)).alias("girls"),
            _unless(doubt, of_children.min().cast(pl.Int64)).alias("youngest_child"),
            _unless(doubt, of_children.max().cast(pl.Int64)).alias("oldest_child"),
            pl.col("applicant_in_couple").any(),
            pl.col("carer").any().cast(pl.Int64).alias("carers"),
            _unless(pl.col("not_stated").any(),
                    pl.col("cannot_share").sum().cast(pl.Int64)).alias("cannot_share"),
        )
    )
    if household is not None:
        shape = shape.sort("way")
    rule = by_rule if household is None else by_rule[household]
    shape = shape.with_columns(pl.Series("rule", rule)).with_columns(
        pl.when(pl.col("rule") >= 0).then(pl.col("rule"))).select(list(SHAPE))
    missing = {
        "date_of_birth": np.flatnonzero(no_age),
        "sex": np.flatnonzero((may_be & _CHILD > 0) & (members.sex > 1)),
        "cannot_share": np.flatnonzero(not_stated & ~only_outside),
    }
    return Shapes(shape, household, too_many, missing)


class _Ways(NamedTuple):
    """Rows of people, once for each way in which their household may be made up.

    ``row``, ``is_`` and ``way`` are the person, what they are and in which way, each row;
    ``household`` whose each way is, null where every household has one; ``too_many`` households
    with more ways than are tried.
    """

    row: NDArray[np.int64]
    is_: NDArray[np.uint8]
    way: NDArray[np.int64]
    household: NDArray[np.int64] | None
    too_many: NDArray[np.bool_]


def _ways(may_be: NDArray[np.uint8], number: NDArray[np.int64], starts: NDArray[np.int64]) -> _Ways:
    choices = _HOW_MANY[may_be]
    if not (choices > 1).any():
        return _Ways(np.arange(len(may_be)), may_be, number, None, np.zeros(len(starts), bool))
    ways = np.multiply.reduceat(choices.astype(np.float64), starts)
    too_many = ways > MOST_WAYS
    choices = np.where(too_many[number], 1, choices).astype(np.int64)
    ways = np.where(too_many, 1, ways).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(ways)[:-1]])
    step = np.ones(len(may_be), np.int64)  # ways of those before them in the household
    some = np.flatnonzero(choices > 1)
    product = pl.DataFrame({"number": number[some], "choices": choices[some]}).select(
        pl.col("choices").cum_prod().over("number") // pl.col("choices"))
    step[some] = product.to_series().to_numpy()
    times = ways[number]
    row = np.repeat(np.arange(len(may_be)), times)
    within = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    is_ = _CHOICE[may_be[row], within // step[row] % choices[row]]
    household = np.repeat(np.arange(len(starts)), ways)
    return _Ways(row, is_, first[number[row]] + within, household, too_many)


_HOW_MANY = np.array([n.bit_count() for n in range(16)], np.uint8)
_CHOICE = np.zeros((16, 4), np.uint8)
"""The k-th thing that someone may be."""
for _bits in range(16):
    _each = [1 << k for k in range(4) if _bits >> k & 1]
    _CHOICE[_bits, : len(_each)] = _each


def _has(mask: NDArray[np.uint16], kind: int) -> NDArray[np.bool_]:
    return mask & np.uint16(1 << kind) > 0


def _unless(doubt: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(~doubt).then(value)
