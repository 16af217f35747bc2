"""Shortlists worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cbl_engine.draws import draw, stable_hash
from cbl_engine.scheme.load import scheme_from_text
from tests.reference.ranker import (
    Ranking,
    RefusedError,
    first_place_thresholds,
    judged_bids,
    rank,
)

HEAD = """
scheme: small
title: Small
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}}
columns:
  applications:
    in_debt: {type: bool, label: x}
    owes: {type: int, label: x}
    local: {type: bool, label: x}
"""
CLOSES = datetime.fromisoformat("2024-05-31T12:00:00+01:00")
ADVERT: dict[str, Any] = {"id": "ad", "status": "closed", "closes_at": CLOSES, "bedrooms": 2}


def _order(*keys: str) -> str:
    return "profiles: {only: {label: x, order: [" + ", ".join(f"{{{k}}}" for k in keys) + "]}}\n"


def _bid(application: str, minutes: int = 60, *, withdrawn: bool = False) -> dict[str, Any]:
    return {
        "advert": "ad",
        "application": application,
        "placed_at": CLOSES - timedelta(minutes=minutes),
        "withdrawn_at": CLOSES if withdrawn else None,
    }


def _rank(
    text: str,
    applications: dict[str, dict[str, Any]],
    bids: list[dict[str, Any]] | None = None,
    advert: dict[str, Any] | None = None,
    homes: list[dict[str, Any]] | None = None,
    as_at: date | str = "close",
) -> Ranking:
    rows = [{"id": ident, "status": "active", **own} for ident, own in applications.items()]
    return rank(
        scheme_from_text(HEAD + text),
        {"applications": rows},
        [ADVERT | (advert or {})],
        [_bid(ident) for ident in applications] if bids is None else bids,
        homes or [],
        as_at,
        seed=1,
    )


def _places(ranking: Ranking) -> list[tuple[Any, ...]]:
    return [
        (row["application"], row["position"], row["tie_group"], row["decided_by"])
        for row in ranking.counted
    ]


def test_order_ties_and_what_decides() -> None:
    text = _order("band: [A, [B, C]]", "date: registered_on", "tie: human")
    early, late = date(2021, 1, 1), date(2022, 1, 1)
    applications = {
        "z": {"band": "A", "registered_on": late},
        "y": {"band": "B", "registered_on": late},
        "x": {"band": "C", "registered_on": late},
        "w": {"band": "C", "registered_on": early},
        "v": {"band": None, "registered_on": early},
        "u": {"band": "C", "registered_on": None},
    }
    ranking = _rank(text, applications)
    assert _places(ranking) == [
        ("z", 1, None, None),
        ("w", 2, None, "band"),
        ("x", 3, 1, "date: registered_on"),
        ("y", 4, 1, "tie"),
        ("u", 5, None, "date: registered_on"),
        ("v", 6, None, "band"),
    ]
    assert [row["unknown"] for row in ranking.counted][-2:] == [["date: registered_on"], ["band"]]


@pytest.mark.parametrize(
    ("key", "column", "values", "best_first"),
    [
        ("points: points", "points", {"a": None, "b": -3, "c": 9, "d": 0}, "cdba"),
        ("debt: owes, compare: any", "owes", {"a": None, "b": 1, "c": 0, "d": -5}, "cdba"),
        ("debt: owes, compare: amount", "owes", {"a": None, "b": 1, "c": 0, "d": -5}, "dcba"),
        ("debt: in_debt", "in_debt", {"a": None, "b": True, "c": False}, "cba"),
        ("bedroom_fit: exact_first", "bedroom_need", {"a": None, "b": 3, "c": 2}, "cba"),
        ("bedroom_fit: fewest_spare", "bedroom_need", {"a": None, "b": 1, "c": 3, "d": 2}, "cdba"),
        ("bedroom_fit: largest_need", "bedroom_need", {"a": None, "b": 1, "c": 3}, "cba"),
        ("prefer: near", "local", {"a": None, "b": False, "c": True}, "cab"),
    ],
)
def test_keys(key: str, column: str, values: dict[str, Any], best_first: str) -> None:
    text = "criteria: {near: {label: x, when: local}}\n" + _order(key, "tie: human")
    ranking = _rank(text, {ident: {column: value} for ident, value in values.items()})
    assert "".join(row["application"] for row in ranking.counted) == best_first
    name = {"prefer: near": "near"}.get(key, key.split(",", maxsplit=1)[0])
    name = "bedroom_fit" if name.startswith("bedroom_fit") else name
    assert next(r["unknown"] for r in ranking.counted if r["application"] == "a") == [name]


def test_a_preference_not_known_ties_with_one_not_met() -> None:
    text = "criteria: {near: {label: x, when: local}}\n" + _order("prefer: near", "tie: human")
    ranking = _rank(text, {"a": {"local": None}, "b": {"local": False}})
    assert _places(ranking) == [("a", 1, 1, None), ("b", 2, 1, "tie")]


def test_date_by_band_and_criterion() -> None:
    text = "criteria: {near: {label: x, when: local}}\n" + _order(
        "date: {A: band_from, near: priority_date, otherwise: registered_on}", "tie: human"
    )
    days = {
        "band_from": date(2023, 1, 1),
        "priority_date": date(2021, 1, 1),
        "registered_on": date(2022, 1, 1),
    }
    ranking = _rank(
        text,
        {
            "a": {"band": "A", "local": True} | days,
            "b": {"band": "B", "local": True} | days,
            "c": {"band": None, "local": False} | days,
            "d": {"band": "B", "local": None} | days,
            "e": {"band": "A", "local": None} | days,
        },
    )
    assert "".join(row["application"] for row in ranking.counted) == "bcaed"
    assert [row["unknown"] for row in ranking.counted] == [[], [], [], [], ["date"]]


def test_which_bid_counts() -> None:
    bids = [
        _bid("a", 10, withdrawn=True),
        _bid("a", 30),
        _bid("a", 90),
        _bid("a", 99, withdrawn=True),
        _bid("b", 60),
        _bid("c", 5, withdrawn=True),
    ]
    first = _rank(_order("bid_time: first"), {"a": {}, "b": {}, "c": {}}, bids)
    assert [(r["application"], r["bid_time"]) for r in first.counted] == [
        ("a", CLOSES - timedelta(minutes=90)),
        ("b", CLOSES - timedelta(minutes=60)),
    ]
    assert first.counted[0]["placed_at"] == CLOSES - timedelta(minutes=30)
    latest = _rank(_order("bid_time: latest"), {"a": {}, "b": {}, "c": {}}, bids)
    assert [r["application"] for r in latest.counted] == ["b", "a"]
    assert [(r["application"], r["reason"]) for r in latest.set_aside] == [
        ("a", "withdrawn"),
        ("a", "superseded"),
        ("a", "withdrawn"),
        ("c", "withdrawn"),
    ]


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_adverts_not_considered(status: str) -> None:
    ranking = _rank(_order("bid_time: first"), {"a": {}}, advert={"status": status})
    assert ranking.counted == []
    assert [row["reason"] for row in ranking.set_aside] == [f"advert_{status}"]


WHEN_UNKNOWN = """
criteria:
  z_fails: {label: x, when: local}
  a_passes: {label: x, when: in_debt, when_unknown: pass}
  m_holds: {label: x, when: owes > 0, when_unknown: hold}
eligible: [m_holds, a_passes, z_fails]
"""


def test_when_unknown() -> None:
    met = {"local": True, "in_debt": True, "owes": 1}
    ranking = _rank(
        WHEN_UNKNOWN + _order("tie: human"),
        {
            "a": met,
            "b": met | {"in_debt": None},
            "c": met | {"owes": None},
            "d": met | {"local": None},
            "e": {"local": False, "in_debt": False, "owes": None},
        },
    )
    assert [(r["eligible"], r["failed"], r["unknown"]) for r in ranking.counted] == [
        (True, [], []),
        (True, [], ["a_passes"]),
        (None, [], ["m_holds"]),
        (False, ["z_fails"], ["z_fails"]),
        (False, ["z_fails", "a_passes"], ["m_holds"]),
    ]
    assert [r["position"] for r in ranking.counted] == [1, 2, 3, None, None]


def test_keys_that_hold_or_refuse() -> None:
    held = _rank(_order("points: points, when_unknown: hold"), {"a": {}, "b": {"points": 1}})
    assert [(r["application"], r["eligible"]) for r in held.counted] == [("b", True), ("a", None)]
    with pytest.raises(RefusedError):
        _rank(_order("points: points, when_unknown: error"), {"a": {}})


STAGES = """
criteria:
  near: {label: x, when: local}
  solvent: {label: x, when: NOT in_debt}
  small: {label: x, when: owes < 5}
eligible: [small]
profiles:
  only:
    label: x
    stages:
      - {eligible: [near], order: [{points: points}]}
      - {eligible: [solvent], order: [{date: registered_on}, {tie: human}]}
"""


def test_stages() -> None:
    ranking = _rank(
        STAGES,
        {
            "a": {"local": True, "in_debt": False, "owes": 1, "points": None},
            "b": {"local": False, "in_debt": False, "owes": 1},
            "c": {"local": None, "in_debt": False, "owes": 1, "points": 9},
            "d": {"local": False, "in_debt": None, "owes": 9},
            "e": {"local": True, "in_debt": True, "owes": 9, "points": None},
            "f": {"local": False, "in_debt": True, "owes": 1},
        },
    )
    rows = {
        r["application"]: (r["eligible"], r["stage"], r["failed"], r["unknown"], r["decided_by"])
        for r in ranking.counted
    }
    assert rows == {
        "a": (True, 1, [], ["points: points"], None),
        "b": (True, 2, [], ["date: registered_on"], "stage"),
        "c": (True, 2, [], ["date: registered_on"], "tie"),
        "d": (False, None, ["near", "solvent", "small"], ["solvent"], None),
        "e": (False, 1, ["small"], [], None),
        "f": (False, None, ["near", "solvent"], [], None),
    }
    assert [(r["application"], r["stage"], r["failed"], r["unknown"])
            for r in ranking.stage_failures] == [
        ("d", 1, ["near"], []),
        ("d", 2, ["solvent"], ["solvent"]),
        ("f", 1, ["near"], []),
        ("f", 2, ["solvent"], []),
    ]


def test_a_plan_adds_criteria_and_goes_ahead() -> None:
    text = """
criteria: {near: {label: x, when: local, when_unknown: pass}}
local_lettings_plans:
  village: {label: x, eligible: [near], order: [{debt: in_debt}]}
""" + _order("points: points")
    applications = {
        "a": {"local": True, "in_debt": True, "points": 9},
        "b": {"local": None, "in_debt": False, "points": 1},
        "c": {"local": False, "in_debt": False, "points": 5},
    }
    without = _rank(text, applications)
    assert [r["application"] for r in without.counted] == ["a", "c", "b"]
    within = _rank(text, applications, advert={"local_lettings_plan": "village"})
    assert [(r["application"], r["failed"], r["unknown"], r["decided_by"])
            for r in within.counted] == [
        ("b", [], ["near"], None),
        ("a", [], [], "debt: in_debt"),
        ("c", ["near"], [], None),
    ]


def test_lotteries() -> None:
    by_advert = _rank(
        _order("lottery: advert"), {i: {} for i in "abcd"}, advert={"lottery_seed": 5}
    )
    hashed = {i: int(stable_hash([i])[0]) for i in ("a", "b", "c", "d", "ad")}
    wanted = sorted("abcd", key=lambda i: int(draw(5, hashed["ad"], hashed[i])[0]))
    assert [r["application"] for r in by_advert.counted] == wanted
    assert {r["decided_by"] for r in by_advert.counted[1:]} == {"lottery"}
    register = _rank(
        _order("lottery: register"), {i: {} for i in "abcd"}, advert={"lottery_seed": 5}
    )
    wanted = sorted("abcd", key=lambda i: int(draw(1, hashed[i])[0]))
    assert [r["application"] for r in register.counted] == wanted


def test_advert_columns_come_from_the_home_or_what_its_group_shares() -> None:
    text = "criteria: {fits: {label: x, when: bedroom_need = advert.bedrooms}}\n"
    text += "eligible: [fits]\n" + _order("tie: human")
    homes = [
        {"id": "h", "home_group": None, "bedrooms": 1},
        {"id": "u1", "home_group": "g", "bedrooms": 3},
        {"id": "u2", "home_group": "g", "bedrooms": 3},
    ]

    def fits(**advert: Any) -> Any:
        ranking = _rank(text, {"a": {"bedroom_need": 3}}, advert=advert, homes=homes)
        return ranking.counted[0]["eligible"]

    assert fits(bedrooms=None, home_group="g") is True
    assert fits(bedrooms=None, home="h") is False
    assert fits(bedrooms=3, home="h") is True
    homes[2]["bedrooms"] = 2
    with pytest.raises(RefusedError):
        fits(bedrooms=None, home_group="g")


def test_what_stands_in_for_a_missing_value() -> None:
    extra = "columns:\n  homes: {rural: {type: bool, label: x, if_null: true}}\n"
    extra += "  adverts: {urgent: {type: bool, label: x, if_null: true}}\n"
    extra += "  applications:\n    owes: {type: int, label: x, if_null: 7}\n"
    text = HEAD[: HEAD.index("columns:")] + extra
    text += "criteria:\n  rural: {label: x, when: advert.rural}\n"
    text += "  urgent: {label: x, when: advert.urgent}\n"
    text += "eligible: [rural, urgent]\n" + _order("debt: owes, compare: amount")
    rows = [{"id": "a", "owes": None}, {"id": "b", "owes": 6}, {"id": "c", "owes": 8}]

    def ranked(**advert: Any) -> Ranking:
        scheme = scheme_from_text(text)
        bids = [_bid(ident) for ident in "abc"]
        register = {"applications": rows}
        return rank(scheme, register, [ADVERT | advert], bids, [{"id": "h"}], "close", 1)

    assert [r["application"] for r in ranked(home="h").counted] == ["b", "a", "c"]
    assert [r["unknown"] for r in ranked(home="h").counted] == [[], [], []]
    # An advert without a home has no cell that if_null of a home's column could speak for.
    assert {tuple(r["unknown"]) for r in ranked().counted} == {("rural",)}


def test_close_is_a_date_in_london_and_picks_the_version() -> None:
    closes = datetime.fromisoformat("2024-06-01T23:30:00+00:00")  # half past midnight on 2 June
    text = "criteria: {late: {label: x, when: as_at = DATE '2024-06-02'}}\neligible: [late]\n"
    text += _order("points: points")
    rows = [
        {"id": "a", "valid_from": None, "valid_to": date(2024, 6, 2), "points": 1},
        {"id": "a", "valid_from": date(2024, 6, 2), "valid_to": None, "points": None},
    ]
    advert = ADVERT | {"closes_at": closes}
    scheme = scheme_from_text(HEAD + text)
    bid = _bid("a")
    ranking = rank(scheme, {"applications": rows}, [advert], [bid], [], "close", 1)
    assert [(r["eligible"], r["unknown"]) for r in ranking.counted] == [(True, ["points: points"])]
    rows.pop()
    with pytest.raises(RefusedError):
        rank(scheme, {"applications": rows}, [advert], [bid], [], "close", 1)


def _thresholds(
    keys: tuple[str, ...], applications: dict[str, dict[str, Any]], whose: str
) -> list[Any]:
    text = "criteria: {near: {label: x, when: local}}\n" + _order(*keys)
    judged = judged_bids(
        scheme_from_text(HEAD + text),
        {"applications": [{"id": i, **own} for i, own in applications.items()]},
        ADVERT,
        [_bid(ident, 60 + place) for place, ident in enumerate(applications)],
        [],
        date(2024, 5, 31),
        1,
    )
    return [value for _, value in first_place_thresholds(judged, whose)]


def test_thresholds() -> None:
    keys = ("band: [A, [B, C]]", "points: points", "debt: owes", "bid_time: first")
    rivals = {
        "a": {"band": "B", "points": 5, "owes": 0},
        "b": {"band": "C", "points": 5, "owes": 9},
        "c": {"band": "A", "points": None, "owes": None},
    }
    # c is first by its band, since its later keys are not known; those need nothing.
    assert _thresholds(keys, rivals, "c") == ["A", None, None, None]
    # b needs the best rival's band, its points being better than none; they cannot mend its band.
    assert _thresholds(keys, rivals, "b") == ["A", None, None, None]
    two = {"a": rivals["a"], "b": rivals["b"]}
    assert _thresholds(keys, two, "b") == ["A", 6, "no debt", None]
    earlier = CLOSES - timedelta(minutes=61, microseconds=1)  # b bids a minute before a
    same = {"a": rivals["a"], "b": rivals["a"]}
    assert _thresholds(keys, same, "a") == ["A", 6, None, earlier]
    # Where the later keys are better, the rival's own value is enough; own words where equal.
    enough = CLOSES - timedelta(minutes=60, microseconds=1)
    assert _thresholds(keys, same, "b") == ["B", 5, "no debt", enough]


def test_thresholds_by_kind_of_key() -> None:
    owing = {"owes": 5, "bedroom_need": 2, "registered_on": date(2024, 1, 1), "local": False}
    rivals = {"a": owing, "b": owing | {"owes": 6}}

    def needed(key: str, *, best: dict[str, Any] | None = None) -> Any:
        first = owing | (best or {})
        worse = {"owes": 7, "bedroom_need": 0, "registered_on": date(2024, 5, 1)}
        return _thresholds((key,), {"a": first, "b": worse}, "b")[0]

    assert needed("debt: owes, compare: amount") == 4
    assert needed("date: registered_on") == date(2023, 12, 31)
    assert needed("date: registered_on", best={"registered_on": None}) == "known"
    assert needed("bedroom_fit: largest_need") == 3
    assert needed("bedroom_fit: exact_first") is None
    assert needed("bedroom_fit: exact_first", best={"bedroom_need": 1}) == "exact"
    assert needed("bedroom_fit: fewest_spare") is None
    assert needed("prefer: near") == "met"
    assert needed("prefer: near", best={"local": True}) is None
    assert needed("lottery: advert") is None
    assert _thresholds(("points: points", "tie: human"), rivals, "b") == ["known", None]
