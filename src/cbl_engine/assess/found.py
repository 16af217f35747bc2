"""What an assessment reports: what does not fit together, and what was not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ASSUMED = {
    "spell_without_a_day": "left out: it ended no later than it began",
    "overlap": "each band was held until the next began",
    "open_twice": "each band was held until the next began",
    "same_day": "the one that lasted longest counts as the last, then the higher band",
    "gap": "in no band between them, the date kept",
    "history_ended": "the last band was held until today",
    "reason_not_known": "the band changed for a change of need",
    "submitted_after_award": "both days as recorded",
    "award_before_last_spell": "the band found today is the last, and dates from its award",
    "band_before_registration": "the first date stands",
    "band_not_in_scheme": "neither higher nor lower: the date was kept",
    "other_application_not_known": "its date is left out of account",
}
"""What is done about each kind of contradiction."""


def spells_called(spells: pl.DataFrame, rows: pl.Series) -> pl.Series:
    """Spells of these rows by band and first day: ``band B from 2020-01-01``."""
    return spells[rows].select(
        pl.format(
            "{} from {}",
            pl.when(pl.col("band").is_null()).then(pl.lit("no band")).otherwise(
                pl.format("band {}", pl.col("band").cast(pl.String).fill_null(""))),
            pl.col("since").cast(pl.String).fill_null("the start"),
        ).alias("spell")
    ).to_series()


class Found:
    """Contradictions and missing values as they are found, in order."""

    def __init__(self, ids: pl.Series) -> None:
        self._ids = ids
        self._contradictions: list[pl.DataFrame] = []
        self._missing: list[pl.DataFrame] = []

    def contradiction(
        self, kind: str, applications: NDArray[np.integer], *rows: NDArray[np.integer]
    ) -> None:
        """One line an application, whose spells are these rows."""
        if not len(applications):
            return
        one = {"application": np.tile(applications, len(rows)), "rows": np.concatenate(rows)}
        self._contradictions.append(
            pl.DataFrame(one, schema={"application": pl.Int64, "rows": pl.Int64})
            .group_by("application")
            .agg(pl.col("rows").filter(pl.col("rows") >= 0).unique().sort())
            .with_columns(kind=pl.lit(kind), assumption=pl.lit(ASSUMED[kind]))
        )

    def missing(
        self, applications: NDArray[np.integer], column: str, needed_by: str, effect: str
    ) -> None:
        """One line an application."""
        if not len(applications):
            return
        self._missing.append(
            pl.DataFrame({"application": np.asarray(applications, np.int64)}).with_columns(
                column=pl.lit(column), needed_by=pl.lit(needed_by), effect=pl.lit(effect)
            )
        )

    def contradictions(self, spells: pl.DataFrame) -> pl.DataFrame:
        """application, kind, rows, assumption, in order of application and kind.

        The rows are of these spells, told as :func:`spells_called` does: a number in the table would
        be another where the same rows come in another order.
        """
        kinds = {"kind": pl.String, "rows": pl.List(pl.Int64), "assumption": pl.String}
        lines = self._all(self._contradictions, kinds).with_row_index("line")
        rows = lines.select("line", pl.col("rows").alias("row")).explode("row").drop_nulls()
        told = rows.with_columns(
            spells["since"].gather(rows["row"]).alias("since"), spells_called(spells, rows["row"]),
        ).sort("line", "since", "spell").group_by("line").agg(pl.col("spell").alias("rows"))
        return lines.drop("rows").join(told, on="line", how="left", maintain_order="left").select(
            "application", "kind", pl.col("rows").fill_null([]), "assumption")

    def all_missing(self) -> pl.DataFrame:
        """application, column, needed_by, effect, in order of application."""
        return self._all(
            self._missing, dict.fromkeys(("column", "needed_by", "effect"), pl.String)
        )

    def _all(self, parts: list[pl.DataFrame], columns: Mapping[str, Any]) -> pl.DataFrame:
        names = ["application", *columns]
        empty = pl.DataFrame(schema={"application": pl.Int64, **columns})
        first = names[1:3] if "kind" not in columns else ["kind"]
        frame = pl.concat([empty, *(p.select(names) for p in parts)])
        frame = frame.sort("application", *first, maintain_order=True)
        return frame.with_columns(self._ids.gather(frame["application"]).alias("application"))
