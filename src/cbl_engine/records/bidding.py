"""One bid asked about, from files to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from cbl_engine.errors import BadInput
from cbl_engine.offers.book import Book
from cbl_engine.offers.desk import Desk, london_day
from cbl_engine.offers.may_bid import MayBid, may_bid
from cbl_engine.records.chain import check_inputs
from cbl_engine.records.state import is_state, read_state
from cbl_engine.shortlist import prepare
from cbl_engine.shortlist.register_check import register_problems
from cbl_engine.tables import LONDON
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from cbl_engine.scheme import Scheme
    from cbl_engine.shortlist.explanation import Audience


def ask_to_bid(
    scheme: str | Path | Scheme,
    data: str | Path,
    advert: Any,
    application: Any,
    at: datetime,
    *,
    mapping: str | Path | None = None,
    placed_by: Literal["applicant", "officer"] = "applicant",
    audience: Audience = "applicant",
    seed: int = 0,
) -> MayBid:
    """Whether a household may bid on an advert at a moment, and where it would stand.

    Args:
        scheme: a loaded scheme, a path, or the name of a shipped one.
        data: as for :func:`~cbl_engine.run_shortlist`, or a state folder, whose record then
            counts: offers under way, consequences, who is housed. Bids placed after the moment are
            not looked at, and there may be none.
        advert: id of the advert.
        application: id of the application.
        at: the moment, with a time zone.
        mapping: how the data become our tables; None takes the folder's own, if any.
        placed_by: who would place it.
        audience: ``applicant`` or ``officer``.
        seed: for lotteries.

    Raises:
        BadInput: everything wrong with scheme and tables; there is no such advert or application.
    """
    standing = is_state(data)
    inputs = check_inputs(scheme, None if standing else data, "close", mapping, through_bids=False)
    if inputs.problems or inputs.scheme is None:
        raise BadInput(inputs.problems)
    if standing:
        frames: Mapping[str, pl.DataFrame] = read_state(data).tables
        problems = register_problems(inputs.scheme, frames, "close")
        if problems:
            raise BadInput(problems)
    else:
        if inputs.tables is None or not {"applications", "adverts"} <= set(inputs.tables.frames):
            raise BadInput(inputs.problems)
        frames = inputs.tables.frames
    given = {name: frame for name, frame in frames.items() if name not in RECORDED}
    if "bids" not in given:
        given["bids"] = pl.DataFrame(
            schema={
                "advert": given["adverts"].schema["id"],
                "application": given["applications"].schema["id"],
                "placed_at": pl.Datetime("us", LONDON),
            }
        )
    desk = Desk(inputs.scheme, given, Book.from_tables(frames), on=london_day(at), seed=seed)
    record = desk.record if standing else {}
    return may_bid(
        desk.judge, prepare(inputs.scheme, desk.register, "close"), given["bids"], record,
        advert, application, at, placed_by=placed_by, audience=audience, seed=seed,
    )
