"""What is asked of a backtest, read and looked at together: all that is wrong in one report."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.compare.calibrate.history import not_covered, window_of
from cbl_engine.compare.calibrate.known import known_on
from cbl_engine.compare.calibrate.run import tables_with_text_ids
from cbl_engine.errors import BadInput, Problem
from cbl_engine.records.chain import data_source
from cbl_engine.records.reads import extra_columns
from cbl_engine.simulate.scenario import not_whole
from cbl_engine.simulate.scenario_file import read_scenario, scenario_path
from cbl_engine.simulate.world import scheme_of
from cbl_engine.tables import read_tables
from cbl_engine.tables.needs import day_problems, span_problems, whole_number_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Scenario
    from cbl_engine.tables import Tables

WEEKS_BEFORE, WEEKS_AFTER = 26, 4
"""Fewest weeks of history that are fitted, and that are predicted."""


@dataclass(frozen=True)
class Asked:
    """What :func:`cbl_engine.compare.backtest.backtest` is given."""

    history: str | Path
    scenario: str | Path
    until: date
    since: date | None
    weeks: int | None
    replications: int | None
    seed: int | None
    interval: float
    mapping: str | Path | None
    strict: bool
    workers: int


@dataclass(frozen=True, eq=False)
class Ready:
    """What is to be fitted and simulated, all of it in order.

    Attributes:
        tables: the history as read.
        frames: all of it, ids as text.
        known: as known on the day.
        scenario: from the day on, up to the end of what is predicted.
        parameters: it goes by, before anything is fitted.
        beside: folder that relative paths of the scenario are taken from.
        since: first day of the window that is fitted.
        end: first day that is no longer predicted.
    """

    tables: Tables
    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    known: Mapping[str, pl.DataFrame] = field(repr=False)
    scenario: Scenario
    parameters: Parameters
    beside: Path
    since: date
    end: date


@dataclass(frozen=True, eq=False)
class _Predicted:
    """A scenario that was read, its scheme, and the folder that it lies in."""

    scenario: Scenario
    parameters: Parameters
    scheme: Scheme
    beside: Path


def made_ready(asked: Asked) -> Ready:
    """Everything read and looked at together.

    Raises:
        BadInput: with everything that is wrong.
    """
    if wrong := list(_wrong_types(asked)):
        raise BadInput(wrong)
    problems = list(_wrong_numbers(asked))
    by = _scenario(asked, problems)
    problems += _too_few_worlds(asked, by)
    tables = _tables(asked, by, problems)
    if tables is None:
        raise BadInput(problems)
    frames = tables_with_text_ids(tables.frames)
    known = known_on(frames, asked.until)
    since, end, wrong = _span(asked, frames, known)
    problems += wrong
    if by is not None:
        problems += _unknown_bands(by.scheme, frames)
    if problems or by is None:
        raise BadInput(problems)
    scenario = by.scenario.model_copy(update={
        "start": asked.until, "weeks": (end - asked.until).days // 7, "variants": {},
        "replications": asked.replications or by.scenario.replications,
        "seed": by.scenario.seed if asked.seed is None else asked.seed,
        "new_homes": tuple(n for n in by.scenario.new_homes if asked.until <= n.on < end),
    })
    return Ready(tables, frames, known, scenario, by.parameters, by.beside, since, end)


def _scenario(asked: Asked, problems: list[Problem]) -> _Predicted | None:
    """The scenario; None where it cannot be used, and what is wrong is among the problems."""
    try:
        path = scenario_path(asked.scenario)
        scenario, parameters = read_scenario(path)
        scheme = scheme_of(scenario, path.parent)
        scheme.in_force(asked.until)
    except BadInput as error:
        problems += error.problems
        return None
    return _Predicted(scenario, parameters, scheme, path.parent)


def _tables(asked: Asked, by: _Predicted | None, problems: list[Problem]) -> Tables | None:
    """The history, good rows of it; None where it cannot be read at all."""
    try:
        tables = read_tables(data_source(asked.history), extra_columns(by.scheme) if by else {},
                             needs=(), mapping=asked.mapping, strict=False)
    except BadInput as error:
        problems += error.problems
        return None
    if asked.strict or not tables.frames:
        problems += tables.problems
    return tables if tables.frames else None


def _wrong_types(asked: Asked) -> Iterator[Problem]:
    """Days that are none, and counts that are no whole numbers: nothing else can be looked at with them."""
    yield from day_problems(asked.until, "until", "the day of until")
    yield from span_problems(since=asked.since)
    yield from not_whole({name: getattr(asked, name) for name in ("weeks", "replications", "seed")})
    yield from whole_number_problems(asked.workers, "--workers", "this")
    if isinstance(asked.interval, bool) or not isinstance(asked.interval, int | float):
        yield Problem("bad_interval", "the interval is no number", where="--interval",
                      given=repr(asked.interval)[:40], allowed="above 0 and below 1, as 0.8")


def _wrong_numbers(asked: Asked) -> Iterator[Problem]:
    for name in ("weeks", "replications", "workers"):
        number = getattr(asked, name)
        if number is not None and number < 1:
            yield Problem("not_positive", "there must be at least one", where=f"--{name}",
                          given=str(number), allowed="1 or more")
    if not 0 < asked.interval < 1:
        yield Problem("bad_interval", "the interval is no share of worlds", where="--interval",
                      given=f"{asked.interval:g}", allowed="above 0 and below 1, as 0.8")


def fewest_worlds(interval: float) -> int:
    """Worlds without which no interval of this share has both its bounds."""
    return ceil(2 / (1 - interval) - 1e-9) - 1


def _too_few_worlds(asked: Asked, by: _Predicted | None) -> Iterator[Problem]:
    worlds = asked.replications or (None if by is None else by.scenario.replications)
    if worlds is None or not 0 < asked.interval < 1:
        return
    fewest = fewest_worlds(asked.interval)
    if worlds < fewest:
        yield Problem(
            "too_few_worlds", f"so few worlds have no interval of {asked.interval:.0%}",
            where="--replications", given=str(worlds),
            allowed=f"{fewest} or more; 100 and more for intervals to lean on")


def _span(
    asked: Asked, frames: Mapping[str, pl.DataFrame], known: Mapping[str, pl.DataFrame]
) -> tuple[date, date, list[Problem]]:
    """First day fitted, first day no longer predicted, and what is wrong with them."""
    until = asked.until
    first, end = window_of(frames)
    if first is None or end is None:
        return until, until, [Problem(
            "no_window", "the tables have no day that says which period they cover",
            where=str(asked.history))]
    if not first < until < end:
        return until, until, [Problem(
            "outside_history", "the history does not cover the day", where="--until",
            given=str(until), allowed=f"after {first} and before {end}")]
    problems = list(not_covered(frames, asked.since, None))
    since = asked.since or window_of(known)[0] or until
    before, after = (until - since).days // 7, (end - until).days // 7
    if before < WEEKS_BEFORE:
        problems.append(Problem(
            "too_little_before", "too little of the history lies before the day to be fitted",
            where="--since, --until" if asked.since else "--until", given=f"{before} weeks",
            allowed=f"{WEEKS_BEFORE} weeks or more; the tables begin to cover {first} together"))
    if after < WEEKS_AFTER:
        problems.append(Problem(
            "too_little_after", "too little of the history lies after the day to be predicted",
            where="--until", given=f"{after} weeks",
            allowed=f"{WEEKS_AFTER} weeks or more; the history ends before {end}"))
    if asked.weeks is not None and asked.weeks > after:
        problems.append(Problem(
            "too_many_weeks", "the history has not so many weeks after the day", where="--weeks",
            given=str(asked.weeks), allowed=f"1 to {after}"))
    weeks = after if asked.weeks is None else asked.weeks
    return since, until + timedelta(weeks=weeks), problems


def _unknown_bands(scheme: Scheme, frames: Mapping[str, pl.DataFrame]) -> Iterator[Problem]:
    known = sorted({band for version in scheme.versions for band in version.bands})
    for table in ("applications", "band_history"):
        frame = frames.get(table)
        if frame is None or "band" not in frame.columns:
            continue
        bands = frame["band"].cast(pl.String).drop_nulls()
        strange = bands.filter(~bands.is_in(known))
        if len(strange):
            yield Problem(
                "unknown_band", "the scenario's scheme does not know bands of the history",
                where=f"{table}.band", given=", ".join(strange.unique().sort().head(8)),
                allowed=", ".join(known) or "no bands", count=len(strange),
                remedy="Name the scheme that was in force, or say in the mapping which bands they are")
