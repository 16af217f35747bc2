"""The backtest: fit up to a day, predict the rest of the history, and see which intervals held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.compare.backtest.drawn import drawn
from cbl_engine.compare.backtest.measures import MEASURES, measured
from cbl_engine.compare.backtest.ready import Asked, fewest_worlds, made_ready
from cbl_engine.compare.backtest.seen import seen_in_history, seen_in_worlds
from cbl_engine.compare.backtest.world import world_then
from cbl_engine.compare.calibrate.history import History
from cbl_engine.compare.calibrate.known import known_on
from cbl_engine.compare.calibrate.run import calibrate_tables
from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.columns import silent
from cbl_engine.simulate.luck import Luck
from cbl_engine.simulate.outputs import frames_of_run
from cbl_engine.simulate.setup import KINDS
from cbl_engine.simulate.side_by_side import in_processes
from cbl_engine.simulate.weeks import run_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from cbl_engine.compare.backtest.ready import Ready
    from cbl_engine.compare.backtest.seen import Seen
    from cbl_engine.compare.backtest.world import WorldThen
    from cbl_engine.compare.calibrate import Calibration
    from cbl_engine.simulate.parameters import Parameter, Parameters
    from cbl_engine.simulate.scenario import Scenario
    from cbl_engine.simulate.setup import Setup

INTERVAL = 0.8
_ELSEWHERE = "households.on_other_registers"
COMPARED = {
    "measure": pl.String, "group": pl.String, "unit": pl.String, "predicted": pl.Float64,
    "low": pl.Float64, "high": pl.Float64, "happened": pl.Float64, "held": pl.Boolean,
    "side": pl.String, "below": pl.Float64, "worlds": pl.Int64,
}


@dataclass(frozen=True, eq=False)
class Backtest:
    """What was predicted, what happened, and which intervals held.

    Attributes:
        history: what it is called, without anything secret.
        calibration: what was fitted, from the window before the day.
        scenario, parameters: what was simulated from the day on; parameters as they were fitted,
            each world's own drawn around them.
        until: the day; nothing of it or later went into a prediction.
        end: first day after the span that was predicted.
        interval: share of worlds that each interval is to hold.
        compared: measure, group, unit, predicted (median over worlds), low, high, happened, held,
            side (of the interval on which it happened: below, above; null: held), below (share of
            worlds with less than happened, those with as much by half), worlds; a row a measure
            and group, in the order in which they are told.
        not_measured: what was not held against anything -> why.
        worlds: world, measure, group, value: every world's own figures.
        usual: how many intervals hold in 95 of 100 worlds, each held against those of the others.
        notes: what the world was set from and what else was done, in words.
    """

    history: str
    calibration: Calibration
    scenario: Scenario
    parameters: Parameters
    until: date
    end: date
    interval: float
    compared: pl.DataFrame = field(repr=False)
    not_measured: Mapping[str, str]
    worlds: pl.DataFrame = field(repr=False)
    usual: tuple[int, int]
    notes: tuple[str, ...]

    @property
    def held(self) -> int:
        """Intervals that held."""
        return int(self.compared["held"].sum())

    @property
    def of(self) -> int:
        """Intervals in all."""
        return self.compared.height

    @property
    def expected(self) -> tuple[float, int, int]:
        """How many would hold if measures were independent: the mean, and its range of 95%."""
        from scipy.stats import binom

        low, high = binom.interval(0.95, self.of, self.interval)
        return self.of * self.interval, int(low), int(high)


def backtest(
    history: str | Path,
    scenario: str | Path,
    until: date,
    *,
    since: date | None = None,
    weeks: int | None = None,
    replications: int | None = None,
    seed: int | None = None,
    interval: float = INTERVAL,
    mapping: str | Path | None = None,
    strict: bool = True,
    workers: int = 1,
    said: Callable[..., None] = silent,
) -> Backtest:
    """Fit a history up to a day, predict the rest, and hold it against what happened.

    1. The history is cut: only what was known on the day stays. 2. The parameters are fitted to it.
    3. The world is set as at the day. 4. Worlds are simulated from the day on under the scenario's
    scheme, each with fitted parameters of its own, drawn from their intervals. 5. Every measure is
    taken of each world and of the history, by one definition. The interval is between order
    statistics over worlds, so that it is one for another world and not for a mean.

    Args:
        history: folder, ``.xlsx`` file, database URL, or the name of a shipped history.
        scenario: a scenario file or the name of a shipped one: its scheme, and whatever is not
            fitted. Its start, weeks and variants are not used.
        until: the day of the cut, the first that is predicted.
        since: first day of the window fitted; None takes the first that all tables cover.
        weeks: predicted at most; None takes all whole weeks that the history has left.
        replications: worlds, in place of the scenario's.
        seed: of all luck, in place of the scenario's.
        interval: share of worlds that an interval is to hold, above 0 and below 1.
        mapping: how the data become our tables; None takes the folder's own, if any.
        strict: False leaves out bad rows instead of refusing.
        workers: processes side by side; the answer is the same for any number.
        said: told what is done (``assessing``, ``worlds``), how much, and of how much.

    Raises:
        BadInput: with everything wrong in the history, the scenario, the day and what they have to
            do with each other, before anything is simulated.
    """
    from cbl_engine.tables.database import shown_url

    named = shown_url(str(history)) if "://" in str(history) else str(history)
    ready = made_ready(Asked(history, scenario, until, since, weeks, replications, seed, interval,
                             mapping, strict, workers))
    calibration = calibrate_tables(ready.tables, named, ready.since, until)
    if not calibration.fitted:
        raise BadInput([Problem(
            "nothing_fitted", "no parameter can be fitted before the day", where=named,
            remedy=f"cbl calibrate {named} --until {until} says why of each")])
    fitted = {name: one.parameter for name, one in calibration.fitted.items()}
    parameters, notes = _parameters(ready.parameters, fitted)
    then = world_then(ready.scenario, parameters, ready.beside,
                      History(ready.known, calibration.since, until, calibration.habits),
                      lambda done, of: said("assessing", done, of))
    predicted = _predicted(then, parameters, fitted, ready, workers, said)
    happened = seen_in_history(known_on(ready.frames, ready.end), until, ready.end)
    compared, not_measured = _compared(predicted, happened, interval, ready.scenario.replications)
    return Backtest(
        named, calibration, ready.scenario, parameters, until, ready.end, interval,
        compared, not_measured, predicted, _usual(predicted, compared, interval),
        (*then.notes, *notes),
    )


def _parameters(
    own: Parameters, fitted: Mapping[str, Parameter]
) -> tuple[Parameters, tuple[str, ...]]:
    """The scenario's parameters with those that were fitted; and what is said of it."""
    parameters = own.with_changes(fitted)
    kept = len(own.found) - len(fitted)
    said = (f"Parameters: {len(fitted)} fitted, {kept} of the scenario kept. Each world draws its own "
            "from the intervals of those fitted; what is kept does not vary.")
    notes = [said]
    if "households.lapse_per_year" in fitted and own[_ELSEWHERE]:
        none = own.found[_ELSEWHERE].model_copy(update={
            "share": 0.0, "source": None,
            "assumed": "those housed elsewhere are among the lapses that were fitted"})
        parameters = parameters.with_changes({_ELSEWHERE: none})
        notes.append("Housed by another register: nobody apart, for a history counts them as lapses.")
    return parameters, tuple(notes)


def _predicted(
    then: WorldThen, parameters: Parameters, fitted: Mapping[str, Parameter], ready: Ready,
    workers: int, said: Callable[..., None],
) -> pl.DataFrame:
    """world, measure, group and value of every simulated world."""
    from joblib import delayed

    of = ready.scenario.replications
    done = in_processes(
        (delayed(_one_world)(then, parameters, fitted, world, ready.scenario.start, ready.end)
         for world in range(of)), workers)
    made = []
    for number, values in enumerate(done, 1):
        said("worlds", number, of)
        made.append(values)
    return _with_none(pl.concat(made), of)


def _one_world(
    then: WorldThen, parameters: Parameters, fitted: Mapping[str, Parameter], world: int,
    since: date, end: date,
) -> pl.DataFrame:
    setup = _setup_of(then, parameters, fitted, world)
    state, weeks = run_batch(setup, np.array([world], dtype=np.int64))
    seen = seen_in_worlds(frames_of_run(state, weeks), since, end, (world,))
    return values_of(seen)


def _setup_of(
    then: WorldThen, parameters: Parameters, fitted: Mapping[str, Parameter], world: int
) -> Setup:
    """What a world is made of: its own draw of what was fitted."""
    own = drawn(fitted, Luck(then.setup.luck.seed), world)
    as_fitted = parameters.with_changes(own)
    rate = own.get("arrivals.per_year")
    if rate is not None and then.arrivals is not None:
        own["arrivals.per_year"] = rate.model_copy(update={"rate": rate.value * then.arrivals})
    parameters = parameters.with_changes(own)
    if then.habits is None:
        return replace(then.setup, parameters=parameters, policies={})
    kinds = then.habits.kinds(as_fitted)
    if then.own:
        return replace(then.setup, parameters=parameters, policies={}, kinds=kinds)
    shares = dict(zip(KINDS, kinds.mean(axis=0).tolist(), strict=True))
    waiting = parameters.found["bidding.kinds"].model_copy(update={"shares": shares})
    return replace(then.setup, parameters=parameters.with_changes({"bidding.kinds": waiting}),
                   policies={})


def values_of(seen: Seen) -> pl.DataFrame:
    """world, measure, group and value of everything that was seen."""
    return pl.concat(
        measured(measure, seen).select("world", pl.lit(measure.name).alias("measure"), "group",
                                       "value")
        for measure in MEASURES)


def _with_none(values: pl.DataFrame, worlds: int) -> pl.DataFrame:
    """The same with 0 for a count of which a world has none in a group that others have."""
    counts = values.filter(pl.col("measure").is_in([m.name for m in MEASURES if m.count]))
    everywhere = pl.DataFrame({"world": pl.Series(range(worlds), dtype=pl.Int32)}).join(
        counts.select("measure", "group").unique(), how="cross")
    nothing = everywhere.join(values, on=["world", "measure", "group"], how="anti").with_columns(
        pl.lit(0.0).alias("value"))
    return pl.concat([values, nothing.select(values.columns)]).sort("measure", "group", "world")


def _compared(
    predicted: pl.DataFrame, happened: Seen, interval: float, worlds: int
) -> tuple[pl.DataFrame, dict[str, str]]:
    """The rows of the results, and why others are not among them."""
    rows: list[dict[str, Any]] = []
    not_measured: dict[str, str] = {}
    fewest = fewest_worlds(interval)
    actual = values_of(happened)
    for measure in MEASURES:
        if measure.table not in happened.tables:
            not_measured[measure.label] = f"the history: {happened.lacking[measure.table]}"
            continue
        theirs, ours = (f.filter(pl.col("measure") == measure.name) for f in (actual, predicted))
        truth: dict[str, float] = dict(theirs.select("group", "value").iter_rows())
        by_group = {str(g): v["value"].to_numpy() for (g,), v in ours.group_by("group")}
        for group in sorted([*{*truth, *by_group}], key=_order):
            values = by_group.get(group, np.zeros(0))
            if measure.count:
                values = values if len(values) else np.zeros(worlds)
                truth.setdefault(group, 0.0)
            label = measure.label if group == "all" else f"{measure.label}, {group}"
            if group not in truth:
                not_measured[label] = "there was too little to measure in what happened"
            elif len(values) < fewest:
                not_measured[label] = f"only {len(values)} of {worlds} worlds have it"
            elif max(float(np.median(values)), truth[group]) < measure.least:
                not_measured[label] = f"predicted and happened fewer than {measure.least:g}"
            else:
                rows.append({"measure": measure.name, "group": group, "unit": measure.unit,
                             **_held(values, truth[group], interval), "worlds": len(values)})
    return pl.DataFrame(rows, COMPARED), not_measured


def _order(group: str) -> tuple[bool, list[tuple[int, str]]]:
    """All first; numbers in words by their size."""
    parts = [(int(w), "") if w.isdigit() else (-1, w) for w in group.split()]
    return group != "all", parts


def bounds(values: np.ndarray, interval: float) -> tuple[float, float, float]:
    """Median, and the bounds between which another world lies with a chance.

    Order statistics: of n worlds and another one, all alike, it lies below the k-th of n with a
    chance of k / (n + 1).
    """
    tail = (1 - interval) / 2
    low, middle, high = np.quantile(values, [tail, 0.5, 1 - tail], method="weibull")
    return float(middle), float(low), float(high)


def _held(values: np.ndarray, truth: float, interval: float) -> dict[str, Any]:
    middle, low, high = bounds(values, interval)
    slack = 1e-9 * max(1.0, abs(truth))
    side = "below" if truth < low - slack else "above" if truth > high + slack else None
    below = float(np.mean(values < truth - slack) + np.mean(np.abs(values - truth) <= slack) / 2)
    return {"predicted": middle, "low": low, "high": high, "happened": truth,
            "held": side is None, "side": side, "below": below}


def _usual(predicted: pl.DataFrame, compared: pl.DataFrame, interval: float) -> tuple[int, int]:
    """How many intervals hold a world of their own kind: of 95 of 100 worlds, at least and at most.

    Each world is held against intervals of the others, as what happened is against those of all.
    """
    worlds = predicted["world"].unique().sort()
    held = np.zeros(len(worlds), np.int64)
    for measure, group in compared.select("measure", "group").iter_rows():
        rows = predicted.filter(measure=measure, group=group)
        values = rows["value"].to_numpy()
        if len(values) < 2:
            continue
        inside = [_held(np.delete(values, at), value, interval)["held"]
                  for at, value in enumerate(values)]
        held[worlds.search_sorted(rows["world"])] += inside
    low, high = np.quantile(held, [0.025, 0.975], method="closest_observation")
    return int(low), int(high)
