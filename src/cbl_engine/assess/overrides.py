"""Officers' values, in place of what the rules give: none is dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.tables import TABLES, sizes_in_order

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.tables import Ordinals

TYPES: dict[str, pl.DataType] = {
    "bedroom_need": pl.Int64(),
    "sizes": pl.List(pl.Int64()),
    "qualifies": pl.Boolean(),
    "band": pl.String(),
    "points": pl.Int64(),
    "place_in_band": pl.Int64(),
    "status": pl.String(),
    "priority_date": pl.Date(),
}
"""Fields that an officer may set, with the type of their values."""

_STATUS = next(c.codes for c in TABLES["applications"] if c.name == "status")
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_ASSUMED = "the value of the rules stands"


@dataclass(frozen=True)
class Overrides:
    """The overrides that are current, the last decision for each application and field.

    Attributes:
        standing: id, ordinal, field, value (text), since: one row each.
        all_current: ordinal, field: every current override, for the check that none is lost.
        problems: ordinal, kind, rows (list of ids), assumption.
        edges: _ordinal, day: those on which one that stands, or is in a problem, ends, or one begins. The
            end of another changes nothing.
    """

    standing: pl.DataFrame = field(repr=False)
    all_current: pl.DataFrame = field(repr=False)
    problems: pl.DataFrame = field(repr=False)
    edges: pl.DataFrame = field(repr=False)

    def fields_of(self, n: int) -> pl.Series:
        """The fields overridden, a list an application by ordinal; null where there are none."""
        lists = self.standing.group_by("ordinal").agg(pl.col("field").sort())
        place = np.full(n, lists.height, np.int64)
        place[lists["ordinal"].to_numpy()] = np.arange(lists.height)
        padded = pl.concat([lists["field"], pl.Series([None], dtype=pl.List(pl.String))])
        return padded.gather(place)

    def at(self, field: str) -> tuple[NDArray[np.int64], pl.Series]:
        """Ordinals with this field overridden, and its values in the field's own type."""
        mine = self.standing.filter(pl.col("field") == field)
        return mine["ordinal"].to_numpy(), mine.select(_read(field)).to_series()

    def put(self, field: str, values: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        """The rules' values with the officers' in their place, and where the basis has changed.

        Returns:
            The values; and problems, as in ``problems``, where the rules now give another value
            than the one they gave when the officer decided.
        """
        mine = self.standing.filter(pl.col("field") == field)
        if not mine.height:
            return values, no_problems()
        at = mine["ordinal"].to_numpy()
        now = values.gather(at).alias("now")
        basis = mine.select("id", "ordinal", _read(field, "instead_of").alias("basis"))
        same = pl.col("basis").eq_missing(pl.col("now"))
        told = mine["instead_of"].is_not_null()
        changed = basis.with_columns(now.cast(TYPES[field])).filter(told).filter(~same)
        place = np.full(len(values), -1, np.int64)
        place[at] = np.arange(len(at))
        theirs = mine.select(_read(field)).to_series().cast(values.dtype)
        both = pl.concat([values, theirs])
        index = np.where(place >= 0, len(values) + place, np.arange(len(values)))
        problems = changed.select(
            "ordinal",
            pl.lit("override_basis_changed").alias("kind"),
            pl.concat_list("id").alias("rows"),
            pl.lit("the officer's value stands").alias("assumption"),
        )
        return both.gather(index), problems


def scattered(values: pl.Series, at: NDArray[np.int64], given: pl.Series) -> pl.Series:
    """Values with others in their place at some ordinals."""
    place = np.arange(len(values))
    place[at] = len(values) + np.arange(len(at))
    return pl.concat([values, given.cast(values.dtype)]).gather(place)


def no_problems() -> pl.DataFrame:
    """An empty frame of problems."""
    return pl.DataFrame(
        schema={
            "ordinal": pl.Int64,
            "kind": pl.String,
            "rows": pl.List(pl.String),
            "assumption": pl.String,
        }
    )


def overrides_on(
    overrides: pl.DataFrame | None, ids: Ordinals, on: date, bands: tuple[str, ...]
) -> Overrides:
    """The overrides that hold on a date.

    1. Those current at the date, of applications on the register. 2. Values that cannot be read
    are reported and not used. 3. The last decision stands (by ``decided_on``, then ``since``, then
    id); others of the same field that say another value are reported.

    Args:
        overrides: OVERRIDES, or None when there are none.
        ids: applications.
        on: the as-at date.
        bands: of the scheme.
    """
    empty = pl.DataFrame(
        schema={"id": pl.String, "ordinal": pl.Int64, "field": pl.String, "value": pl.String,
                "instead_of": pl.String, "since": pl.Date}
    )
    if overrides is None or not overrides.height:
        edges = pl.DataFrame(schema={"_ordinal": pl.Int64, "day": pl.Date})
        return Overrides(empty, empty.select("ordinal", "field"), no_problems(), edges)
    whole = _whole(overrides)
    ordinal = ids.ordinals_of(whole["application"])
    ours = whole.with_columns(pl.Series("ordinal", ordinal.astype(np.int64))).filter(
        pl.col("ordinal") >= 0, pl.col("until").is_null() | (pl.col("until") > on))
    begins = pl.col("since") > on
    to_come = ours.filter(begins)
    current = ours.filter(~begins.fill_null(value=False))
    current = current.with_columns(_readable(bands).alias("readable"))
    unreadable = current.filter(~pl.col("readable")).select(
        "ordinal",
        pl.lit("override_unreadable").alias("kind"),
        pl.concat_list("id").alias("rows"),
        pl.lit(_ASSUMED).alias("assumption"),
    )
    good = current.filter("readable").sort(
        "ordinal", "field", "decided_on", "since", "id", nulls_last=False
    )
    grouped = good.group_by("ordinal", "field", maintain_order=True).agg(
        pl.col("id").sort().alias("rows"),
        (pl.col("value").fill_null("").str.strip_chars().n_unique() > 1).alias("differ"),
    )
    conflicts = grouped.filter("differ").select(
        "ordinal",
        pl.lit("override_conflict").alias("kind"),
        "rows",
        pl.lit("the last decision stands").alias("assumption"),
    )
    standing = good.group_by("ordinal", "field", maintain_order=True).last()
    differing = good.join(grouped.filter("differ"), on=["ordinal", "field"], how="semi")
    edges = pl.concat([
        to_come.select("ordinal", pl.col("since").alias("day")),
        *(rows.select("ordinal", pl.col("until").alias("day"))
          for rows in (standing, differing, current.filter(~pl.col("readable"))))])
    since = pl.coalesce("since", "decided_on").alias("since")
    return Overrides(
        standing.select("id", "ordinal", "field", "value", "instead_of", since),
        good.select("ordinal", "field"),
        pl.concat([unreadable, conflicts]),
        edges.rename({"ordinal": "_ordinal"}).drop_nulls(),
    )


def _whole(overrides: pl.DataFrame) -> pl.DataFrame:
    """Every column of the table, null where the frame has it not; ids as text."""
    dates = {"since", "until", "decided_on"}
    columns = []
    for column in TABLES["overrides"]:
        name = column.name
        dtype = pl.Date() if name in dates else pl.String()
        if name not in overrides.columns:
            columns.append(pl.lit(None, dtype).alias(name))
        elif name == "application":
            columns.append(pl.col(name))
        else:
            columns.append(pl.col(name).cast(dtype))
    return overrides.select(columns)


def _read(field: str, column: str = "value") -> pl.Expr:
    """Values of a field from their text; null where they cannot be read."""
    text = pl.col(column).str.strip_chars()
    if field in ("bedroom_need", "points", "place_in_band"):
        return text.cast(pl.Int64, strict=False)
    if field == "sizes":
        return sizes_in_order(text.str.split("|").cast(pl.List(pl.Int64), strict=False))
    if field == "qualifies":
        low = text.str.to_lowercase()
        return pl.when(low.is_in(_YES)).then(True).when(low.is_in(_NO)).then(False)
    if field == "priority_date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    return text


def _readable(bands: tuple[str, ...]) -> pl.Expr:
    """Whether a value can be that of its field. Without a value there is no band or points."""
    field, text = pl.col("field"), pl.col("value").str.strip_chars()
    met: Any = pl.lit(False)
    for name in TYPES:
        if name == "band":
            good = text.is_null() | text.is_in(list(bands))
        elif name == "status":
            good = text.is_in(list(_STATUS)).fill_null(value=False)
        elif name == "sizes":
            sizes = _read(name)
            good = sizes.is_not_null() & ~sizes.list.eval(pl.element().is_null()).list.any()
        elif name == "bedroom_need":
            good = _read(name).is_between(0, 20).fill_null(value=False)
        elif name == "points":
            good = text.is_null() | _read(name).is_not_null()
        else:
            good = _read(name).is_not_null()
        met = pl.when(field == name).then(good).otherwise(met)
    return met
