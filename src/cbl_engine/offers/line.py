"""Who is next for each home to let: down every list at once, until homes or households run out.

1. Of each list, the candidates: all that are not out, in the order in which they are asked, read
   as far down as is needed (:mod:`cbl_engine.offers.lines`).
2. What stops each of them that day (:mod:`cbl_engine.offers.standing`).
3. Who is stopped by a rule or criterion is left aside; who is held, or to be passed over by a
   decision, takes a place that nobody else is offered meanwhile; so do equals who are too many.
4. The others are settled together, by whom the scheme says.
5. Down each list as far as it was gone: passing over, holds, proposals, offers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.above import free_homes
from cbl_engine.offers.lines import line_of, out_of
from cbl_engine.offers.lists import rank_anew
from cbl_engine.offers.quotas import Ledger
from cbl_engine.offers.settling import settled
from cbl_engine.offers.standing import (
    UNDER_OFFER,
    Place,
    Standing,
    Stop,
    due_before,
    frozen_rules,
    rule_on_a_list,
    what_stops,
)
from cbl_engine.offers.stops import end_hold, no_longer_stops, stop_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import AdvertState
    from cbl_engine.offers.lines import Candidate, Line, Turn


def next_in_line(desk: Desk) -> bool:
    """Find who is next for every home to let, and propose what follows.

    Returns:
        Whether anything happened.
    """
    before = desk.book.events
    if desk.at_rest == (desk.on, before):
        return False
    going = to_let(desk)
    _lapse_where_over(desk, set(going))
    if desk.offers.order == "offer":
        rank_anew(desk, [a for a in going if free_homes(desk, a)])
    ledger = Ledger(desk.judge, desk.record["ledger"])
    lines = [line_of(desk, a, homes, ledger) for a in going if (homes := free_homes(desk, a))]
    asked = Asked.on(desk, {line.advert: line.homes[0] for line in lines})
    told = _told(desk, going)
    asked.ask(told)
    meant = _settle(desk, lines, asked)
    _no_longer(desk, going, told, asked.standing)
    turns = [line.turns for line in lines]
    offering = any(its[p].ready for its, chosen in zip(turns, meant, strict=True) for p in chosen)
    for line, its, chosen in zip(lines, turns, meant, strict=True):
        _propose(desk, line, its, chosen, ties=not offering)
    if not offering:
        reached = {
            (line.advert, equals(c.application for c in its[p].members))
            for line, its, chosen in zip(lines, turns, meant, strict=True) for p in chosen
        }
        _lapse_ties(desk, reached)
    if desk.book.events == before:
        desk.at_rest = desk.on, before
    return desk.book.events > before


def to_let(desk: Desk) -> list[str]:
    """Closed adverts of which a home is to let, by id.

    One that ended unlet is among them until its next step is decided or a home of it is advertised
    anew: whoever is free again is asked.
    """
    states = [a for a in desk.book.adverts.values()
              if a.status in ("closed", "unlet") and a.closed_on is not None and not a.rung]
    return sorted(a.advert for a in states
                  if desk.vacant(a.advert) and not (a.status == "unlet" and _advertised_anew(desk, a)))


def _advertised_anew(desk: Desk, state: AdvertState) -> bool:
    """Whether a home of an advert that ended unlet is in another that opened since, and was not withdrawn."""
    homes = {home for home in desk.homes_of(state.advert) if home is not None}
    return any(
        not homes.isdisjoint(desk.homes_of(other.advert))
        for other in desk.book.adverts.values() if other is not state and (
            other.status in ("open", "closed") or (
                other.status in ("let", "unlet") and other.closed_on is not None
                and (other.closed_on, other.advert) > (state.closed_on, state.advert)))
    )


def _settle(desk: Desk, lines: list[Line], asked: Asked) -> list[set[int]]:
    """Which turns of each line come, lines read as far down as that needs.

    A line was read far enough when somebody on it is given nothing: its homes go to others who
    stand above, and whoever stands below is given nothing of this line either.
    """
    reading = lines
    meant: list[set[int]] = [set() for _ in lines]
    while reading:
        while reading:
            asked.ask([(line.advert, c) for line in reading for c in line.read_on()])
            for line in reading:
                line.take_turns(asked.standing)
            reading = [line for line in reading if not line.whole
                       and sum(not t.skipped for t in line.turns) <= len(line.homes)]
        meant, enough = settled(desk, lines, [line.turns for line in lines])
        reading = [line for line, its in zip(lines, enough, strict=True)
                   if not (its or line.whole)]
    return meant


def _told(desk: Desk, going: list[str]) -> list[tuple[str, Candidate]]:
    """Candidates who were passed over by a rule or criterion, held, or to be passed over."""
    told = {advert: {p.application for p in desk.book.stands[advert] if not p.for_good}
            for advert in going}
    for advert, application in _waiting(desk):
        if advert in told:
            told[advert].add(application)
    found = []
    for advert, its in told.items():
        if its:
            listed, out = desk.listed(advert), out_of(desk, advert)
            found += [(advert, listed[listed.place(a)]) for a in sorted(its)
                      if a in listed and a not in out]
    return found


def _waiting(desk: Desk) -> set[tuple[str, str]]:
    """Advert and application of holds, and of passing over that is proposed without an offer."""
    return {(h.advert or "", h.application) for h in desk.book.waits} | {
        (p.advert or "", p.application or "") for p in desk.book.open_proposals()
        if p.act == "bypass" and p.offer is None
    }


class Asked:
    """What stops candidates that day, each asked once for as long as nothing about it changes.

    Attributes:
        standing: of those asked, what stops them.
    """

    def __init__(self, desk: Desk) -> None:
        self.standing: Standing = {}
        self._desk = desk
        self._known: set[tuple[str, str]] = set()
        self._homes: dict[str, str | None] = {}
        self._upto = len(desk.events)

    @classmethod
    def on(cls, desk: Desk, homes: Mapping[str, str | None]) -> Asked:
        """What is known already that day; ``homes``: the next one of each advert that has any free.

        Whoever an offer was made to, or had one, is asked again, and the lists of which another
        home is next, or that were made anew. Where a rule looks at the whole record, everyone is
        asked again after every event.
        """
        events = desk.book.events if frozen_rules(desk) else None
        asked: Asked = desk.keep(
            "asked", (desk.on, desk.came, desk.changes, events), lambda: cls(desk)
        )
        asked._forget(homes)
        return asked

    def _forget(self, homes: Mapping[str, str | None]) -> None:
        offers, touched, lists = self._desk.book.offers, set(), False
        for event in self._desk.events[self._upto:]:
            if (offer := offers.get(getattr(event, "offer", None) or "")) is not None:
                touched.add(offer.application)
            lists = lists or isinstance(event, e.TakenIn)
        others = {a for a in homes.keys() | self._homes.keys()
                  if (a in homes, homes.get(a)) != (a in self._homes, self._homes.get(a))}
        self._known = set() if lists else {
            key for key in self._known if key[0] not in others and key[1] not in touched
        }
        self.standing = {key: its for key, its in self.standing.items() if key in self._known}
        self._homes, self._upto = dict(homes), len(self._desk.events)
        self._by_rule = rule_on_a_list(self._desk)
        self._before = due_before(self._desk, "invited")

    def ask(self, candidates: Iterable[tuple[str, Candidate]]) -> None:
        """Ask of each, on the list of an advert."""
        left: list[tuple[str, Candidate]] = []
        for advert, candidate in candidates:
            key = advert, candidate.application
            if key in self._known:
                continue
            self._known.add(key)
            if (stop := self._by_rule(*key)) is not None:
                self.standing[key] = stop
            else:
                left.append((advert, candidate))
        self.standing |= what_stops(self._desk, self._places(left), self._before)

    def _places(self, candidates: list[tuple[str, Candidate]]) -> list[Place]:
        desk = self._desk
        final = finals(desk, [(advert, c.application) for advert, c in candidates])
        landlords = {a: desk.row("adverts", a).get("landlord") for a, _ in candidates}
        homes = {a: self._homes[a] if a in self._homes else next(iter(desk.homes_of(a)), None)
                 for a in landlords}
        return [
            Place(advert, c.application, homes[advert], landlords[advert],
                  (advert, c.application) in final, c.unknown, True)
            for advert, c in candidates
        ]


def finals(desk: Desk, pairs: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of pairs of advert and application, those whose offer is a final one."""
    rule, statuses = desk.offers.final, desk.statuses
    pairs = [pair for pair in pairs if pair[1] in statuses] if rule is not None else []
    if rule is None or not pairs:
        return set()
    met = desk.judge.counts(
        rule.when, desk.on, advert=pl.Series([a for a, _ in pairs], dtype=pl.String),
        application=pl.Series([a for _, a in pairs], dtype=pl.String),
    )
    return {pair for pair, its in zip(pairs, met.to_list(), strict=True) if its}


def _propose(
    desk: Desk, line: Line, turns: list[Turn], chosen: set[int], *, ties: bool
) -> None:
    """Down one list, as far as it was gone; ties only when no offer can change them any more."""
    advert, homes = line.advert, list(line.homes)
    last = max(chosen, default=len(turns))
    if not chosen and _still_wanted(turns):
        return
    for place, turn in enumerate(turns[: last + 1]):
        (candidate, *equals) = turn.members
        if place not in chosen:
            if not equals:
                _pass(desk, advert, candidate, turn.stop or Stop("pass_over", "rule", UNDER_OFFER))
        elif turn.ready:
            reserved = () if candidate.waits else line.reserved
            offer_to(desk, advert, candidate.application, homes.pop(0), reserved=reserved)
        elif turn.stop is not None:
            stop_at(desk, turn.stop, advert, candidate.application)
        elif ties:
            _tie(desk, advert, turn)
    if not chosen and not line.taken:
        _unlet(desk, advert)


def _still_wanted(turns: list[Turn]) -> bool:
    """Whether somebody on the list goes on for another home at this moment."""
    return any(not turn.skipped for turn in turns)


def offer_to(desk: Desk, advert: str, application: str, home: str | None, **more: Any) -> None:
    """A home is meant for a household; it waits for a decision."""
    place = next(
        r for r in desk.book.lists[advert].filter(
            pl.col("application") == application
        ).iter_rows(named=True)
    )
    times = 1 + sum(o.application == application for o in desk.book.offers_on[advert])
    offer = desk.offer_id(advert, application, times)
    desk.emit(e.OfferProposed(
        on=desk.on, offer=offer, advert=advert, home=home, application=application, route="bid",
        final=bool(finals(desk, [(advert, application)])),
        landlord=desk.row("adverts", advert).get("landlord"), stage=place["stage"],
        position=place["position"], **more,
    ))
    desk.propose("offer", advert=advert, application=application, offer=offer)


def _pass(desk: Desk, advert: str, candidate: Candidate, stop: Stop) -> None:
    """Passed over by a rule or criterion, once for as long as that lasts."""
    standing = desk.book.passing_over(advert, candidate.application)
    if stop.does != "pass_over" or any(p.reason == stop.reason for p in standing):
        return
    desk.emit(e.PassedOver(
        on=desk.on, advert=advert, application=candidate.application, position=candidate.position,
        reason=stop.reason, why=stop.kind,
    ))


def _tie(desk: Desk, advert: str, turn: Turn) -> None:
    """Equals: one of them is to be named, by an officer."""
    what = equals(c.application for c in turn.members)
    if not any(p.act == "tie" and (p.advert, p.what) == (advert, what)
               for p in desk.book.open_proposals()):
        desk.propose("tie", advert=advert, what=what)


def _lapse_ties(desk: Desk, reached: set[tuple[str, str]]) -> None:
    """Ties on lists that nobody is waiting for any more lapse."""
    for proposal in desk.book.open_proposals():
        if proposal.act != "tie" or (proposal.advert, proposal.what) in reached:
            continue
        invited = {o.application for o in desk.book.offers_on[proposal.advert or ""]
                   if o.step == "attended"}
        if not set((proposal.what or "").split(", ")) <= invited:
            desk.decide(proposal, "lapsed")


def equals(applications: Iterable[str]) -> str:
    """The equals of a tie, as its proposal names them."""
    return ", ".join(sorted(applications))


def _unlet(desk: Desk, advert: str) -> None:
    """Everyone on the list was passed over or refused."""
    state = desk.book.adverts[advert]
    if state.status == "closed":
        desk.emit(e.AdvertUnlet(on=desk.on, advert=advert, because="exhausted"))


def lists_over(desk: Desk) -> None:
    """Of lists from which no home is to let any more, what was waited for and proposed lapses."""
    _lapse_where_over(desk, set(to_let(desk)))


def _lapse_where_over(desk: Desk, going: set[str]) -> None:
    """Holds end and proposals lapse of households without an offer, but on these lists."""
    def over(advert: str | None, application: str | None) -> bool:
        return advert is not None and advert not in going and not any(
            o.open and o.application == application for o in desk.book.offers_on[advert]
        )

    for hold in list(desk.book.waits):
        if over(hold.advert, hold.application):
            end_hold(desk, hold)
    for proposal in desk.book.open_proposals():
        listed = proposal.act == "bypass" and proposal.offer is None
        if (listed or proposal.act == "tie") and over(proposal.advert, proposal.application):
            desk.decide(proposal, "lapsed")


def _no_longer(
    desk: Desk, going: list[str], told: list[tuple[str, Candidate]], standing: Standing
) -> None:
    """What stopped a candidate and does so no longer: it is back, holds end, proposals lapse."""
    known = {(advert, c.application) for advert, c in told}
    for passed in [p for advert in going for p in desk.book.stands[advert]]:
        key = passed.advert, passed.application
        stop = standing.get(key)
        if key in known and not passed.for_good and (stop is None or stop.reason != passed.reason):
            desk.emit(e.PassingOverEnded(on=desk.on, advert=passed.advert,
                                         application=passed.application, reason=passed.reason))
    offered = {(o.advert, o.application) for o in desk.book.open_offers()}
    among = set(going)
    for key in sorted(_waiting(desk)):
        if key in known or (key[0] in among and key not in offered):
            no_longer_stops(desk, *key, standing.get(key))
