"""The book: what the events of a record say, and nothing else.

:meth:`Book.apply` is the one way by which it changes. Each entry has the columns of its table
(:data:`~cbl_engine.tables.letting_columns.RECORDED`), so that tables and book are two forms of one
thing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.entries import ENTRIES, SCHEMAS, names_of
from cbl_engine.offers.fold import write
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.offers.entries import (
        AdvertState,
        Counted,
        Held,
        Hold,
        Letting,
        Offer,
        PassedOver,
        Proposal,
        SetAside,
    )

LIVE = ("offered", "accepted")
"""Steps at which a home is on offer to one household alone."""

_SHORTLISTED = SCHEMAS["shortlisted"]


@dataclass
class Book:
    """The recorded tables as they stand, by what they are about.

    Attributes:
        events: number of events so far; the first event is number 1.
        households: of them in this book, those that change how applications stand.
        lists: what ``shortlisted`` has of each advert, in its order.
        unknown: by advert, what was not known of those that its list holds.
        offers_of, offers_on: offers by application, and by advert.
        open: offers of which something may still come.
        undecided: proposals that wait for a decision; ``about``: all, by advert and application.
        waits: what homes still wait for; ``waits_for``: the same, by advert and application.
        stands: by advert, passing over that still stands, and whatever was for good.
        undone: by advert, application and day of passing over that was decided and undone.
    """

    events: int = 0
    households: int = 0
    adverts: dict[str, AdvertState] = field(default_factory=dict, repr=False)
    lists: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    unknown: dict[str, dict[str, list[str]]] = field(default_factory=dict, repr=False)
    set_aside: list[SetAside] = field(default_factory=list, repr=False)
    proposals: dict[str, Proposal] = field(default_factory=dict, repr=False)
    offers: dict[str, Offer] = field(default_factory=dict, repr=False)
    passed_over: list[PassedOver] = field(default_factory=list, repr=False)
    holds: list[Hold] = field(default_factory=list, repr=False)
    lettings: dict[str, Letting] = field(default_factory=dict, repr=False)
    consequences: list[Held] = field(default_factory=list, repr=False)
    ledger: list[Counted] = field(default_factory=list, repr=False)
    offers_of: dict[str, list[Offer]] = field(default_factory=lambda: defaultdict(list), repr=False)
    offers_on: dict[str, list[Offer]] = field(default_factory=lambda: defaultdict(list), repr=False)
    open: dict[str, Offer] = field(default_factory=dict, repr=False)
    undecided: dict[str, Proposal] = field(default_factory=dict, repr=False)
    about: dict[tuple[str | None, str | None], list[Proposal]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    waits: list[Hold] = field(default_factory=list, repr=False)
    waits_for: dict[tuple[str | None, str], list[Hold]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    stands: dict[str, list[PassedOver]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    undone: dict[str, set[tuple[str, date]]] = field(
        default_factory=lambda: defaultdict(set), repr=False
    )

    @classmethod
    def from_tables(cls, tables: Mapping[str, pl.DataFrame], events: int = 0) -> Book:
        """The book that says what these tables say.

        Args:
            tables: recorded tables by name; one that is left out is empty.
            events: number of events that led to them.
        """
        rows: dict[str, list[Any]] = {
            table: [entry(**row) for row in tables[table].select(names_of(entry)).to_dicts()]
            if table in tables else []
            for table, entry in ENTRIES.items()
        }
        book = cls(
            events,
            adverts={row.advert: row for row in rows["advert_states"]},
            set_aside=rows["bids_set_aside"],
            proposals={row.id: row for row in rows["proposals"]},
            offers={row.id: row for row in rows["offers"]},
            passed_over=rows["passed_over"],
            holds=rows["holds"],
            lettings={row.id: row for row in rows["lettings"]},
            consequences=rows["consequences"],
            ledger=rows["ledger"],
        )
        for offer in book.offers.values():
            book.index(offer)
        for proposal in book.proposals.values():
            book.index_proposal(proposal)
        for hold in book.holds:
            if hold.ended_on is None:
                book.index_hold(hold)
        for passed in book.passed_over:
            if passed.until is None:
                book.stands[passed.advert].append(passed)
            book.index_undone(passed)
        if "shortlisted" in tables:
            book._list(tables["shortlisted"])
        return book

    @classmethod
    def fold(
        cls,
        events: Iterable[tuple[int, e.Event]],
        rows: Iterable[tuple[str, pl.DataFrame]] = (),
    ) -> Book:
        """The book that these events lead to.

        Args:
            events: with their numbers; those that no longer count are left out.
            rows: table and rows of each :class:`~cbl_engine.offers.events.TakenIn` among them, in
                order; left out, the book has no lists.
        """
        book, frames = cls(), iter(rows)
        for number, event in events:
            frame = next(frames, (None, None))[1] if isinstance(event, e.TakenIn) else None
            book.apply(event, frame, number)
        return book

    def tables(self) -> dict[str, pl.DataFrame]:
        """The recorded tables: rows in the order they came about, lists by advert and place."""
        return {table: self.table(table) for table in RECORDED}

    def table(self, name: str) -> pl.DataFrame:
        """One of the recorded tables."""
        if name == "shortlisted":
            lists = [self.lists[advert] for advert in sorted(self.lists)]
            return pl.concat(lists) if lists else pl.DataFrame(schema=_SHORTLISTED)
        entries: dict[str, Iterable[Any]] = {
            "advert_states": self.adverts.values(), "bids_set_aside": self.set_aside,
            "proposals": self.proposals.values(), "offers": self.offers.values(),
            "passed_over": self.passed_over, "holds": self.holds,
            "lettings": self.lettings.values(), "consequences": self.consequences,
            "ledger": self.ledger,
        }
        rows, schema = list(entries[name]), SCHEMAS[name]
        return pl.DataFrame({c: [getattr(row, c) for row in rows] for c in schema}, schema=schema)

    def apply(
        self, event: e.Event, rows: pl.DataFrame | None = None, number: int | None = None
    ) -> None:
        """Write down what an event says.

        Args:
            event: the next one.
            rows: those that a :class:`~cbl_engine.offers.events.TakenIn` speaks of; only lists
                (``shortlisted``) are the book's, the other tables are the record's.
            number: of the event; left out: the next.
        """
        self.events = self.events + 1 if number is None else number
        if isinstance(event, e.TakenIn):
            if event.table == "shortlisted" and rows is not None:
                self._list(rows)
        else:
            write(event, self)

    def _list(self, rows: pl.DataFrame) -> None:
        rows = rows.select(list(_SHORTLISTED)).cast(_SHORTLISTED)  # type: ignore[arg-type]
        rows = rows.sort("advert", "position", "application", nulls_last=True)
        for (advert,), own in rows.partition_by("advert", as_dict=True).items():
            self.lists[str(advert)] = own
            held = own.filter(pl.col("position").is_not_null(), pl.col("eligible").is_null())
            self.unknown[str(advert)] = dict(held.select("application", "unknown").iter_rows())

    def index(self, offer: Offer) -> None:
        """Find an offer by its household and its advert."""
        if offer.open:
            self.open[offer.id] = offer
        self.offers_of[offer.application].append(offer)
        if offer.advert is not None:
            self.offers_on[offer.advert].append(offer)

    def index_proposal(self, proposal: Proposal) -> None:
        """Find a proposal by what it is about."""
        if proposal.status == "open":
            self.undecided[proposal.id] = proposal
        self.about[proposal.advert, proposal.application].append(proposal)

    def index_hold(self, hold: Hold) -> None:
        """Find a hold that has not ended by what it is about."""
        self.waits.append(hold)
        self.waits_for[hold.advert, hold.application].append(hold)

    def index_undone(self, passed: PassedOver) -> None:
        """Find that a decided passing over was undone."""
        if passed.decided and passed.until is not None:
            self.undone[passed.advert].add((passed.application, passed.on))

    # What is asked of the book.

    def open_offers(self) -> list[Offer]:
        """Offers of which something may still come, in the order they came about."""
        return list(self.open.values())

    def open_proposals(self) -> list[Proposal]:
        """Proposals that wait for a decision, in the order they were made."""
        return list(self.undecided.values())

    def holding(
        self, advert: str | None, application: str, offer: str | None = None
    ) -> list[Hold]:
        """What a home still waits for of a household; of a direct let, by its offer."""
        return [h for h in self.waits_for.get((advert, application), ())
                if advert is not None or h.offer == offer]

    def passing_over(self, advert: str, application: str) -> list[PassedOver]:
        """Why a household is passed over on a list, as far as it still stands."""
        return [p for p in self.stands[advert] if p.application == application]

    def position(self, advert: str, application: str) -> int:
        """Place on an advert's list; 0 for whoever has none."""
        rows = self.lists.get(advert)
        if rows is None:
            return 0
        own = rows.filter(pl.col("application") == application)["position"].drop_nulls()
        return int(own[0]) if len(own) else 0

    def tie_groups(self, advert: str | None) -> dict[str, int]:
        """Of a list, the households that stand in a group of equals, and in which."""
        rows = self.lists.get(advert or "")
        if rows is None:
            return {}
        return dict(rows.select("application", "tie_group").drop_nulls().iter_rows())

    def housed(self, on: date) -> set[str]:
        """Applications that a letting houses on a day, with those that share a tenant."""
        return {
            application
            for letting in self.lettings.values() if letting.stands_on(on)
            for application in letting.households
        }
