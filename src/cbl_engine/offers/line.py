"""Who is next for each home to let: down every list at once, until homes or households run out.

1. Of each list, the candidates: all that are not out, in the order in which they are asked.
2. What stops each of them that day (:mod:`cbl_engine.offers.standing`).
3. Who is stopped by a rule or criterion is left aside; who is held, or to be passed over by a
   decision, takes a place that nobody else is offered meanwhile; so do equals who are too many.
4. The others are settled together, by whom the scheme says.
5. Down each list as far as it was gone: passing over, holds, proposals, offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.lists import rank_anew
from cbl_engine.offers.quotas import Ledger
from cbl_engine.offers.settling import settled
from cbl_engine.offers.standing import (
    UNDER_OFFER,
    Place,
    Standing,
    Stop,
    due_before,
    holds_of,
    what_stops,
)
from cbl_engine.offers.stops import end_hold, no_longer_stops, stop_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer

_STAYS_IN = ("not_chosen",)
LANDLORD = "landlord"
"""The reason of an outcome ``undone`` that says the landlord did it: the household stays in."""


@dataclass(frozen=True)
class Candidate:
    """A row of a list.

    Attributes:
        stage, position, tie_group: as listed.
        unknown: names that hold, not known when the list was made.
        waits: it meets none of the targets that are behind.
    """

    application: str
    stage: int
    position: int
    tie_group: int | None
    unknown: tuple[str, ...]
    waits: bool = False


@dataclass(frozen=True)
class Line:
    """A list of which homes are to let.

    Attributes:
        advert: its advert.
        homes: a home for each place that is free, in the order they are given.
        candidates: those not out, in the order they are asked.
        to_let: homes not let.
        taken: stages of its open offers.
        reserved: targets that are behind.
    """

    advert: str
    homes: list[str | None]
    candidates: list[Candidate]
    to_let: int
    taken: tuple[int, ...]
    reserved: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """One candidate, or equals, whose turn it may be; ``stop`` says why it is none, or held."""

    members: tuple[Candidate, ...]
    stop: Stop | None = None

    @property
    def skipped(self) -> bool:
        """Whether others are asked instead."""
        return self.stop is not None and self.stop.does == "pass_over"

    @property
    def ready(self) -> bool:
        """Whether a home can be meant for it."""
        return self.stop is None and len(self.members) == 1


def is_out(offer: Offer) -> bool:
    """Whether an offer, open or over, keeps its household from the list of its advert."""
    if offer.step != "ended":
        return True
    by_landlord = offer.ended_by == "undone" and offer.reason == LANDLORD
    return offer.ended_by not in _STAYS_IN and not by_landlord


def next_in_line(desk: Desk) -> bool:
    """Find who is next for every home to let, and propose what follows.

    Returns:
        Whether anything happened.
    """
    before = desk.book.events
    going = _to_let(desk)
    _lapse_where_over(desk, set(going))
    if desk.offers.order == "offer":
        rank_anew(desk, [a for a in going if free_homes(desk, a)])
    ledger = Ledger(desk.judge, desk.record["ledger"])
    lines = [_line_of(desk, advert, ledger) for advert in going]
    standing = what_stops(desk, [p for line in lines for p in _places(desk, line)],
                          due_before(desk, "invited"))
    _no_longer(desk, lines, standing)
    open_lines = [line for line in lines if line.homes]
    turns = [_turns(desk, line, standing) for line in open_lines]
    meant = settled(desk, open_lines, turns)
    offering = any(its[p].ready for its, chosen in zip(turns, meant, strict=True) for p in chosen)
    for line, its, chosen in zip(open_lines, turns, meant, strict=True):
        _propose(desk, line, its, chosen, ties=not offering)
    if not offering:
        reached = {
            (line.advert, equals(c.application for c in its[p].members))
            for line, its, chosen in zip(open_lines, turns, meant, strict=True) for p in chosen
        }
        _lapse_ties(desk, reached)
    return desk.book.events > before


def _to_let(desk: Desk) -> list[str]:
    """Closed adverts of which a home is to let, by id.

    One that ended unlet is among them until its next step is decided or the home is advertised
    anew: whoever is free again is asked.
    """
    states = [a for a in desk.book.adverts.values()
              if a.status in ("closed", "unlet") and a.closed_on is not None and not a.rung]
    anew = {home for a in desk.book.adverts.values() if a.status in ("open", "closed")
            for home in desk.homes_of(a.advert) if home is not None}
    return sorted(
        a.advert for a in states
        if desk.vacant(a.advert)
        and (a.status == "closed" or anew.isdisjoint(desk.homes_of(a.advert)))
    )


def free_homes(desk: Desk, advert: str) -> list[str | None]:
    """A home for each place that is free: the first of every home, then the second, ..."""
    free = []
    landlord = desk.row("adverts", advert).get("landlord")
    width = 1
    if desk.nominated(landlord):
        width = desk.version.nominations.at_once  # type: ignore[union-attr]
    elif desk.offers.viewing is not None:
        width = desk.offers.viewing.together
    for home in desk.vacant(advert):
        taken = desk.at_home(advert, home)
        if all(o.step in ("proposed", "nominated", "invited") for o in taken):
            free += [(len(taken) + k, home or "", home) for k in range(width - len(taken))]
    return [home for _, _, home in sorted(free, key=lambda f: f[:2])]


def _line_of(desk: Desk, advert: str, ledger: Ledger) -> Line:
    book = desk.book
    out = {o.application for o in book.offers_on[advert] if is_out(o)}
    out |= {p.application for p in book.stands[advert] if p.for_good}
    rows = book.lists.get(advert)
    listed = rows.filter(pl.col("position").is_not_null()) if rows is not None else None
    candidates = [
        Candidate(r["application"], r["stage"] or 1, r["position"], r["tie_group"],
                  holds_of(desk, r["unknown"]) if r["eligible"] is None else ())
        for r in (listed.iter_rows(named=True) if listed is not None else ())
        if r["application"] not in out
    ]
    reserved: tuple[str, ...] = ()
    if candidates and desk.row("adverts", advert).get("local_lettings_plan") is not None:
        reserved = ledger.reserved(advert, desk.on)
        candidates = _with_waits(desk, advert, candidates, reserved)
    return Line(
        advert, free_homes(desk, advert), candidates, len(desk.vacant(advert)),
        tuple(o.stage or 1 for o in book.offers_on[advert] if o.open), reserved,
    )


def _with_waits(
    desk: Desk, advert: str, candidates: list[Candidate], reserved: tuple[str, ...]
) -> list[Candidate]:
    """Candidates of each stage, those first who meet a target that is behind."""
    if not reserved:
        return candidates
    known = [c.application for c in candidates if c.application in desk.statuses]
    application = pl.Series(known, dtype=pl.String)
    adverts = pl.Series([advert] * len(known), dtype=pl.String)
    meets: set[str] = set()
    for name in reserved:
        met = desk.judge.counts(name, desk.on, advert=adverts, application=application)
        meets |= set(application.filter(met.fill_null(value=False)))
    marked = [replace(c, waits=c.application not in meets) for c in candidates]
    return sorted(marked, key=lambda c: (c.stage, c.waits, c.position))


def _places(desk: Desk, line: Line) -> list[Place]:
    home = line.homes[0] if line.homes else next(iter(desk.homes_of(line.advert)), None)
    landlord = desk.row("adverts", line.advert).get("landlord")
    final = finals(desk, line.advert, [c.application for c in line.candidates])
    return [
        Place(line.advert, c.application, home, landlord, c.application in final, c.unknown, True)
        for c in line.candidates
    ]


def finals(desk: Desk, advert: str, applications: list[str]) -> set[str]:
    """Those to whom an offer of this advert's home is a final one."""
    rule = desk.offers.final
    statuses = desk.statuses
    applications = [a for a in applications if a in statuses]
    if rule is None or not applications:
        return set()
    ids = pl.Series(applications, dtype=pl.String)
    adverts = pl.Series([advert] * len(applications), dtype=pl.String)
    met = desk.judge.counts(rule.when, desk.on, advert=adverts, application=ids)
    return set(ids.filter(met.fill_null(value=False)))


def _turns(desk: Desk, line: Line, standing: Standing) -> list[Turn]:
    """Whose turn it may be, in order: equals together, as far as the stages let it go."""
    turns: list[Turn] = []
    asked = 0
    for (stage, waits), its in groupby(line.candidates, key=lambda c: (c.stage, c.waits)):
        part = list(its)
        above = sum(s < stage or (waits and s == stage) for s in line.taken)
        if asked + above >= line.to_let or _ends_before(desk, line, stage):
            break
        stops = {c: standing.get((line.advert, c.application)) for c in part}
        left = [c for c in part if not _skip(stops[c])]
        asked += len(left)
        turns += _in_turn(line, part, stops, left, sum(not t.skipped for t in turns))
    return turns


def _in_turn(
    line: Line,
    part: list[Candidate],
    stops: dict[Candidate, Stop | None],
    left: list[Candidate],
    before: int,
) -> Iterator[Turn]:
    """Candidates of one part in order; equals that are too many for the places left as one turn."""
    too_many: set[int] = set()
    settled: set[int] = set()
    for candidate in part:
        tie = candidate.tie_group
        if candidate not in left:
            yield Turn((candidate,), stops[candidate])
        elif tie is None or tie in settled:
            yield Turn((candidate,), stops[candidate])
            before += 1
        elif tie not in too_many:
            equal = tuple(c for c in left if c.tie_group == tie)
            if 1 < len(equal) > len(line.homes) - before:
                too_many.add(tie)
                yield Turn(equal)
                before += len(equal)
            else:
                settled.add(tie)
                yield Turn((candidate,), stops[candidate])
                before += 1


def _skip(stop: Stop | None) -> bool:
    return stop is not None and stop.does == "pass_over"


def _ends_before(desk: Desk, line: Line, stage: int) -> bool:
    """Whether the list ends before a stage: somebody was eligible in one that lets nobody by."""
    rules = desk.version.profiles.get(desk.book.adverts[line.advert].profile or "")
    stages = rules.all_stages() if rules is not None else ()
    at_close = set(desk.book.lists[line.advert].filter(pl.col("position").is_not_null())["stage"])
    return any(
        s.next_stage_when == "no_eligible" and n in at_close
        for n, s in enumerate(stages[: stage - 1], 1)
    )


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
    offer = f"{advert}/{application}/{times}"
    desk.emit(e.OfferProposed(
        on=desk.on, offer=offer, advert=advert, home=home, application=application, route="bid",
        final=application in finals(desk, advert, [application]),
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
    _lapse_where_over(desk, set(_to_let(desk)))


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


def _no_longer(desk: Desk, lines: list[Line], standing: Standing) -> None:
    """What stopped a candidate and does so no longer: it is back, holds end, proposals lapse."""
    known = {(line.advert, c.application) for line in lines for c in line.candidates}
    for passed in [p for line in lines for p in desk.book.stands[line.advert]]:
        key = passed.advert, passed.application
        stop = standing.get(key)
        if key in known and not passed.for_good and (stop is None or stop.reason != passed.reason):
            desk.emit(e.PassingOverEnded(on=desk.on, advert=passed.advert,
                                         application=passed.application, reason=passed.reason))
    waiting = {(h.advert or "", h.application) for h in desk.book.waits}
    waiting |= {(p.advert or "", p.application or "") for p in desk.book.open_proposals()
                if p.act == "bypass" and p.offer is None}
    for key in sorted(waiting & known):
        no_longer_stops(desk, *key, standing.get(key))
