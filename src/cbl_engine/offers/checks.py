"""What officers must know before a household goes a step further: which checks, and their results.

The engine knows the outcome of a check and never what lies behind it. Which of the checks that
officers hold back stopped a household is told to officers alone: see :func:`told`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import polars as pl

from cbl_engine.assess.ages import months_on
from cbl_engine.assess.connections import area_closure
from cbl_engine.offers.deadlines import days_closed, last_day
from cbl_engine.offers.whole import whole
from cbl_engine.scheme.offers import Step
from cbl_engine.tables.letting_columns import CHECKS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from cbl_engine.offers.criteria import Judge
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.offers import Check

Audience = Literal["officer", "applicant", "public"]

NEUTRAL = "officer-held reason"
"""The one reason given to everyone but officers for every check that officers hold back."""

_STEPS: tuple[Step, ...] = get_args(Step)
_PAIR = ("advert", "application", "home")
_ASKED = {
    "check": pl.String(), "state": pl.String(), "must_pass": pl.Boolean(),
    "officer_held": pl.Boolean(), "missing_does": pl.String(), "hold_until": pl.Date(),
}


def checks_due(version: SchemeVersion, before: Step) -> dict[str, Check]:
    """The checks that a step waits for: those asked before it or before any earlier step.

    What was cleared once may have run out since, or another result may have come.
    """
    reached = _STEPS[: _STEPS.index(before) + 1]
    return {name: check for name, check in version.checks.items() if check.before in reached}


def held_by_officers(version: SchemeVersion) -> frozenset[str]:
    """Names of the checks that are for officers alone."""
    return frozenset(name for name, check in version.checks.items() if check.officer_held)


def ask_checks(
    judge: Judge,
    pairs: pl.DataFrame,
    before: Step,
    on: date,
    checks: pl.DataFrame,
    areas: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Every check that a step waits for, of each household and home, and how it stands that day.

    A check is asked where its ``when`` is met or, being on hold, not known; one that landlords
    list, of their homes alone. Of the results that hold that day (confirmed, where a second
    officer is asked for) the latest ``since`` about the place decides, then the highest id; the
    latest about everywhere where there is none, or where it is later and adverse. A result about
    an area holds in whatever lies in it.
    Where it is not known whether an adverse result is about this place, an officer decides.

    Checks that officers hold back share what a missing result does and how long the home waits
    (a hold before passing over, and the longest of their times), so that neither tells them apart.

    Args:
        judge: with the adverts and applications of the pairs.
        pairs: advert, application, home, landlord, area; a row for each household and home. Null
            home, landlord or area is not known; a null advert is of no advert, and then only
            checks without a ``when`` that reads one can be asked.
        before: the step that waits.
        on: the day.
        checks: results, as in the table ``checks``.
        areas: id and parent; None where no area lies in another.

    Returns:
        advert, application, home, check, state (cleared, failed, refer, missing), result (its id;
        null where missing), must_pass, officer_held, missing_does (hold, bypass), hold_until (last
        day of a hold begun that day; null without a deadline). In the order of the pairs; for
        each, plain checks in the scheme's order, then those that officers hold back.

    Raises:
        TableError: a criterion reads a column that is not there.
    """
    version = judge.version(on)
    given = pairs.with_row_index("pair")
    asked = [
        _asked_of(judge, given, name, check, on).with_columns(pl.lit(place).alias("place"))
        for place, (name, check) in enumerate(_shared(version, before, on).items())
    ]
    if not asked:
        return _empty(pairs, checks)
    rows = pl.concat(asked)
    deciding = _deciding(rows, _fitting(checks, pairs, on), on, version, areas)
    return (
        rows.join(deciding, on=("pair", "place"), how="left")
        .with_columns(pl.col("state").fill_null("missing"))
        .sort("pair", "officer_held", "place")
        .select(*_PAIR, "check", "state", "result", *list(_ASKED)[2:])
    )


def first_stop(asked: pl.DataFrame) -> pl.DataFrame:
    """For each household and home that something stops, the one check that does, and what follows.

    Passing over comes before a hold: there is nothing to wait for. A plain reason comes before one
    that officers hold back.

    Args:
        asked: as :func:`ask_checks` gives it.

    Returns:
        Its rows and columns, one row at most for each pair, with ``does``: hold or bypass.
    """
    does = (
        pl.when(pl.col("state") == "failed").then(pl.lit("bypass"))
        .when(pl.col("state") == "refer").then(pl.lit("hold"))
        .otherwise(pl.col("missing_does"))
    )
    return (
        asked.with_row_index("row")
        .filter(pl.col("state") != "cleared")
        .with_columns(does.alias("does"))
        .sort("does", "row")  # bypass, hold
        .unique(_PAIR, keep="first", maintain_order=True)
        .sort("row")
        .drop("row")
    )


def told(frame: pl.DataFrame, held: Collection[str], audience: Audience) -> pl.DataFrame:
    """Rows with reasons as an audience may know them.

    To everyone but officers a check that officers hold back is :data:`NEUTRAL`, without the
    officer, the result and the evidence; rows that then say the same are one, and their order
    follows from what is left.

    Args:
        frame: such as the record's passed_over, holds or proposals: the reason in ``reason``,
            ``check`` or ``what``.
        held: names of the checks held back (:func:`held_by_officers`), of every version of the
            scheme that the rows come from.
        audience: who reads it.
    """
    if audience == "officer":
        return frame
    names = [c for c in ("reason", "check", "what") if c in frame.columns]
    hidden = pl.any_horizontal(pl.col(names).is_in(list(held)).fill_null(value=False))
    if "officer_held" in frame.columns:
        hidden |= pl.col("officer_held").fill_null(value=False)
    apart = [c for c in ("by", "evidence", "result", "must_pass") if c in frame.columns]
    neutral = frame.with_columns(
        *(pl.when(hidden & pl.col(c).is_not_null()).then(pl.lit(NEUTRAL)).otherwise(c).alias(c)
          for c in names),
        *(pl.when(~hidden).then(c).alias(c) for c in apart),
    ).unique()
    return neutral.sort([c for c in neutral.columns if not neutral[c].dtype.is_nested()])


def told_reason(
    reason: str, held: Collection[str], audience: Audience, *, officer_held: bool = False
) -> str:
    """One reason as an audience may know it; as in :func:`told`."""
    hidden = audience != "officer" and (officer_held or reason in held)
    return NEUTRAL if hidden else reason


def _shared(version: SchemeVersion, before: Step, on: date) -> dict[str, tuple[Check, date | None]]:
    """The checks due with the last day of a hold; those held back agree in what they do."""
    held = [check for check in version.checks.values() if check.officer_held]
    closed = days_closed(version)
    ends = [last_day(check.hold, on, closed=closed) for check in held]
    longest = None if None in ends else max((e for e in ends if e is not None), default=None)
    missing = "hold" if any(check.missing == "hold" for check in held) else "bypass"
    return {
        name: (check.model_copy(update={"missing": missing}), longest)
        if check.officer_held
        else (check, last_day(check.hold, on, closed=closed))
        for name, check in checks_due(version, before).items()
    }


def _asked_of(
    judge: Judge, pairs: pl.DataFrame, name: str, due: tuple[Check, date | None], on: date
) -> pl.DataFrame:
    """The pairs of which a check is asked."""
    check, hold_until = due
    landlords = judge.version(on).landlords
    listed = [landlord for landlord, theirs in landlords.items() if name in theirs.checks]
    if listed:
        theirs = pl.col("landlord").cast(pl.String).is_in(listed)
        pairs = pairs.filter(theirs.fill_null(value=False))
    missing = pl.Series([check.missing]).new_from_index(0, pairs.height)
    if check.when is not None and pairs.height:
        needed = judge.counts(
            check.when, on, advert=pairs["advert"], application=pairs["application"]
        )
        missing = missing.set(needed.is_null(), "hold").filter(needed.fill_null(value=True))
        pairs = pairs.filter(needed.fill_null(value=True))
    return pairs.with_columns(
        missing.alias("missing_does"),
        pl.lit(name).alias("check"),
        pl.lit(check.must_pass).alias("must_pass"),
        pl.lit(check.officer_held).alias("officer_held"),
        pl.lit(hold_until, pl.Date).alias("hold_until"),
    )


def _fitting(checks: pl.DataFrame, pairs: pl.DataFrame, on: date) -> pl.DataFrame:
    """Results begun by that day, with every column, and ids of the pairs' type."""
    results = whole(checks, CHECKS)
    for column in (*_PAIR, "area"):
        if pairs[column].dtype != pl.Null:
            results = results.with_columns(pl.col(column).cast(pairs[column].dtype))
    return results.filter(pl.col("since") <= on).select(
        "check", "application", "outcome", "since", "until", "by", "confirmed_by",
        pl.col("id").alias("result"),
        *(pl.col(c).alias(f"its {c}") for c in ("home", "advert", "area")),
    )


def _deciding(
    rows: pl.DataFrame,
    results: pl.DataFrame,
    on: date,
    version: SchemeVersion,
    areas: pl.DataFrame | None,
) -> pl.DataFrame:
    """The result that decides each row, and the state it leads to: pair, place, result, state."""
    months = {name: check.valid_months for name, check in version.checks.items()}
    second = [name for name, check in version.checks.items() if check.second_officer]
    lasts = months_on(pl.col("since"), pl.col("check").replace_strict(months, return_dtype=pl.Int64))
    ends = pl.coalesce("until", lasts)
    confirmed = pl.col("confirmed_by").is_not_null() & pl.col("confirmed_by").ne_missing(
        pl.col("by")
    )
    found = _with_insides(
        rows.join(results.filter(pl.col("check").is_in(list(months))), on=("application", "check")),
        areas,
    )
    about = _about_this_place()
    of_place = pl.col("since").filter(pl.col("placed")).max().over("pair", "place")
    later = (pl.col("since") > of_place).fill_null(value=False)
    overtaken = ~pl.col("placed") & (pl.col("state") != "cleared") & later
    return (
        found.filter(ends.is_null() | (ends > on))
        .filter(confirmed | ~pl.col("check").is_in(second))
        .with_columns(about.alias("about"))
        .filter(pl.col("about").fill_null(pl.col("outcome") != "cleared"))
        .with_columns(
            pl.any_horizontal(pl.col("its home", "its advert", "its area").is_not_null())
            .alias("placed"),
            pl.when(pl.col("about").is_null() | (pl.col("outcome") == "refer"))
            .then(pl.lit("refer"))
            .when(pl.col("outcome") == "cleared").then(pl.lit("cleared"))
            .otherwise(pl.lit("failed")).alias("state"),
        )
        .sort("since", "result", descending=True)
        .unique(("pair", "place", "placed"), keep="first", maintain_order=True)
        .with_columns(overtaken.alias("overtaken"))
        .sort("overtaken", "placed", descending=True)
        .unique(("pair", "place"), keep="first", maintain_order=True)
        .select("pair", "place", "result", "state")
    )


def _with_insides(found: pl.DataFrame, areas: pl.DataFrame | None) -> pl.DataFrame:
    """With ``inside``: true where the pair's area lies in the result's, otherwise null."""
    nothing = found.with_columns(pl.lit(None, pl.Boolean).alias("inside"))
    if areas is None or not areas.height or found["area"].dtype == pl.Null:
        return nothing
    closure = area_closure(areas).cast(found["area"].dtype).with_columns(
        pl.lit(value=True).alias("inside")
    )
    return found.join(
        closure, left_on=("area", "its area"), right_on=("area", "around"), how="left"
    )


def _about_this_place() -> pl.Expr:
    """Whether a result is about the pair's place; null where the place is not known."""
    at_home = pl.col("its home").is_null() | (pl.col("its home") == pl.col("home"))
    at_advert = pl.col("its advert").is_null() | pl.col("its advert").eq_missing(pl.col("advert"))
    lies_in = (pl.col("its area") == pl.col("area")) | pl.col("inside").is_not_null()
    known = pl.when(pl.col("area").is_not_null()).then(lies_in)
    return at_home & at_advert & (pl.col("its area").is_null() | known)


def _empty(pairs: pl.DataFrame, checks: pl.DataFrame) -> pl.DataFrame:
    ids: Mapping[str, pl.DataType] = {c: pairs[c].dtype for c in _PAIR}
    result = checks["id"].dtype if "id" in checks.columns else pl.String()
    schema = {**ids, **_ASKED}
    order = (*_PAIR, "check", "state", "result", *list(_ASKED)[2:])
    return pl.DataFrame(schema={c: result if c == "result" else schema[c] for c in order})
