"""The reasons of an assessment as a frame: which tests and awards, with what outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.assess.outcomes import MET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cbl_engine.assess.assessed import Assessed
    from cbl_engine.assess.awards import AwardHeld
    from cbl_engine.scheme.assessment import Award

OUTCOMES = ("met", "failed", "not known")
STATUS_WORDS = {
    "recorded": "Not waiting on the register",
    "not_eligible": "Not eligible in law",
    "not_qualifying": "Does not qualify",
    "not_settled": "Something is not known or contradictory",
    "no_band": "In no band",
    "nothing_against": "Nothing stands against it",
}
"""Labels of the statuses that no rule of the scheme proposes."""

_SCHEMA: dict[str, Any] = {
    "ordinal": pl.Int64, "order": pl.Int32, "step": pl.String, "name": pl.String,
    "label": pl.String, "outcome": pl.String, "gives": pl.String, "since": pl.Date,
    "until": pl.Date, "source": pl.String,
}


_BLOCK = 100_000
"""Applications told at a time: rows are put in order within a block, which bounds the memory."""


def reasons_of(result: Assessed, at: NDArray[np.int64]) -> pl.DataFrame:
    """See :meth:`cbl_engine.assess.Assessed.reasons`; ``at`` are ordinals, ascending."""
    blocks = range(0, max(len(at), 1), _BLOCK)
    return pl.concat([_block(result, at[begin : begin + _BLOCK]) for begin in blocks])


def _block(result: Assessed, at: NDArray[np.int64]) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    for order, rows in enumerate(_rows(result, at)):
        parts.append(rows.with_columns(pl.lit(order, pl.Int32).alias("order")))
    frame = pl.concat([p.select(*_SCHEMA) for p in parts]).sort("ordinal", "order")
    ids = result.ids.ids.gather(frame["ordinal"]).alias("application")
    return frame.select(ids, *[c for c in _SCHEMA if c not in ("ordinal", "order")])


def _rows(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """Rows of one reason after another, in the order they are told."""
    yield from _law(result, at)
    yield from _qualification(result, at)
    for name, award in result.trace.plan.rules.awards.items():
        yield _award(name, award, result.trace.awarded.awards[name], at)
    yield from _promised(result, at)
    yield from _overrides(result, at)
    yield from _status(result, at)
    yield from _date(result, at)


def _frame(
    at: NDArray[np.int64],
    step: str,
    name: str | pl.Series,
    label: str | pl.Series,
    codes: NDArray[np.int8] | None = None,
    source: str | pl.Series | None = None,
    gives: str | pl.Series | None = None,
    since: pl.Series | None = None,
    until: pl.Series | None = None,
) -> pl.DataFrame:
    """Rows for these ordinals; without codes, all of them are met."""
    outcome = pl.Series(OUTCOMES).gather(
        np.zeros(len(at), np.int64) if codes is None else codes.astype(np.int64)
    )
    return pl.DataFrame({"ordinal": at}, schema={"ordinal": pl.Int64}).with_columns(
        pl.lit(step).alias("step"),
        _text(name).alias("name"),
        _text(label).alias("label"),
        outcome.alias("outcome"),
        _text(gives).alias("gives"),
        pl.lit(since if since is not None else None, pl.Date).alias("since"),
        pl.lit(until if until is not None else None, pl.Date).alias("until"),
        _text(source).alias("source"),
    )


def _text(value: str | pl.Series | None) -> pl.Expr:
    return pl.lit(value, pl.String) if not isinstance(value, pl.Series) else pl.lit(value)


def _law(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    legal = result.trace.legal
    for name, codes in legal.tests.items():
        test = legal.law.eligible[name]
        spared = pl.Series(legal.spared(name, at, result.as_at))
        gives = pl.select(pl.when(spared).then(pl.lit(test.spared, pl.String))).to_series()
        yield _frame(at, "law", name, test.label, codes[at], legal.law.citation(test), gives)
    for name, codes in legal.exempt.items():
        mine = at[codes[at] == MET]
        test = legal.law.exempt[name]
        yield _frame(mine, "law", name, test.label, source=legal.law.citation(test),
                     gives="no test of " + " or ".join(test.tests).replace("_", " "))


def _qualification(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    trace = result.trace
    law, groups = trace.legal.law, list(trace.legal.exempt)
    cited = pl.Series([law.citation(law.exempt[g]) for g in groups] or [""])
    for name in trace.plan.rules.qualifies:
        criterion = result.version.criteria[name]
        by = trace.exempted[name][at]
        codes = np.where(by >= 0, MET, trace.codes[name][at])
        source: Any = criterion.source
        gives = None
        if (by >= 0).any():
            named = cited.gather(np.maximum(by, 0).astype(np.int64))
            exempt = pl.Series(by >= 0)
            own = pl.Series([criterion.source], dtype=pl.String).new_from_index(0, len(at))
            source = named.zip_with(exempt, own)
            told = pl.Series(["met by law"]).new_from_index(0, len(at))
            gives = told.set(~exempt, None)
        yield _frame(at, "qualification", name, criterion.label, codes, source, gives)


def beside_points(award: Award) -> list[str]:
    """What an award gives, but for its points."""
    fixed = []
    if award.band is not None:
        fixed.append(f"band {award.band}")
    if award.up is not None:
        fixed.append(f"{award.up} band{'s' if award.up > 1 else ''} higher")
    if award.at_most is not None:
        fixed.append(f"no higher than band {award.at_most}")
    if award.place is not None:
        fixed.append(f"place {award.place} in the band")
    return fixed


def _award(
    name: str, award: Award, held: AwardHeld, at: NDArray[np.int64]
) -> pl.DataFrame:
    fixed = beside_points(award)
    counts = pl.Series(held.counts[at])
    given = pl.DataFrame({"fixed": [", ".join(fixed) or None]}, schema={"fixed": pl.String})
    gives = given["fixed"].new_from_index(0, len(at))
    if held.points is not None:
        points = _in_points("{}", held.points[at])
        gives = pl.select(pl.concat_str(gives, points, separator=", ", ignore_nulls=True)
                          ).to_series()
    gives = gives.set(~counts, None)
    beside = pl.Series(held.held[at] & ~held.counts[at])
    if beside.any():
        gives = gives.set(beside, "nothing beside another award of its kind")
    return _frame(
        at, "award", name, award.label, held.outcome[at], award.source, gives,
        held.since.gather(at), held.until.gather(at),
    )


def _in_points(words: str, points: NDArray[np.int64]) -> pl.Series:
    """Points as people say them: ``1 point``, ``at least 20 points``."""
    number = pl.Series(points)
    unit = pl.when(number == 1).then(pl.lit("point")).otherwise(pl.lit("points"))
    return pl.select(pl.format(words + " {}", number, unit)).to_series()


def _promised(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    column = result.trace.plan.rules.points_at_least
    mine = at[result.trace.awarded.promised[at]]
    if column is not None and len(mine):
        points = result.trace.awarded.points[mine]
        gives = _in_points("at least {}", points)
        yield _frame(mine, "award", column, "Points promised before", gives=gives)


def _overrides(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    mine = result.trace.overrides.standing.filter(pl.col("ordinal").is_in(at)).sort(
        "ordinal", "field"
    )
    if not mine.height:
        return
    details = result.tables["overrides"].with_columns(pl.col("id").cast(pl.String))
    for column, dtype in (("reason", pl.String), ("until", pl.Date)):
        if column not in details.columns:
            details = details.with_columns(pl.lit(None, dtype).alias(column))
    told = mine.join(details.select("id", "reason", "until"), on="id", how="left",
                     maintain_order="left")
    yield _frame(
        mine["ordinal"].to_numpy(), "override", told["field"],
        told["reason"].fill_null("An officer's decision"),
        gives=told["value"], since=told["since"], until=told["until"],
        source=pl.select(pl.format("override {}", told["id"])).to_series(),
    )


def _status(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    found, version = result.trace.status, result.version
    for number, (status, name) in enumerate(found.choices):
        mine = at[found.why[at] == number]
        if len(mine):
            criterion = version.criteria.get(name)
            rule = next((r for r in result.trace.plan.rules.status if r.when == name), None)
            label = rule.label if rule else STATUS_WORDS[name]
            source = (rule.source or (criterion.source if criterion else None)) if rule else None
            yield _frame(mine, "status", name, label, source=source, gives=status)


def _date(result: Assessed, at: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    rule = result.trace.plan.rules.priority_date
    if rule is None:
        return
    rows = result.assessed[at]
    mine = at[rows["date_rule"].is_not_null().to_numpy()]
    rows = result.assessed[mine]
    yield _frame(
        mine, "date", rows["date_rule"], rows["date_event"].fill_null(""),
        gives=rows["priority_date"].cast(pl.String), source=rule.source,
    )
