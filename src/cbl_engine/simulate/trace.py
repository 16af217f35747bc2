"""One household, home or chain of a simulated world followed day by day, in plain English."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import Problem, RunError
from cbl_engine.simulate.changes import parameters_over_time
from cbl_engine.simulate.state import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cbl_engine.simulate.kept import Kept

_CAUSES = {
    "left": "the tenant leaves", "died": "the tenant died", "care": "the tenant goes into care",
    "evicted": "the tenant is evicted", "abandoned": "the tenant has gone",
    "mutual_agreement": "ended by agreement", "moved": "the tenant moves to another home",
}
_COMES = {"new_home": ("built", "Completed: the home is new"),
          "acquired": ("bought", "The home is bought"),
          "returned": ("returned", "The home is back for letting")}
"""Causes of voids that no tenancy's end made."""
_EVENTS = {
    "right_to_buy": "The home is sold to its tenant", "demolished": "The home is pulled down",
    "exchange": "The tenants exchange homes with others", "succession": "Somebody succeeds",
    "disposed": "The home is disposed of", "decanted": "The tenant moves out while works are done",
    "returned_from_decant": "The tenant moves back",
    "to_be_demolished": "The home is to be pulled down: its tenant must move",
}
"""What is told of a home's events; what a void tells already is not."""
_AFTER = {"right_to_buy": "Sold to its tenant", "demolished": "Pulled down",
          "disposed": "Disposed of",
          "decanted": "Its tenant is away at the end, while works are done"}
"""How a home stands whose last event was one of these."""
_ROUTES = {"own": "by its own bid", "assisted": "by a bid that an officer placed",
           "automatic": "by an automatic bid", "direct": "directly, without a bid"}
_OUTCOMES = {
    "no_contact": "could not be reached", "withdrew": "withdrew",
    "failed_verification": "failed verification", "landlord_rejected": "rejected by the landlord",
    "no_show": "did not come to the viewing", "refused_at_viewing": "refused at the viewing",
    "refused_late": "refused late", "accepted": "accepted",
    "not_chosen": "was not the one chosen",
}
_LEFT = {"housed": "Off the register: housed", "lapsed": "The application lapses",
         "housed_elsewhere": "Off the register: housed by another",
         "tenancy_ended": "Off the register: its tenancy ends"}
_DUTIES = {"prevention": "the duty to prevent homelessness", "relief": "the duty to relieve homelessness",
           "main": "the main homelessness duty",
           "intentionally_homeless": "a duty to the intentionally homeless"}
_ENDS = {"relief_duty": "the duty to relieve it begins", "main_duty": "the main duty begins"}
_LEAVES = {"relieved": "another home is found", "private_rented": "a private rented offer",
           "own_arrangements": "by its own arrangements", "decision": "the duty is ended by decision"}
_LEAKS = {
    "fission": "part of the household stays", "joint_tenant_stays": "a joint tenant stays",
    "successor": "somebody succeeds", "decant": "the home is to be pulled down",
    "disposal": "the home is disposed of",
    "temporary_accommodation": "the home becomes temporary accommodation",
    "elsewhere": "the home is in another district",
}
_OVER = {"landlord": "The landlord lets it itself", "long_term": "Taken out of letting",
         "lost": "Lost: nobody was there to let it to",
         "redesignated": "Let for another use from now on",
         "temporary_accommodation": "Becomes temporary accommodation",
         "referral": "Let by referral",
         "decant": "Lived in by a tenant whose own home is in works"}


@dataclass(frozen=True)
class Step:
    """Something that happened on a day.

    Attributes:
        on: the day.
        what: short stable name for programs, e.g. ``nominated``.
        words: a sentence without a full stop.
        home, application: ids it is about; None where not.
    """

    on: date
    what: str
    words: str
    home: str | None = None
    application: str | None = None


@dataclass(frozen=True)
class Trace:
    """What is known of one household, home or chain.

    Attributes:
        of: ``application``, ``home`` or ``chain``.
        id: of it.
        world: number.
        facts: name -> value, in words.
        steps: by day, and within a day as things follow.
        end: how it stands at the end.
    """

    of: str
    id: str
    world: int
    facts: dict[str, Any] = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    end: str


def trace_application(kept: Kept, application: str, world: int = 0) -> Trace:
    """Follow a household: joined, owed duties, given bands, placed, nominated, housed or gone.

    Args:
        kept: the simulation.
        application: its id, as in the tables (``P0000-000001``), or in the register at the start.
        world: number of the world.

    Raises:
        RunError: there is no such world, or no such household in it.
    """
    rows = _rows(kept, world)
    mine = rows("households", application=application)
    if mine.is_empty():
        mine = rows("households", read_as=application)
    if mine.is_empty():
        raise _missing("application", application, world,
                       "P0000-000001, or an id of the register at the start")
    who = mine.row(0, named=True)
    application = who["application"]
    steps = [Step(who["registered_on"], "registered", "Joins the register")]
    for duty in rows("duties", application=application).iter_rows(named=True):
        steps += _duty(duty)
    lettings = rows("lettings", application=application)
    if who["decanted"]:
        steps += _told_to_move(application, lettings, rows)
    for change in rows("band_changes", application=application).iter_rows(named=True):
        steps.append(Step(change["on"], "band_changed",
                          f"Assessed anew: {_band(change['band'])}, {_band(change['before'])} before"))
    for stay in rows("placements", application=application).iter_rows(named=True):
        kind = stay["kind"].replace("_", " ")
        where = f", home {stay['home']}" if stay["home"] else ""
        steps.append(Step(stay["since"], "placed", f"In temporary accommodation under the "
                          f"{stay['duty']} duty: {kind}{where}"))
        if stay["until"] is not None and stay["left_by"] != "moved":
            steps.append(Step(stay["until"], "placement_left",
                              "Leaves temporary accommodation: "
                              f"{_said(_LEAVES, stay['left_by'])}"))
    steps += _nominations(rows("nominations", application=application), of_home=False)
    for letting in lettings.iter_rows(named=True):
        steps += _letting(letting, kept)
    if who["left_on"] is not None and who["status"] != "housed":
        steps.append(Step(who["left_on"], who["status"], _said(_LEFT, who["status"])))
    own = who["read_as"]
    facts = {} if own is None else {"in the register at the start": own}
    facts |= {
        "band": who["band"], "bedrooms needed": who["bedroom_need"],
        "tenant": who["tenant"], "homeless": who["homeless"], "bids": who["bids"],
        "bids as": who["bids_as"], "nominations": who["nominations"],
        "refusals": who["refusals"],
    }
    facts |= {"must move out because": "its home is to be pulled down"} if who["decanted"] else {}
    facts |= {"asked for": "a smaller home"} if who["downsizer"] else {}
    end = {"waiting": "Still waiting at the end", "under_offer": "Under offer at the end"}
    return Trace("application", application, world, facts, _in_order(steps),
                 end.get(who["status"], _said(_LEFT, who["status"])))


def trace_home(kept: Kept, home: str, world: int = 0) -> Trace:
    """Follow a home: every vacancy with its stages, adverts, nominations and letting, and what else
    happened to it, as a sale.

    Args:
        kept: the simulation.
        home: its id (``H00000001``; new ones ``N00000000``).
        world: number of the world.

    Raises:
        RunError: there is no such world, or nothing happened to such a home in it.
    """
    rows = _rows(kept, world)
    voids, events = rows("voids", home=home), rows("events", home=home)
    if voids.is_empty() and events.is_empty():
        raise RunError([Problem(
            "no_home", f"nothing happened to a home of that id in world {world}", where="--home",
            given=home, allowed="the id of a home in the tables voids or events of that world")])
    steps = [step for void in voids.iter_rows(named=True) for step in _void(void, rows, kept)]
    steps += [Step(event["on"], event["event"], _EVENTS[event["event"]], home)
              for event in events.iter_rows(named=True) if event["event"] in _EVENTS]
    if "acquired" not in voids["cause"]:
        steps += [Step(event["on"], "acquired", "The home is bought with its tenant", home)
                  for event in events.filter(event="acquired").iter_rows(named=True)]
    facts = {"vacancies": voids.height}
    if not voids.is_empty():
        last = voids.row(-1, named=True)
        facts = {"bedrooms": last["bedrooms"], "weekly rent": last["rent_weekly"], **facts}
    return Trace("home", home, world, facts, _in_order(steps),
                 _home_ends(voids, events, kept.scenario.end))


def _home_ends(voids: pl.DataFrame, events: pl.DataFrame, end: date) -> str:
    stands = "Let at the end" if voids.is_empty() else _stands(voids.row(-1, named=True), end)
    if stands != "Let at the end":
        return stands
    told = events.sort("on", maintain_order=True)["event"].to_list()
    return _AFTER.get(told[-1], stands) if told else stands


def trace_chain(kept: Kept, chain: str, world: int = 0) -> Trace:
    """Follow a chain of moves from its first void to its last letting.

    Args:
        kept: the simulation.
        chain: home and vacancy of its first void (``H00000001/1``).
        world: number of the world.

    Raises:
        RunError: there is no such world, or no such chain in it.
    """
    rows = _rows(kept, world)
    voids = rows("voids", chain=chain).sort("link", "home", "vacancy")
    if voids.is_empty():
        raise _missing("chain", chain, world, "HOME/VACANCY of the void that began it")
    steps = [step for void in voids.iter_rows(named=True) for step in _void(void, rows, kept)]
    lettings = rows("lettings", chain=chain)
    last = voids.row(-1, named=True)
    facts = {"homes": ", ".join(voids["home"]), "voids": voids.height,
             "lettings": lettings.height}
    return Trace("chain", chain, world, facts, _in_order(steps),
                 _chain_ends(last, lettings, kept.scenario.end))


def _told_to_move(
    application: str, lettings: pl.DataFrame, rows: Callable[..., pl.DataFrame]
) -> Iterator[Step]:
    """The day a household was told to move out for good; of one not yet let another home no table says
    which home it is to leave.
    """
    for home in lettings.filter(leaked="decant")["left_home"].drop_nulls():
        for event in rows("events", home=home, event="to_be_demolished").iter_rows(named=True):
            yield Step(event["on"], event["event"],
                       f"Told to move out: {home} is to be pulled down", home, application)


def _duty(duty: dict[str, Any]) -> Iterator[Step]:
    """A homelessness duty; one that ends because the household is off the register is not told again."""
    named = _said(_DUTIES, duty["duty"])
    yield Step(duty["since"], "duty_began", f"Owed {named}")
    if duty["until"] is not None and duty["ended_by"] not in STATUSES:
        why = _said(_ENDS | _LEAVES, duty["ended_by"]) if duty["ended_by"] else "as is on record"
        yield Step(duty["until"], "duty_ended", f"No more owed {named}: {why}")


def _band(band: str | None) -> str:
    return "no band" if band is None else f"band {band}"


def _rows(kept: Kept, world: int) -> Callable[..., pl.DataFrame]:
    """Reads the rows of a table in one world where columns have values."""
    if not 0 <= world < kept.scenario.replications:
        raise RunError([Problem("no_world", "there is no such world", where="--world",
                                given=str(world),
                                allowed=f"0 to {kept.scenario.replications - 1}")])

    def read(table: str, **equals: Any) -> pl.DataFrame:
        return kept.tables[table].filter(
            pl.col("world") == world, *(pl.col(n) == v for n, v in equals.items())).collect()

    return read


def _missing(what: str, given: str, world: int, allowed: str) -> RunError:
    return RunError([Problem(f"no_{what}", f"there is no such {what} in world {world}",
                             where=f"--{what}", given=given, allowed=allowed)])


def _void(
    void: dict[str, Any], rows: Callable[..., pl.DataFrame], kept: Kept
) -> Iterator[Step]:
    """One vacancy, stage by stage."""
    key = {name: void[name] for name in ("home", "vacancy")}
    home = void["home"]
    why = _said(_CAUSES, void["cause"])
    if void["cause"] in _COMES:
        yield Step(void["tenancy_ended_on"], *_COMES[void["cause"]], home)
    if void["cause"] != "new_home":
        if void["notice_given_on"] != void["tenancy_ended_on"]:
            yield Step(void["notice_given_on"], "notice", "Notice is given", home)
        leaver = void["leaving_application"]
        named = f" ({leaver})" if leaver else ""
        if void["cause"] not in _COMES:
            yield Step(void["tenancy_ended_on"], "ended", f"The tenancy ends: {why}{named}", home,
                       leaver)
        if void["keys_in_on"] is not None:
            yield Step(void["keys_in_on"], "keys_in", "The keys come in", home)
        if void["inspected_on"] is not None:
            yield Step(void["inspected_on"], "inspected",
                       f"Inspected; works ordered: {void['works']}", home)
        if void["works_began_on"] is not None and void["works"] != "none":
            yield Step(void["works_began_on"], "works_began", "Works begin", home)
        if void["ready_on"] is not None:
            yield Step(void["ready_on"], "ready", "Ready to let", home)
    for advert in rows("adverts", **key).iter_rows(named=True):
        closes = kept.scenario.start + timedelta(weeks=advert["week"], days=6)
        opens = closes - timedelta(days=7 * _round_weeks(kept, closes) - 1)
        again = "" if advert["number"] == 1 else ", again"
        yield Step(opens, "advertised", f"Advertised{again}", home)
        first = f", first on the list from band {advert['first_band']}" \
            if advert["first_band"] else ""
        yield Step(closes, "closed",
                   f"The advert closes with {_n(advert['bids'], 'bid')}, "
                   f"{advert['eligible']} eligible{first}", home)
    yield from _nominations(rows("nominations", **key), of_home=True)
    for letting in rows("lettings", **key).iter_rows(named=True):
        yield from _letting(letting, kept)
    if void["outcome"] in _OVER:
        yield Step(void["let_on"] or void["ready_on"], void["outcome"], _OVER[void["outcome"]],
                   home)


def _nominations(rows: pl.DataFrame, *, of_home: bool) -> Iterator[Step]:
    """Nominations for a void, or of a household, as one follows from the end of another on its day."""
    then = "position" if of_home else "settled_on"
    for row in rows.sort("nominated_on", then, nulls_last=True).iter_rows(named=True):
        home, application = row["home"], row["application"]
        who, where = (f"{application} is nominated", "") if of_home else ("Nominated", f" for {home}")
        yield Step(row["nominated_on"], "nominated",
                   f"{who}{where} {_said(_ROUTES, row['route'])}, number {row['position']} on the list",
                   home, application)
        if row["outcome"] is not None:
            of = f"{application}: " if of_home else f"{home}: "
            yield Step(row["settled_on"], row["outcome"], of + _said(_OUTCOMES, row["outcome"]), home,
                       application)


def _letting(row: dict[str, Any], kept: Kept) -> Iterator[Step]:
    size = _n(row["bedrooms"], "bedroom")
    since = row["let_on"] - row["registered_on"]
    soon = " (after the end of the simulation)" if row["let_on"] >= (
        kept.scenario.end) else ""
    yield Step(row["let_on"], "let",
               f"{row['home']} ({size}) is let to {row['application']}, band {row['band']}, "
               f"{_n(since.days, 'day')} after registering{soon}", row["home"], row["application"])
    if row["transfer"]:
        after = "it comes empty: the next void of the chain" if row["leaked"] is None \
            else f"no home comes back: {_said(_LEAKS, row['leaked'])}"
        if row["left_home"] is None:
            leaves = "leaves a home in another district; none comes back here"
        else:
            leaves = f"leaves {row['left_home']}; {after}"
        yield Step(row["let_on"], "leaves", f"{row['application']} {leaves}", row["left_home"],
                   row["application"])


def _stands(void: dict[str, Any], end: date) -> str:
    if void["outcome"] == "open":
        if void["tenancy_ended_on"] >= end:
            return "Its tenant has not moved out yet at the end"
        return "Empty at the end" if void["ready_on"] else "Empty, not yet ready, at the end"
    return {"let": "Let at the end"}.get(void["outcome"], _OVER.get(void["outcome"], ""))


def _chain_ends(last: dict[str, Any], lettings: pl.DataFrame, end: date) -> str:
    if last["outcome"] != "let":
        return f"The chain stands with {last['home']}: {_stands(last, end).lower()}"
    row = lettings.filter(home=last["home"], vacancy=last["vacancy"]).row(0, named=True)
    if row["leaked"] is not None:
        return f"The chain ends: {_said(_LEAKS, row['leaked'])}"
    if row["transfer"]:
        return "The home that the last tenant leaves is not yet empty at the end"
    return "The chain ends: who was housed last held no home here"


def _in_order(steps: list[Step]) -> tuple[Step, ...]:
    """By day; what is said first of a day stays first."""
    return tuple(sorted(steps, key=lambda step: step.on))


def _said(words: Mapping[str, str], name: str) -> str:
    """A name in words, or with blanks where it has none."""
    return words.get(name, name.replace("_", " "))


def _round_weeks(kept: Kept, on: date) -> int:
    """Length of the rounds of adverts on a day [weeks]."""
    values = kept.parameters
    for since, later in parameters_over_time(kept.parameters, kept.scenario.dated):
        values = later if since <= on else values
    return int(values["voids.advert_weeks"])


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
