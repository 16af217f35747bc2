"""Faults planted in the engine one at a time: ``python -m tests.offers.weeks.planted``.

Each puts one part of the engine out of order, with its own properties switched off; the checker
must name the rule that is broken.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from cbl_engine.offers import (
    above,
    answers,
    bidding,
    checks,
    cycle,
    desk,
    line,
    lines,
    moves,
    refusals,
    signing,
    standing,
)
from cbl_engine.offers.book import Book
from cbl_engine.offers.decisions import By, approve
from cbl_engine.offers.desk import Desk
from cbl_engine.offers.lines import Turn
from cbl_engine.offers.quotas import Ledger
from tests.offers.weeks.checker import faults
from tests.offers.weeks.generator import random_world
from tests.offers.weeks.playing import play

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        what: in words.
        rule: of the checker, by the beginning of its words, that it breaks.
        where, name: the module or class, and its attribute that is put out of order.
        wrong: what stands in its place, given the right one.
        seed, weeks, viewings, refusals: of a world in which it shows.
    """

    what: str
    rule: str
    where: Any
    name: str
    wrong: Callable[[Any], Any]
    seed: int
    weeks: int = 3
    viewings: bool = False
    refusals: bool = False


def _a_day_more(right: Any) -> Any:
    def wrong(*about: Any, **more: Any) -> Any:
        last = right(*about, **more)
        return None if last is None else last + timedelta(1)
    return wrong


def _others_stay_open(right: Any) -> Any:
    def wrong(of: Any, offer: Any, by: Any, **more: Any) -> None:
        if by != "housed_elsewhere":
            right(of, offer, by, **more)
    return wrong


def _counted_twice(right: Any) -> Any:
    def wrong(self: Any, *about: Any) -> Any:
        return [e.model_copy(update={"whole": e.whole + 1}) for e in right(self, *about)]
    return wrong


def _last_first(right: Any) -> Any:
    def wrong(*about: Any) -> Any:
        found = right(*about)
        return replace(found, order=list(found.order)[::-1])
    return wrong


def _all_approved(of: Any) -> bool:
    for proposal in of.book.open_proposals():
        if proposal.status == "open" and proposal.act != "tie":
            approve(of, proposal, By())
    return False


def _taken_by_id(_: Any, part: Any, stops: Any, *__: Any) -> Any:
    for candidate in part:
        yield Turn((candidate,), stops[candidate])


def _of_those_nobody_saw(right: Any) -> Any:
    def wrong(of: Any, advert: Any) -> Any:
        return [h for h in right(of, advert) if above.first_who_came(of, advert, h) is None]
    return wrong


def _last_who_came(_: Any) -> Any:
    def wrong(of: Any, advert: Any, home: Any) -> Any:
        came = [o for o in of.at_home(advert, home) if o.step == "attended" and o.advert == advert]
        return max(came, key=lambda o: o.position, default=None)
    return wrong


def _out_for_good(right: Any) -> Any:
    def wrong(of: Any, offer: Any) -> bool:
        return offer.ended_by in ("bypassed", "declined") or right(of, offer)
    return wrong


def _those_of_then(_: Any) -> Any:
    def wrong(of: Any, proposal: Any) -> list[Any]:
        return [of.book.offers[name] for name in proposal.because]
    return wrong


FAULTS = (
    Fault("offers go on that nobody approved", "an offer that goes on was approved",
          moves, "approved", lambda _: lambda *_: True, 0),
    Fault("a household may have several offers", "one offer at a time",
          standing, "_BY_RULE", lambda right: {**right, "under_offer": None}, 0),
    Fault("the last in line is asked first", "nobody is asked before those above",
          line, "line_of", _last_first, 0),
    Fault("checks are never asked", "checks due are cleared",
          standing, "stops_of", lambda _: lambda _: {}, 2),
    Fault("a day more to answer", "days to answer", desk, "last_day", _a_day_more, 0),
    Fault("a home waits a day more for a check", "how long a home waits",
          checks, "last_day", _a_day_more, 1),
    Fault("deadlines are forgotten", "a deadline is over", cycle, "past_deadlines",
          lambda _: lambda _: None, 0),
    Fault("an offer that has ended is accepted", "steps follow each other", answers, "_STEPS",
          lambda right: right | {"accepted": ("offered", "ended")}, 4),
    Fault("homes that are let are offered again", "a home is let once", Desk, "vacant",
          lambda _: Desk.homes_of, 0),
    Fault("a letting leaves other offers open", "a letting ends the other offers",
          signing, "end", _others_stay_open, 6),
    Fault("equals are taken by id", "nobody is taken from equals by id",
          lines.Line, "_in_turn", lambda _: _taken_by_id, 12),
    Fault("the next stage is asked at once", "the next stage only where",
          lines, "last_stage", lambda _: lambda *_: None, 0),
    Fault("targets reserve nothing", "a target's homes are reserved",
          Ledger, "reserved", lambda _: lambda *_: (), 3),
    Fault("quotas choose nothing", "quotas choose the profile",
          Ledger, "_furthest", lambda _: lambda *_: None, 2),
    Fault("a letting counts twice", "the ledger adds up", Ledger, "letting", _counted_twice, 6),
    Fault("consequences last a month more", "consequences as the scheme says",
          refusals, "months_after",
          lambda right: lambda on, months: right(on, None if months is None else months + 1), 1, 5),
    Fault("a good reason counts as well", "a good reason does not count",
          refusals, "_judged",
          lambda right: lambda *about, counts, reasonable: right(
              *about, counts=True, reasonable=reasonable), 0),
    Fault("caps bind nobody", "caps", bidding, "_caps",
          lambda right: lambda *about: (right(*about)[0], []), 7),
    Fault("no proposal gives way", "a proposal leads its list",
          cycle, "give_way", lambda _: lambda _: None, 53),
    Fault("consequences begin by themselves", "what nobody may decide waits",
          cycle, "decide_unattended", lambda _: _all_approved, 0),
    Fault("a home is kept for nobody", "a home is kept for who is held",
          moves, "is_kept", lambda _: lambda *_: False, 5013, viewings=True),
    Fault("a home is kept for who stands below", "who came is offered the home",
          above, "stand_above", lambda _: lambda _, __, those: set(those), 5000, viewings=True),
    Fault("anyone is asked once somebody came", "once somebody came",
          lines, "first_who_came", lambda _: lambda *_: None, 5012, viewings=True),
    Fault("a home is full once somebody came", "whoever is next is asked",
          line, "free_homes", _of_those_nobody_saw, 5012, viewings=True),
    Fault("the last of those who came is offered the home", "the highest of those who came",
          moves, "first_who_came", _last_who_came, 5037, viewings=True),
    Fault("a consequence waits with too few refusals", "a consequence lapses with the refusals it needs",
          refusals, "_rests_on", _those_of_then, 0, refusals=True),
    Fault("who is back on the list is not asked", "whoever is next is asked",
          lines, "is_out", _out_for_good, 7),
    Fault("tables leave out a letting", "tables are what the events say", Book, "tables",
          lambda right: lambda self: right(self) | {"lettings": right(self)["lettings"].clear()}, 0),
)


def caught(fault: Fault, seed: int | None = None) -> str:
    """The line of the checker that gives a fault away; empty where nothing does."""
    right = fault.where.__dict__[fault.name]
    with (
        patch.object(fault.where, fault.name, fault.wrong(right)),
        patch.object(cycle, "verify", lambda *_: None),
    ):
        seed = fault.seed if seed is None else seed
        played = play(random_world(seed, fault.weeks, viewings=fault.viewings,
                                   refusals=fault.refusals), peeks=2)
    return next((line for line in faults(played) if line.startswith(fault.rule)), "")


def main() -> int:
    """Plant each; 1 when one is not caught."""
    missed = 0
    for fault in FAULTS:
        line_of = caught(fault)
        missed += not line_of
        print(f"{'caught' if line_of else 'MISSED'}: {fault.what}\n    {line_of[:160]}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
