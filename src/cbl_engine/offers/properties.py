"""The numbered properties of ``docs/offers.md``, checked on the events and tables of every cycle.

The events are gone through once more, one by one, from the record as it stood; what each may not
do is looked for there, apart from the code that wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import PropertyError
from cbl_engine.offers import events as e
from cbl_engine.offers.advertising import homes_let, homes_of
from cbl_engine.offers.book import LIVE, Book
from cbl_engine.offers.checks import ask_checks
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.direct import as_adverts
from cbl_engine.offers.overlay import applications_as_held, changes_on
from cbl_engine.offers.quotas import Ledger
from cbl_engine.tables import REGISTER_TABLES
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import CHECKS, RECORDED
from cbl_engine.tables.taking_in import taken_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from cbl_engine.offers.entries import Offer
    from cbl_engine.offers.record import Record
    from cbl_engine.scheme import Scheme

_DECIDED_BY: dict[type, str] = {
    e.RungTaken: "rung", e.ConsequenceBegun: "consequence", e.DutyMayEnd: "duty_may_end",
}


def verify(
    scheme: Scheme,
    before: Record,
    after: Record,
    events: Sequence[e.Event],
    rows: Iterable[tuple[str, pl.DataFrame]],
    numbers: Sequence[int] | None = None,
) -> None:
    """Check every property.

    Args:
        scheme: the rules; its versions in force on the days of the events.
        before: the record as it stood; ``Record()`` for a whole trail.
        after: as it stands.
        events: what happened between the two.
        rows: table and rows of each :class:`~cbl_engine.offers.events.TakenIn` among them.
        numbers: of the events, where some of them no longer count; left out: without a gap.

    Raises:
        PropertyError: one does not hold.
    """
    if numbers is None:
        numbers = range(before.events + 1, before.events + 1 + len(events))
        if after.events != before.events + len(events):
            raise PropertyError(6, f"{len(events)} events, numbered to {after.events}")
    going = _Going(scheme, before.book(), dict(before.given()))
    frames = iter(rows)
    for number, event in zip(numbers, events, strict=True):
        frame = next(frames)[1] if isinstance(event, e.TakenIn) else None
        going.step(number, event, frame)
    _same(going.book.tables(), after)


def _same(folded: dict[str, pl.DataFrame], after: Record) -> None:
    """Property 8."""
    again = Book.from_tables(after.tables, after.events).tables()
    for table in RECORDED:
        given = after.tables.get(table)
        if given is None or not given.equals(folded[table]) or not given.equals(again[table]):
            raise PropertyError(8, f"table {table} is not what the events say")


class _Going:
    """A record gone through event by event."""

    def __init__(self, scheme: Scheme, book: Book, given: dict[str, pl.DataFrame]) -> None:
        self.scheme, self.book, self.given = scheme, book, given
        self.counting: tuple[str | None, int] = None, 0

    def step(self, number: int, event: e.Event, rows: pl.DataFrame | None) -> None:
        """Look at an event, write it down, look at what it led to."""
        looks: dict[type, Any] = {
            e.OfferMoved: self._moved, e.OfferEnded: self._ended, e.LetTo: self._let,
            e.LettingUndone: self._undone, e.OfferProposed: self._proposed,
            e.Decided: self._decided, e.HoldEnded: self._hold_ended,
            e.PassedOver: self._passed_over, e.PassingOverEnded: self._back,
            e.AdvertCounted: self._counted, e.ConsequenceLifted: self._lifted,
            e.RefusalJudged: self._judged, e.MembersSettled: self._settled,
        }
        if type(event) in looks:
            looks[type(event)](event)
        if (act := _DECIDED_BY.get(type(event))) is not None:
            self._was_approved(act, event)
        if isinstance(event, e.TakenIn) and rows is not None and event.table != "shortlisted":
            now = self.given.get(event.table)
            self.given[event.table] = taken_in(now, rows, event.table, whole=event.whole)
        self.book.apply(event, rows, number)
        self._note_what_counts(event)

    def _note_what_counts(self, event: e.Event) -> None:
        """The advert or letting that the next events may count, and by how much."""
        if isinstance(event, e.AdvertOpened):
            self.counting = str(event.advert), event.homes
        elif isinstance(event, (e.LetTo, e.LettingUndone)):
            by = 1 if isinstance(event, e.LetTo) else -1
            self.counting = self.book.offers[event.offer].advert, by
        elif not isinstance(event, e.AdvertCounted):
            self.counting = None, 0

    def _open(self, offer: str) -> Offer:
        found = self.book.offers.get(offer)
        if found is None or not found.open:
            raise PropertyError(6, f"something happens to offer {offer}, which is not open")
        return found

    def _moved(self, event: e.OfferMoved) -> None:
        """Properties 1, 2, 3, 4 and 6."""
        offer = self._open(event.offer)
        if offer.step == "proposed":
            self._was_offer_approved(offer)
        if event.step == "accepted":
            self._free(offer, event)
        if event.step == "offered":
            self._nobody_held_above(offer, event)
        rules = self.scheme.in_force(event.on).offers
        if event.step not in LIVE or (rules is not None and not rules.one_at_a_time):
            return
        others = [o.id for o in self.book.offers_of[offer.application]
                  if o.step in LIVE and o.id != offer.id]
        if others:
            raise PropertyError(1, f"{offer.id} is {event.step} while {others[0]} is open")

    def _free(self, offer: Offer, event: e.OfferMoved | e.LetTo) -> None:
        """Property 2."""
        if offer.home is None:
            state = self.book.adverts[offer.advert or ""]
            taken = [o for o in self.book.offers_on[state.advert]
                     if o.step == "accepted" and o.id != offer.id]
            if state.let + len(taken) >= state.homes:
                raise PropertyError(2, f"no home of advert {state.advert} is left for {offer.id}")
            return
        for other in self.book.offers.values():
            if other.home == offer.home and other.step == "accepted" and other.id != offer.id:
                raise PropertyError(2, f"home {offer.home}: {offer.id} beside {other.id}")
        tables = {"lettings": self.book.table("lettings")}
        if "tenancies" in self.given:
            tables["tenancies"] = self.given["tenancies"]
        if offer.home in set(homes_let(tables, event.on, but_to=offer.application).to_list()):
            raise PropertyError(2, f"home {offer.home} of {offer.id} is let already")

    def _ended(self, event: e.OfferEnded) -> None:
        self._open(event.offer)

    def _undone(self, event: e.LettingUndone) -> None:
        if self.book.offers[event.offer].step != "let":
            raise PropertyError(6, f"letting {event.offer} is undone and was none")

    def _settled(self, event: e.MembersSettled) -> None:
        if not any(le.undone_on is None and str(event.application) in le.shares_tenant
                   for le in self.book.lettings.values()):
            raise PropertyError(6, f"{event.application} is settled and shares a tenant with no letting")

    def _let(self, event: e.LetTo) -> None:
        """Properties 2, 4 and 7."""
        offer = self._open(event.offer)
        self._was_offer_approved(offer)
        self._free(offer, event)
        version = self.scheme.in_force(event.on)
        if not any(check.must_pass for check in version.checks.values()):
            return
        asked = self._checks(offer, event)
        if asked.filter(pl.col("must_pass") & (pl.col("state") != "cleared")).height:
            raise PropertyError(7, f"{offer.id} was let past a check that must be passed")

    def _checks(self, offer: Offer, event: e.LetTo) -> pl.DataFrame:
        judge = self._judge(event.on)
        advert = offer.advert or offer.id
        if offer.advert is None:
            judge = as_adverts(judge, pl.DataFrame({"id": [offer.id], "home": [offer.home]}))
        row = judge.adverts.filter(pl.col("id") == advert).to_dicts()[0]
        pair = pl.DataFrame(
            [(advert, offer.application, offer.home, offer.landlord, row.get("area"))],
            schema=dict.fromkeys(("advert", "application", "home", "landlord", "area"), pl.String),
            orient="row",
        )
        checks = self.given.get("checks", pl.DataFrame(schema={c.name: DTYPES[c.type] for c in CHECKS}))
        return ask_checks(judge, pair, "let", event.on, checks, self.given.get("areas"))

    def _proposed(self, event: e.OfferProposed) -> None:
        """Properties 6 and 3, when a home is meant for a household."""
        if event.offer in self.book.offers:
            raise PropertyError(6, f"offer {event.offer} is begun twice")
        if event.route != "bid" or event.position is None:
            return
        advert = str(event.advert)
        told = {o.application for o in self.book.offers_on[advert]}
        told |= {p.application for p in self.book.stands[advert]}
        told |= self._undecided(advert)
        told |= {p.application for p in self.book.open_proposals()
                 if p.advert == advert and p.application is not None}
        above = self._above(advert, str(event.application), event.position)
        waiting = self._reserved_out(event.reserved, advert, event.on, above)
        for application in above:
            if application not in told | waiting:
                raise PropertyError(
                    3, f"{application} stands above {event.application} on advert {advert} and "
                    "was neither offered its home, nor passed over, nor held"
                )

    def _nobody_held_above(self, offer: Offer, event: e.OfferMoved) -> None:
        """Property 3, when the home is offered: one is left for each who is held above."""
        advert = offer.advert
        if advert is None or not (undecided := self._undecided(advert)):
            return
        position = self.book.position(advert, offer.application) or offer.position or 0
        listed = self._above(advert, offer.application, position)
        above = listed.filter(listed.is_in(list(undecided)))
        if above.is_empty():
            return
        ledger = Ledger(self._judge(event.on), self.book.table("ledger"))
        behind = ledger.reserved(advert, event.on)
        above = set(above) - self._reserved_out(behind, advert, event.on, above)
        if len(above) > self._homes_left(offer, event.on):
            raise PropertyError(
                3, f"{min(above)} stands above {offer.application} on advert {advert}, is held, "
                "and no home is left for it"
            )

    def _undecided(self, advert: str) -> set[str]:
        """Those without an offer who are held, or of whom it is undecided if they are passed over."""
        offered = {o.application for o in self.book.offers_on[advert] if o.open}
        held = {h.application for h in self.book.waits if h.advert == advert}
        return (held | {
            p.application or "" for p in self.book.open_proposals()
            if (p.act, p.advert, p.offer) == ("bypass", advert, None)
        }) - offered

    def _above(self, advert: str, application: str, position: int) -> pl.Series:
        """Those listed above a household, its equals left out."""
        rows = self.book.lists.get(advert)
        if rows is None:
            return pl.Series([], dtype=pl.String)
        own = rows.filter(pl.col("application") == application)
        equals = rows.join(own.select("tie_group"), on="tie_group", how="semi")["application"]
        return rows.filter(
            pl.col("position") < position, ~pl.col("application").is_in(equals.implode())
        )["application"]

    def _homes_left(self, offer: Offer, on: date) -> int:
        """Homes of an offer's advert, but its own, that are neither let nor on offer."""
        adverts = self.given["adverts"].filter(pl.col("id").cast(pl.String) == offer.advert)
        its = set(homes_of(adverts, self.given.get("homes"))["home"].cast(pl.String))
        tables = {"lettings": self.book.table("lettings")}
        if "tenancies" in self.given:
            tables["tenancies"] = self.given["tenancies"]
        its -= set(homes_let(tables, on).cast(pl.String))
        its -= {o.home for o in self.book.open_offers() if o.step in LIVE}
        return len(its - {offer.home})

    def _reserved_out(
        self, reserved: Sequence[str], advert: str, on: date, above: pl.Series
    ) -> set[str]:
        """Those who meet none of the targets that the home is reserved for."""
        above = above.filter(above.is_in(self.given["applications"]["id"].implode()))
        if not reserved or above.is_empty():
            return set()
        judge, adverts = self._judge(on), pl.Series([advert] * len(above))
        meets = pl.Series([False] * len(above))
        for name in reserved:
            met = judge.counts(name, on, advert=adverts, application=above)
            meets |= met.fill_null(value=False)
        return set(above.filter(~meets))

    def _judge(self, on: date) -> Judge:
        tables = {n: self.given[n] for n in REGISTER_TABLES if n in self.given}
        tables["applications"] = applications_as_held(
            tables["applications"], changes_on(self.book, on)
        )
        return Judge(self.scheme, tables, self.given.get("adverts"), self.given.get("homes"))

    def _decided(self, event: e.Decided) -> None:
        found = self.book.proposals.get(event.proposal)
        if found is None or found.status != "open":
            raise PropertyError(6, f"proposal {event.proposal} is decided, and is not open")

    def _hold_ended(self, event: e.HoldEnded) -> None:
        advert = None if event.advert is None else str(event.advert)
        held = self.book.holding(advert, str(event.application), event.offer)
        if not any(hold.reason == event.reason for hold in held):
            raise PropertyError(6, f"a hold of {event.application} ends that is not open")

    def _passed_over(self, event: e.PassedOver) -> None:
        """Property 4: by a check or an officer, only by a decision."""
        if event.why in ("rule", "criterion"):
            return
        about = [
            p for p in self.book.proposals.values()
            if p.application == str(event.application) and p.advert == str(event.advert)
            and p.decided_on == event.on
        ]
        if not any(
            (p.act, p.status) in (("bypass", "approved"), ("offer", "declined")) for p in about
        ):
            raise PropertyError(4, f"{event.application} is passed over and nobody decided it")

    def _back(self, event: e.PassingOverEnded) -> None:
        """Property 4: what was decided is undone by somebody."""
        stands = self.book.passing_over(str(event.advert), str(event.application))
        if event.by is None and any(p.for_good and p.reason == event.reason for p in stands):
            raise PropertyError(4, f"{event.application} is back on the list of advert {event.advert}, "
                                "and nobody decided it")

    def _judged(self, event: e.RefusalJudged) -> None:
        """Property 4: what was found to count is judged anew by somebody."""
        if event.by is None and self.book.offers[event.offer].counts and not event.counts:
            raise PropertyError(4, f"the refusal of {event.offer} counts no longer, and nobody decided it")

    def _lifted(self, event: e.ConsequenceLifted) -> None:
        """Property 6: what is lifted was in force."""
        if not any(
            held.holds_on(event.on) for held in self.book.consequences
            if (held.application, held.consequence, held.since)
            == (str(event.application), event.consequence, event.since)
        ):
            raise PropertyError(6, f"{event.consequence} of {event.application} is lifted and was not in force")

    def _was_offer_approved(self, offer: Offer) -> None:
        """Property 4."""
        act = "direct_let" if offer.route == "direct" else "offer"
        if not any(
            p.act == act and p.offer == offer.id and p.status == "approved"
            for p in self.book.proposals.values()
        ):
            raise PropertyError(4, f"offer {offer.id} goes on and was not approved")

    def _was_approved(self, act: str, event: Any) -> None:
        """Property 4."""
        about = ("advert", event.advert) if act == "rung" else ("application", event.application)
        if not any(
            p.act == act and p.status == "approved" and p.decided_on == event.on
            and getattr(p, about[0]) == str(about[1])
            for p in self.book.proposals.values()
        ):
            raise PropertyError(4, f"{act} of {about[0]} {about[1]}: nobody decided it")

    def _counted(self, event: e.AdvertCounted) -> None:
        """Property 5: each row goes on from the last of its account, by the homes of an advert or a letting."""
        account = event.quota, list(event.stratum), event.period
        last = next(
            (c for c in reversed(self.book.ledger) if (c.quota, c.stratum, c.period) == account),
            None,
        )
        whole = event.whole - (last.whole if last is not None else 0)
        part = event.part - (last.part if last is not None else 0)
        advert, by = self.counting
        if whole not in ((0, by) if event.chosen else (by,)) or part not in (0, whole):
            raise PropertyError(5, f"the count of {event.quota} leaps at advert {event.advert}")
        if advert != str(event.advert):
            raise PropertyError(5, f"{event.quota} counts advert {event.advert}, and nothing of it "
                                "was opened, let or undone")
