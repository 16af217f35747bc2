"""Bids counted again: caps from the bids themselves, voided bids, households under offer."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.offers.weeks.facts import LONDON, london_day

if TYPE_CHECKING:
    from tests.offers.weeks.facts import Facts
    from tests.offers.weeks.fold import Folded

Row = dict[str, Any]
NOT_ASKED = ("closed", "withdrawn", "superseded")
"""Set aside before any rule of the scheme is asked, or after all of them."""


def bids_wrong(facts: Facts, book: Folded) -> list[str]:
    """What is wrong with the bids that counted, and those that were set aside."""
    aside = {(e["advert"], e["application"], e["placed_at"]): e["rule"] for e in book.aside}
    closed = {a for a, s in book.adverts.items() if s["closed_on"] is not None}
    bids = [{**row, "rule": aside.get(key)} for key, row in facts.bids.items() if key[0] in closed]
    found = _late_or_void(facts, bids)
    found += _listed(book, bids)
    found += _caps(facts, book, bids)
    return found + _automatic(facts, book)


def barred_wrong(facts: Facts, book: Folded, advert: str) -> list[str]:
    """Of an advert that closes: bids that count and may not, or are set aside for what is not so."""
    aside = {(e["application"], e["placed_at"]): e["rule"] for e in book.aside if e["advert"] == advert}
    rules = facts.scheme.get("bidding", {})
    found = []
    for (of, household, placed_at), bid in facts.bids.items():
        if of != advert:
            continue
        named, broken = aside.get((household, placed_at)), _broken(facts, book, bid)
        counts = named in (None, "superseded", *rules.get("caps", {}))
        ours = {"window", *rules.get("choice", {}), *rules.get("frozen", {}),
                *facts.scheme["consequences"]}
        if (counts and broken) or (named in ours and named not in broken):
            found.append(f"{household}, {placed_at}: {named}, breaks {sorted(broken)}")
    return found


def _broken(facts: Facts, book: Folded, bid: Row) -> set[str]:
    """Names of the rules but the caps that stand against a bid at the moment it was placed."""
    rules, day = facts.scheme.get("bidding", {}), london_day(bid["placed_at"])
    household, own = bid["application"], bid["placed_by"] in (None, "applicant")
    clock = bid["placed_at"].astimezone(LONDON)
    broken = {"window"} if "window" in rules and (clock.weekday(), clock.hour) >= (4, 10) else set()
    for name, choice in rules.get("choice", {}).items():
        if facts.met(choice.get("when"), household, None, day):
            broken |= {name} if choice["bids"] == "council" and own else set()
            break
    for held in book.consequences:
        now = held["since"] <= day and (held["until"] is None or day < held["until"])
        if held["application"] == household and now and (
            held["may_not_bid"] or (held["council_bids"] and own)
        ):
            broken.add(held["consequence"])
    for name, frozen in rules.get("frozen", {}).items():
        step = frozen["while"]
        if step == "first":
            broken |= {name} if name in _asides(book, bid) else set()  # not counted again here
        elif any(_at_step(book, offer, step, day) for offer in book.offers.values()
                 if offer["application"] == household):
            broken.add(name)
    return broken


def _asides(book: Folded, bid: Row) -> set[str]:
    key = ("advert", "application", "placed_at")
    return {e["rule"] for e in book.aside if all(e[k] == bid[k] for k in key)}


def _at_step(book: Folded, offer: Row, step: str, day: date) -> bool:
    columns = ("invited_on", "offered_on", "answered_on")
    later = columns[("invited", "offered", "accepted").index(step):]
    reached = min((offer[c] for c in later if offer[c] is not None), default=None)
    over = [d for d in (offer["ended_on"], book.lettings.get(offer["id"], {}).get("signed_on"))
            if d is not None]
    return reached is not None and reached <= day and (not over or day < min(over))


def _late_or_void(facts: Facts, bids: list[Row]) -> list[str]:
    found = []
    for bid in bids:
        advert, at = facts.adverts[bid["advert"]], bid["placed_at"]
        outside = not advert["opens_at"] <= at <= advert["closes_at"]
        if outside != (bid["rule"] == "closed"):
            found.append(f"bids count while the advert is open: {_words(bid)}")
        corrected = advert.get("corrected_at")
        if corrected is not None and at < corrected and bid["rule"] not in (*NOT_ASKED[:2], "void"):
            found.append(f"bids before a correction are void: {_words(bid)}")
        gone = bid["withdrawn_at"] is not None and bid["withdrawn_at"] <= advert["closes_at"]
        if gone and bid["rule"] not in ("withdrawn", "closed"):
            found.append(f"a bid withdrawn does not count: {_words(bid)}")
    return found


def _listed(book: Folded, bids: list[Row]) -> list[str]:
    """Who is on a list has a bid that counts, and who has one is on it."""
    counting = {(b["advert"], b["application"]) for b in bids if b["rule"] in (None, "superseded")}
    counting |= {(b["advert"], b["application"]) for b in book.placed}
    listed = {(r["advert"], r["application"]) for rows in book.first_lists.values() for r in rows}
    return [f"lists are of bids that count: {pair}" for pair in sorted(counting ^ listed)]


def _caps(facts: Facts, book: Folded, bids: list[Row]) -> list[str]:
    caps = facts.scheme.get("bidding", {}).get("caps", {})
    by_household: dict[str, list[Row]] = defaultdict(list)
    for bid in bids:
        by_household[bid["application"]].append(bid)
    unsettled = {
        household for (advert, household, _) in facts.bids
        if (state := book.adverts.get(advert, {})).get("closed_on") is None
        or state["status"] == "withdrawn"  # its bids take no place, from the day it is withdrawn
    }
    found = []
    for household, its in sorted(by_household.items()):
        if household not in unsettled:
            its.sort(key=lambda b: (b["placed_at"], b["advert"]))
            for day in sorted({book.adverts[b["advert"]]["closed_on"] for b in its}):
                found += _capped(facts, book, caps, its, day)
    return found


def _capped(facts: Facts, book: Folded, caps: Row, bids: list[Row], day: date) -> list[str]:
    """Of one household: its bids counted one after the other, as on a day; what is wrong that day.

    Adverts that were held back until later take no place that day.
    """
    found, taking = [], []
    for bid in bids:
        advert = bid["advert"]
        if book.opened_on[advert] > day or bid["rule"] not in (
            None, "superseded", "void", "withdrawn", *caps
        ):
            continue
        if bid["rule"] == "void" and _broken(facts, book, bid):
            continue  # it never counted, and takes no place before it was void
        full = next((name for name, cap in caps.items() if _is_full(facts, cap, taking, bid)), None)
        named = bid["rule"] if bid["rule"] in caps else None
        asked = book.adverts[advert]["closed_on"] == day and bid["rule"] not in ("void", "withdrawn")
        if asked and named != full:
            found.append(f"caps: {_words(bid)}, counted {full}")
        if full is None:
            taking.append(bid)
    return found


def _is_full(facts: Facts, cap: Row, taking: list[Row], bid: Row) -> bool:
    standing = {other["advert"] for other in taking if _stands(facts, cap, other, bid)}
    return bid["advert"] not in standing and len(standing) >= cap["bids"]


def _stands(facts: Facts, cap: Row, other: Row, bid: Row) -> bool:
    """Whether a bid placed before takes a place at this bid's moment."""
    at: datetime = bid["placed_at"]
    advert = facts.adverts[other["advert"]]
    void = advert.get("corrected_at")
    if void is not None and other["placed_at"] < void <= at:
        return False
    if cap.get("withdrawn", "free") == "free" and (
        other["withdrawn_at"] is not None
        and other["withdrawn_at"] <= min(at, advert["closes_at"])
    ):
        return False
    if cap["per"] == "live":
        return at <= advert["closes_at"]
    return _week(advert["closes_at"]) == _week(facts.adverts[bid["advert"]]["closes_at"])


def _week(moment: datetime) -> date:
    day = london_day(moment)
    return day - timedelta(day.weekday())


def _automatic(facts: Facts, book: Folded) -> list[str]:
    rules = facts.scheme.get("bidding", {})
    most = rules.get("automatic", {}).get("most", 0)
    placed: dict[tuple[str, date], int] = defaultdict(int)
    found = []
    for bid in book.placed:
        closes = facts.adverts[bid["advert"]]["closes_at"]
        placed[bid["application"], _week(closes)] += 1
        if bid["placed_at"] != closes:
            found.append(f"automatic bids are placed at the close: {bid}")
        own = [b for b in facts.bids.values() if b["application"] == bid["application"]
               and _week(facts.adverts[b["advert"]]["closes_at"]) == _week(closes)
               and b["advert"] in book.opened_on and book.opened_on[b["advert"]] <= london_day(closes)
               and any(r["application"] == b["application"] for r in
                       book.first_lists.get(b["advert"], []))
               and not any(p["advert"] == b["advert"] and p["application"] == b["application"]
                           for p in book.placed)]
        if own:
            found.append(f"automatic bids are for who has none of its own: {bid}")
    return found + [f"so many automatic bids: {who}" for who, n in placed.items() if n > most]


def _words(bid: Row) -> str:
    return f"{bid['advert']}, {bid['application']}, {bid['placed_at']}: {bid['rule']}"
