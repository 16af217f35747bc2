"""The simulator's own weekly cycle against closed forms.

    python -m benchmarks.believable.against_theory

Worlds in theory mode: homes come at a rate, everyone bids for every home and accepts, and a home
that nobody waits for is lost. Everything else is the simulator as it is, the live shortlist
included. Days are whole: a household that joins at any time of a day and is housed at the end of
another is on record as half a day less, so half a day is added to each time.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.believable import theory
from benchmarks.believable.check import Check, keep
from benchmarks.believable.interval import interval
from benchmarks.believable.worlds import START, STRICT, Kind, queue, run
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import Theory

if TYPE_CHECKING:
    from collections.abc import Callable

ARRIVALS = {"A": 1.0, "B": 1.0, "C": 1.5}
HOMES = 5.0
"""Households by band and homes, in the longest cycle."""
CYCLES = (1.0, 0.3, 0.1)
KINDS = [Kind("A", 2), Kind("B", 2), Kind("C", 3)]
YEAR = 365.25


def _week(number: int) -> pl.Expr:
    return pl.lit(START + timedelta(weeks=number))


def _days(until: str, since: str) -> pl.Expr:
    """Time between two days on record [days]."""
    return (pl.col(until) - pl.col(since)).dt.total_days() + 0.5


def _by_world(frame: pl.DataFrame, value: pl.Expr) -> list[float]:
    return frame.group_by("world").agg(value.alias("v")).sort("world")["v"].to_list()


def waits_by_band(worlds: int = 60, weeks: int = 400, seed: int = 1) -> list[Check]:
    """Waits and numbers waiting, band by band, at shorter and shorter cycles."""
    checks = []
    together = sum(ARRIVALS.values())
    for number, cycle in enumerate(CYCLES):
        # As many homes in all: the shorter the cycle, the more of them and the more worlds.
        longer = int(weeks / cycle**0.5)
        frames = run(queue(KINDS, together * cycle, HOMES * cycle, longer,
                           seed + 100 * number), int(worlds / cycle**0.5))
        warm = longer // 4
        let = frames["lettings"].filter(pl.col("let_on") >= _week(warm))
        exact = theory.cycle_waits([a * cycle for a in ARRIVALS.values()], HOMES * cycle)
        limit = theory.waits(list(ARRIVALS.values()), HOMES)
        for band, at_close, at_once in zip(ARRIVALS, exact, limit, strict=True):
            waited = interval(_by_world(let.filter(band=band),
                                        _days("let_on", "registered_on").mean() * cycle / 7))
            checks.append(Check(
                f"cycle {cycle:g}: wait in band {band} (as they come: {at_once:.3f})",
                float(at_close * cycle), waited))
        waiting = frames["weeks"].filter(pl.col("week") >= warm)
        checks.append(Check(
            f"cycle {cycle:g}: waiting after a close, all bands",
            theory.left_waiting(together * cycle, HOMES * cycle),
            interval(_by_world(waiting, pl.col("waiting").mean()))))
        if cycle == 1:
            checks += _little(frames, warm, weeks)
    return checks


def _little(frames: dict[str, pl.DataFrame], warm: int, weeks: int) -> list[Check]:
    """Number waiting after a close = arrivals x time waited beyond the first close, by band."""
    households = frames["households"]
    checks = []
    for band, arrivals in ARRIVALS.items():
        mine = households.filter(band=band)
        closes = pl.int_range(warm, weeks, eager=True).alias("week")
        stock = mine.select("world", "registered_on", "left_on").join(
            closes.to_frame(), how="cross").filter(
            pl.col("registered_on") <= _closes(), pl.col("left_on").is_null()
            | (pl.col("left_on") > _closes())).group_by("world").len().sort("world")
        waiting = stock["len"].to_numpy() / len(closes)
        let = frames["lettings"].filter(pl.col("band") == band, pl.col("let_on") >= _week(warm))
        waited = np.array(_by_world(let, _days("let_on", "registered_on").mean() / 7)) - 0.5
        # Over the mean of all worlds: hardly anybody waits in the best band of one of them.
        checks.append(Check(f"Little's law in band {band}: (a T - L) / mean L", 0.0,
                            interval((arrivals * waited - waiting) / waiting.mean())))
    return checks


def _closes() -> pl.Expr:
    return pl.lit(START) + pl.duration(days=7 * pl.col("week") + 6)


def one_band(worlds: int = 60, weeks: int = 400, seed: int = 2) -> list[Check]:
    """One band at the weekly close."""
    frames = run(queue([Kind("A", 1)], 4.0, HOMES, weeks, seed), worlds)
    warm = weeks // 4
    let = frames["lettings"].filter(pl.col("let_on") >= _week(warm))
    return [
        Check("one band, 4 households for 5 homes: wait", theory.cycle_wait(4.0, HOMES),
              interval(_by_world(let, _days("let_on", "registered_on").mean() / 7))),
        Check("one band: waiting after a close", theory.left_waiting(4.0, HOMES), interval(
            _by_world(frames["weeks"].filter(pl.col("week") >= warm), pl.col("waiting").mean()))),
    ]


def overload(worlds: int = 20, weeks: int = 300, seed: int = 3) -> list[Check]:
    """More households than homes, and some give up: the fluid limit."""
    arrivals, homes, leave = 20.0, 10.0, 2.0
    frames = run(queue([Kind("A", 1)], arrivals, homes, weeks, seed,
                       also={"households.lapse_per_year": leave}), worlds)
    warm = weeks // 2
    a_week = leave * 7 / YEAR
    let = frames["lettings"].filter(pl.col("let_on") >= _week(warm))
    waiting = frames["weeks"].filter(pl.col("week") >= warm)
    left = frames["households"].filter(pl.col("left_on") >= _week(warm))
    return [
        Check("overload: waiting, half a cycle's homes added",
              theory.list_with_drop_out(arrivals, homes, a_week),
              interval(_by_world(waiting, pl.col("waiting").mean() + homes / 2))),
        Check("overload: wait of those housed [weeks]",
              theory.wait_with_drop_out(arrivals, homes, a_week),
              interval(_by_world(let, _days("let_on", "registered_on").mean() / 7))),
        Check("overload: share housed", theory.share_housed(arrivals, homes),
              interval(_by_world(left, (pl.col("status") == "housed").mean()))),
    ]


def offers(worlds: int = 40, weeks: int = 150, seed: int = 4) -> list[Check]:
    """Offers for each letting where each is refused by a coin."""
    checks = []
    for refusal in (0.2, 0.5):
        coin = Theory(bids=True, accepts="coin", refusal=refusal, unlet_lost=True,
                      no_void_days=True)
        frames = run(queue([Kind("A", 1)], 8.0, 4.0, weeks, seed, theory=coin,
                           also={"households.lapse_per_year": 2.0}), worlds)
        let = frames["voids"].filter(pl.col("outcome") == "let",
                                     pl.col("tenancy_ended_on") >= _week(weeks // 3))
        checks.append(Check(
            f"offers a letting, refused with chance {refusal:g}",
            theory.offers_per_letting(refusal),
            interval(_by_world(let, pl.col("nominations").mean()))))
    return checks


def chains(worlds: int = 30, weeks: int = 150, seed: int = 5) -> list[Check]:
    """Moves that follow from one new home, by its size, where who takes a home is known."""
    moves = [[0.1, 0.0, 0.0], [0.4, 0.1, 0.0], [0.1, 0.5, 0.1]]
    kinds = []
    for need, row in enumerate(moves, 1):
        kinds += [Kind("A", round(20 * q), need, lives_in)
                  for lives_in, q in enumerate(row, 1) if q]
        kinds.append(Kind("A", round(20 * (1 - sum(row))), need))
    frames = run(queue(kinds, 24.0, 3.0, weeks, seed, also={"households.lapse_per_year": 4.0},
                       standing=[1, 2, 3] * 700, sizes=(1, 2, 3)), worlds)
    voids = frames["voids"]
    begun = voids.filter(pl.col("link") == 1, pl.col("tenancy_ended_on") >= _week(40),
                         pl.col("tenancy_ended_on") < _week(weeks - 40))
    length = voids.filter(outcome="let").group_by("world", "chain").len("moves")
    whole = begun.join(length, on=["world", "chain"], how="left")
    return [
        Check(f"moves after a vacancy of {size} bedrooms: row of (I - Q)^-1", float(expected),
              interval(_by_world(whole.filter(bedrooms=size), pl.col("moves").mean())))
        for size, expected in enumerate(theory.chain_moves(moves), 1)
    ]


def open_voids(worlds: int = 20, weeks: int = 208, seed: int = 6) -> list[Check]:
    """Open voids at any time against homes that fall void x the days they stay so.

    The usual mode, without homes that are taken out of letting, on every day of the middle half of
    the horizon; rate and days are of the voids that come in it, from the end of a tenancy to the
    letting.
    """
    from cbl_engine.simulate.scenario import Scenario
    from cbl_engine.simulate.world import set_up

    scenario = Scenario.model_validate({
        "title": "voids", "scheme": "sheffield", "start": START, "weeks": weeks, "seed": seed,
        "world": {"households": 1000, "homes": 1500}})
    frames = run(set_up(scenario, shipped_parameters()), worlds, batch=20)
    first, last = weeks // 4, weeks * 3 // 4
    voids = frames["voids"].filter(pl.col("outcome") != "long_term").with_columns(
        (pl.col("let_on").fill_null(_week(weeks)) - pl.col("tenancy_ended_on")).dt.total_days()
        .alias("days"))
    return [
        _open_voids(voids.filter(pl.col("bedrooms") <= 2), "homes of one or two bedrooms",
                    first, last),
        _open_voids(voids, "all homes, some of which nobody waits for", first, last),
    ]


def _open_voids(voids: pl.DataFrame, which: str, first: int, last: int) -> Check:
    come = voids.filter(pl.col("tenancy_ended_on") >= _week(first),
                        pl.col("tenancy_ended_on") < _week(last))
    # Of each void, the days on which it was open in the window.
    until = pl.min_horizontal(pl.col("let_on").fill_null(_week(last)), _week(last))
    open_ = (until - pl.max_horizontal("tenancy_ended_on", _week(first))).dt.total_days()
    counted = np.array(_by_world(voids, open_.clip(0).sum() / (7 * (last - first))))
    rate = np.array(_by_world(come, pl.len() * 365 / (7 * (last - first))))
    mean = np.array(_by_world(come, pl.col("days").mean()))
    law = rate * mean / 365
    return Check(f"open voids / (voids a year x days / 365) - 1, {which}, "
                 f"{counted.mean():.1f} open", 0.0, interval(counted / law - 1))


STUDIES: dict[str, Callable[..., list[Check]]] = {
    "Bands at a close and as the cycle shrinks": waits_by_band,
    "One band": one_band,
    "Overload with drop-out": overload,
    "Offers": offers,
    "Chains": chains,
    "Voids": open_voids,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=2, help="all of it so often, each with seeds "
                        "of its own; the first is shown in full")
    runs = []
    for number in range(parser.parse_args().runs):
        told = {}
        for at, (name, study) in enumerate(STUDIES.items(), 1):
            found = study(seed=at + 1000 * number)
            told[name] = [check.told() for check in found]
            print(name)
            for check in found:
                print(f"  {'hit ' if check.hit else 'MISS'} {check.what}: {check.expected:.4g}, "
                      f"found {check.found}", flush=True)
        runs.append(told)
        keep("theory", _kept(runs))


def _kept(runs: list[dict[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """The first run, how often all of them hit, and what the others missed."""
    return {
        "start": str(START), "theory": str(STRICT), "studies": runs[0],
        "hits": [sum(c["hit"] for study in told.values() for c in study) for told in runs],
        "missed_in_other_runs": [
            {"run": number, **check} for number, told in enumerate(runs[1:], 2)
            for study in told.values() for check in study if not check["hit"]]}



if __name__ == "__main__":
    main()
