"""What the book is made of: each entry has the columns of its table, in their order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import polars as pl

SCHEMAS: Mapping[str, dict[str, pl.DataType]] = {
    table: {column.name: DTYPES[column.type] for column in columns}
    for table, columns in RECORDED.items()
}
"""Columns and types of each recorded table; ids are text."""

@dataclass
class Offer:
    """A row of ``offers``."""

    id: str
    advert: str | None
    home: str | None
    application: str
    route: str
    final: bool
    landlord: str | None
    stage: int | None
    position: int | None
    step: str
    proposed_on: date
    nominated_on: date | None = None
    landlord_result_on: date | None = None
    invited_on: date | None = None
    viewed_on: date | None = None
    offered_on: date | None = None
    due_on: date | None = None
    answered_on: date | None = None
    ended_on: date | None = None
    ended_by: str | None = None
    reason: str | None = None
    reasonable: bool | None = None
    counts: bool = False
    under_review: bool = False

    @property
    def open(self) -> bool:
        """Whether anything may still come of it."""
        return self.step not in ("let", "ended")


@dataclass
class Proposal:
    """A row of ``proposals``."""

    id: str
    act: str
    advert: str | None
    application: str | None
    offer: str | None
    what: str | None
    rule: str | None
    because: list[str]
    on: date
    status: str = "open"
    decided_on: date | None = None
    by: str | None = None
    automated: bool = False
    reason: str | None = None


@dataclass
class PassedOver:
    """A row of ``passed_over``."""

    advert: str
    application: str
    position: int
    on: date
    reason: str
    kind: str
    officer_held: bool
    until: date | None = None
    by: str | None = None
    evidence: str | None = None

    @property
    def for_good(self) -> bool:
        """Whether it was decided, and so stands whatever comes until an officer undoes it."""
        return self.decided and self.until is None

    @property
    def decided(self) -> bool:
        """Whether somebody decided it."""
        return self.kind in ("check", "officer")


@dataclass
class Hold:
    """A row of ``holds``."""

    advert: str | None
    application: str
    reason: str
    since: date
    until: date | None
    ended_on: date | None = None
    offer: str | None = None


@dataclass
class Letting:
    """A row of ``lettings``."""

    id: str
    advert: str | None
    home: str | None
    application: str
    route: str
    kind: str | None
    final: bool
    signed_on: date
    started_on: date
    band: str | None
    points: int | None
    priority_date: date | None
    registered_on: date | None
    bedroom_need: int | None
    bids: int | None
    position: int | None
    shares_tenant: list[str]
    freed_home: str | None
    undone_on: date | None = None

    @property
    def households(self) -> tuple[str, ...]:
        """The application it was let to, and those that share a tenant."""
        return (self.application, *self.shares_tenant)

    def stands_on(self, on: date) -> bool:
        """Whether it was signed by the end of a day, and had not fallen through."""
        return self.signed_on <= on and (self.undone_on is None or on < self.undone_on)


@dataclass
class Held:
    """A row of ``consequences``."""

    application: str
    consequence: str
    since: date
    until: date | None
    status: str | None
    band: str | None
    place_in_band: int | None
    may_not_bid: bool
    council_bids: bool
    review: bool
    because: list[str]
    by: str | None

    def holds_on(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.since <= on and (self.until is None or on < self.until)


@dataclass
class SetAside:
    """A row of ``bids_set_aside``."""

    advert: str
    application: str
    placed_at: datetime
    rule: str


@dataclass
class AdvertState:
    """A row of ``advert_states``."""

    advert: str
    status: str
    profile: str | None = None
    quota: str | None = None
    closed_on: date | None = None
    bids: int | None = None
    eligible: int | None = None
    homes: int = 0
    let: int = 0
    unlet_because: str | None = None
    rung: int = 0


@dataclass
class Counted:
    """A row of ``ledger``."""

    quota: str
    stratum: list[str]
    period: date | None
    event: int
    advert: str
    letting: str | None
    whole: int
    part: int
    chosen: bool
    why: str


ENTRIES: Mapping[str, type] = {
    "advert_states": AdvertState, "bids_set_aside": SetAside, "proposals": Proposal,
    "offers": Offer, "passed_over": PassedOver, "holds": Hold, "lettings": Letting,
    "consequences": Held, "ledger": Counted,
}


def names_of(entry: type) -> list[str]:
    """Columns of an entry."""
    return [f.name for f in fields(entry)]
