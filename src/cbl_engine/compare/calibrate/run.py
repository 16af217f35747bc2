"""The calibration: quality of the data first, then every parameter of the catalogue, fitted or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.compare.calibrate import (
    bidding,
    nominations,
    nominees,
    register,
    tenancies,
    voids,
)
from cbl_engine.compare.calibrate.history import CannotFitError, History, not_covered, window_of
from cbl_engine.compare.calibrate.known import known_on
from cbl_engine.errors import BadInput, Problem
from cbl_engine.quality import quality_of_history
from cbl_engine.records.chain import data_source
from cbl_engine.simulate.parameters import Parameter, parts_of, shipped_parameters
from cbl_engine.tables import read_tables
from cbl_engine.tables.dtypes import with_text_ids
from cbl_engine.tables.needs import span_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cbl_engine.compare.calibrate.fit import Fit
    from cbl_engine.quality import DataQuality
    from cbl_engine.tables import Tables

FITS: Mapping[str, Callable[[History], Fit]] = {
    "arrivals.per_year": register.arrivals_per_year,
    "arrivals.by_month": register.arrivals_by_month,
    "households.lapse_per_year": register.lapse_per_year,
    "bidding.kinds": bidding.kinds,
    "bidding.kinds_joining": bidding.kinds_joining,
    "bidding.seldom_per_week": bidding.seldom_per_week,
    "bidding.often_per_week": bidding.often_per_week,
    "bidding.most_bids": bidding.most_bids,
    "bidding.assisted": bidding.assisted,
    "nominations.own": nominations.outcomes_of("own"),
    "nominations.assisted": nominations.outcomes_of("assisted"),
    "nominations.automatic": nominations.outcomes_of("automatic"),
    "nominations.direct": nominations.outcomes_of("direct"),
    "nominations.landlord_odds": nominees.landlord_odds,
    "nominations.household_odds": nominees.household_odds,
    "nominations.days_times": nominees.days_times,
    "nominations.days": nominations.days,
    "nominations.sign_up_days": nominations.sign_up_days,
    "nominations.starting_weekday": nominations.starting_weekday,
    "tenancies.end_per_year": tenancies.end_per_year,
    "tenancies.ends_by_bedrooms": tenancies.ends_by_bedrooms,
    "tenancies.causes": tenancies.causes,
    "tenancies.succession": tenancies.succession,
    "voids.notice_days": voids.notice_days,
    "voids.late_keys_days": voids.late_keys_days,
    "voids.inspection_days": voids.inspection_days,
    "voids.works": voids.works,
    "voids.works_days": voids.works_days,
    "voids.advertised_before_ready": voids.advertised_before_ready,
    "stock.right_to_buy_per_year": tenancies.right_to_buy_per_year,
    "stock.demolished_per_year": tenancies.demolished_per_year,
    "stock.exchanges_per_year": tenancies.exchanges_per_year,
}
"""Parameters that are fitted, in the order of the catalogue."""

_A_LIMIT = "a limit shows in a history only as days: the council says what it is"
_NO_TABLE = "no table of a history that is read here shows it"
NOT_FITTED: Mapping[str, str] = {
    "arrivals.owed_duty": "households that join are made after published shares, and it is a factor on "
    "those",
    "voids.works_teams": _A_LIMIT,
    "voids.offers_per_week": _A_LIMIT,
    "bidding.mistaken": "needs a scheme: what a household could be let is not in a history",
    "choice.weights": "needs, for each bid, every home the household could have bid for",
    "nominations.taste": "needs how much each household wanted the home",
}
"""Parameters that are not, with the reason; others are in no table of a history."""

_NEEDED = ("applications", "adverts", "bids", "outcomes", "tenancies", "voids")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted parameter.

    Attributes:
        parameter: as a file of parameters has it.
        rows: rows it was fitted from.
        remarks: what to know about it.
    """

    parameter: Parameter
    rows: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was fitted, and what could not be.

    Attributes:
        since: first day of the window.
        until: first day no longer in it.
        quality: of the data, for fitting.
        fitted: name -> what was fitted.
        not_fitted: name -> why not.
    """

    since: date
    until: date
    quality: DataQuality
    fitted: Mapping[str, Fitted]
    not_fitted: Mapping[str, str]

    @property
    def habits(self) -> frozenset[str]:
        """Kinds of what cannot be the whole truth in the data."""
        return frozenset(habit.kind for habit in self.quality.habits)

    def frame(self) -> pl.DataFrame:
        """Everything as a table.

        Returns:
            parameter, part (name, percentile or both; empty for a single value), unit, shipped,
            fitted, low, high (null where it was not fitted, and an interval that does not exist),
            rows, remark (or why it was not fitted), in the order of the catalogue.
        """
        return pl.DataFrame(list(self._rows()), _FRAME, orient="row")

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        for name, shipped in shipped_parameters().found.items():
            one = self.fitted.get(name)
            if one is None:
                for part, value in parts_of(shipped).items():
                    yield name, part, shipped.unit, value, None, None, None, None, self.not_fitted[name]
                continue
            of_shipped = shipped_at(shipped, one.parameter)
            bounds = bounds_of(one.parameter)
            for part, value in parts_of(one.parameter).items():
                low, high = bounds.get(part, (None, None))
                remark = "; ".join(one.remarks)
                yield (name, part, shipped.unit, of_shipped.get(part), value, low, high, one.rows,
                       remark)


_FRAME = {
    "parameter": pl.String, "part": pl.String, "unit": pl.String, "shipped": pl.Float64,
    "fitted": pl.Float64, "low": pl.Float64, "high": pl.Float64, "rows": pl.Int64,
    "remark": pl.String,
}


def calibrate(
    data: str | Path,
    since: date | None = None,
    until: date | None = None,
    *,
    mapping: str | Path | None = None,
    strict: bool = True,
) -> Calibration:
    """Fit the parameters of simulated worlds from a council's history.

    Args:
        data: folder, ``.xlsx`` file, database URL, or the name of a shipped history: any of the
            tables applications, status_history, homes, adverts, bids, outcomes, tenancies, voids.
        since: first day of the window; None takes the first that all tables cover. Days outside
            the tables by more than :data:`~cbl_engine.compare.calibrate.history.QUIET` are refused.
        until: first day no longer in it; None takes the day after the last that was written. Likewise.
        mapping: how the data become our tables; None takes the folder's own, if any.
        strict: False leaves out bad rows instead of refusing.

    Returns:
        Every parameter of the catalogue, fitted with its interval, or with the reason why not.

    Raises:
        BadInput: with everything wrong in the data, or in the window.
    """
    tables = read_tables(data_source(data), needs=(), mapping=mapping, strict=strict)
    return calibrate_tables(tables, str(data), since, until)


@np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
def calibrate_tables(
    tables: Tables, named: str, since: date | None = None, until: date | None = None
) -> Calibration:
    """Fit the parameters of simulated worlds from a history that was read.

    Floating point is numpy's own meanwhile, whatever a program that embeds this has set: bands and fits
    of scipy divide by nought and underflow where they mean it.

    Args:
        tables: of the history.
        named: what messages call it.
        since: as of :func:`calibrate`, which says what is returned and raised.
        until: likewise.
    """
    if not set(_NEEDED) & set(tables.frames):
        raise BadInput([
            Problem("no_history", "there is no table to fit from", where=named,
                    allowed=f"one or more of {', '.join(_NEEDED)}"),
            *tables.problems,
        ])
    if problems := list(span_problems(since=since, until=until)) or list(not_covered(tables.frames, since, until)):
        raise BadInput(problems)
    first, end = window_of(tables.frames)
    since, until = since or first, until or end
    if since is None or until is None:
        raise BadInput([
            Problem("no_window", "the tables have no day that says which period they cover",
                    where=named, remedy="Say so with --since and --until"),
        ])
    if until <= since:
        raise BadInput([
            Problem("window_ends_before_start", "the window ends on or before the day it begins",
                    where="--since, --until", given=f"{since} to {until}",
                    allowed="until is the first day no longer in it"),
        ])
    frames = known_on(tables_with_text_ids(tables.frames), until)
    quality = quality_of_history(replace(tables, frames=frames), until)
    history = History(frames, since, until, frozenset(habit.kind for habit in quality.habits))
    return _fit_all(history, quality)


def tables_with_text_ids(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables with ids as text, whichever of their columns are there."""
    return {name: with_text_ids(name, frame) for name, frame in frames.items()}


def _fit_all(history: History, quality: DataQuality) -> Calibration:
    fitted: dict[str, Fitted] = {}
    not_fitted: dict[str, str] = {}
    source = f"fitted from own history, {history.since} to {_last(history.until)}"
    for name, shipped in shipped_parameters().found.items():
        if name not in FITS:
            not_fitted[name] = NOT_FITTED.get(name, _NO_TABLE)
            continue
        try:
            found = FITS[name](history)
        except CannotFitError as error:
            not_fitted[name] = str(error)
            continue
        fitted[name] = Fitted(_parameter(shipped, found, source), found.rows, found.remarks)
    return Calibration(history.since, history.until, quality, fitted, not_fitted)


def _last(until: date) -> date:
    from datetime import timedelta

    return until - timedelta(days=1)


def _parameter(shipped: Parameter, found: Fit, source: str) -> Parameter:
    """A fit as a parameter of the catalogue's kind."""
    bounds = found.intervals.get("")
    value = _rounded(found.value)
    given: dict[str, Any] = {
        shipped.kind: _whole(value) if shipped.kind == "shares" else value,
        "label": shipped.label,
        "unit": shipped.unit,
        "source": source,
        "note": "; ".join(found.remarks) or None,
        "fitted_from": found.rows,
    }
    if bounds is not None:
        given |= {"low": _rounded(bounds[0]), "high": _rounded(bounds[1])}
    else:
        given["intervals"] = {
            part: [_rounded(low), _rounded(high)] for part, (low, high) in found.intervals.items()
        }
    return Parameter(**given)


def _rounded(value: Any) -> Any:
    """Six significant digits: far below any interval, and the same on every machine."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return float(f"{value:.6g}")


def _whole(shares: dict[str, float]) -> dict[str, float]:
    """Shares that add up to 1 after rounding: the greatest takes what is left."""
    greatest = max(shares, key=lambda name: shares[name])
    rest = sum(share for name, share in shares.items() if name != greatest)
    return shares | {greatest: round(1 - rest, 9)}


def shipped_at(shipped: Parameter, fitted: Parameter) -> dict[str, float]:
    """The numbers of a shipped value at the parts of a fitted one; days on their straight lines."""
    if shipped.kind == "days":
        return {str(p): _days_at(shipped.value, p) for p in fitted.value}
    if shipped.kind == "days_by":
        return {
            f"{name} {p}": _days_at(shipped.value[name], p)
            for name, table in fitted.value.items() for p in table
        }
    return parts_of(shipped)


def _days_at(percentiles: Mapping[int, float], at: int) -> float:
    import numpy as np

    known = sorted(percentiles)
    return float(np.interp(at, known, [percentiles[p] for p in known]))


def bounds_of(parameter: Parameter) -> dict[str, tuple[float, float]]:
    """The interval of each part that has one."""
    if parameter.low is not None and parameter.high is not None:
        return {"": (parameter.low, parameter.high)}
    return {part: (low, high) for part, (low, high) in (parameter.intervals or {}).items()}
