"""What worlds leave behind: one flat row an event, in frames. Every figure is a query on these.

Ids are in words within a world (``P0000-000001``: household 1 of the opening register; the four
figures are the week it joined; ``H000001``: home 1), and the same in any batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.simulate import accommodation
from cbl_engine.simulate.columns import spans
from cbl_engine.simulate.downsizing import WOULD_ANYWAY
from cbl_engine.simulate.luck import named
from cbl_engine.simulate.nominees import HOUSEHOLDS
from cbl_engine.simulate.parameters import happens, picked
from cbl_engine.simulate.policy import policy_on
from cbl_engine.simulate.setup import (
    CAUSES,
    DUTIES,
    ENDINGS,
    EVENTS,
    EXITS,
    KINDS,
    LANDLORDS,
    LEAKS,
    PLACEMENTS,
    REFUSED,
    ROUTES,
    WORKS,
)
from cbl_engine.simulate.state import NEVER, NOBODY, OVER, STATUSES
from cbl_engine.simulate.voids import (
    CONVERTED,
    FOR_DECANT,
    KEPT_BY_LANDLORD,
    LONG_TERM,
    REDESIGNATED,
    REFERRED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cbl_engine.simulate.columns import Columns
    from cbl_engine.simulate.state import State

SCHEMA_VERSION = 6


def frames_of_run(state: State, weeks: Columns) -> dict[str, pl.DataFrame]:
    """Every table of a batch of worlds, by world and then as things came about.

    Returns:
        ``voids``, ``nominations``, ``lettings``, ``adverts``, ``households``, ``duties``,
        ``band_changes``, ``placements``, ``consequences``, ``events`` and ``weeks``; see
        ``docs/simulate.md`` for their columns.
    """
    frames = {
        "voids": _voids(state), "nominations": _nominations(state), "lettings": _lettings(state),
        "adverts": _adverts(state), "households": _households(state),
        "duties": _duties(state), "band_changes": _band_changes(state),
        "placements": _placements(state), "consequences": _consequences(state),
        "events": _events(state), "weeks": _weeks(state, weeks),
    }
    keys = {"voids": ("home", "vacancy"), "nominations": ("nominated_on", "home", "application"),
            "lettings": ("accepted_on", "home"), "adverts": ("week", "home"),
            "households": ("application",), "duties": ("application", "since", "duty"),
            "band_changes": ("on", "application"), "placements": ("application", "since"),
            "consequences": ("since", "application"), "events": ("on", "home", "event"),
            "weeks": ("week",)}
    return {name: frame.sort("world", *keys[name]) for name, frame in frames.items()}


def _worlds(state: State, at: NDArray[np.integer]) -> pl.Series:
    return pl.Series("world", state.worlds[at].astype(np.int32))


def _dates(values: NDArray[np.integer]) -> pl.Series:
    known = values < NEVER
    return pl.Series(np.where(known, values, 0).astype(np.int32)).cast(pl.Date).set(
        pl.Series(~known), None)


def _words(names: Sequence[str], codes: NDArray[np.integer]) -> pl.Series:
    """Names by code; null for a code beyond the last."""
    table = pl.Series([*names, None], dtype=pl.String)
    codes = np.asarray(codes, np.int64)
    return table.gather(np.where((codes < 0) | (codes >= len(names)), len(names), codes)).cast(
        pl.Categorical).cast(pl.String)


def _home_names(state: State, home: NDArray[np.int64]) -> pl.Series:
    ids = state.setup.stock["id"].cast(pl.String)
    wanted = np.where(home == NOBODY, 0, state.static(home))
    return ids.gather(wanted).set(pl.Series(home == NOBODY), None)


def _application_names(state: State, rows: NDArray[np.int64]) -> pl.Series:
    known = rows != NOBODY
    ids = state.households["id"][np.where(known, rows, 0)] if len(state.households) else rows
    return named("P", ids).set(pl.Series(~known), None)


_OUTCOME_OF = {
    KEPT_BY_LANDLORD: "landlord", LONG_TERM: "long_term", REDESIGNATED: "redesignated",
    CONVERTED: "temporary_accommodation", REFERRED: "referral", FOR_DECANT: "decant",
}
"""What becomes of a void by its route; of another route it is let, or lost."""


def _voids(state: State) -> pl.DataFrame:
    voids = state.voids
    homes = state.setup.homes
    static = state.static(voids["home"])
    step, route = voids["step"], voids["route"]
    let = voids["let"] < NEVER
    outcome = np.select(
        [step != OVER, *(route == code for code in _OUTCOME_OF), let],
        [1, *range(3, 3 + len(_OUTCOME_OF)), 0], 2)
    first = voids["chain"]
    leaver = voids["leaver"]
    end = np.where(step == OVER, NEVER, state.setup.monday(state.setup.weeks))

    def done(stage: str) -> pl.Series:
        """Days of a stage; of an open void those before the end alone."""
        days = voids[stage]
        return _dates(np.where(days < end, days, NEVER))

    return pl.DataFrame({
        "world": _worlds(state, voids["world"]),
        "id": _home_names(state, voids["home"]) + "/" + pl.Series(voids["nth"] + 1).cast(pl.String),
        "home": _home_names(state, voids["home"]),
        "vacancy": voids["nth"] + 1,
        "cause": _words(CAUSES, voids["cause"]),
        "bedrooms": homes.bedrooms[static],
        "landlord_kind": _words(LANDLORDS, homes.landlord[static]),
        "chain": pl.Series(_home_names(state, voids["home"][first]) + "/"
                           + pl.Series(voids["nth"][first] + 1).cast(pl.String)),
        "link": voids["link"],
        "leaving_application": named("P", np.maximum(leaver, 0)).set(
            pl.Series(leaver == NOBODY), None),
        "notice_given_on": _dates(voids["notice"]),
        "tenancy_ended_on": _dates(voids["ended"]),
        "keys_in_on": done("keys"),
        "inspected_on": done("inspected"),
        "works": _words(WORKS, voids["works"]),
        "works_began_on": done("works_from"),
        "ready_on": done("ready"),
        "advertised_on": _dates(voids["advertised"]),
        "closed_on": _dates(voids["closed"]),
        "accepted_on": _dates(voids["accepted"]),
        "let_on": _dates(voids["let"]),
        "adverts": voids["adverts"],
        "nominations": voids["nominations"],
        "outcome": _words(("let", "open", "lost", *_OUTCOME_OF.values()), outcome),
        "rent_weekly": homes.rent_lost[static] / 100.0,
    })


def _nominations(state: State) -> pl.DataFrame:
    rows, voids, setup = state.nominations, state.voids, state.setup
    void = rows["void"]
    open_ = rows["outcome"] < 0
    at_viewing = (rows["outcome"] == REFUSED[0]) & (rows["view_by"] < NEVER)
    seen = np.where(at_viewing, rows["due"], rows["seen"])
    over = setup.monday(setup.weeks)
    return pl.DataFrame({
        "world": _worlds(state, voids["world"][void]),
        "home": _home_names(state, voids["home"][void]),
        "vacancy": voids["nth"][void] + 1,
        "application": _application_names(state, rows["household"]),
        "landlord_kind": _words(LANDLORDS, setup.homes.landlord[state.static(voids["home"][void])]),
        "household_kind": _words(HOUSEHOLDS, setup.household_kinds[
            state.households["life"][rows["household"]]]),
        "position": rows["position"],
        "route": _words(ROUTES, rows["route"]),
        "nominated_on": _dates(rows["on"]),
        "viewed_on": _dates(np.where(seen < over, seen, NEVER)),
        "settled_on": _dates(np.where(open_, NEVER, rows["due"])),
        "outcome": _words(ENDINGS, np.where(open_, len(ENDINGS), rows["outcome"])),
        "counts": pl.Series(rows["counts"]).set(pl.Series(
            open_ | ~np.isin(rows["outcome"], (0, *REFUSED))), None),
    })


def _lettings(state: State) -> pl.DataFrame:
    rows, voids, households = state.lettings, state.voids, state.households
    void, who = rows["void"], rows["household"]
    homes = state.setup.homes
    static = state.static(voids["home"][void])
    life = households["life"][who]
    lives = state.setup.lives
    old = rows["from_home"]
    before = np.where(old == NOBODY, 0, state.static(old))
    priority = households["priority"][who]
    leak = rows["leak"].astype(np.int64)
    return pl.DataFrame({
        "world": _worlds(state, voids["world"][void]),
        "home": _home_names(state, voids["home"][void]),
        "vacancy": voids["nth"][void] + 1,
        "application": _application_names(state, who),
        "accepted_on": _dates(voids["accepted"][void]),
        "signed_on": _dates(voids["accepted"][void]
                            + state.nominations["signs"][rows["nomination"]]),
        "let_on": _dates(rows["day"]),
        "bedrooms": homes.bedrooms[static],
        "bedroom_need": _null_below_0(households["need"][who]),
        "band": _words(lives.bands, state.nominations["band"][rows["nomination"]]),
        "registered_on": _dates(households["registered"][who]),
        "priority_date": _dates(np.where(priority > 0, priority, NEVER)),
        "position": state.nominations["position"][rows["nomination"]],
        "route": _words(ROUTES, state.nominations["route"][rows["nomination"]]),
        "transfer": lives.tenant[life],
        "left_home": _home_names(state, old),
        "left_bedrooms": pl.Series(homes.bedrooms[before]).set(
            pl.Series(old == NOBODY), None),
        "leaked": _words(LEAKS, leak),
        "downsizer": households["downsizes"][who] > 0,
        "would_ask_anyway": pl.Series(households["downsizes"][who] == WOULD_ANYWAY).set(
            pl.Series(households["downsizes"][who] == 0), None),
        "homeless": lives.homeless[life],
        "adapted": homes.access[static] == 2,
        "needs_adapted": lives.access[life] == 2,
        "chain": pl.Series(_home_names(state, voids["home"][voids["chain"][void]]) + "/"
                           + pl.Series(voids["nth"][voids["chain"][void]] + 1).cast(pl.String)),
        "link": voids["link"][void],
    })


def _null_below_0(values: NDArray[np.integer]) -> pl.Series:
    return pl.Series(values).set(pl.Series(values < 0), None)


def _adverts(state: State) -> pl.DataFrame:
    rows, voids = state.adverts, state.voids
    void = rows["void"]
    return pl.DataFrame({
        "world": _worlds(state, voids["world"][void]),
        "home": _home_names(state, voids["home"][void]),
        "vacancy": voids["nth"][void] + 1,
        "week": rows["week"],
        "number": rows["number"],
        "bedrooms": state.setup.homes.bedrooms[state.static(voids["home"][void])],
        "bids": rows["bids"],
        "eligible": rows["eligible"],
        "first_band": _words(state.setup.lives.bands, rows["first_band"]),
        "profile": _profiles(state, rows["week"], rows["profile"]),
        "rung": _null_below_0(np.where(rows["rung"] == 0, np.int8(-1), rows["rung"])),
    })


def _profiles(
    state: State, week: NDArray[np.integer], profile: NDArray[np.integer]
) -> pl.Series:
    """Names of profiles, by the scheme's version of the week."""
    setup = state.setup
    number = np.array([policy_on(setup, setup.closes(w)).number for w in range(setup.weeks)])
    names = {p.number: p.profiles for p in setup.policies.values()}
    out = pl.Series([None], dtype=pl.String).new_from_index(0, len(week))
    for version, its in names.items():
        mine = np.flatnonzero(number[week] == version)
        out = out.scatter(mine, _words(its, profile[mine].astype(np.int64) - 1))
    return out


def _consequences(state: State) -> pl.DataFrame:
    rows = state.consequences
    return pl.DataFrame({
        "world": _worlds(state, state.households["world"][rows["household"]]),
        "application": _application_names(state, rows["household"]),
        "consequence": _words(state.setup.consequence_names, rows["name"]),
        "since": _dates(rows["since"]),
        "until": _dates(rows["until"]),
    })


def _households(state: State) -> pl.DataFrame:
    rows, lives = state.households, state.setup.lives
    life = rows["life"]
    last = state.setup.closes(state.setup.weeks - 1)
    return pl.DataFrame({
        "world": _worlds(state, rows["world"]),
        "application": _application_names(state, np.arange(len(rows))),
        "registered_on": _dates(rows["registered"]),
        "status": _words(STATUSES, rows["status"]),
        "left_on": _dates(rows["left"]),
        "band": _words(lives.bands, state.bands_on(np.arange(len(rows)), last)),
        "bedroom_need": _null_below_0(rows["need"]),
        "tenant": lives.tenant[life],
        "homeless": lives.homeless[life],
        "bids_as": _words(KINDS, rows["kind"]),
        "bids": rows["bids"],
        "last_own_bid_on": _dates(rows["own_bid_on"]),
        "nominations": rows["offers"],
        "refusals": rows["refusals"],
        "downsizer": rows["downsizes"] > 0,
        "would_ask_anyway": pl.Series(rows["downsizes"] == WOULD_ANYWAY).set(
            pl.Series(rows["downsizes"] == 0), None),
        "decanted": rows["decants"],
        "life": life,
        **state.setup.whose[life].to_dict(),
    })


def _duties(state: State) -> pl.DataFrame:
    """Homelessness duties of households while they are on the register: to the end of the horizon, or to
    the day on which a household is let a home after it.
    """
    households, setup = state.households, state.setup
    starts, frame = setup.lives.rows.get("duties"), setup.lives.tables.get("duties")
    if starts is None or frame is None or frame.is_empty():
        starts, frame = np.zeros(len(setup.lives) + 1, np.int64), pl.DataFrame(schema={
            "kind": pl.String, "since": pl.Date, "until": pl.Date, "ended_by": pl.String})
    life = households["life"].astype(np.int64)
    who, row = spans(starts[life], starts[life + 1] - starts[life])
    shift, frame = households["shift"][who].astype(np.int64), frame[row]
    known = np.maximum(households["registered"], setup.start)[who]
    since = np.where(frame["since"].is_null(), known, _days(frame["since"]) + shift)
    over = np.where(frame["until"].is_null(), NEVER, _days(frame["until"]) + shift)
    left = households["left"][who]
    end = np.where(left < NEVER, NEVER, setup.monday(setup.weeks))
    there = (over > known) & (since <= left) & (since < end)
    over = np.where(over < end, over, NEVER)
    out = np.where(left <= over, households["status"][who], len(STATUSES))
    until = np.minimum(over, left)
    return pl.DataFrame({
        "world": _worlds(state, households["world"][who]),
        "application": _application_names(state, who),
        "duty": frame["kind"].cast(pl.String),
        "since": _dates(since),
        "until": _dates(until),
        "ended_by": _words(STATUSES, out).fill_null(frame["ended_by"]).set(
            pl.Series(until >= NEVER), None),
    }).filter(pl.Series(there))


def _days(dates: pl.Series) -> NDArray[np.int64]:
    return dates.cast(pl.Int32).fill_null(0).to_numpy().astype(np.int64)


def _band_changes(state: State) -> pl.DataFrame:
    rows, bands = state.band_changes, state.setup.lives.bands
    return pl.DataFrame({
        "world": _worlds(state, state.households["world"][rows["household"]]),
        "application": _application_names(state, rows["household"]),
        "on": _dates(rows["day"]),
        "before": _words(bands, rows["before"]),
        "band": _words(bands, rows["band"]),
    })


def _placements(state: State) -> pl.DataFrame:
    """Stays, with their nights and money to the end of the horizon [whole pence]."""
    stays, households, setup = state.stays, state.households, state.setup
    p, luck = setup.parameters, setup.luck
    who, kind = stays["household"], stays["kind"].astype(np.int64)
    since, until = stays["since"].astype(np.int64), stays["until"].astype(np.int64)
    end = setup.monday(setup.weeks)
    key = households["id"][who], since
    taken = happens(p["accommodation.backfilled"], luck.draws("backfilled", *key))
    draws = luck.draws("hand_back", *key)
    lag = np.zeros(len(who), np.int64)
    for number, name in enumerate(PLACEMENTS):
        mine = kind == number
        lag[mine] = picked(setup.days[f"accommodation.hand_back_days/{name}"], draws[mine])
    least = _by_kind(p["accommodation.least_nights"])[kind]
    paid = np.maximum(until + np.where(taken, 0, lag), since + np.rint(least).astype(np.int64))
    paid = np.where(until < NEVER, paid, NEVER)
    nights = np.maximum(np.minimum(until, end) - since, 0)
    paid_nights = np.maximum(np.minimum(paid, end) - since, 0)
    size = np.maximum(households["need"][who], 1).astype(np.int64)
    times = p["accommodation.size_times"]
    factor = np.array([times[str(n)] for n in range(1, 5)])[np.minimum(size, 4) - 1]
    pence = {name: np.rint(_by_kind(p[f"accommodation.{of}"])[kind] * factor * 100).astype(np.int64)
             for name, of in (("gross", "nightly"), ("back", "subsidy"))}
    net = pence["gross"] - pence["back"]
    by = stays["by"].astype(np.int64)
    by = np.select([until >= NEVER, by == accommodation.MOVED, by >= accommodation.BY_ITSELF],
                   [-1, len(STATUSES), by - accommodation.BY_ITSELF + len(STATUSES) + 1], by)
    return pl.DataFrame({
        "world": _worlds(state, households["world"][who]),
        "application": _application_names(state, who),
        "kind": _words(PLACEMENTS, kind),
        "duty": _words(DUTIES, stays["duty"]),
        "entered": stays["entered"],
        "home": _home_names(state, stays["home"]),
        "out_of_area": stays["out_of_area"],
        "since": _dates(since),
        "until": _dates(until),
        "left_by": _words((*STATUSES, "moved", *EXITS), by),
        "would_leave_on": _dates(stays["leaves"]),
        "backfilled": pl.Series(taken).set(pl.Series(until >= end), None),
        "paid_until": _dates(paid),
        "bedrooms": size.astype(np.int8),
        "children": setup.lives.children[households["life"][who]],
        "nights": nights,
        "paid_nights": paid_nights,
        "gross_nightly_pence": pence["gross"],
        "net_nightly_pence": net,
        "gross_pence": paid_nights * pence["gross"],
        "net_pence": paid_nights * net,
    })


def _by_kind(values: Mapping[str, float]) -> NDArray[np.float64]:
    return np.array([values[kind] for kind in PLACEMENTS], np.float64)


def _events(state: State) -> pl.DataFrame:
    rows = state.events
    return pl.DataFrame({
        "world": _worlds(state, rows["home"] // state.n_homes),
        "home": _home_names(state, rows["home"]),
        "on": _dates(rows["day"]),
        "event": _words(EVENTS, rows["what"]),
    })


def _weeks(state: State, weeks: Columns) -> pl.DataFrame:
    return pl.DataFrame({
        "world": _worlds(state, weeks["world"]),
        **{name: weeks[name] for name in ("week", "registered", "waiting", "voids", "joined", "placed")},
    })
