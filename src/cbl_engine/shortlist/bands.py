"""The band of every counted bid and the date it ranks by, for those who count and publish them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.scheme.keys import DateKey
from cbl_engine.shortlist.rows import Rows

if TYPE_CHECKING:
    from cbl_engine.shortlist.result import Shortlist


def bands_and_dates(result: Shortlist) -> pl.DataFrame:
    """The band and the ranking date of every counted bid.

    Returns:
        advert, application, band (null: not known, or the scheme reads none) and ranked_by (the
        value of the first date key of the stage it stands in; null: not known, or none).
    """
    at, place = result._bids_of(result.places_of(None))
    bands = pl.Series("band", [None] * len(at), dtype=pl.String)
    dates = pl.Series("ranked_by", [None] * len(at), dtype=pl.Date)
    for work, programme, mine in result._by_programme(place):
        here = np.flatnonzero(mine)
        if "band" in work.batch.view.frame.columns:
            held = Rows(work, at[here], result.bids).column("band").cast(pl.String)
            bands = bands.scatter(here, held)
        for number, rules in enumerate(programme.stages):
            key = next((k.key for k in rules.keys if isinstance(k.key, DateKey)), None)
            standing = here[result.ranking.stage[at[here]] == number]
            if key is not None and len(standing):
                values = Rows(work, at[standing], result.bids).value(key).cast(pl.Date)
                dates = dates.scatter(standing, values)
    return pl.DataFrame(
        {
            "advert": result.adverts.ordinals.take(result.ordinal_at[place]),
            "application": result.prepared.ordinals.take(result.bids.applications(at)),
            "band": bands,
            "ranked_by": dates,
        }
    )
