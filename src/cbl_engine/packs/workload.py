"""What a change of scheme asks of officers, in hours: minutes for each kind of case, each with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field, model_validator

from cbl_engine.scheme.parts import Part
from cbl_engine.scheme.standards import read_shipped
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.assess import Movers

CaseName = Literal["no_change", "moved", "not_known", "on_register", "off_register", "review",
                   "registers_again"]


class CaseTime(Part):
    """Officers' time on one kind of case."""

    label: str
    minutes: float = Field(ge=0, le=10_000, description="[minutes] a case")
    source: str | None = Field(None, description="where the minutes are from")
    assumed: str | None = Field(None, description="why, where no source has them")
    share: float | None = Field(None, ge=0, le=1, description="of those counted, how many come to it")
    share_of: tuple[Literal["up", "down", "same", "off", "on", "not_comparable"], ...] = ()
    share_source: str | None = None
    share_assumed: str | None = None

    @model_validator(mode="after")
    def _sourced(self) -> CaseTime:
        if (self.source is None) == (self.assumed is None):
            raise ValueError("say either source or assumed for the minutes")
        if self.share is not None and (self.share_source is None) == (self.share_assumed is None):
            raise ValueError("say either share_source or share_assumed for the share")
        return self


class OfficerTimes(Part):
    """Minutes for each kind of case."""

    officer_minutes: dict[CaseName, CaseTime]


def officer_times(path: Path | None = None) -> OfficerTimes:
    """The minutes of a file, or those shipped, all of which are assumed.

    Raises:
        BadInput: the file cannot be used, with file, line and column.
    """
    return read_shipped(path or shipped_folder("parameters") / "workload.yaml", OfficerTimes)


def workload(found: Movers, times: OfficerTimes) -> pl.DataFrame:
    """Hours by kind of case.

    A household is one case: onto the register, off it, facts asked for (the new scheme proposes
    that its case waits for an officer), moved, or no change. Cases with a ``share`` (reviews, and
    those who must register again) come on top.

    Returns:
        case, label, cases [households], minutes [a case], hours, source, assumed (bool); the last
        row is ``all``.
    """
    frame = found.frame()
    waits = pl.col("status_new").cast(pl.String) == "awaiting_review"
    counts = dict(frame.select(
        pl.when(pl.col("move") == "on").then(pl.lit("on_register"))
        .when(pl.col("move") == "off").then(pl.lit("off_register"))
        .when(waits).then(pl.lit("not_known"))
        .when(pl.col("move") == "same").then(pl.lit("no_change"))
        .otherwise(pl.lit("moved")).alias("case")
    ).group_by("case").len().iter_rows())
    rows = []
    for name, case in times.officer_minutes.items():
        n, source = float(counts.get(name, 0)), case.source or f"assumed: {case.assumed}"
        if case.share is not None:
            n = case.share * frame.filter(pl.col("move").is_in(case.share_of)).height
            source += "; how many: " + (case.share_source or f"assumed: {case.share_assumed}")
        rows.append((name, case.label, n, case.minutes, n * case.minutes / 60, source,
                     "assumed" in source))
    told = pl.DataFrame(rows, {
        "case": pl.String, "label": pl.String, "cases": pl.Float64, "minutes": pl.Float64,
        "hours": pl.Float64, "source": pl.String, "assumed": pl.Boolean}, orient="row")
    total = told.select(
        pl.lit("all").alias("case"), pl.lit("All").alias("label"), pl.lit(None, pl.Float64).alias("cases"),
        pl.lit(None, pl.Float64).alias("minutes"), pl.col("hours").sum(),
        pl.lit("").alias("source"), pl.col("assumed").any())
    return pl.concat([told, total])
