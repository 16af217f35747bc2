"""One bid asked about, from files to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from cbl_engine.errors import BadInput
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.may_bid import MayBid, may_bid
from cbl_engine.records.chain import check_inputs
from cbl_engine.shortlist import prepare
from cbl_engine.tables import LONDON
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
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
        data: as for :func:`~cbl_engine.run_shortlist`; bids placed after the moment are not looked
            at, and there may be none.
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
    inputs = check_inputs(scheme, data, "close", mapping)
    missing = inputs.tables is None or not {"applications", "adverts"} <= set(inputs.tables.frames)
    if inputs.problems or inputs.scheme is None or inputs.tables is None or missing:
        raise BadInput(inputs.problems)
    frames = inputs.tables.frames
    bids = frames.get("bids")
    if bids is None:
        bids = pl.DataFrame(
            schema={
                "advert": frames["adverts"].schema["id"],
                "application": frames["applications"].schema["id"],
                "placed_at": pl.Datetime("us", LONDON),
            }
        )
    judge = Judge(inputs.scheme, frames, frames["adverts"], frames.get("homes"))
    prepared = prepare(inputs.scheme, frames, "close")
    record = {name: frame for name, frame in frames.items() if name in RECORDED}
    return may_bid(
        judge, prepared, bids, record, advert, application, at,
        placed_by=placed_by, audience=audience, seed=seed,
    )
