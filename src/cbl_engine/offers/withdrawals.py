"""Bids withdrawn once their advert has closed: whose no longer stand, and who is to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.tables import LONDON

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.offers.desk import Desk

_PAIR = ("advert", "application")
_MOMENT = "withdrawn_at"


def withdrawn_on(desk: Desk) -> dict[tuple[str, str], date]:
    """Households that have withdrawn every bid that could stand for them, by the end of that day.

    A bid that was superseded could stand; one that was set aside for anything else could not.

    Returns:
        By advert and application, the day of the last withdrawal.
    """
    return desk.keep(
        "withdrawn bids", (desk.came, desk.on, len(desk.book.set_aside)), lambda: _made(desk)
    )


def _made(desk: Desk) -> dict[tuple[str, str], date]:
    bids = desk.table("bids")
    gone = _withdrawn_by(desk.on, bids)
    if gone.is_empty():
        return {}
    last = gone.group_by(_PAIR).agg(_by_the_clock().max().alias("day"))
    found = {(a, b): day for a, b, day in last.iter_rows()}
    others = bids.join(gone, on=list(_PAIR), how="semi").join(
        gone, on=[*_PAIR, "placed_at"], how="anti")
    if others.height:
        aside = {(s.advert, s.application, s.placed_at) for s in desk.book.set_aside
                 if (s.advert, s.application) in found and s.rule != "superseded"}
        for advert, application, at in others.select(*_PAIR, "placed_at").iter_rows():
            if (advert, application, at) not in aside:
                found.pop((advert, application), None)
    return found


def withdrawn_late(bids: pl.DataFrame, since: date) -> set[tuple[str, str]]:
    """Of bids that come, the households of those withdrawn on days that are closed."""
    return set(_withdrawn_by(since, bids).select(_PAIR).iter_rows())


def _withdrawn_by(on: date, bids: pl.DataFrame) -> pl.DataFrame:
    """The bids withdrawn by the end of a day."""
    if _MOMENT not in bids.columns or bids[_MOMENT].null_count() == bids.height:
        return bids.clear()
    return bids.filter(_by_the_clock() <= on)


def _by_the_clock() -> pl.Expr:
    return pl.col(_MOMENT).dt.convert_time_zone(LONDON).dt.date()


def bids_withdrawn(desk: Desk, late: set[tuple[str, str]] | None = None) -> None:
    """Tell who withdrew that day from a list on which it has a place and of which homes are to let.

    Args:
        desk: on the day.
        late: those of whom it comes late, on the first day.
    """
    for (advert, application), day in sorted(withdrawn_on(desk).items()):
        state = desk.book.adverts.get(advert)
        if (day == desk.on or (advert, application) in (late or ())) and (
            state is not None and state.status in ("closed", "unlet")
            and desk.book.position(advert, application)
        ):
            desk.tell("withdrawn_bids", advert=advert, application=application)
