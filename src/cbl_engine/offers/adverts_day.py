"""Adverts on their day: published or held back, put right, closed, and not let."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from cbl_engine.offers import events as e
from cbl_engine.offers.advertising import publication_findings
from cbl_engine.offers.automatic import automatic_bids
from cbl_engine.offers.bidding import bids_that_count, judge_bids
from cbl_engine.offers.desk import london_day
from cbl_engine.offers.lists import ranked, rows_of
from cbl_engine.offers.moves import end
from cbl_engine.offers.quotas import Ledger
from cbl_engine.tables import LONDON

if TYPE_CHECKING:
    from datetime import date

    from cbl_engine.offers.desk import Desk

_NEVER_SHOWN = ("draft", "withdrawn")


def adverts_that_open(desk: Desk) -> bool:
    """Publish the adverts whose day has come; those that are not right are held back.

    Returns:
        Whether anything happened.
    """
    before = desk.book.events
    states = desk.book.adverts
    due = [a for a in _come(desk) if a not in states or states[a].status == "held_back"]
    if not due:
        return False
    frame = desk.adverts.filter(pl.col("id").is_in(due))
    findings = publication_findings(desk.judge, frame, desk.on, desk.record)
    wrong = {
        str(a): tuple(its["finding"]) for (a,), its in
        findings.partition_by("advert", as_dict=True, maintain_order=True).items()
    }
    right = [a for a in due if a not in wrong]
    homes = {advert: len(desk.vacant(advert)) for advert in right}
    choices = Ledger(desk.judge, desk.record["ledger"]).choose_each(right, desk.on, homes)
    opening = dict(zip(right, choices, strict=True))
    homes = {advert: len(desk.vacant(advert)) for advert in right}
    for advert in due:
        if advert in opening:
            choice = opening[advert]
            desk.emit(e.AdvertOpened(on=desk.on, advert=advert, homes=homes[advert],
                                     profile=choice.profile, quota=choice.quota))
            for counted in choice.events:
                desk.emit(counted)
        elif advert not in states:
            desk.emit(e.AdvertHeldBack(on=desk.on, advert=advert, findings=wrong[advert]))
    return desk.book.events > before


def _come(desk: Desk) -> list[str]:
    """Adverts that are to be seen from this day on, or an earlier one, by id."""
    frame = desk.table("adverts")
    opens = pl.col("opens_at") if "opens_at" in frame.columns else pl.lit(None, pl.Date)
    shown = frame.filter(~pl.col("status").cast(pl.String).is_in(_NEVER_SHOWN)).with_columns(
        opens.alias("opens_at")
    )
    return sorted(
        str(advert) for advert, opens_at in shown.select("id", "opens_at").iter_rows()
        if opens_at is None or london_day(opens_at) <= desk.on
    )


def adverts_put_right(desk: Desk, late: pl.DataFrame | None = None) -> None:
    """Adverts corrected that day: the bids placed before are void, and their bidders told.

    Args:
        desk: on the day. A correction at midnight is one of the day that ends with it.
        late: adverts of which it comes late that they were corrected, on a day that is closed.
    """
    frame = desk.table("adverts")
    if "corrected_at" not in frame.columns:
        return
    came = set() if late is None else set(map(str, late["id"]))
    for advert, at in frame.filter(pl.col("corrected_at").is_not_null()).sort("id").select(
        pl.col("id").cast(pl.String), "corrected_at"
    ).iter_rows():
        state = desk.book.adverts.get(advert)
        now = advert in came or corrected_on(at) == desk.on
        if now and state is not None and state.status == "open" and (
            desk.put_right.get(advert) != at
        ):
            correct(desk, advert, at)


def corrected_on(at: datetime) -> date:
    """The day that a correction belongs to: of one at midnight, the day that ends with it."""
    return london_day(at - timedelta(microseconds=1))


def correct(desk: Desk, advert: str, at: datetime) -> None:
    """An advert is put right at a moment."""
    void = desk.table("bids").filter(pl.col("advert") == advert, pl.col("placed_at") < at)
    desk.put_right[advert] = at
    desk.emit(e.AdvertCorrected(on=desk.on, advert=advert, bids=void.height))
    for application in sorted(set(map(str, void["application"]))):
        desk.tell("void_bids", advert=advert, application=application)


def end_of_day(desk: Desk) -> datetime:
    """Midnight after that day, in London."""
    return datetime.combine(desk.on + timedelta(days=1), time(), ZoneInfo(LONDON))


def adverts_that_close(desk: Desk) -> None:
    """Close the adverts whose moment has come: bids judged, placed for households, ranked."""
    closing = [a.advert for a in desk.book.adverts.values()
               if a.status == "open" and desk.closes_on(a.advert) <= desk.on]
    if not closing:
        return
    closing.sort()
    judge, adverts, bids = desk.judge, desk.adverts, desk.table("bids")
    verdicts = judge_bids(judge, adverts, bids, desk.record, until=desk.on, among=closing)
    placed = automatic_bids(
        judge, adverts, bids, desk.record, lambda pairs: _eligible(desk, pairs), desk.on,
        desk.given,
    )
    for row in verdicts.filter(pl.col("rule").is_not_null()).iter_rows(named=True):
        desk.emit(e.BidSetAside(on=desk.on, **row))
    for row in placed.iter_rows(named=True):
        desk.emit(e.BidPlaced(on=desk.on, **row))
        desk.tell("automatic_bids", advert=row["advert"], application=row["application"])
    if placed.height:
        desk.take_in("bids", placed.select(
            "advert", "application", "placed_at", pl.lit("automatic").alias("placed_by")
        ))
    counted = pl.concat(
        [bids_that_count(bids, verdicts), placed.select("advert", "application", "placed_at")],
        how="diagonal_relaxed",
    )
    _list(desk, closing, counted)


def bids_too_late(desk: Desk, late: pl.DataFrame | None) -> None:
    """Bids that came when the list of their advert was made already are set aside, and told."""
    if late is None:
        return
    for row in late.sort(late.columns).iter_rows(named=True):
        desk.emit(e.BidSetAside(on=desk.on, rule="closed", **row))
        desk.tell("late_bids", advert=row["advert"], application=row["application"])


def _eligible(desk: Desk, pairs: pl.DataFrame) -> pl.Series:
    """Of pairs of advert and application, those that would not be ineligible."""
    bids = pairs.select(
        "advert", "application",
        pl.col("advert").replace_strict(
            desk.adverts["id"], desk.adverts["closes_at"]
        ).alias("placed_at"),
    ).unique()
    rows = rows_of(ranked(desk, sorted(set(pairs["advert"])), bids, "close"))
    able = rows.filter(pl.col("position").is_not_null()).select(
        "advert", "application", pl.lit(value=True).alias("able")
    )
    return pairs.select("advert", "application").join(
        able, on=["advert", "application"], how="left", maintain_order="left"
    )["able"].fill_null(value=False)


def _list(desk: Desk, closing: list[str], bids: pl.DataFrame) -> None:
    result = ranked(desk, closing, bids, "close")
    rows = rows_of(result)
    for row in result.set_aside.sort("advert", "application", "placed_at").iter_rows(named=True):
        desk.emit(e.BidSetAside(on=desk.on, advert=row["advert"], application=row["application"],
                                placed_at=row["placed_at"], rule=row["reason"]))
    counts = {
        str(a): (n, able) for a, n, able in rows.group_by("advert").agg(
            pl.len(), pl.col("position").is_not_null().sum().alias("able")
        ).iter_rows()
    }
    for advert in closing:
        n, able = counts.get(advert, (0, 0))
        desk.emit(e.AdvertClosed(on=desk.on, advert=advert, bids=n, eligible=able))
    desk.take_in("shortlisted", rows)
    for advert in closing:
        n, able = counts.get(advert, (0, 0))
        if not able:
            because = "no_eligible" if n else "no_bids"
            desk.emit(e.AdvertUnlet(on=desk.on, advert=advert, because=because))


def withdraw(desk: Desk, advert: str, outcome: str | None = None) -> None:
    """An advert is withdrawn: its offers end, and nobody else is asked; before its close no bid counts."""
    if desk.book.adverts[advert].closed_on is None:
        made = desk.table("bids").filter(
            pl.col("advert") == advert, pl.col("placed_at") < end_of_day(desk)
        ).select("advert", "application", "placed_at").unique()
        for row in made.sort(made.columns).iter_rows(named=True):
            desk.emit(e.BidSetAside(on=desk.on, rule="advert_withdrawn", **row))
    for offer in [o for o in desk.book.offers_on[advert] if o.open]:
        end(desk, offer, "advert_withdrawn", outcome=outcome)
    desk.emit(e.AdvertUnlet(on=desk.on, advert=advert, because="withdrawn"))


def rungs(desk: Desk) -> None:
    """Propose the next rung for each home that was not let, once, for as long as it is not."""
    from cbl_engine.offers.decisions import rung_for

    unlet = {a.advert: a for a in desk.book.adverts.values()
             if a.unlet_because is not None and desk.vacant(a.advert)}
    for proposal in desk.book.open_proposals():
        if proposal.act == "rung" and proposal.advert not in unlet:
            desk.decide(proposal, "lapsed")
    for state in unlet.values():
        if state.rung:
            continue
        asked = any(
            p.act == "rung" and p.advert == state.advert and p.status != "lapsed"
            for p in desk.book.about[state.advert, None]
        )
        if not asked and (found := rung_for(desk, state.advert)) is not None:
            desk.propose("rung", advert=state.advert, what=found[1].step)
