"""One person on two applications, by their identity key or by who lives with whom."""

from __future__ import annotations

import polars as pl


def duplicates(people: pl.DataFrame, applications: pl.Series) -> pl.DataFrame:
    """Applications that seem to have a person in common.

    ``identity``: a person of each has the same identity key. ``same_people``: two people of each
    have the same dates of birth and sexes; names are not on the register. A child of parents who
    live apart, and twins of one birthday in two households, come up rightly or not: an officer
    looks.

    Args:
        people: PEOPLE.
        applications: ids of those that are live.

    Returns:
        Frame of application, about (identity, same_people), rows (the other applications).
    """
    live = people.filter(pl.col("application").is_in(applications.implode()))
    parts = []
    if "identity" in live.columns:
        keys = live.filter(pl.col("identity").is_not_null()).select("application", "identity")
        parts.append(_shared(keys, "identity"))
    if {"date_of_birth", "sex"} <= set(live.columns):
        parts.append(_shared(_pairs(live), "same_people"))
    return pl.concat(parts) if parts else pl.DataFrame()


def _pairs(people: pl.DataFrame) -> pl.DataFrame:
    """A key for every two people of an application whose birth and sex are known."""
    known = people.filter(
        pl.col("date_of_birth").is_not_null(), pl.col("sex").is_not_null()
    ).select(
        "application",
        # A day of birth and a sex in one number.
        (pl.col("date_of_birth").cast(pl.Int32).cast(pl.Int64) * 8
         + pl.col("sex").cast(pl.String).replace_strict(
             {"female": 1, "male": 2}, default=3, return_dtype=pl.Int64)).alias("who"),
    ).sort("application", "who")
    at = known.with_columns(pl.int_range(pl.len()).over("application").alias("at"))
    largest = at["at"].max()
    found = [pl.DataFrame(schema={**known.schema, "other": pl.Int64})]
    for apart in range(1, (largest if isinstance(largest, int) else 0) + 1):
        ahead = at.with_columns(
            pl.col("who").shift(-apart).alias("other"),
            pl.col("application").shift(-apart).alias("_of"),
        )
        found.append(ahead.filter(pl.col("_of") == pl.col("application")).select(
            "application", "who", "other"))
    return pl.concat(found)


def _shared(keys: pl.DataFrame, about: str) -> pl.DataFrame:
    """Applications that have a key in common with another, and which."""
    on = [c for c in keys.columns if c != "application"]
    keys = keys.unique()
    shared = keys.filter(pl.len().over(on) > 1)
    both = shared.join(shared.rename({"application": "other_application"}), on=on)
    both = both.filter(pl.col("application") != pl.col("other_application"))
    others = pl.col("other_application").unique().sort().cast(pl.String)
    return both.group_by("application").agg(others.alias("rows")).with_columns(
        pl.lit(about).alias("about"))
