"""Which homes are meant for whom, of all lists at once, by whom the scheme says."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.offers.rounds import Lists, offer_rounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.lines import Line, Turn


def settled(
    desk: Desk, lines: list[Line], turns: list[list[Turn]]
) -> tuple[list[set[int]], list[bool]]:
    """Of each line, the turns that come (places in its list of turns), and whether any of its turns
    is given nothing, of this line or another.

    Whoever is held, and equals, count as households of their own that want nothing else.
    """
    numbers: dict[str, int] = {}
    applications: list[int] = []
    origin: list[tuple[int, int]] = []
    starts = [0]
    one = desk.offers.one_at_a_time
    for at, its in enumerate(turns):
        for place, turn in enumerate(its):
            if turn.skipped:
                continue
            if turn.ready:
                key = turn.members[0].application if one else f" {at} {place}"
                applications.append(numbers.setdefault(key, len(numbers)))
                origin.append((at, place))
                continue
            copies = len(lines[at].homes) if len(turn.members) > 1 else 1
            for copy in range(copies):
                applications.append(numbers.setdefault(f" {at} {place} {copy}", len(numbers)))
                origin.append((at, place))
        starts.append(len(applications))
    meant: list[set[int]] = [set() for _ in lines]
    if not applications:
        return meant, [False for _ in lines]
    rank, order = _orders(desk, lines, turns, origin)
    entries = offer_rounds(
        Lists(np.array(starts, np.int64), np.array(applications, np.int32)),
        np.array([len(line.homes) for line in lines], np.int32),
        rank, desk.offers.choosing.by_whom, order,
    )
    for entry in entries.tolist():
        at, place = origin[entry]
        meant[at].add(place)
    given = {applications[entry] for entry in entries.tolist()}
    nothing = [any(a not in given for a in applications[first:last])
               for first, last in pairwise(starts)]
    return meant, nothing


def _orders(
    desk: Desk, lines: list[Line], turns: list[list[Turn]], origin: list[tuple[int, int]]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The households' own order of homes, entry by entry; and the order in which homes are taken."""
    own = _preferences(desk, lines, turns)
    rank = np.array(
        [own.get((turns[at][place].members[0].application, lines[at].advert), 0)
         for at, place in origin], np.int32,
    )
    keys = [_turn_of_home(desk, line, its) for line, its in zip(lines, turns, strict=True)]
    order = np.array(sorted(range(len(lines)), key=lambda i: keys[i]), np.int64)
    return rank, order


def _preferences(
    desk: Desk, lines: list[Line], turns: list[list[Turn]]
) -> dict[tuple[str, str], int]:
    """Each household's rank of each home that it may get: by its preferences, then as it bid."""
    if desk.offers.choosing.by_whom not in ("household", "homes"):
        return {}
    wanted = pl.DataFrame(
        [(t.members[0].application, line.advert)
         for line, its in zip(lines, turns, strict=True) for t in its if t.ready],
        schema={"application": pl.String, "advert": pl.String}, orient="row",
    )
    bids = desk.table("bids").group_by("application", "advert").agg(pl.col("placed_at").min())
    stated = desk.table("preferences").select("application", "advert", "rank")
    ranked = (
        wanted.join(stated, on=["application", "advert"], how="left")
        .join(bids, on=["application", "advert"], how="left")
        .sort("application", "rank", "placed_at", "advert", nulls_last=True)
        .with_columns(pl.int_range(1, pl.len() + 1).over("application").alias("place"))
    )
    return {(a, d): n for a, d, n in ranked.select("application", "advert", "place").iter_rows()}


def _turn_of_home(desk: Desk, line: Line, turns: list[Turn]) -> tuple[Any, ...]:
    """What homes are sorted by when one is taken after the other."""
    state, row = desk.book.adverts[line.advert], desk.row("adverts", line.advert)
    first = next((t.members[0].position for t in turns if not t.skipped), 0)
    by = {
        "best_position": first, "fewest_bids": state.bids or 0,
        "largest": -(row.get("bedrooms") or 0), "closes_first": row["closes_at"],
    }
    choosing = desk.offers.choosing
    keys = [by[name] for name in choosing.by] if choosing.by_whom == "council" else []
    return (*keys, row["closes_at"], line.advert)
