"""Whether tables are those that a shortlist was made from, as its record must hold them.

What is compared is what was read, of the households that bid: other rows and columns change nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.errors import Problem
from cbl_engine.records.reads import columns_read, rows_and_columns_read
from cbl_engine.shortlist.adverts import arrange_adverts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from cbl_engine.shortlist import Shortlist
    from cbl_engine.shortlist.adverts import Adverts


def other_than_judged(result: Shortlist, frames: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    """Tables that are not those that a shortlist was made from.

    Args:
        result: the shortlist.
        frames: every table that it read, in rows of any order.

    Raises:
        TableError: adverts or homes that could not have been shortlisted.
    """
    homes = frames["homes"] if result.with_homes else None
    again = arrange_adverts(result.prepared, frames["adverts"], homes, result.seed)
    if not _same_adverts(result.adverts, again):
        yield _other("adverts and homes" if result.with_homes else "adverts", "adverts")
    scheme = result.prepared.scheme
    read = columns_read(scheme, result.prepared.tables)
    judged = {n: table for n, table in result.prepared.tables.items() if n in read}
    judged["bids"] = result.given
    columns = {name: [c for c in read[name] if c in table.columns] for name, table in judged.items()}
    others = [name for name, table in judged.items() if not frames[name].equals(table)]
    unlike = [name for name in others
              if any(frames[name].schema.get(c) != judged[name].schema[c] for c in columns[name])]
    if others and not unlike:
        # In one order, and without what nobody who bid has: only then does what is left say.
        mine = rows_and_columns_read(scheme, {**frames, **judged})
        given = rows_and_columns_read(scheme, frames)
        unlike = [name for name in others
                  if not given[name].select(columns[name]).equals(mine[name].select(columns[name]))]
    # Other bids are of other households, whose rows differ then.
    for name in ["bids"] if "bids" in unlike else unlike:
        yield _other(name, name)


def _same_adverts(one: Adverts, other: Adverts) -> bool:
    """Whether they are the same adverts, read the same under the same rules."""
    return (
        one.ordinals.ids.equals(other.ordinals.ids)
        and one.status.equals(other.status)
        and all(np.array_equal(getattr(one, part), getattr(other, part))
                for part in ("place", "opens", "closes", "seeds"))
        and all(
            mine.adverts.frame.equals(theirs.adverts.frame)
            and mine.adverts.programmes == theirs.adverts.programmes
            and np.array_equal(mine.adverts.programme_of, theirs.adverts.programme_of)
            for mine, theirs in zip(one.batches, other.batches, strict=True)
        )
    )


def _other(words: str, table: str) -> Problem:
    return Problem(
        "other_table", f"these are not the {words} that the shortlist was made from", where=table,
        remedy="Give prepared.tables and the adverts, bids and homes of the shortlist",
    )
