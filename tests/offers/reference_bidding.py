"""The rules of bidding again, slowly: one bid at a time in the order they were placed.

Written from ``docs/offers.md`` alone; shares with the engine the models of a scheme and nothing
else.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbl_engine.scheme.bidding import Bidding, Cap, Frozen, Moment, Window

LONDON, UTC = ZoneInfo("Europe/London"), ZoneInfo("UTC")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Row = dict[str, Any]
Rows = "Mapping[str, list[Row]]"


def judge_one_by_one(
    bidding: Bidding,
    counts: Callable[[str, date, Any, Any], bool | None],
    adverts: list[Row],
    bids: list[Row],
    record: Mapping[str, list[Row]],
    until: date,
) -> dict[tuple[Any, Any, datetime], str | None]:
    """The first rule that each bid breaks; None when it counts."""
    advert_of = {a["id"]: dict(a) for a in adverts}
    for state in record.get("advert_states", []):
        if state["status"] in {"withdrawn", "held_back"}:
            advert_of[state["advert"]]["status"] = state["status"]
    for advert in advert_of.values():
        if advert.get("corrected_at") is not None and on(advert["corrected_at"]) > until:
            advert["corrected_at"] = None
    known = [dict(b) for b in bids if on(b["placed_at"]) <= until]
    for bid in known:
        gone, closes = bid.get("withdrawn_at"), advert_of[bid["advert"]]["closes_at"]
        if gone is not None and (on(gone) > until or gone > closes):
            bid["withdrawn_at"] = None
    verdicts: dict[tuple[Any, Any, datetime], str | None] = {}
    stood: list[Row] = []
    for bid in sorted(known, key=lambda b: (b["placed_at"], b["advert"], b["application"])):
        advert = advert_of[bid["advert"]]
        gone = _gone(bid, advert)
        unfit = _unfit(advert, bid)
        broken = unfit or _broken(bidding, counts, advert_of, bid, stood, record)
        if broken is None:
            stood.append(bid)
        key = bid["advert"], bid["application"], bid["placed_at"]
        verdicts[key] = unfit or gone or broken
    return verdicts


def on(moment: datetime) -> date:
    """The day in London."""
    return moment.astimezone(LONDON).date()


def _unfit(advert: Row, bid: Row) -> str | None:
    if advert["status"] in {"draft", "withdrawn"}:
        return f"advert_{advert['status']}"
    if advert["status"] == "held_back":
        return "held_back"
    opens = advert.get("opens_at")
    early = opens is not None and bid["placed_at"] < opens
    return "closed" if early or bid["placed_at"] > advert["closes_at"] else None


def _gone(bid: Row, advert: Row) -> str | None:
    if bid.get("withdrawn_at") is not None:
        return "withdrawn"
    return "void" if _voided(bid, advert) is not None else None


def _voided(bid: Row, advert: Row) -> datetime | None:
    corrected = advert.get("corrected_at")
    return corrected if corrected is not None and bid["placed_at"] < corrected else None


def _broken(
    bidding: Bidding,
    counts: Callable[[str, date, Any, Any], bool | None],
    advert_of: Mapping[Any, Row],
    bid: Row,
    stood: list[Row],
    record: Mapping[str, list[Row]],
) -> str | None:
    today, who = on(bid["placed_at"]), bid["application"]
    by = bid.get("placed_by") or "applicant"
    if by != "automatic" and bidding.window and not _inside(bid["placed_at"], bidding.window):
        return "window"
    for name, choice in bidding.choice.items():
        if choice.when is not None and counts(choice.when, today, who, None) is not True:
            continue
        if choice.bids == "none" or (choice.bids == "council" and by == "applicant"):
            return name
        if choice.only and counts(choice.only, today, who, bid["advert"]) is False:
            return name
        break
    held = sorted(
        c["consequence"]
        for c in record.get("consequences", [])
        if c["application"] == who
        and c["since"] <= today
        and (c["until"] is None or today < c["until"])
        and (c["may_not_bid"] or (c["council_bids"] and by == "applicant"))
    )
    if held:
        return held[0]
    for name, frozen in bidding.frozen.items():
        if _considered(bidding, frozen, record, who, today):
            return name
    for name, cap in bidding.caps.items():
        if cap.when is not None and counts(cap.when, today, who, None) is not True:
            continue
        standing = _standing(bidding, cap, advert_of, bid, stood)
        if bid["advert"] not in standing and len(standing) >= cap.bids:
            return name
    return None


def _standing(
    bidding: Bidding, cap: Cap, advert_of: Mapping[Any, Row], bid: Row, stood: list[Row]
) -> set[Any]:
    """Adverts for which the household has a bid that takes a place at this moment."""
    now, found = bid["placed_at"], set()
    for other in stood:
        advert = advert_of[other["advert"]]
        voided, withdrawn = _voided(other, advert), other.get("withdrawn_at")
        if other["application"] != bid["application"]:
            continue
        if voided is not None and voided <= now:
            continue
        if cap.withdrawn == "free" and withdrawn is not None and withdrawn <= now:
            continue
        if cap.per == "live" and advert["closes_at"] < now:
            continue
        closes = on(advert_of[bid["advert"]]["closes_at"])
        if cap.per == "cycle" and _cycle(bidding, on(advert["closes_at"])) != _cycle(bidding, closes):
            continue
        found.add(other["advert"])
    return found


def _cycle(bidding: Bidding, day: date) -> date:
    """The first day of a day's cycle."""
    starts, days = date(2024, 1, 1), 7
    if bidding.cycle is not None:
        starts, days = bidding.cycle.starts, bidding.cycle.days
    first = starts
    while first > day:
        first -= timedelta(days=days)
    while first + timedelta(days=days) <= day:
        first += timedelta(days=days)
    return first


def _inside(moment: datetime, window: Window) -> bool:
    """Whether a moment lies in the window of this week or of the one before."""
    monday = on(moment) - timedelta(days=on(moment).weekday())
    for week in (monday - timedelta(days=7), monday):
        opens = _opens(week, window.opens)
        closes = week
        if _of_week(window.closes) < _of_week(window.opens):
            closes += timedelta(days=7)
        if opens <= moment <= _last(closes, window.closes):
            return True
    return False


def _of_week(moment: Moment) -> tuple[int, str]:
    return DAYS.index(moment.day), moment.time


def _shown(week: date, moment: Moment) -> datetime:
    day = week + timedelta(days=DAYS.index(moment.day))
    return datetime.fromisoformat(f"{day}T{moment.time}:00")


def _opens(week: date, moment: Moment) -> datetime:
    """The first instant at which the clock shows the moment, or has gone past it."""
    shown = _shown(week, moment)
    instant = shown.replace(tzinfo=UTC) - timedelta(hours=2)
    while instant.astimezone(LONDON).replace(tzinfo=None) < shown:
        instant += timedelta(minutes=1)
    return instant


def _last(week: date, moment: Moment) -> datetime:
    """The last instant of the last minute in which the clock does not yet show more."""
    shown = _shown(week, moment)
    instant = shown.replace(tzinfo=UTC) + timedelta(hours=2)
    while instant.astimezone(LONDON).replace(tzinfo=None) > shown:
        instant -= timedelta(minutes=1)
    return instant + timedelta(seconds=59, microseconds=999_999)


def _considered(
    bidding: Bidding, frozen: Frozen, record: Mapping[str, list[Row]], who: Any, today: date
) -> bool:
    offers = [o for o in record.get("offers", []) if o["application"] == who]
    lettings = [x for x in record.get("lettings", []) if x["undone_on"] is None]
    if frozen.while_ != "first":
        steps = ("invited_on", "offered_on", "answered_on")
        wanted = steps[("invited", "offered", "accepted").index(frozen.while_):]
        for offer in offers:
            reached = [offer[s] for s in wanted if offer[s] is not None]
            ends = [offer["ended_on"], *(x["signed_on"] for x in lettings if x["id"] == offer["id"])]
            over = any(e is not None and e <= today for e in ends)
            if reached and min(reached) <= today and not over:
                return True
        return False
    for state in record.get("advert_states", []):
        advert = state["advert"]
        if state["closed_on"] is None or state["status"] in {"withdrawn", "unlet"}:
            continue
        if state["closed_on"] >= _cycle(bidding, today):
            continue
        rows = [r for r in record.get("shortlisted", []) if r["advert"] == advert]
        lead = next((r for r in rows if r["position"] == 1), None)
        mine = next((r for r in rows if r["application"] == who), None)
        if lead is None or mine is None or mine["position"] is None:
            continue
        tied = lead["tie_group"] is not None and mine["tie_group"] == lead["tie_group"]
        if mine is not lead and not tied:
            continue
        let = sum(x["advert"] == advert and x["signed_on"] <= today for x in lettings)
        ended = any(
            o["advert"] == advert and o["ended_on"] is not None and o["ended_on"] <= today
            for o in offers
        )
        passed = any(
            p["advert"] == advert and p["application"] == who and p["on"] <= today
            and (p["until"] is None or today < p["until"])
            for p in record.get("passed_over", [])
        )
        if let < state["homes"] and not ended and not passed:
            return True
    return False
