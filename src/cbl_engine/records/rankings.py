"""Every list of a record as it was made, those that were ranked anew since among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.offers.events import TakenIn
from cbl_engine.records.facts_apart import ERASED, EVENT_NUMBER, ORDINAL

if TYPE_CHECKING:
    from cbl_engine.records.state import StateFolder


def rankings(folder: StateFolder) -> pl.DataFrame:
    """The rows of every ranking that counts; the table ``shortlisted`` has the last of each advert.

    Args:
        folder: a state folder.

    Returns:
        The columns of ``shortlisted`` (ids as text), event (number of the event that made the list) and
        ranked_on (its day); by event. Rows of households whose facts were erased are left out.
    """
    made = [(n, event.on) for n, event in folder.trail.counting()
            if isinstance(event, TakenIn) and event.table == "shortlisted"]
    days = pl.DataFrame(made, {"event": pl.Int64, "ranked_on": pl.Date}, orient="row")
    rows = folder.facts.rows.get("shortlisted")
    if rows is None:
        return folder.tables["shortlisted"].clear().join(days, how="cross")
    return rows.filter(~pl.col(ERASED)).drop(ERASED, ORDINAL).rename({EVENT_NUMBER: "event"}).with_columns(
        pl.col("advert", "application").cast(pl.String)
    ).join(days, on="event", maintain_order="left")
