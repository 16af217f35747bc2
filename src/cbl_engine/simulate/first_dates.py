"""Priority dates of made-up households whom nobody had assessed yet, where a scheme reads them from the
register.

Else the bands it gives them would rank by a date that none of them ever has, and hold every bid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.scheme.model import SchemeVersion

_NOT_ASSESSED = ("unbanded", "awaiting_review")
"""Statuses of made-up applications that have neither band nor dates yet."""


def not_assessed(applications: pl.DataFrame) -> pl.Series:
    """Ids of the made-up households whom nobody had assessed yet, as text; none without a status."""
    if "status" not in applications.columns:
        return pl.Series("id", dtype=pl.String)
    return applications.filter(pl.col("status").cast(pl.String).is_in(_NOT_ASSESSED))["id"].cast(pl.String)


def dated(
    version: SchemeVersion, frames: Mapping[str, pl.DataFrame], whose: pl.Series
) -> dict[str, pl.DataFrame]:
    """A register on which some have the day they registered as their priority date, if they have none and a
    version assesses them and reads the date from the register.

    Args:
        version: of the scheme.
        frames: the register.
        whose: ids of those, as text.
    """
    rules, applications = version.assessment, frames["applications"]
    if rules is None or rules.priority_date is not None or "priority_date" not in applications.columns:
        return dict(frames)
    theirs = pl.when(pl.col("id").cast(pl.String).is_in(whose.implode())).then("registered_on")
    return {**frames, "applications": applications.with_columns(
        pl.coalesce("priority_date", theirs).alias("priority_date"))}
