"""A cycle much smaller than the engine's, for tests of what is kept of one.

An advert is listed on the day it closes and its first bidder is proposed; outcomes move its offer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from cbl_engine.errors import BadInput, Problem
from cbl_engine.offers.book import SCHEMAS, Book
from cbl_engine.offers.events import (
    AdvertClosed,
    AdvertOpened,
    CycleBegun,
    Decided,
    LetTo,
    OfferEnded,
    OfferMoved,
    OfferProposed,
    Proposed,
    Quarantined,
    TakenIn,
)
from cbl_engine.tables.taking_in import taken_in


@dataclass(frozen=True)
class Record:
    tables: Any
    as_at: Any
    events: int
    cycles: int


@dataclass
class Cycle:
    record: Any = None
    events: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    quarantined: list = field(default_factory=list)
    telling: dict = field(default_factory=dict)


def run_cycle(record, scheme, given, as_at, *, unattended=False, keep_going=False, seed=0):
    cycle = Cycle()
    tables = dict(record.tables)
    book = Book.from_tables(tables, record.events)

    def say(event, rows=None):
        cycle.events.append(event)
        if rows is not None:
            cycle.rows.append((event.table, rows))
            tables[event.table] = taken_in(tables.get(event.table), rows, event.table)
        book.apply(event, rows)

    say(CycleBegun(on=as_at, cycle=record.cycles + 1, since=record.as_at, as_at=as_at,
                   scheme=scheme.name, unattended=unattended))
    for table, rows in given.items():
        say(TakenIn(on=as_at, table=table, rows=rows.height, digest=""), rows)
    for row in given.get("outcomes", pl.DataFrame()).sort("on", "id").to_dicts() if "outcomes" in given else ():
        outcome(row, say, book, cycle, keep_going)
    closing = tables["adverts"].filter(pl.col("closes_at").dt.date() <= as_at)
    for advert in closing["id"].sort():
        if advert in book.adverts:
            continue
        bids = tables["bids"].filter(pl.col("advert") == advert).unique("application").sort("application")
        say(AdvertOpened(on=as_at, advert=advert, homes=1, profile=None))
        say(AdvertClosed(on=as_at, advert=advert, bids=bids.height, eligible=bids.height))
        listed = bids.select(
            "advert", "application", pl.lit(1).alias("stage"),
            pl.int_range(1, pl.len() + 1).alias("position"), pl.lit(None, pl.Int64).alias("tie_group"),
            pl.lit(True).alias("eligible"), pl.lit([], pl.List(pl.String)).alias("failed"),
            pl.lit([], pl.List(pl.String)).alias("unknown"),
        ).cast(SCHEMAS["shortlisted"])
        say(TakenIn(on=as_at, table="shortlisted", rows=listed.height, digest="", why="made"), listed)
        if not bids.height:
            continue
        first = bids["application"][0]
        name = f"{advert}/{first}/1"
        say(OfferProposed(on=as_at, offer=name, advert=advert, home=None, application=first,
                          route="bid", final=False, position=1))
        proposal = f"P{book.events + 1}"
        say(Proposed(on=as_at, proposal=proposal, act="offer", advert=advert, application=first,
                     offer=name))
        if unattended:
            say(Decided(on=as_at, proposal=proposal, status="approved", automated=True))
    cycle.record = Record({**tables, **book.tables()}, as_at, book.events, record.cycles + 1)
    return cycle


def outcome(row, say, book, cycle, keep_going):
    open_offers = [o for o in book.open_offers()
                   if (o.advert, o.application) == (row["advert"], row["application"])]
    if not open_offers:
        if not keep_going:
            raise BadInput([Problem("no_such_offer", "there was no such offer", where="outcomes",
                                    rows=(row["id"],))])
        say(Quarantined(on=row["on"], outcome=row["id"], clash="no_such_offer"))
        cycle.quarantined.append((row["id"], "no_such_offer"))
        return
    offer = open_offers[0]
    match row["what"]:
        case "approved":
            (proposal,) = [p for p in book.open_proposals() if p.offer == offer.id]
            say(Decided(on=row["on"], proposal=proposal.id, status="approved", by=row["by"],
                        reason=row.get("reason")))
            say(OfferMoved(on=row["on"], offer=offer.id, step="offered"))
        case "accepted":
            say(OfferMoved(on=row["on"], offer=offer.id, step="accepted"))
        case "refused":
            say(OfferEnded(on=row["on"], offer=offer.id, by="refused", reason=row.get("reason")))
        case "signed":
            say(LetTo(on=row["on"], offer=offer.id, started_on=row["on"], band="B",
                      bedroom_need=2))
