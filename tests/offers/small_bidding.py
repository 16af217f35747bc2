"""Small cases of bidding written by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cbl_engine.offers.bidding import judge_bids
from cbl_engine.offers.criteria import Judge
from tests.offers.recorded import record_of
from tests.shortlist.small import applications_of, frame, order, scheme_of

if TYPE_CHECKING:
    import polars as pl

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2024, 5, 6, tzinfo=LONDON)
CRITERIA = """
criteria:
  local: {label: Lives here, when: local}
  ask: {label: Owes nothing, when: in_debt, when_unknown: hold}
  fits: {label: The home is the size needed, when: bedroom_need = advert.bedrooms}
"""
LATER = date(2024, 12, 31)


def at(day: int, hour: float = 12) -> datetime:
    """A moment so many days after Monday 6 May 2024, by London's clock."""
    return MONDAY + timedelta(days=day, hours=hour)


def text_of(bidding: str, *, keys: tuple[str, ...] = ("lottery: register",)) -> str:
    """A scheme with these rules of bidding."""
    return CRITERIA + order(*keys, eligible="local, fits") + f"bidding:\n{bidding}"


def advert(name: str, closes: int = 6, **more: Any) -> dict[str, Any]:
    """An advert open from the Monday to noon of the day it closes."""
    own = {"id": name, "opens_at": MONDAY - timedelta(days=30), "closes_at": at(closes),
           "status": "open", "bedrooms": 1}
    return own | more


def bid(name: str, day: float, who: str = "p", **more: Any) -> dict[str, Any]:
    """A bid placed so many days after the Monday."""
    placed_at = MONDAY + timedelta(days=day)
    return {"advert": name, "application": who, "placed_at": placed_at, **more}


def judge_of(
    bidding: str,
    adverts: list[dict[str, Any]],
    applications: dict[str, dict[str, Any]] | None = None,
    **tables: list[dict[str, Any]],
) -> Judge:
    """A judge of a small scheme; the household is ``p`` and lives here, unless said."""
    own = applications if applications is not None else {"p": {"local": True, "bedroom_need": 1}}
    register = {"applications": applications_of(own)}
    register |= {name: frame(name, rows) for name, rows in tables.items()}
    return Judge(scheme_of(text_of(bidding)), register, frame("adverts", adverts))


def rules(
    bidding: str,
    adverts: list[dict[str, Any]],
    bids: list[dict[str, Any]],
    applications: dict[str, dict[str, Any]] | None = None,
    until: date = LATER,
    **record: list[dict[str, Any]],
) -> list[str | None]:
    """The rule that each bid breaks, in the order the bids are given."""
    judge = judge_of(bidding, adverts, applications)
    found = judge_bids(
        judge, judge.given_adverts, frame("bids", bids), record_of(**record), until=until
    )
    return in_order(found, bids)


def in_order(found: pl.DataFrame, bids: list[dict[str, Any]]) -> list[str | None]:
    """The verdicts by bid."""
    by_bid = {(a, p, moment): rule for a, p, moment, rule in found.iter_rows()}
    return [by_bid[b["advert"], b["application"], b["placed_at"]] for b in bids]
