"""Who moves under a new scheme, as counts that may be published.

One table at a time: two tables of the same households, set one against the other, could give away
what each withholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.disclosure import LIMIT, with_totals, withheld
from cbl_engine.errors import Problem, TableError
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from cbl_engine.assess.movers import Movers

OTHERS = "others"
_MAY_GROUP = (pl.String, pl.Boolean, pl.Enum, pl.Categorical)
_BY = ("need_new", "household")


def published_counts(found: Movers, by: str | None = None) -> pl.DataFrame:
    """Households from band to band, or by a group and by move, small counts withheld.

    1. Count. 2. Groups of fewer than five households are put together as ``others``, so that none
    is named. 3. Withhold counts of one to four, and as few more as keep these from being worked
    out (:func:`cbl_engine.disclosure.withheld`).

    Args:
        found: the comparison.
        by: need_new, household, or a column grouped by that holds words (ward, group); None for
            the flows from band to band.

    Returns:
        Frame of the old band (``old``) or the group (text; ``not known`` where it is), a column for
        each band of the new scheme or each move that occurs, and ``all``; the last row is ``all``.
        Null where a count is withheld.

    Raises:
        TableError: the column holds ids, dates or numbers, or was not grouped by.
    """
    names, columns, counts = _flows(found) if by is None else _groups(found, by)
    whole = with_totals(counts.to_numpy().reshape(len(names), len(columns)))
    hidden = withheld(whole)
    first = "old" if by is None else by
    rows = [*names, "all"]
    return pl.DataFrame(
        [pl.Series(first, rows, dtype=pl.String)]
        + [
            pl.Series(column, whole[:, j], dtype=pl.Int64).set(pl.Series(hidden[:, j]), None)
            for j, column in enumerate([*columns, "all"])
        ]
    )


def _flows(found: Movers) -> tuple[list[str], list[str], pl.DataFrame]:
    flows = found.flows()
    columns = flows.columns[1:-1]
    inner = flows.head(flows.height - 1)
    return inner["old"].to_list(), columns, inner.select(columns)


def _groups(found: Movers, by: str) -> tuple[list[str], list[str], pl.DataFrame]:
    frame = found.frame()
    ids = {column.name for column in TABLES["applications"] if column.type == "id"}
    words = (name for name in found.by if frame.schema[name] in _MAY_GROUP and name not in ids)
    allowed = [*_BY, *words]
    if by not in allowed:
        raise TableError([Problem(
            "cannot_be_published", f"counts by {by} are not for the public",
            where=f"applications.{by}", allowed=", ".join(allowed),
            remedy="Group by a column of words, or ask for the officers' form")])
    counts = found.counts(by)
    moves = [name for name in counts.columns[1:-1] if counts[name].sum()]
    label = pl.col(by).cast(pl.String).fill_null("not known")
    rare = pl.col("all") < LIMIT
    told = counts.with_columns(
        pl.when(rare).then(pl.lit(OTHERS)).otherwise(label).alias(by)
    ).group_by(by, maintain_order=True).agg(pl.col(moves).sum())
    last = pl.col(by) == OTHERS
    told = pl.concat([told.filter(~last), told.filter(last)])
    return told[by].to_list(), moves, told.select(moves)
