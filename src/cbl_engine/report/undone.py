"""What officers undid after they had decided it, as outcomes say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = ("application", "advert", "home", "what", "act", "by")


def outcomes_of(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The outcomes that were taken in, with the columns that letters read, empty where there is none:
    application, advert, home, what, act, by (text), reasonable (Bool) and on (Date).
    """
    types = dict.fromkeys(_TEXTS, pl.String()) | {"reasonable": pl.Boolean(), "on": pl.Date()}
    given = tables.get("outcomes", pl.DataFrame(schema=types))
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in types.items())


def undone_by_officers(tables: Mapping[str, pl.DataFrame], act: str) -> pl.DataFrame:
    """The outcomes by which a named officer undid an act, in the columns of :func:`outcomes_of`."""
    return outcomes_of(tables).filter(
        pl.col("what") == "undone", pl.col("act") == act, pl.col("by").is_not_null())
