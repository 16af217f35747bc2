"""What an assessment would have needed and did not have, as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.ages import age_on
from cbl_engine.assess.facts import answer_of, present_bedrooms, present_overcrowding
from cbl_engine.assess.outcomes import FAILED, UNKNOWN
from cbl_engine.assess.overcrowding import slept_in
from cbl_engine.assess.rooms import AREA, AREA_MISSING, NOT_RECORDED, rooms_on
from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import BedroomsNow, StatutoryOvercrowding
from cbl_engine.scheme.standards import overcrowding_law

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray

    from cbl_engine.assess.assessed import Assessed

if TYPE_CHECKING:
    _Needed = tuple[NDArray[np.int64], str, str, str, str]

EFFECTS = {
    "fail": "counts as failed",
    "pass": "counts as met",
    "hold": "awaits review",
}
"""What is done about a criterion that is not known, by its ``when_unknown``."""
NOTHING = "changes nothing today"
NOT_MET = "taken as not met"
"""What is done about a criterion that ``instead`` alone reads."""


def missing_of(result: Assessed, at: NDArray[np.int64], *, whole: bool) -> pl.DataFrame:
    """See :meth:`cbl_engine.assess.Assessed.missing`; ``at`` are ordinals, ascending."""
    ids = result.ids.ids
    schema = {"application": ids.dtype, "column": pl.String, "needed_by": pl.String,
              "kind": pl.String, "effect": pl.String}
    parts = [pl.DataFrame(schema=schema)]
    if whole:
        absent = result.trace.legal.absent
        parts.append(pl.DataFrame(
            {"application": [None] * len(absent), "column": absent,
             "needed_by": ["the law"] * len(absent), "kind": ["law"] * len(absent),
             "effect": ["not known of anyone"] * len(absent)}, schema=schema))
    for rows, column, needed_by, kind, effect in _rows(result, at):
        if len(rows):
            parts.append(pl.DataFrame({"application": ids.gather(rows)}).with_columns(
                pl.lit(column).alias("column"), pl.lit(needed_by).alias("needed_by"),
                pl.lit(kind).alias("kind"), pl.lit(effect).alias("effect")))
    parts += [p.select(*schema) for p in _frames(result, at)]
    return pl.concat(parts).unique().sort("application", "needed_by", "column", "effect", "kind")


def _rows(
    result: Assessed, at: NDArray[np.int64]
) -> Iterator[_Needed]:
    """Ordinals, column, what needed it, of which kind, and the effect."""
    trace, version = result.trace, result.version
    for name, codes in trace.codes.items():
        criterion = version.criteria[name]
        unknown = at[codes[at] == UNKNOWN]
        if name in trace.exempted:  # by law, whatever it may be
            unknown = unknown[trace.exempted[name][unknown] < 0]
        names = parse_expression(criterion.when).own_names
        for rows, effect in _effects(result, name, unknown):
            yield from _nulls(trace.frame, rows, names, name, "criterion", effect)
    for name, award in trace.plan.rules.awards.items():
        one = trace.awarded.awards[name]
        mine = at[one.held[at]]
        if award.since is not None:
            yield from _nulls(trace.frame, mine, [award.since], name, "award", "does not expire")
        if award.each is not None:
            for counts, effect in ((True, "awaits review"), (False, NOTHING)):
                rows = mine[one.counts[mine] == counts]
                yield from _nulls(trace.frame, rows, [award.each], name, "award", effect)
    yield from _of_law(result, at)
    yield from _of_unsettled_bands(result, at)


def _effects(
    result: Assessed, criterion: str, unknown: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], str]]:
    """What is done about a criterion, and for which of those of whom it is not known.

    Only an award that is left open by it awaits review, not one outside its days or with too few of
    those it counts; and a household that another test shuts out waits for no qualification.
    """
    trace, rules = result.trace, result.trace.plan.rules
    awards = [trace.awarded.awards[n] for n, a in rules.awards.items() if a.when == criterion]
    by_status = any(rule.when == criterion for rule in rules.status)
    if not (awards or by_status or criterion in rules.qualifies):
        yield unknown, NOT_MET
        return
    how = result.version.criteria[criterion].when_unknown
    if how != "hold":
        yield unknown, EFFECTS[how]
        return
    waits = np.full(len(unknown), by_status)
    for one in awards:
        waits |= one.outcome[unknown] == UNKNOWN
    if criterion in rules.qualifies:
        waits |= result.assessed["qualifies"].is_null().to_numpy()[unknown]
    yield unknown[waits], EFFECTS[how]
    yield unknown[~waits], NOTHING


def _of_unsettled_bands(result: Assessed, at: NDArray[np.int64]) -> Iterator[_Needed]:
    """What waits, where a band found today that is not on record could be another by it."""
    trace, version = result.trace, result.version
    if trace.dates is None or not trace.unsettled[at].any():
        return
    today = result.ids.ordinals_of(trace.dates.found_today()["application"])
    mine = at[trace.unsettled[at] & np.isin(at, today)]
    for name, award in trace.plan.rules.awards.items():
        if award.when is None or version.criteria[award.when].when_unknown != "hold":
            continue
        waits = trace.awarded.awards[name].outcome[mine] == UNKNOWN
        rows = mine[waits & (trace.codes[award.when][mine] == UNKNOWN)]
        names = parse_expression(version.criteria[award.when].when).own_names
        yield from _nulls(trace.frame, rows, names, "priority_date", "date",
                          "the date is that of the band found, which is not settled")


def _of_law(
    result: Assessed, at: NDArray[np.int64]
) -> Iterator[_Needed]:
    """Eligibility that is not known; exemptions that a failed test leaves to be looked at."""
    legal, trace = result.trace.legal, result.trace
    for name, codes in legal.tests.items():
        names = legal.names_read(legal.law.eligible[name])
        unknown = at[codes[at] == UNKNOWN]
        yield from _nulls(legal.frame, unknown, names, name, "law",
                          "to be settled before an offer")
    for criterion in trace.plan.rules.qualifies:
        groups = legal.exemptions_from(result.version.criteria[criterion].tests)
        failed = at[(trace.codes[criterion][at] == FAILED) & (trace.exempted[criterion][at] < 0)]
        for group in groups:
            names = legal.names_read(legal.law.exempt[group])
            unknown = failed[legal.exempt[group][failed] == UNKNOWN]
            yield from _nulls(legal.frame, unknown, names, group, "law", "may be exempt by law")


def _nulls(
    frame: pl.DataFrame, rows: NDArray[np.int64], names: Iterable[str], needed_by: str, kind: str,
    effect: str,
) -> Iterator[_Needed]:
    for column in names:
        null = frame[column].gather(rows).is_null().to_numpy()
        yield rows[null], column, needed_by, kind, effect


def _frames(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    trace = result.trace
    ids = result.ids.ids.gather(at)
    if trace.bedrooms is not None:
        lost = pl.when(pl.col("need").is_null()).then(pl.lit("bedroom need not known")).otherwise(
            pl.lit("sizes not known"))
        for column, effect in (("missing", lost), ("assumed", pl.lit("assumed"))):
            told = trace.bedrooms[at].select(
                "application", pl.col(column).alias("column"), effect.alias("effect"))
            told = told.filter(pl.col("column").is_not_null()).explode("column")
            yield told.with_columns(
                pl.lit(f"bedroom standard {trace.plan.rules.size}").alias("needed_by"),
                pl.lit("standard").alias("kind"),
            ).select("application", "column", "needed_by", "kind", "effect")
    yield from _of_rooms(result, at)
    if trace.dates is not None:
        dated = trace.dates.missing.filter(pl.col("application").is_in(ids.implode()))
        yield dated.with_columns(pl.lit("date").alias("kind"))


def _of_rooms(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """What keeps bedrooms now and statutory overcrowding from being known."""
    trace, on = result.trace, result.as_at
    for name, fact in trace.plan.facts.items():
        if isinstance(fact, BedroomsNow):
            found = present_bedrooms(
                fact, result.tables, result.ids, on, result.version, trace.frame)[at]
            column = pl.col("basis").replace_strict(
                {AREA_MISSING: f"rooms.{AREA}", NOT_RECORDED: "current_bedrooms"}, default=None)
            said = [found.filter(pl.col("bedrooms").is_null()).select(
                "application", column.alias("column")).drop_nulls()]
        elif isinstance(fact, StatutoryOvercrowding):
            found = present_overcrowding(result.tables, result.ids, on)[at]
            unknown = found.filter(pl.col(answer_of(fact)).is_null())
            said = _of_overcrowding(fact, result.tables, unknown, on)
        else:
            continue
        for told in said:
            yield told.with_columns(
                pl.lit(name).alias("needed_by"), pl.lit("fact").alias("kind"),
                pl.lit("not known").alias("effect"))


def _of_overcrowding(
    fact: StatutoryOvercrowding, tables: Mapping[str, pl.DataFrame], unknown: pl.DataFrame, on: date
) -> Iterator[pl.DataFrame]:
    """What is missing of rooms and people, by the standards that are asked for and not known.

    A floor area serves the space standard alone, and the sex of those old enough the room standard.
    """
    rooms = slept_in(rooms_on(tables["rooms"], on))
    everyone = unknown["application"]
    none = everyone.filter(~everyone.is_in(rooms["application"].implode()))
    yield none.alias("application").to_frame().with_columns(pl.lit("rooms").alias("column"))
    asked = fact.statutory_overcrowding
    by_room, by_space = (
        unknown.filter(pl.col(f"{rule}_broken").is_null() & (asked in (rule, "either")))[
            "application"].implode()
        for rule in ("room_standard", "space_standard")
    )
    theirs = pl.col("application")
    yield rooms.filter(theirs.is_in(by_space), pl.col(AREA).is_null()).select(
        "application", pl.lit(f"rooms.{AREA}").alias("column")).unique()
    people = tables["people"].filter(theirs.is_in(everyone.implode()))
    no_age = pl.col("date_of_birth").is_null()
    if "expected_on" in people.columns:
        no_age &= pl.col("expected_on").is_null()
    old = no_age | (age_on(on) >= overcrowding_law(on).room_standard_from_age)
    no_sex = ~pl.col("sex").cast(pl.String).is_in(["female", "male"]).fill_null(value=False)
    for name, lacking in (
        ("date_of_birth", no_age), ("sex", no_sex & old & theirs.is_in(by_room))
    ):
        yield people.filter(lacking).select(
            "application", pl.format(f"{{}}.{name}", "id").alias("column"))
