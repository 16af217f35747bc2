"""What a cycle starts from, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cbl_engine.offers.book import Book
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

    from cbl_engine.offers.events import Event


@dataclass(frozen=True, eq=False)
class Record:
    """A record as it stood at the end of a day.

    Attributes:
        tables: what was taken in (register, adverts, bids, homes, and the tables of
            :data:`~cbl_engine.tables.letting_columns.GIVEN`) and what was recorded; ids are text.
        as_at: the day; None before the first cycle.
        events: number of events so far.
        cycles: number of cycles so far.
    """

    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    as_at: date | None = None
    events: int = 0
    cycles: int = 0

    def given(self) -> dict[str, pl.DataFrame]:
        """The tables that were taken in."""
        return {name: frame for name, frame in self.tables.items() if name not in RECORDED}

    def book(self) -> Book:
        """The recorded tables, to be added to."""
        return Book.from_tables(self.tables, self.events)


@dataclass(frozen=True, eq=False)
class Cycle:
    """What a cycle did.

    Attributes:
        record: as it stands after it.
        events: what happened, in order; digests of rows are left empty.
        rows: table and rows of each :class:`~cbl_engine.offers.events.TakenIn` among them.
        quarantined: outcomes that clashed and were left out: outcome, clash, why.
        telling: who is to be told what: ``void_bids``, ``automatic_bids``, ``late_bids`` and
            ``withdrawn_bids`` (advert, application); ``direct_lets_refused`` (on, id, application,
            home, kind, finding, state); ``consequences_resting_on_a_refusal`` that was judged anew
            and counts no longer (application, consequence, since, offer, left: how many of its
            refusals still count); ``offers_of_homes_let`` to somebody else by now (offer, home,
            step); ``adverts_without_homes``, of a group that no home is in any more (advert,
            home_group); ``duties_before_bids_were_kept``: proposed for too few bids in months of
            which bids are on record for a part alone (application, consequence, duty, since: first
            day of a bid, or None).
    """

    record: Record
    events: list[Event] = field(repr=False)
    rows: list[tuple[str, pl.DataFrame]] = field(repr=False)
    quarantined: list[dict[str, Any]] = field(repr=False)
    telling: dict[str, list[dict[str, Any]]] = field(repr=False)
