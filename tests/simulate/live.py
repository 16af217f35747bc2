"""A simulated world's weeks as a lettings system would have had them, given to the live calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from cbl_engine.offers.answers import apply_outcome
from cbl_engine.offers.cycle import run_cycle
from cbl_engine.offers.record import Record
from cbl_engine.simulate import listing, week_frames
from cbl_engine.simulate import weeks as stepping
from cbl_engine.simulate.luck import new_ids
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import OUTCOMES
from cbl_engine.simulate.state import HOUSED, NEVER, UNDER_OFFER
from cbl_engine.simulate.weeks import run_batch
from cbl_engine.tables.days import date_of
from cbl_engine.tables.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.record import Cycle
    from cbl_engine.simulate.setup import Setup
    from cbl_engine.simulate.state import State

WORLD = 3
"""Ids of this world, written as text, have one length: so text and numbers have one order."""


@dataclass
class Lived:
    """A week as it was simulated.

    Attributes:
        number: of the week.
        register: of everybody on the register, or who left it, at the close.
        frames: what the shortlist was given; None where nobody bid.
        made: what it made of it.
        listed: by advert, the list that was gone down.
    """

    number: int
    register: dict[str, pl.DataFrame]
    frames: week_frames.Week | None = None
    made: pl.DataFrame | None = None
    listed: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class World:
    """One world, week by week."""

    setup: Setup
    state: State
    weeks: list[Lived] = field(default_factory=list)


def lived(setup: Setup, monkeypatch: Any) -> World:
    """Simulate the world, looking over its shoulder at each close."""
    weeks: list[Lived] = []
    real_rank, real_close = listing.rank, stepping.close

    def rank(state: State, week: week_frames.Week, on: int | None = None) -> listing.Listed:
        found = real_rank(state, week, on)
        if on is not None:  # a list of an earlier week, ranked anew
            return found
        mine = weeks[-1]
        mine.frames, mine.made = week, listing.live_shortlist(state, week).frame()
        ids = state.households["id"][found.household].tolist()
        mine.listed = {str(advert): ids[a:b] for advert, a, b in zip(
            week.advert_ids, found.starts[:-1], found.starts[1:], strict=True)}
        return found

    def close(state: State, week: int, going: Any, *ended: Any) -> Any:
        weeks.append(Lived(week, everybody(state, setup.closes(week))))
        return real_close(state, week, going, *ended)

    monkeypatch.setattr(listing, "rank", rank)
    monkeypatch.setattr(stepping, "close", close)
    state, _ = run_batch(setup, np.array([WORLD]))
    monkeypatch.undo()
    return World(setup, state, weeks)


def everybody(state: State, on: int) -> dict[str, pl.DataFrame]:
    """The register as a lettings system has it: everyone who joined, but those who were housed."""
    status = state.households["status"]
    rows = np.flatnonzero(status != HOUSED)
    tables = week_frames.register_of(state, rows, on)
    gone = pl.Series(status[rows] > UNDER_OFFER)
    # Who is under offer is so until that is settled, whatever is found meanwhile.
    waits = pl.Series(state.households["waits"][rows] | state.households["decants"][rows]
                      | (status[rows] == UNDER_OFFER))
    applications = tables["applications"].with_columns(
        status=pl.Series(["active"]).new_from_index(0, len(rows)).set(~waits, "unbanded").set(
            gone, "closed"))
    return {**tables, "applications": applications}


def as_text(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with ids in text, as records have them."""
    return {name: frame.with_columns(
        pl.col(c.name).cast(pl.String) for c in TABLES.get(name, ())
        if c.type == "id" and c.name in frame.columns) for name, frame in tables.items()}


def known_bids(week: Lived) -> pl.DataFrame:
    """The week's bids but those that are held: a home would wait for what is not known of them."""
    held = week.made.filter(pl.col("eligible").is_null())
    return week.frames.bids.join(held, on=["advert", "application"], how="anti")


def outcomes(
    world: World, first: int, last: int, words: Mapping[str, str], *, viewing: bool = False
) -> pl.DataFrame:
    """What became of the nominations settled between two days, as an office writes it down.

    Args:
        world: what was simulated.
        first, last: days.
        words: what the office calls each outcome.
        viewing: who answers was taken by the landlord on the day of the offer, where another lets
            the home, and then came to see it.
    """
    state = world.state
    rows, voids = state.nominations, state.voids
    within = lambda days: (days >= first) & (days <= last)  # noqa: E731
    ends = (rows["outcome"] >= 0) & within(rows["due"])
    seen = np.minimum(rows["seen"], rows["due"])
    named = policy_on(world.setup, first).nominated[state.static(voids["home"][rows["void"]])]
    out = []
    for row in np.flatnonzero(ends | within(rows["on"]) | within(seen)).tolist():
        # what is not settled at the end of the horizon is kept below -1
        code = rows["outcome"][row]
        what = (*OUTCOMES, "not_chosen")[code if code >= 0 else -code - 2]
        word, due = words.get(what), int(rows["due"][row])
        said = {"advert": str(advert_of(state, row)),
                "application": str(state.households["id"][rows["household"][row]]), "reason": None,
                "reasonable": True if word == "refused" else None, "attempts": 3, "channels": 2,
                "adjustments_checked": True, "by": "Olu", "tenancy_start": None}
        steps = []
        if viewing and word in ("accepted", "refused", None):
            steps += [("0", "landlord_accepted", int(rows["on"][row]))] if named[row] else []
            came = word is not None or int(rows["seen"][row]) < due
            steps += [("1", "viewed", int(seen[row]))] if came else []
        if ends[row] and word is not None:
            steps += [("3" if what == "accepted" else "2", word, due)]
        # of a day what failed is heard of before what was accepted
        out += [{**said, "id": f"n{place}-{row:06d}", "what": step, "on": date_of(on)}
                for place, step, on in steps if first <= on <= last]
        if ends[row] and what == "accepted":
            let = date_of(int(voids["let"][rows["void"][row]]))
            out.append({**said, "id": f"n4-{row:06d}", "what": "signed", "on": date_of(due),
                        "tenancy_start": let})
    return pl.DataFrame(out, schema={
        "id": pl.String, "on": pl.Date, "what": pl.String, "advert": pl.String,
        "application": pl.String, "reason": pl.String, "reasonable": pl.Boolean,
        "attempts": pl.Int64, "channels": pl.Int64, "adjustments_checked": pl.Boolean,
        "by": pl.String, "tenancy_start": pl.Date})


def cleared(world: World) -> pl.DataFrame:
    """Every check that the scheme asks for, cleared of everybody from the first day."""
    setup = world.setup
    names = list(policy_on(setup, setup.closes(0)).version.checks)
    ids = list(map(str, world.state.households["id"].tolist()))
    rows = [(f"c{at:04d}-{who}", who, name) for at, name in enumerate(names) for who in ids]
    return pl.DataFrame(rows, schema={"id": pl.String, "application": pl.String,
                                      "check": pl.String}, orient="row").with_columns(
        outcome=pl.lit("cleared"), home=pl.lit(None, pl.String), advert=pl.lit(None, pl.String),
        area=pl.lit(None, pl.String), since=pl.lit(date_of(setup.start)),
        until=pl.lit(None, pl.Date), by=pl.lit("Olu"), confirmed_by=pl.lit("Ama"))


def advert_of(state: State, nomination: int) -> int:
    """The advert that a nomination came of: the last of its void closed by its day."""
    rows, adverts = state.nominations, state.adverts
    void, on = rows["void"][nomination], rows["on"][nomination]
    mine = np.flatnonzero((adverts["void"] == void)
                          & (state.setup.start + 7 * adverts["week"] + 6 <= on))
    week = adverts["week"][mine].max()
    home = state.static(state.voids["home"][[void]])
    return int(new_ids(state.worlds[[0]], int(week) + 1, state.setup.homes.number[home])[0])


def simulated(world: World) -> list[tuple[date, str, str]]:
    """Offers of the world in order: day, advert, household."""
    state, rows = world.state, world.state.nominations
    return [(date_of(int(rows["on"][n])), str(advert_of(state, n)),
             str(state.households["id"][rows["household"][n]])) for n in range(len(rows))]


def let(world: World) -> set[tuple[str, str, date]]:
    """Lettings of the world: home, household, first day."""
    state, rows = world.state, world.state.lettings
    homes = state.home_ids(state.voids["home"][rows["void"]])
    return {(str(home), str(state.households["id"][who]), date_of(int(day)))
            for home, who, day in zip(homes, rows["household"], rows["day"], strict=True)
            if day < NEVER}


def through_cycles(
    world: World, words: Mapping[str, str],
    given: Callable[[Lived], Mapping[str, pl.DataFrame]] = lambda _: {}, *,
    viewing: bool = False, **options: Any,
) -> tuple[list[tuple[date, str, str]], set[tuple[str, str, date]], Cycle]:
    """The weeks through ``run_cycle``: each week's register, adverts and bids at its close, and
    what became of offers in the week after it.

    Returns:
        Offers and lettings, as :func:`simulated` and :func:`let` give them; and the last cycle.
    """
    setup, record, events = world.setup, Record(), []
    cycle = None
    checks, last = cleared(world), setup.monday(setup.weeks) - 1
    for week in world.weeks:
        close = setup.closes(week.number)
        frames = week.frames
        came = {} if frames is None else {
            "homes": frames.homes, "adverts": frames.adverts, "bids": known_bids(week)}
        until = min(close + 6, last)
        tables = {**week.register, **came, "outcomes": outcomes(
                world, close, until, words, viewing=viewing),
                **({"checks": checks} if len(checks) else {}), **given(week)}
        cycle = run_cycle(record, setup.scheme, as_text(tables), date_of(until),
                          unattended=True, seed=setup.luck.seed, **options)
        record = cycle.record
        events += cycle.events
    offers = [(e.on, e.advert, e.application) for e in events if type(e).__name__
              == "OfferProposed"]
    lettings = record.tables["lettings"]
    rows = lettings.select("home", "application", "started_on").iter_rows()
    return offers, set(rows), cycle


def by_the_order_drawn(world: World) -> Callable[[Desk], None]:
    """An officer who settles equals as the world did: the first in the order drawn."""
    lists = {advert: list(map(str, ids)) for week in world.weeks
             for advert, ids in week.listed.items()}

    def answers(desk: Desk) -> None:
        for proposal in list(desk.book.open_proposals()):
            if proposal.act != "tie":
                continue
            named = min((proposal.what or "").split(", "), key=lists[proposal.advert].index)
            apply_outcome(desk, {"id": f"tie-{proposal.id}", "what": "chosen", "by": "Olu",
                                 "advert": proposal.advert, "application": named})

    return answers
