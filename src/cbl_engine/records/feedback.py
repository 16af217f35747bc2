"""What became of the homes of a run, as schemes publish it: for the public, or in full for officers.

For the public, homes are put together by month and kind; a home's id or address is never told, and
adverts labelled ``sensitive`` are left out as if they had never been. Counts are of bids; a count
that fewer than five households make up is withheld, and whatever it could be worked out from
(:mod:`cbl_engine.disclosure`). ``docs/audiences.md`` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from cbl_engine.disclosure import LIMIT, withheld
from cbl_engine.errors import BadInput, Problem
from cbl_engine.records.folder import RunFolder, read_run
from cbl_engine.records.kinds_of_home import KIND_TYPES, with_kind
from cbl_engine.shortlist.bands import bands_and_dates
from cbl_engine.shortlist.register_check import bands_in_order
from cbl_engine.tables.labels import labelled_sensitive

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cbl_engine.shortlist import Shortlist

Audience = Literal["officer", "public"]
AUDIENCES = ("officer", "public")
KINDS = ("month", "area", "bedrooms", "property_type")
WITHHELD = "withheld"
NO_BAND = "no band"


@dataclass(frozen=True, eq=False)
class Feedback:
    """What became of the homes of a run.

    Attributes:
        run: the run folder.
        audience: whom it is for.
        by: what homes are put together by; empty for officers.
        columns: names of the columns of counts of bids, in order: ``bids``, one for each band of
            those eligible (``eligible`` where the scheme has no bands) and ``not_eligible``, which
            takes in bids that are held.
        frame: for the public a row for each kind of home: row (``homes``, or ``all`` for the last,
            the total), the columns of ``by``, adverts, the counts (null: withheld) and first: for
            each advert the band of the first and the month it ranks by, ``withheld`` where that
            could point at a household. For officers a row an advert: advert, home, closes_on,
            month, area, bedrooms, property_type, sensitive, the counts, held, first (ids),
            first_band and first_ranked_by.
    """

    run: RunFolder
    audience: Audience
    by: tuple[str, ...]
    columns: tuple[str, ...]
    frame: pl.DataFrame = field(repr=False)


def feedback(
    run: str | Path | RunFolder, audience: Audience = "public", by: Sequence[str] = KINDS
) -> Feedback:
    """What was advertised, how many bid, and who came first, as far as an audience may know.

    Args:
        run: the run folder.
        audience: ``public`` (the default, and the narrower) or ``officer``.
        by: what homes are put together by, some of month, area (ward, or wider), bedrooms and
            property_type. Officers have every advert by itself.

    Raises:
        BadInput: no such audience, or no such kind.
        RunError: not a run folder, or changed since, or this engine does not reproduce it.
    """
    problems = []
    if audience not in AUDIENCES:
        problems.append(
            Problem("unknown_audience", "there is no such audience", given=str(audience),
                    allowed=", ".join(AUDIENCES))
        )
    if unknown := [name for name in by if name not in KINDS]:
        problems.append(
            Problem("unknown_kind", "homes cannot be put together by that",
                    given=", ".join(map(str, unknown)), allowed=", ".join(KINDS))
        )
    if problems:
        raise BadInput(problems)
    folder = run if isinstance(run, RunFolder) else read_run(run)
    result = folder.reproduced()
    adverts = _adverts(folder, result)
    bids, columns = _bids(folder, result)
    if audience == "officer":
        return Feedback(folder, audience, (), columns, _for_officers(adverts, bids, columns))
    by = tuple(dict.fromkeys(by))
    return Feedback(folder, audience, by, columns, _for_the_public(adverts, bids, columns, by))


def _adverts(run: RunFolder, result: Shortlist) -> pl.DataFrame:
    """Adverts considered: advert, home, closes_on, month and kind of home, sensitive."""
    considered = result.summary().select("advert")
    adverts = run.frames["adverts"].rename({"id": "advert"})
    closes = pl.col("closes_at").dt.convert_time_zone("Europe/London")
    frame = considered.join(adverts, on="advert", how="left", maintain_order="left")
    home = pl.col("home") if "home" in frame.columns else pl.lit(None, pl.String)
    return with_kind(frame, run.frames, KIND_TYPES).select(
        "advert", home.alias("home"), closes.dt.date().alias("closes_on"),
        closes.dt.strftime("%Y-%m").alias("month"), "area", "bedrooms", "property_type",
        labelled_sensitive(adverts).alias("sensitive"),
    )


def _bids(run: RunFolder, result: Shortlist) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Every counted bid with the column it is counted in, and those columns."""
    read = any("band" in f.columns for n, f in run.frames.items() if n == "applications")
    bands = [*bands_in_order(run.scheme), NO_BAND] if read else []
    columns = ("bids", *(f"eligible: {b}" for b in bands), *(() if read else ("eligible",)),
               "not_eligible")
    rows = result.frame().select("advert", "application", "eligible", "position", "tie_group")
    rows = rows.join(bands_and_dates(result), on=["advert", "application"], how="left",
                     maintain_order="left")
    named = pl.format("eligible: {}", pl.col("band").fill_null(NO_BAND)) if read else pl.lit(
        "eligible"
    )
    column = pl.when("eligible").then(named).otherwise(pl.lit("not_eligible"))
    return rows.with_columns(column.alias("column")), columns


def _first(bids: pl.DataFrame) -> pl.DataFrame:
    """Of each advert the eligible bids that stand first, the tie group whole: a row each."""
    able = bids.filter(pl.col("eligible").fill_null(value=False))
    top = able.filter(pl.col("position") == pl.col("position").min().over("advert"))
    group = top.select("advert", "tie_group")
    together = able.join(group.drop_nulls(), on=["advert", "tie_group"], how="semi")
    alone = top.filter(pl.col("tie_group").is_null())
    return pl.concat([together, alone]).sort("advert", "application")


def _for_officers(
    adverts: pl.DataFrame, bids: pl.DataFrame, columns: tuple[str, ...]
) -> pl.DataFrame:
    counts = [pl.len().cast(pl.Int64).alias("bids")]
    counts += [(pl.col("column") == c).sum().cast(pl.Int64).alias(c) for c in columns[1:]]
    held = pl.col("eligible").is_null().sum().cast(pl.Int64).alias("held")
    per_advert = bids.group_by("advert").agg(*counts, held)
    first = _first(bids).group_by("advert").agg(
        pl.col("application").alias("first"),
        pl.col("band").first().alias("first_band"),
        pl.col("ranked_by").first().alias("first_ranked_by"),
    )
    frame = adverts.join(per_advert, on="advert", how="left").join(first, on="advert", how="left")
    return frame.with_columns(pl.col(*columns, "held").fill_null(0)).sort("advert")


def _for_the_public(
    adverts: pl.DataFrame, bids: pl.DataFrame, columns: tuple[str, ...], by: tuple[str, ...]
) -> pl.DataFrame:
    adverts = adverts.filter(~pl.col("sensitive"))
    bids = bids.join(adverts.select("advert"), on="advert", how="semi", maintain_order="left")
    # A literal column, so that homes put together by nothing are one kind, or none.
    of = adverts.with_columns(pl.lit(0).alias("_"))
    groups = of.select("_", *by).unique().sort("_", *by, nulls_last=True).with_row_index("group")
    of = of.join(groups, on=["_", *by], nulls_equal=True)
    bids = bids.join(of.select("advert", "group"), on="advert", maintain_order="left")
    counts, households = _tables(bids, groups.height, columns)
    hidden = withheld(households)
    shown = {
        name: [None if hidden[g, at] else int(counts[g, at]) for g in range(groups.height + 1)]
        for at, name in zip([len(columns) - 1, *range(len(columns) - 1)], columns, strict=True)
    }
    first = _first_for_the_public(of, bids, columns, hidden)
    n = of.group_by("group").len().sort("group")["len"].to_list()
    return pl.DataFrame(
        {
            "row": [*["homes"] * groups.height, "all"],
            **{b: pl.Series([*groups[b].to_list(), None], dtype=groups.schema[b]) for b in by},
            "adverts": pl.Series([*n, adverts.height], dtype=pl.Int64),
            **{name: pl.Series(values, dtype=pl.Int64) for name, values in shown.items()},
            "first": pl.Series([*first, []], dtype=pl.List(pl.String)),
        }
    )


def _tables(
    bids: pl.DataFrame, n_groups: int, columns: tuple[str, ...]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Bids, and the households that make them: groups by outcome, with totals."""
    places = {name: at for at, name in enumerate(columns[1:])}
    cells = bids.with_columns(
        pl.col("column").replace_strict(places, return_dtype=pl.Int64).alias("at"),
        pl.col("group").cast(pl.Int64),
    )
    out = []
    for measure in (pl.len(), pl.col("application").n_unique()):
        table = np.zeros((n_groups + 1, len(columns)), np.int64)
        both = cells.group_by("group", "at").agg(measure.alias("n")).to_numpy().T
        table[both[0], both[1]] = both[2]
        rows = cells.group_by("group").agg(measure.alias("n")).to_numpy().T
        table[rows[0], -1] = rows[1]
        outcomes = cells.group_by("at").agg(measure.alias("n")).to_numpy().T
        table[-1, outcomes[0]] = outcomes[1]
        table[-1, -1] = cells.select(measure).item()
        out.append(table)
    return out[0], out[1]


def _first_for_the_public(
    of: pl.DataFrame,
    bids: pl.DataFrame,
    columns: tuple[str, ...],
    hidden: np.ndarray[Any, Any],
) -> list[list[str]]:
    """For each group, of each advert: the band of the first, and the month or year it ranks by.

    Told only where the count of the group's eligible bids in that band is shown: told elsewhere, it
    would say that a withheld count is large. The month is told where at least five households of
    that band share it, the year where they share that; only bids in counts that are shown count.
    """
    places = {name: at for at, name in enumerate(columns[1:])}
    at = bids["column"].replace_strict(places, return_dtype=pl.Int64).to_numpy()
    shown = bids.filter(pl.Series(~hidden[bids["group"].to_numpy(), at]))
    alike = {
        form: {
            (column, when): n
            for column, when, n in shown.group_by(
                "column", pl.col("ranked_by").dt.strftime(form).alias("when")
            ).agg(pl.col("application").n_unique()).drop_nulls().iter_rows()
        }
        for form in ("%B %Y", "%Y")
    }
    out: dict[int, list[str]] = {}
    firsts = {row["advert"]: row for row in _first(bids).iter_rows(named=True)}
    for group, advert in of.select("group", "advert").sort("group", "advert").iter_rows():
        row = firsts.get(advert)
        said = out.setdefault(group, [])
        if row is None:
            continue
        if hidden[group, places[row["column"]]]:
            said.append(WITHHELD)
            continue
        date = row["ranked_by"]
        when = "" if date is None else next(
            (date.strftime(form) for form, n in alike.items()
             if n.get((row["column"], date.strftime(form)), 0) >= LIMIT), ""
        )
        band = row["column"].removeprefix("eligible").removeprefix(": ")
        said.append(", ".join(filter(None, (band, when))) or WITHHELD)
    return [sorted(out[group]) for group in sorted(out)]
