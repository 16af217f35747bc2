"""What two assessments of one register say otherwise of each household, a column each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.outcomes import FAILED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cbl_engine.assess.assessed import Assessed

MOVES = ("up", "down", "same", "on", "off", "not_comparable")
"""Higher, lower, the same; onto the register, off it; in a band that the new scheme does not know,
or where only one of the schemes has bands.

By band, and by points where neither scheme gives bands.
"""

_GONE = ("housed", "closed")
_ADULT = 18


def compared(
    before: Assessed,
    after: Assessed,
    mapped: Mapping[str, str | None],
    by: Sequence[str],
    register: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """A row a household that is on the register by either assessment, as ``Movers.frame`` says.

    Args:
        before: the assessment by the old scheme.
        after: by the new one.
        mapped: band of the old scheme -> its name in the new one; None where it has none.
        by: columns of applications to add.
        register: frames by table name; people, for the household's kind.
    """
    one, other = before.assessed, after.assessed
    columns = [one["application"]]
    columns += [_band(before).alias("band_old"), _band(after).alias("band_new")]
    for name, told in (("points", "points"), ("bedroom_need", "need"),
                       ("status_proposed", "status"), ("priority_date", "priority_date")):
        columns += [one[name].alias(f"{told}_old"), other[name].alias(f"{told}_new")]
    applications = before.tables["applications"]
    columns += [applications[name].alias(name) for name in by]
    columns.append(_households(before, register.get("people")))
    gained, lost = _only(after, before), _only(before, after)
    changed = _giving_otherwise(before, after, mapped)
    columns += [gained.alias("gained"), lost.alias("lost"), changed.alias("changed")]
    columns += [_fails(before, after).alias("fails")]
    ranks = {band: place for place, band in enumerate(after.version.bands)}
    banded = "band" in before.trace.plan.found | after.trace.plan.found
    alike = bool(before.version.bands) == bool(ranks)
    frame = pl.DataFrame(columns).with_columns(
        _move(mapped, ranks, banded=banded) if alike or not banded else _not_by_band(),
    ).with_columns(pl.when(pl.col("move") != "off").then(_date_change()).alias("date"))
    waits = ~one["status"].cast(pl.String).is_in(_GONE)
    frame = frame.filter(waits).filter(_on("old") | _on("new"))
    first = ["application", "move"]
    last = ["date", "gained", "lost", "changed", "fails", "household", *by]
    return frame.select(*first, pl.exclude(*first, *last), *last)


def _band(result: Assessed) -> pl.Series:
    """The band of each household; none under a version without bands, whatever is on record."""
    band = result.assessed["band"].cast(pl.String)
    return band if result.version.bands else band.clear(len(band))


def _on(when: str) -> pl.Expr:
    """On the register: any status that is not closed."""
    return pl.col(f"status_{when}") != "closed"


def place_in(when: str, bands: Collection[str]) -> pl.Expr:
    """Where a household is under a version with these bands; one on record that is none of them is
    no band of it.
    """
    band = pl.col(f"band_{when}").cast(pl.String)
    return (
        pl.when(~_on(when)).then(pl.lit("(off the register)"))
        .when(band.is_in(list(bands))).then(band)
        .otherwise(pl.lit("(no band)"))
    )


def _not_by_band() -> pl.Expr:
    """Which of :data:`MOVES` where one scheme has bands and the other has none."""
    nothing = pl.lit(value=False)
    return _moved(nothing, nothing, pl.lit(value=True))


def _move(mapped: Mapping[str, str | None], ranks: Mapping[str, int], *, banded: bool) -> pl.Expr:
    """Which of :data:`MOVES`. In no band is lower than in any."""
    if banded:
        lowest = len(ranks)
        old = pl.col("band_old").cast(pl.String)
        known = {band: ranks[name] for band, name in mapped.items() if name is not None}
        rank_old = pl.when(old.is_null()).then(lowest).otherwise(
            old.replace_strict(known, default=None, return_dtype=pl.Int64))
        rank_new = pl.col("band_new").cast(pl.String).replace_strict(
            ranks, default=lowest, return_dtype=pl.Int64)
        higher, lower, unlike = rank_new < rank_old, rank_new > rank_old, rank_old.is_null()
    else:
        before, now = pl.col("points_old"), pl.col("points_new")
        higher, lower, unlike = now > before, now < before, now.is_null() != before.is_null()
    return _moved(higher, lower, unlike)


def _moved(higher: pl.Expr, lower: pl.Expr, unlike: pl.Expr) -> pl.Expr:
    return (
        pl.when(_on("old") & ~_on("new")).then(pl.lit("off"))
        .when(_on("new") & ~_on("old")).then(pl.lit("on"))
        .when(unlike).then(pl.lit("not_comparable"))
        .when(higher).then(pl.lit("up"))
        .when(lower).then(pl.lit("down"))
        .otherwise(pl.lit("same"))
        .alias("move")
    )


def _date_change() -> pl.Expr:
    old, new = pl.col("priority_date_old"), pl.col("priority_date_new")
    return (
        pl.when(old.eq_missing(new)).then(pl.lit("kept"))
        .when(new < old).then(pl.lit("earlier"))
        .when(new > old).then(pl.lit("later"))
        .otherwise(pl.lit("not known"))
    )


def _only(one: Assessed, other: Assessed) -> pl.Series:
    """Awards that count for a household by one assessment and not by the other, in order."""
    theirs = other.trace.awarded.awards
    none = np.zeros(len(one.ids), bool)
    return _listed({
        name: award.counts & ~(theirs[name].counts if name in theirs else none)
        for name, award in one.trace.awarded.awards.items()
    }, len(one.ids))


def _giving_otherwise(
    before: Assessed, after: Assessed, mapped: Mapping[str, str | None]
) -> pl.Series:
    """Awards that count by both assessments and do not give the same."""
    rules = [result.trace.plan.rules.awards for result in (before, after)]
    called = [lambda band: None if band is None else mapped.get(band, band), lambda band: band]
    given = [
        {name: [called[at](award.band), called[at](award.not_above), called[at](award.at_most),
                award.points, award.each, award.most, award.up, award.place]
         for name, award in rules[at].items()}
        for at in (0, 1)
    ]
    held = [result.trace.awarded.awards for result in (before, after)]
    return _listed({
        name: held[0][name].counts & held[1][name].counts
        for name in given[1] if name in given[0] and given[0][name] != given[1][name]
    }, len(after.ids))


def _fails(before: Assessed, after: Assessed) -> pl.Series:
    """Criteria of qualification that count against a household by the new scheme alone."""
    failed = _counted_against(before)
    none = np.zeros(len(after.ids), bool)
    return _listed({
        name: fails & ~failed.get(name, none) for name, fails in _counted_against(after).items()
    }, len(after.ids))


def _counted_against(result: Assessed) -> dict[str, np.ndarray]:
    trace = result.trace
    out = {}
    for name in trace.plan.rules.qualifies:
        unknown_fails = result.version.criteria[name].when_unknown == "fail"
        fails = (trace.codes[name] == FAILED) | ((trace.codes[name] > FAILED) & unknown_fails)
        out[name] = fails & (trace.exempted[name] < 0)
    return out


def _listed(names: Mapping[str, np.ndarray], n: int) -> pl.Series:
    """The names that are true for each household."""
    empty = pl.Series([[]], dtype=pl.List(pl.String)).new_from_index(0, n)
    if not names:
        return empty
    told = pl.DataFrame({name: pl.Series(true) for name, true in names.items()})
    return told.select(
        pl.concat_list(pl.when(name).then(pl.lit(name)) for name in names).list.drop_nulls()
    ).to_series()


def _households(result: Assessed, people: pl.DataFrame | None) -> pl.Series:
    """Kinds of household, by adults and children on the day.

    Null where a date of birth is missing, and where nobody is known to be an adult.
    """
    n = len(result.ids)
    nothing = pl.Series("household", [None], dtype=pl.String).new_from_index(0, n)
    if people is None or "date_of_birth" not in people.columns:
        return nothing
    from cbl_engine.assess.ages import age_on

    born = pl.col("date_of_birth") <= result.as_at
    if "expected_on" in people.columns:
        born = pl.coalesce(born, pl.when(pl.col("expected_on").is_not_null()).then(pl.lit(value=False)))
    adult = (age_on(result.as_at) >= _ADULT) | _applies_or_in_couple(people)
    kinds = people.select("application", born.alias("born"), adult.alias("adult")).filter(
        pl.col("born").fill_null(value=True)
    ).group_by("application").agg(
        pl.col("born").is_null().any().alias("unknown"),
        pl.col("adult").sum().alias("adults"), (~pl.col("adult")).sum().alias("children"),
    ).filter(~pl.col("unknown"), pl.col("adults") > 0).select(
        "application",
        pl.concat_str(
            pl.when(pl.col("adults") == 1).then(pl.lit("one adult"))
            .when(pl.col("adults") == 2).then(pl.lit("two adults"))
            .otherwise(pl.lit("three or more adults")),
            pl.when(pl.col("children") > 0).then(pl.lit(" with children")).otherwise(pl.lit("")),
        ).alias("household"),
    )
    return result.assessed.select("application").join(
        kinds, on="application", how="left", maintain_order="left")["household"]


def _applies_or_in_couple(people: pl.DataFrame) -> pl.Expr:
    """Whether a person is an applicant or one of a couple: an adult of the household at any age."""
    told = [pl.lit(value=False)]
    if "relationship" in people.columns:
        told.append(pl.col("relationship").cast(pl.String).is_in(["applicant", "partner"]))
    if "joint_applicant" in people.columns:
        told.append(pl.col("joint_applicant"))
    if {"id", "partner_of"} <= set(people.columns):
        partners = people["partner_of"].cast(people.schema["id"], strict=False).drop_nulls()
        told += [pl.col("partner_of").is_not_null(), pl.col("id").is_in(partners.implode())]
    return pl.any_horizontal(one.fill_null(value=False) for one in told)
