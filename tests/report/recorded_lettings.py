"""A record of bids and offers written by hand, or drawn, for tests of what is told of one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from cbl_engine.scheme import scheme_from_text
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import RECORDED
from cbl_engine.tables.schemas import TABLES

SCHEME_TEXT = """
scheme: told
title: A scheme to be told of
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}}
profiles: {only: {label: x, order: [{band: [A, B, C]}, {date: priority_date}]}}
checks:
  clearance: {label: Suitability clearance, officer_held: true}
  fraud: {label: Fraud verification, officer_held: true}
  papers: {label: Papers seen}
offers:
  reasons: {too_far: too far from school}
direct_lets:
  decant: {label: Decant, permitted_by: s.159(4A) of the Act, part_6: false}
  protected: {label: Protected, permitted_by: clause 9, sensitive: true}
"""
SCHEME = scheme_from_text(SCHEME_TEXT)
_DEFAULTS: dict[str, dict[str, Any]] = {
    "consequences": {"may_not_bid": False, "council_bids": False, "review": False, "because": []},
    "advert_states": {"status": "closed", "homes": 1, "let": 0, "rung": 0},
    "shortlisted": {"eligible": True, "failed": [], "unknown": []},
    "passed_over": {"position": 1, "kind": "check", "officer_held": False},
    "offers": {"route": "bid", "final": False, "step": "offered", "counts": False,
               "under_review": False, "proposed_on": date(2026, 1, 8)},
    "proposals": {"act": "consequence", "status": "open", "automated": False},
    "lettings": {"route": "bid", "final": False, "shares_tenant": []},
    "adverts": {"status": "open", "closes_at": datetime(2026, 1, 8, 12, tzinfo=UTC)},
    "applications": {"status": "active"},
}


@dataclass(frozen=True)
class Record:
    """As far as results and subject access read one."""

    tables: dict[str, pl.DataFrame]
    as_at: date | None = date(2026, 3, 31)


def record_of(as_at: date = date(2026, 3, 31), **rows: list[dict[str, Any]]) -> Record:
    """A record of these rows; what a row leaves out is ordinary or null."""
    tables = {}
    for table in {*RECORDED, *rows}:
        columns = [*RECORDED.get(table, TABLES.get(table, ()))]
        known = {c.name: DTYPES[c.type] for c in columns}
        own = [dict.fromkeys(known) | _DEFAULTS.get(table, {}) | row
               for row in rows.get(table, [])]
        tables[table] = pl.DataFrame(own, schema=known)
    return Record(tables, as_at)


def drawn(seed: int, lettings: int = 80, *, sensitive: float = 0.05) -> Record:
    """A quarter of lettings of a small council, with what came to nothing beside them."""
    rng = random.Random(seed)
    homes, adverts, lets, offers, passed, applications = [], [], [], [], [], []
    for n in range(lettings):
        homes.append({
            "id": f"H{n}", "bedrooms": rng.choices([0, 1, 2, 3, 4], [1, 6, 8, 4, 1])[0],
            "area": rng.choices(["w1", "w2", "w3", "w4"], [8, 6, 2, 1])[0],
            "property_type": rng.choices(["flat", "house", "bungalow"], [8, 5, 1])[0],
            "landlord": rng.choices(["L1", "L2", "L3"], [8, 3, 1])[0],
            "needs_group": rng.choices(["general", "sheltered", None], [9, 2, 1])[0],
        })
        route = rng.choices(["bid", "direct"], [9, 1])[0]
        signed = date(2026, 1, 5) + timedelta(days=rng.randrange(84))
        household = f"P{n}"
        registered = signed - timedelta(days=rng.randrange(20, 2500))
        band = rng.choices(["A", "B", "C"], [5, 3, 1])[0]
        if route == "bid":
            adverts.append({"id": f"AD{n}", "home": f"H{n}",
                            "labels": ["sensitive"] if rng.random() < sensitive else None})
        common = {"id": f"O{n}", "advert": f"AD{n}" if route == "bid" else None, "home": f"H{n}",
                  "application": household, "route": route, "final": rng.random() < 0.1}
        offers.append(common | {"step": "let", "landlord": homes[-1]["landlord"],
                                "nominated_on": signed - timedelta(days=9)})
        lets.append(common | {
            "kind": None if route == "bid" else rng.choice(["decant", "decant", "protected"]),
            "signed_on": signed, "started_on": signed, "band": band,
            "priority_date": registered + timedelta(days=10), "registered_on": registered,
            "bedroom_need": 1, "bids": rng.randrange(120) if route == "bid" else None,
            "position": 1 if route == "bid" else None,
        })
        applications.append({"id": household, "band": band, "registered_on": registered})
        for again in range(rng.choice([0, 0, 1, 2])):
            other = f"Q{rng.randrange(60)}"
            offers.append({"id": f"X{n}/{again}", "advert": common["advert"], "application": other,
                           "home": f"H{n}", "step": "ended", "ended_on": signed,
                           "ended_by": rng.choice(["refused", "no_contact", "withdrew"]),
                           "reason": rng.choice(["too_far", "too small", None]),
                           "landlord": homes[-1]["landlord"], "nominated_on": signed})
            if route == "bid":
                kind = rng.choice(["check", "rule"])
                passed.append({"advert": f"AD{n}", "application": other, "on": signed,
                               "reason": "clearance" if kind == "check" else "not_active",
                               "kind": kind, "officer_held": kind == "check"})
    applications += [{"id": f"Q{n}", "band": rng.choice("ABC"), "bedroom_need": rng.randrange(1, 5),
                      "registered_on": date(2024, 1, 1) + timedelta(days=n)} for n in range(60)]
    areas = [{"id": f"w{n}", "name": f"Ward {n}", "level": "ward"} for n in range(1, 5)]
    return record_of(homes=homes, adverts=adverts, lettings=lets, offers=offers, passed_over=passed,
                     applications=applications, areas=areas,
                     landlords=[{"id": "L1", "name": "The council"}])
