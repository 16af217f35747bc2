"""Clocks that run: homelessness duties, and decisions and recommendations that are asked for.

Days are data: those of the law in ``scenarios/law/clocks.yaml``, a council's own under ``upkeep:``
and ``review:`` of its scheme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.assess.periods import period_end
from cbl_engine.scheme.law import clocks_of_law
from cbl_engine.scheme.upkeep import DecisionDue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.upkeep import DutyDue, Follows

_DATES = ("requested_on", "received_on", "due_on", "decided_on", "notified_on")
_NO_START = "no day on which it began"
_NOT_TOLD = "no day to count from: put in notified_on, the day the household was told"


def clocks(
    duties: pl.DataFrame | None, decisions: pl.DataFrame | None, version: SchemeVersion, as_at: date
) -> list[pl.DataFrame]:
    """Every clock that runs on a date, run out or not.

    Args:
        duties: DUTIES; those owed on the date run.
        decisions: OFFICER_DECISIONS; those not yet made run, and recommendations not yet received.
        version: the scheme's own clocks.
        as_at: the date.

    Returns:
        Frames of application, about (the clock, or the decision's subject), rows (ids of
        decisions), owner (null: nobody named), began_on, due_on (null: not known), follows,
        proposes, source, note.
    """
    law, rules = clocks_of_law(), version.upkeep
    closed = rules.closed if rules is not None else ()
    found: list[pl.DataFrame] = []
    if duties is not None and duties.height:
        own = rules.duties if rules is not None else {}
        found += _of_duties(duties, own, {}, as_at, closed)
        found += _of_duties(duties, law.duties_on(as_at), law.citations(), as_at, closed)
    if decisions is not None and decisions.height:
        rows = decisions.with_columns(
            pl.lit(None, pl.Date).alias(c) for c in _DATES if c not in decisions.columns)
        rows = _with_owner(rows)
        own = _own_decisions(version)
        statutory = law.decisions_on(as_at)
        open_ = pl.col("decided_on").is_null() & (
            (pl.col("stage").cast(pl.String) == "decision") | pl.col("received_on").is_null())
        found += _of_decisions(rows, open_, own, {}, as_at, closed)
        found += _of_decisions(rows, open_, statutory, law.citations(), as_at, closed)
        others = rows.filter(open_, ~pl.col("subject").is_in([*own, *statutory]))
        found.append(others.select(*_DECISION, "due_on", pl.col("requested_on").alias("began_on"))
                     .filter(pl.col("due_on").is_not_null()))
    return found


_DECISION = (
    "application", pl.col("subject").alias("about"),
    pl.concat_list(pl.col("id").cast(pl.String)).alias("rows"), "owner",
)


def consequence(rule: Follows, source: str | None = None) -> list[pl.Expr]:
    """What a rule says follows, as columns."""
    said = {"follows": rule.label, "proposes": rule.status, "source": source or rule.source}
    return [pl.lit(value, pl.String).alias(name) for name, value in said.items()]


def _with_owner(rows: pl.DataFrame) -> pl.DataFrame:
    if "owner" in rows.columns:
        return rows
    return rows.with_columns(pl.lit(None, pl.String).alias("owner"))


def _of_duties(
    duties: pl.DataFrame,
    rules: Mapping[str, DutyDue],
    cited: Mapping[str, str],
    as_at: date,
    closed: Sequence[date],
) -> Iterator[pl.DataFrame]:
    """Duties owed on the date, by each clock of their kind; without a first day, not known."""
    for name in ("since", "until"):
        if name not in duties.columns:
            duties = duties.with_columns(pl.lit(None, pl.Date).alias(name))
    since, until = pl.col("since"), pl.col("until")
    owed = _with_owner(duties).filter(
        since.is_null() | (since <= as_at), until.is_null() | (until > as_at))
    for name, rule in rules.items():
        mine = owed.filter(pl.col("kind").cast(pl.String) == rule.kind)
        end, note = period_end(mine["since"], rule, closed)
        told = pl.when(since.is_null()).then(pl.lit(_NO_START)).otherwise(pl.lit(note))
        yield mine.select(
            "application", pl.lit(name).alias("about"), "owner", since.alias("began_on"),
            pl.lit(end).alias("due_on"), told.alias("note"),
            *consequence(rule, cited.get(name)),
        )


def _own_decisions(version: SchemeVersion) -> dict[str, DecisionDue]:
    """The scheme's clocks by subject; a review of its own is due when its letters say."""
    rules = dict(version.upkeep.decisions) if version.upkeep is not None else {}
    review = version.review
    if review is not None and review.answer_days is not None:
        unit = "working_days" if review.answer_counted == "working" else "days"
        rules.setdefault("review", DecisionDue.model_validate({
            "label": "Answer the request for a review", "starts": "requested_on",
            unit: review.answer_days, "source": review.source,
            "illustrative": review.illustrative,
        }))
    return rules


def _of_decisions(
    rows: pl.DataFrame,
    open_: pl.Expr,
    rules: Mapping[str, DecisionDue],
    cited: Mapping[str, str],
    as_at: date,
    closed: Sequence[date],
) -> Iterator[pl.DataFrame]:
    """By subject: the day recorded as due, or the period. One that a decision starts ends alone; where
    the household's being told starts it and no day is on record, it is told without an end.
    """
    for subject, rule in rules.items():
        of_subject = pl.col("subject") == subject
        made = (pl.col("stage").cast(pl.String) == "decision") & pl.col("decided_on").is_not_null()
        mine = rows.filter(of_subject & (made if rule.after else open_))
        start = mine[rule.starts]
        end, note = period_end(start, rule, closed)
        recorded = mine["due_on"] if not rule.after else end
        due = pl.select(pl.coalesce(pl.lit(recorded), pl.lit(end))).to_series()
        note = note.set(mine["due_on"].is_not_null(), None)
        untold = rule.starts == "notified_on"
        if untold:
            note = note.set(start.is_null(), _NOT_TOLD)
        told = mine.select(
            *_DECISION, pl.lit(start).alias("began_on"), pl.lit(due).alias("due_on"),
            pl.lit(note).alias("note"), *consequence(rule, cited.get(subject)),
        ).filter(pl.col("due_on").is_not_null() | untold)
        ends = pl.col("due_on").is_null() | (pl.col("due_on") >= as_at)
        yield told.filter(ends) if rule.after else told
