"""Lists of which homes are to let, each read as far down as it is asked.

A list may have hundreds of rows of which a handful are ever reached, and there are as many lists as
homes not let yet: rows are read from the head on, a few more whenever those read do not settle who
is next.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from cbl_engine.offers.above import first_who_came, out_of_targets, stand_above
from cbl_engine.scheme.keys import key_name
from cbl_engine.scheme.law import bid_criteria

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from cbl_engine.offers.desk import Desk
    from cbl_engine.offers.entries import Offer
    from cbl_engine.offers.quotas import Ledger
    from cbl_engine.offers.standing import Standing, Stop
    from cbl_engine.scheme.model import SchemeVersion

LANDLORD = "landlord"
"""The reason of an outcome ``undone`` that says the landlord did it: the household stays in."""

_STAYS_IN = ("not_chosen", "outranked", "members_unsettled")
_PASSED_OVER = ("bypassed", "declined")
"""Ends of an offer with which its household was passed over: out until an officer undoes that."""
LOOK = 8
"""Candidates read at first, beside one for each home."""


@dataclass(frozen=True, slots=True)
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


class Listed:
    """The rows of a list that have a position, read from the head on.

    Args:
        rows: of ``shortlisted``, in the book's order.
        holding: names for which the scheme holds.

    Attributes:
        rows, holding: as given.
        applications: those with a position, in order.
        stages: in which there are any.
    """

    def __init__(self, rows: pl.DataFrame, holding: frozenset[str]) -> None:
        self.rows, self.holding = rows, holding
        self._ranked = rows.head(rows.height - rows["position"].null_count())
        self.applications: list[str] = self._ranked["application"].to_list()
        self.stages: set[int] = set(self._ranked["stage"].unique())
        self._place = {a: n for n, a in enumerate(self.applications)}
        self._read: list[Candidate] = []

    def __len__(self) -> int:
        return len(self.applications)

    def __getitem__(self, place: int) -> Candidate:
        if place >= len(self.applications):
            raise IndexError(place)
        while place >= len(self._read):
            self._read_on()
        return self._read[place]

    def __contains__(self, application: object) -> bool:
        return application in self._place

    def place(self, application: str) -> int:
        """Where an application stands, from 0; past the end when it does not."""
        return self._place.get(application, len(self))

    def _read_on(self) -> None:
        rows = self._ranked.slice(len(self._read), max(16, len(self._read)))
        columns = ("application", "stage", "position", "tie_group", "eligible", "unknown")
        self._read += [
            Candidate(application, stage or 1, position, tie_group, () if eligible is not None
                      else tuple(n for n in unknown if n in self.holding))
            for application, stage, position, tie_group, eligible, unknown
            in rows.select(columns).iter_rows()
        ]


def names_that_hold(version: SchemeVersion) -> frozenset[str]:
    """Criteria and keys for which the scheme holds a household while they are not known."""
    orders = [
        *(stage.order for profile in version.profiles.values() for stage in profile.all_stages()),
        *(plan.order for plan in version.local_lettings_plans.values()),
    ]
    keys = {key_name(key) for order in orders for key in order if key.when_unknown == "hold"}
    return frozenset(keys | {
        name for name, criterion in bid_criteria(version).items() if criterion.when_unknown == "hold"
    })


@dataclass(frozen=True, slots=True)
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


@dataclass
class Line:
    """A list of which homes are to let.

    Attributes:
        advert: its advert.
        homes: a home for each place that is free, in the order they are given.
        order: candidates in the order they are asked, with those that are out.
        out: who is not asked.
        to_let: homes not let.
        taken: stages of its open offers.
        reserved: targets that are behind.
        ends_after: the stage after which the list ends; None: it ends with its last.
        seen: candidates read so far, without those that are out.
        turns: whose turn it may be, of those seen.
        whole: whether there are no more turns than these.
    """

    advert: str
    homes: list[str | None]
    order: Sequence[Candidate] | Listed
    out: set[str]
    to_let: int
    taken: tuple[int, ...]
    reserved: tuple[str, ...]
    ends_after: int | None
    seen: list[Candidate] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    whole: bool = False
    _at: int = 0

    def read_on(self) -> list[Candidate]:
        """Read as many candidates again as were read, and to the end of a group of equals.

        Returns:
            Those read now.
        """
        before = len(self.seen)
        enough = max(2 * before, LOOK + len(self.homes))
        while self._at < len(self.order):
            candidate = self.order[self._at]
            tie = candidate.tie_group
            if len(self.seen) >= enough and (tie is None or tie != self.seen[-1].tie_group):
                break
            self._at += 1
            if candidate.application not in self.out:
                self.seen.append(candidate)
        return self.seen[before:]

    def take_turns(self, standing: Standing) -> None:
        """Find whose turn it may be, in order: equals together, as far as the stages let it go."""
        self.turns, self.whole = [], self._at >= len(self.order)
        asked = 0
        for (stage, waits), its in groupby(self.seen, key=lambda c: (c.stage, c.waits)):
            part = list(its)
            above = sum(s < stage or (waits and s == stage) for s in self.taken)
            past = self.ends_after is not None and stage > self.ends_after
            if asked + above >= self.to_let or past:
                self.whole = True
                return
            stops = {c: standing.get((self.advert, c.application)) for c in part}
            left = [c for c in part if not _skip(stops[c])]
            asked += len(left)
            before = sum(not t.skipped for t in self.turns)
            self.turns += self._in_turn(part, stops, left, before)

    def _in_turn(
        self, part: list[Candidate], stops: dict[Candidate, Stop | None], left: list[Candidate],
        before: int,
    ) -> Iterator[Turn]:
        """Candidates of one part in order; equals too many for the places left as one turn."""
        too_many: set[int] = set()
        settled: set[int] = set()
        for candidate in part:
            tie = candidate.tie_group
            if _skip(stops[candidate]):
                yield Turn((candidate,), stops[candidate])
            elif tie is None or tie in settled:
                yield Turn((candidate,), stops[candidate])
                before += 1
            elif tie not in too_many:
                equal = tuple(c for c in left if c.tie_group == tie)
                if 1 < len(equal) > len(self.homes) - before:
                    too_many.add(tie)
                    yield Turn(equal)
                    before += len(equal)
                else:
                    settled.add(tie)
                    yield Turn((candidate,), stops[candidate])
                    before += 1


def _skip(stop: Stop | None) -> bool:
    return stop is not None and stop.does == "pass_over"


def is_out(desk: Desk, offer: Offer) -> bool:
    """Whether an offer, open or over, keeps its household from the list of its advert."""
    if offer.step != "ended":
        return True
    if offer.ended_by in _PASSED_OVER:
        undone = desk.book.undone.get(offer.advert or "", ())
        return (offer.application, offer.ended_on) not in undone
    by_landlord = offer.ended_by == "undone" and offer.reason == LANDLORD
    return offer.ended_by not in _STAYS_IN and not by_landlord


def out_of(desk: Desk, advert: str) -> set[str]:
    """Who is not asked for the homes of an advert any more."""
    out = {o.application for o in desk.book.offers_on[advert] if is_out(desk, o)}
    return out | {p.application for p in desk.book.stands[advert] if p.for_good}


def line_of(desk: Desk, advert: str, homes: list[str | None], ledger: Ledger) -> Line:
    """The line of an advert and its free homes, nothing read yet."""
    listed, out = desk.listed(advert), out_of(desk, advert)
    order: Sequence[Candidate] | Listed = listed
    reserved: tuple[str, ...] = ()
    if len(listed) and desk.row("adverts", advert).get("local_lettings_plan") is not None:
        reserved = ledger.reserved(advert, desk.on)
    if reserved:
        able = [c for c in listed if c.application not in out]
        waits = out_of_targets(desk, advert, [c.application for c in able], reserved)
        marked = [replace(c, waits=c.application in waits) for c in able]
        order = sorted(marked, key=lambda c: (c.stage, c.waits, c.position))
    first = first_who_came(desk, advert, homes[0])
    if first is not None:
        ahead = range(len(order) if reserved else listed.place(first.application))
        able = [order[n] for n in ahead if order[n].application not in out]
        above = stand_above(desk, first, [c.application for c in able])
        order = [c for c in able if c.application in above]
    return Line(
        advert, homes, order, out, len(desk.vacant(advert)),
        tuple(o.stage or 1 for o in desk.book.offers_on[advert] if o.open), reserved,
        last_stage(desk, advert, listed),
    )


def last_stage(desk: Desk, advert: str, listed: Listed) -> int | None:
    """The first stage that lets nobody by, in which somebody was eligible; None: there is none."""
    rules = desk.version.profiles.get(desk.book.adverts[advert].profile or "")
    stages = rules.all_stages() if rules is not None else ()
    return next((n for n, s in enumerate(stages, 1)
                 if s.next_stage_when == "no_eligible" and n in listed.stages), None)
