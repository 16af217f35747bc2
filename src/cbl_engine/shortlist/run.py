"""The core's one call: adverts and bids on a prepared register become a shortlist."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from cbl_engine.errors import Problem, TableError
from cbl_engine.shortlist.adverts import arrange_adverts
from cbl_engine.shortlist.bids import group_bids
from cbl_engine.shortlist.kernel import rank
from cbl_engine.shortlist.plans import make_all_ready
from cbl_engine.shortlist.register import Prepared
from cbl_engine.shortlist.result import Shortlist
from cbl_engine.shortlist.verify import extent_problems
from cbl_engine.shortlist.verify import verify as verify_properties
from cbl_engine.tables import DTYPES, frame_problems
from cbl_engine.tables.needs import whole_number_problems, with_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from datetime import date

    from cbl_engine.shortlist.adverts import Adverts
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.plans import Work
    from cbl_engine.shortlist.verify import Extent

_A = TypeVar("_A")
_B = TypeVar("_B")

THREADS_FROM = 200_000
"""Bids from which blocks are shared out to threads; fewer are quicker on one."""


def shortlist(
    prepared: Prepared,
    adverts: pl.DataFrame,
    bids: pl.DataFrame,
    homes: pl.DataFrame | None = None,
    *,
    seed: int = 0,
    verify: Extent = "sample",
) -> Shortlist:
    """Rank every bid on every advert that is not a draft or withdrawn.

    Args:
        prepared: from :func:`prepare`.
        adverts: id, closes_at, status; opens_at, profile, local_lettings_plan, home, home_group,
            lottery_seed and whatever ``advert.x`` the scheme reads, as the data dictionary says.
        bids: advert, application, placed_at; withdrawn_at if bids may be withdrawn.
        homes: id and the columns the scheme reads as ``advert.x`` that adverts do not carry.
        seed: of the run: lotteries without a seed of their own, and the verified sample.
        verify: ``sample`` checks the row-by-row properties on every bid up to 100,000 and on a
            sample above; ``full`` on all.

    Returns:
        A :class:`Shortlist`. Equal inputs give equal output, whatever the order of rows.

    Raises:
        TableError: tables that do not fit together, all problems of a kind at once; ``verify`` is
            neither.
        SchemeError: a profile the scheme has not, or no version in force on an advert's date.
        PropertyError: the output broke a numbered property (a defect of the engine).
    """
    if wrong := list(_asked_wrongly(prepared, seed)):
        raise TableError(wrong)
    given = {"adverts": adverts, "bids": bids} | ({} if homes is None else {"homes": homes})
    if wrong := [*frame_problems(given), *extent_problems(verify)]:
        raise TableError(wrong)
    workers = min(os.cpu_count() or 1, 8) if bids.height >= THREADS_FROM else 1
    with ThreadPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        arranged = arrange_adverts(prepared, adverts, homes, seed)
        # A frame made of no bids has no types.
        bids = with_types(bids, {
            "advert": arranged.ordinals.ids.dtype, "application": prepared.ordinals.ids.dtype,
            "placed_at": DTYPES["datetime"],
        })
        counted, works = _grouped(prepared, arranged, bids, seed, pool)
        if lost := _not_in_force(arranged, counted, prepared):
            raise TableError([_no_version(lost)])
        ranking = rank(arranged, works, counted, pool)
        checked = verify_properties(
            arranged, counted, ranking, bids.height, seed, verify, pool
        )
    return Shortlist(
        prepared, arranged, counted, ranking, bids.clone(), homes is not None, seed, checked
    )


def _asked_wrongly(prepared: object, seed: object) -> Iterator[Problem]:
    """A register that is not made ready, a seed that is no whole number."""
    if not isinstance(prepared, Prepared):
        yield Problem("not_prepared", "the register is not made ready", where="prepared",
                      given=f"a {type(prepared).__name__}", allowed="a cbl_engine.Prepared",
                      remedy="Make it with prepare(scheme, register, as_at)")
    yield from whole_number_problems(seed, "seed", "the seed")


def _side_by_side(
    pool: Executor | None, one: Callable[[], _A], other: Callable[[], _B]
) -> tuple[_A, _B]:
    """What both make. Neither waits for the other where there are threads."""
    if pool is None:
        return one(), other()
    with ThreadPoolExecutor(1) as beside:
        made = beside.submit(other)
        return one(), made.result()


def bid_problems(
    prepared: Prepared, arranged: Adverts, bids: pl.DataFrame, unranked: pl.Series
) -> Iterator[Problem]:
    """What keeps bids on adverts that are arranged from being ranked; nothing is kept of the ranking.

    Ids and times that :func:`shortlist` refuses, applications without a version in force on the
    date, and keys not known that say ``when_unknown: error``.

    Args:
        prepared: from :func:`prepare`.
        arranged: the adverts.
        bids: rows of the table.
        unranked: ids of applications whose keys are not looked at, for they cannot be told as they are.
    """
    try:
        counted, works = _grouped(prepared, arranged, bids, 0, None)
        if lost := _not_in_force(arranged, counted, prepared):
            yield _no_version(lost)
        if leave_out := [*(own for _, own in lost), *([unranked] if len(unranked) else [])]:
            bids = bids.filter(~pl.col("application").is_in(pl.concat(leave_out).implode()))
            counted, works = _grouped(prepared, arranged, bids, 0, None)
        if any(key.key.when_unknown == "error" for batch in arranged.batches
               for programme in batch.adverts.programmes
               for stage in programme.stages for key in stage.keys if key.condition is not None):
            rank(arranged, works, counted, None)
    except TableError as error:
        yield from error.problems


def _grouped(
    prepared: Prepared, arranged: Adverts, bids: pl.DataFrame, seed: int, pool: Executor | None
) -> tuple[Bids, list[Work]]:
    """The bids that count, and the batches made ready for them."""
    return _side_by_side(
        pool,
        lambda: group_bids(bids, arranged, prepared.ordinals, pool),
        lambda: make_all_ready(arranged, prepared.ordinals, bids.height, seed, pool),
    )


def _not_in_force(arranged: Adverts, counted: Bids, prepared: Prepared) -> list[tuple[date, pl.Series]]:
    """Dates judged at, with the applications whose bid counts and that have no version in force."""
    out: list[tuple[date, pl.Series]] = []
    offset = 0
    for batch in arranged.batches:
        first, last = counted.starts[offset], counted.starts[offset + batch.adverts.n]
        offset += batch.adverts.n
        if batch.view.in_force.all():
            continue
        own = counted.applications(np.arange(first, last))
        if len(lost := np.unique(own[~batch.view.in_force[own]])):
            out.append((batch.view.on, prepared.ordinals.take(lost)))
    return out


def _no_version(lost: list[tuple[date, pl.Series]]) -> Problem:
    first, *others = sorted({on for on, _ in lost})
    ids = pl.concat(own for _, own in lost).unique().sort()
    more = f" and {len(others)} later date{'s' if len(others) > 1 else ''}" if others else ""
    return Problem(
        "no_version_in_force",
        f"an application that bid has no version in force on {first}{more}",
        where="applications.valid_from",
        count=len(ids),
        rows=tuple(map(str, ids.head(5))),
        remedy="Give the version that held on the date",
    )
