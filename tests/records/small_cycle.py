"""A cycle much smaller than the engine's, for tests of what is kept of one.

An advert is listed on the day it closes and its first bidder is proposed; outcomes move its offer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
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
from cbl_engine.offers.record import Record
from cbl_engine.records import record_cycle
from cbl_engine.tables.taking_in import taken_in


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
    if "outcomes" in given:
        for row in given["outcomes"].sort("on", "id").to_dicts():
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
        cycle.quarantined.append(
            {"outcome": row["id"], "clash": "no_such_offer", "why": "there was no such offer"})
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


SCHEME = """\
scheme: small
title: Small
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}}
profiles: {only: {label: x, order: [{band: [A, B]}, {date: priority_date}, {bid_time: first}]}}
"""
TABLES = {
    "applications": """\
id,status,band,priority_date,registered_on
1,active,A,2024-01-01,2024-01-01
2,active,B,2023-01-01,2023-01-01
3,closed,B,2022-01-01,2022-01-01
""",
    "people": """\
id,application,date_of_birth,relationship
11,1,1980-05-06,applicant
12,1,2015-02-03,child
21,2,1990-07-08,applicant
31,3,1970-01-02,applicant
""",
    "connections": """\
application,person,area,kind,since
1,11,here,residence,2019-01-01
1,11,here,work,2020-01-01
2,21,here,residence,2021-01-01
""",
    "areas": "id,name\nhere,Here\n",
    "homes": "id,bedrooms,area\nH1,2,here\nH2,1,here\n",
    "adverts": """\
id,home,profile,status,opens_at,closes_at
AD1,H1,only,open,2026-03-01T09:00:00,2026-03-05T12:00:00
AD2,H2,only,open,2026-03-08T09:00:00,2026-03-12T12:00:00
""",
    "bids": """\
advert,application,placed_at
AD1,1,2026-03-02T10:00:00
AD1,2,2026-03-03T10:00:00
AD2,2,2026-03-09T10:00:00
""",
}
OUTCOMES = """\
id,on,what,advert,application,act,reason,by
O1,2026-03-09,approved,AD1,1,offer,Seen and agreed,Officer 4
O2,2026-03-10,accepted,AD1,1,,,
O3,2026-03-11,signed,AD1,1,,,Officer 4
"""
KEY = bytes(range(32))


def write_files(folder, tables=TABLES):
    """A scheme and a folder of data; their paths."""
    data = folder / "data"
    data.mkdir(parents=True)
    for table, text in tables.items():
        (data / f"{table}.csv").write_text(text)
    (folder / "scheme.yaml").write_text(SCHEME)
    (folder / "outcomes.csv").write_text(OUTCOMES)
    return folder / "scheme.yaml", data


def first_week(folder, out="week1", **options):
    """The record begun, up to 8 March."""
    return record_cycle(*write_files(folder), date(2026, 3, 8), folder / out, key=KEY,
                        run=run_cycle, **options)


def second_week(folder, out="week2", **options):
    """The week up to 15 March, after :func:`first_week`."""
    options = {"outcomes": folder / "outcomes.csv", **options}
    return record_cycle(folder / "scheme.yaml", folder / "week1", date(2026, 3, 15), folder / out,
                        run=run_cycle, **options)
