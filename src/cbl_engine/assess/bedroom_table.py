"""A council's own table of household shapes, which stands above the rule of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.bedroom_shapes import shapes_of
from cbl_engine.scheme.expressions import parse_expression

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.bedroom_shapes import Shapes
    from cbl_engine.assess.members import Members
    from cbl_engine.scheme.bedrooms import BedroomStandard


@dataclass(frozen=True)
class Table:
    """What the table says, one row a household with people.

    Attributes:
        need: the need, by the table or, where no row applies, by the rule; -1 when not known.
        least, most: between which it lies, by every row that may apply.
        row: the row that applies, from 0; -1 for none, or where it is not known which.
        sizes_row: the row that says the sizes; -1: they go by the need.
        sizes_open: rows that may apply say other sizes.
        missing: for each fact that the shape needs, the rows of people without it.
    """

    need: NDArray[np.int64]
    least: NDArray[np.int16]
    most: NDArray[np.int16]
    row: NDArray[np.int16]
    sizes_row: NDArray[np.int16]
    sizes_open: NDArray[np.bool_]
    missing: dict[str, NDArray[np.int64]]


def by_table(
    members: Members,
    standard: BedroomStandard,
    on: date,
    by_rule: NDArray[np.int64],
    bounds: tuple[NDArray[np.int16], NDArray[np.int16]],
) -> Table:
    """The first row whose ``when`` is true of each household's shape.

    A row of which that is not known may apply, and so may those after it, up to one of which it is
    true: the need is known where they all say the same. Loops over the table's rows.

    Args:
        members: people of the households.
        standard: with a table.
        on: the as-at date.
        by_rule: the need by the rule, -1 when not known.
        bounds: the least and the most by the rule.
    """
    shapes = shapes_of(members, standard, on, by_rule)
    if shapes.household is not None:  # each way by itself, then all of a household together
        whose = shapes.household
        by_rule, bounds = by_rule[whose], (bounds[0][whose], bounds[1][whose])
    n = len(by_rule)
    open_, sure = np.ones(n, bool), np.ones(n, bool)
    row, sizes_row = np.full(n, -1, np.int16), np.full(n, _NONE_YET, np.int16)
    sizes_open = np.zeros(n, bool)
    need = np.full(n, _NONE_YET, np.int64)
    least, most = np.full(n, np.iinfo(np.int16).max, np.int16), np.full(n, -1, np.int16)
    kinds = [tuple(sorted(line.sizes)) for line in standard.table]
    for number, line in enumerate((*standard.table, None)):
        true, unknown = (open_, ~open_) if line is None else _met(line.when, shapes)
        may = open_ & (true | unknown)
        given = None if line is None else line.bedrooms
        low, high = bounds if given is None else (given, given)
        says = by_rule if given is None else given
        need = np.where(may, np.where(need == _NONE_YET, says, np.where(need == says, need, -1)), need)
        least = np.where(may, np.minimum(least, low), least)
        most = np.where(may, np.maximum(most, high), most)
        sizes = kinds[number] if line is not None else ()
        same = np.array([*(kind == sizes for kind in kinds), not sizes])[sizes_row]
        sizes_open |= may & (sizes_row != _NONE_YET) & ~same
        sizes_row[may & (sizes_row == _NONE_YET)] = number if sizes else -1
        sure &= ~(open_ & unknown)
        if line is not None:
            row[open_ & true & sure] = number
        open_ &= ~true
    table = Table(need, least.astype(np.int16), most.astype(np.int16), row, sizes_row, sizes_open,
                  shapes.missing)
    return table if shapes.household is None else _together(table, shapes.household, kinds)


def _together(
    ways: Table, household: NDArray[np.int64], kinds: list[tuple[int, ...]]
) -> Table:
    """One row a household, from one for each way in which it may be made up."""
    first = np.flatnonzero(np.concatenate([[True], household[1:] != household[:-1]]))
    same = [*kinds, ()]
    kind = np.array([same.index(k) for k in same])[ways.sizes_row]

    def alike(values: NDArray) -> NDArray[np.bool_]:
        return np.minimum.reduceat(values, first) == np.maximum.reduceat(values, first)

    return Table(
        np.where(alike(ways.need), ways.need[first], -1),
        np.minimum.reduceat(ways.least, first), np.maximum.reduceat(ways.most, first),
        np.where(alike(ways.row), ways.row[first], np.int16(-1)), ways.sizes_row[first],
        np.logical_or.reduceat(ways.sizes_open, first) | ~alike(kind), ways.missing,
    )


_NONE_YET = -2


def _met(when: str, shapes: Shapes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of which shapes it is true, and of which that is not known."""
    met = shapes.frame.select(met=pl.lit(value=True) & parse_expression(when).polars({}))["met"]
    if len(met) != shapes.frame.height:
        met = met.new_from_index(0, shapes.frame.height)
    true, unknown = met.fill_null(value=False).to_numpy(), met.is_null().to_numpy()
    if shapes.household is None:
        return true, unknown
    lost = shapes.too_many[shapes.household]
    return true & ~lost, unknown | lost
