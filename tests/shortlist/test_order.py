"""Order, ties, stages, held bids and facts that are not known, on registers written by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cbl_engine.draws import draw, stable_hash
from cbl_engine.errors import TableError
from cbl_engine.shortlist import explain
from tests.shortlist.small import (
    CLOSES,
    adverts_of,
    bid,
    by_id,
    day,
    ids,
    order,
    places,
    ranked,
    ranked_by_second_version,
)

NEAR = "criteria: {near: {label: x, when: local}}\n"


def test_the_first_key_that_differs_decides_and_equals_are_a_tie_group() -> None:
    text = order("band: [A, [B, C]]", "date: registered_on", "tie: human")
    early, late = day("2021-01-01"), day("2022-01-01")
    result = ranked(text, {
        "z": {"band": "A", "registered_on": late},
        "y": {"band": "B", "registered_on": late},
        "x": {"band": "C", "registered_on": late},
        "w": {"band": "C", "registered_on": early},
        "v": {"band": None, "registered_on": early},
        "u": {"band": "C", "registered_on": None},
        "t": {"band": "C", "registered_on": None},
    })
    assert places(result) == [
        ("z", 1, None, None),
        ("w", 2, None, "band"),
        ("x", 3, 1, "date: registered_on"),
        ("y", 4, 1, "tie"),
        ("t", 5, 2, "date: registered_on"),
        ("u", 6, 2, "tie"),
        ("v", 7, None, "band"),
    ]


def test_pence_of_a_debt_count() -> None:
    owed = {"a": 100.10, "b": None, "c": 100.09, "d": 0.0, "e": -0.01, "f": 100.10, "g": -0.0,
            "h": 1e-9, "i": -250.75}
    own = {i: {"arrears": v} for i, v in owed.items()}
    result = ranked(order("debt: arrears, compare: amount", "tie: human"), own)
    assert ids(result) == list("iedghcafb")
    assert [p[2] for p in places(result)] == [None, None, 1, 1, None, None, 2, 2, None]
    result = ranked(order("debt: arrears", "debt: arrears, compare: amount"), own)
    assert ids(result) == list("iedghcafb")
    told = explain(result, "ad", "c", "officer")
    assert told.rivals[0].rival_value == -250.75


def test_the_debt_that_would_have_put_it_first_is_said_in_pence() -> None:
    text = order("debt: arrears, compare: amount", "tie: human")
    result = ranked(text, {"a": {"arrears": 10.5}, "b": {"arrears": 12.0}})
    (first,) = explain(result, "ad", "b", "officer").first_place
    assert first.value == 10.49


def test_a_tie_group_stands_with_or_without_being_declared() -> None:
    applications = {i: {"points": 5} for i in "cab"}
    for keys in (["points: points"], ["points: points", "tie: human"]):
        assert places(ranked(order(*keys), applications)) == [
            ("a", 1, 1, None), ("b", 2, 1, "tie"), ("c", 3, 1, "tie"),
        ]


def test_tie_groups_are_numbered_within_each_advert() -> None:
    result = ranked(
        order("points: points"),
        {i: {"points": 5} for i in "ab"},
        [bid(i, advert=advert) for advert in ("p", "q") for i in "ab"],
        adverts_of({"id": "q"}, {"id": "p"}),
    )
    assert result.frame()["tie_group"].to_list() == [1, 1, 1, 1]
    assert result.frame()["position"].to_list() == [1, 2, 1, 2]


@pytest.mark.parametrize("many", [False, True])
def test_integer_ids_and_text_ids_give_the_same(many: bool) -> None:
    numbers = range(3, 60, 2) if many else [2, 10, 1]
    own = {n: {"points": n % 7, "band": "ABC"[n % 3]} for n in numbers}
    text = order("band: [A, B, C]", "points: points", "tie: human")
    whole = ranked(text, own, adverts=adverts_of({"id": 7}), bids=[bid(n, advert=7) for n in own])
    named = ranked(text, {f"{n:03}": row for n, row in own.items()},
                   [bid(f"{n:03}", advert="7") for n in own], adverts_of({"id": "7"}))
    assert [f"{n:03}" for n in ids(whole)] == ids(named)
    assert whole.frame().drop("advert", "application").equals(
        named.frame().drop("advert", "application")
    )


def test_a_bid_stands_in_the_first_stage_it_does_not_fail() -> None:
    text = NEAR + """
profiles:
  only:
    label: x
    stages:
      - {label: one, eligible: [near], order: [points: points]}
      - {label: two, order: [date: registered_on, points: points]}
"""
    result = ranked(text, {
        "a": {"local": False, "points": 99, "registered_on": day("2001-01-01")},
        "b": {"local": True, "points": 1, "registered_on": day("2020-01-01")},
        "c": {"local": None, "points": 50, "registered_on": day("2002-01-01")},
        "d": {"local": True, "points": 2, "registered_on": day("2020-01-01")},
    })
    assert places(result) == [
        ("d", 1, None, None),
        ("b", 2, None, "points: points"),
        ("a", 3, None, "stage"),
        ("c", 4, None, "date: registered_on"),
    ]
    # Whoever a stage does not admit is not told so where another one does.
    assert by_id(result, "failed") == {name: [] for name in "abcd"}
    assert by_id(result, "stage") == {"a": 2, "b": 1, "c": 2, "d": 1}


def test_equal_bids_of_two_stages_are_no_tie() -> None:
    text = NEAR + """
profiles:
  only:
    label: x
    stages:
      - {label: one, eligible: [near], order: [points: points]}
      - {label: two, order: [points: points]}
"""
    result = ranked(text, {"a": {"local": False, "points": 1}, "b": {"local": True, "points": 1}})
    assert places(result) == [("b", 1, None, None), ("a", 2, None, "stage")]


def test_a_bid_that_no_stage_admits_names_every_stage() -> None:
    text = """
criteria:
  near: {label: x, when: local}
  solvent: {label: x, when: NOT in_debt}
profiles:
  only:
    label: x
    stages:
      - {label: one, eligible: [near], order: [points: points]}
      - {label: two, eligible: [solvent], order: [points: points]}
"""
    result = ranked(text, {"a": {"local": False, "in_debt": None}, "b": {"in_debt": False}})
    assert by_id(result, "failed")["a"] == ["near", "solvent"]
    assert by_id(result, "unknown") == {"a": ["solvent"], "b": ["points: points"]}
    assert result.stage_failures().rows() == [
        ("ad", "a", 1, ["near"], []), ("ad", "a", 2, ["solvent"], ["solvent"]),
    ]


@pytest.mark.parametrize(
    ("rule", "eligible", "failed", "unknown"),
    [("fail", False, ["near"], ["near"]), ("pass", True, [], ["near"]),
     ("hold", None, [], ["near"])],
)
def test_what_a_criterion_that_is_not_known_does(
    rule: str, eligible: bool | None, failed: list[str], unknown: list[str]
) -> None:
    text = f"criteria: {{near: {{label: x, when: local, when_unknown: {rule}}}}}\n"
    result = ranked(text + order("points: points", eligible="near"),
                    {"a": {"points": 3}, "b": {"points": 2, "local": True}})
    row = result.frame().filter(application="a").row(0, named=True)
    assert (row["eligible"], row["failed"], row["unknown"]) == (eligible, failed, unknown)
    assert row["position"] == (None if eligible is False else 1)


def test_a_failed_bid_is_not_held_and_its_keys_are_not_listed() -> None:
    text = """
criteria:
  near: {label: x, when: local, when_unknown: hold}
  solvent: {label: x, when: NOT in_debt}
"""
    keys = order("points: points, when_unknown: hold", eligible="near, solvent")
    result = ranked(text + keys, {"a": {"in_debt": True}})
    row = result.frame().row(0, named=True)
    assert (row["eligible"], row["failed"], row["unknown"]) == (False, ["solvent"], ["near"])


@pytest.mark.parametrize("rule", ["last", "hold"])
def test_a_key_that_is_not_known_ranks_below_every_known_value(rule: str) -> None:
    result = ranked(order(f"points: points, when_unknown: {rule}"),
                    {"a": {"points": None}, "b": {"points": -(2**62)}, "c": {"points": None}})
    assert places(result) == [
        ("b", 1, None, None), ("a", 2, 1, "points: points"), ("c", 3, 1, "tie"),
    ]
    assert by_id(result, "eligible") == {"a": True if rule == "last" else None, "b": True,
                                         "c": True if rule == "last" else None}


def test_a_preference_that_is_not_known_is_equal_to_one_not_met() -> None:
    result = ranked(NEAR + order("prefer: near", "tie: human"),
                    {"a": {"local": None}, "b": {"local": False}, "c": {"local": True}})
    assert places(result) == [("c", 1, None, None), ("a", 2, 1, "prefer: near"), ("b", 3, 1, "tie")]
    assert by_id(result, "unknown") == {"a": ["near"], "b": [], "c": []}


def test_a_key_that_must_be_known_refuses_the_run_in_one_line() -> None:
    with pytest.raises(TableError) as caught:
        ranked(order("points: points, when_unknown: error"),
               {"a": {"points": 1}, "b": {}, "c": {}})
    assert str(caught.value) == (
        "profiles.only: the key points: points is not known for a bid, and profile only says "
        "when_unknown: error; 2 in all: b, c. Complete the applications, or say last or hold"
    )


def test_a_key_that_must_be_known_may_be_missing_where_the_bid_is_not_ordered() -> None:
    result = ranked(NEAR + order("points: points, when_unknown: error", eligible="near"),
                    {"a": {"points": 1, "local": True}, "b": {"local": False}})
    assert ids(result) == ["a", "b"]


def test_the_column_of_a_date_goes_by_band_or_criterion() -> None:
    text = NEAR + order("date: {A: band_from, near: priority_date, otherwise: registered_on}")
    early, late = day("2020-01-01"), day("2021-01-01")
    dates = {"band_from": late, "priority_date": late, "registered_on": late}
    result = ranked(text, {
        "a": {"band": "A", **dates, "band_from": day("2019-01-01")},
        "b": {"band": "B", "local": True, **dates, "priority_date": early},
        "c": {"band": "B", "local": False, **dates, "registered_on": day("2020-06-01")},
        "d": {"band": None, "local": False, **dates},
        "e": {"band": "B", "local": None, **dates},
    })
    assert ids(result) == ["a", "b", "c", "d", "e"]
    assert by_id(result, "unknown")["e"] == ["date"]
    assert by_id(result, "unknown")["d"] == []


def test_dates_and_points_that_lie_far_apart() -> None:
    own = {
        "a": {"points": -(2**62), "priority_date": date.min},
        "b": {"points": 2**62, "priority_date": date.max},
        "c": {"points": 2**62, "priority_date": date.min},
        "d": {"points": 0, "priority_date": day("2000-01-01")},
        "e": {"points": None, "priority_date": None},
    }
    text = order("points: points", "date: priority_date", "date: registered_on",
                 "debt: owes, compare: amount")
    debts = {"owes": -(2**61)}, {"owes": 2**61}
    result = ranked(text, {f"{i}{n}": row | debt | {"registered_on": date.max}
                           for i, row in own.items() for n, debt in enumerate(debts)})
    assert ids(result) == [f"{i}{n}" for i in "cbdae" for n in (0, 1)]


def test_more_wide_keys_than_one_packed_key_holds() -> None:
    """Keys of the pair and of the bid between keys of the application, all of many values."""
    keys = ["date: registered_on", "bedroom_fit: fewest_spare", "points: points", "prefer: small",
            "debt: owes, compare: amount", "bid_time: first", "lottery: advert"]
    text = "criteria: {small: {label: x, when: limit <= advert.cap}}\n" + order(*keys)
    own: dict[str, dict[str, Any]] = {}
    for n in range(300):
        own[f"{n:03}"] = {
            "registered_on": day("1900-01-01") + timedelta(days=(n // 50) * 7000),
            "bedroom_need": -1000 * (n % 3), "points": (n % 5) * 10**12, "limit": n % 2,
            "owes": (n % 7) * 10**11,
        }
    bids = [bid(i, minutes=1 + int(i) % 2 * 0.001) for i in own]
    result = ranked(text, own, bids, adverts_of({"cap": 0}))
    hashed = dict(zip(own, stable_hash(list(own)), strict=True))
    advert = stable_hash(["ad"])[0]
    wanted = sorted(own, key=lambda i: (
        own[i]["registered_on"], 2 - own[i]["bedroom_need"], -own[i]["points"], own[i]["limit"] > 0,
        own[i]["owes"], -int(i) % 2, int(draw(1, advert, hashed[i])[0]),
    ))
    assert ids(result) == wanted


def test_microseconds_of_a_bid_decide() -> None:
    bids = [bid("a", 1) | {"placed_at": CLOSES - timedelta(microseconds=1)},
            bid("b", 1) | {"placed_at": CLOSES - timedelta(microseconds=2)},
            bid("c", 1) | {"placed_at": CLOSES}]
    result = ranked(order("bid_time: first"), {i: {} for i in "abc"}, bids)
    assert places(result) == [("b", 1, None, None), ("a", 2, None, "bid_time"),
                              ("c", 3, None, "bid_time")]


def test_a_second_click_costs_no_place_unless_the_latest_counts() -> None:
    bids = [bid("a", 60), bid("b", 30), bid("a", 10)]
    for rule, wanted in (("first", ["a", "b"]), ("latest", ["b", "a"])):
        result = ranked(order(f"bid_time: {rule}"), {"a": {}, "b": {}}, bids)
        assert ids(result) == wanted
        assert by_id(result, "placed_at")["a"] == CLOSES - timedelta(minutes=10)
        minutes = 60 if rule == "first" else 10
        assert by_id(result, "bid_time")["a"] == CLOSES - timedelta(minutes=minutes)
        assert result.set_aside.rows() == [
            ("ad", "a", CLOSES - timedelta(minutes=60), "superseded")
        ]


def test_the_time_of_a_withdrawn_bid_is_lost() -> None:
    bids = [bid("a", 60, withdrawn_at=CLOSES), bid("b", 30), bid("a", 10)]
    result = ranked(order("bid_time: first"), {"a": {}, "b": {}}, bids)
    assert ids(result) == ["b", "a"]
    assert result.set_aside["reason"].to_list() == ["withdrawn"]


def test_bids_on_drafts_and_withdrawn_adverts_are_set_aside() -> None:
    adverts = adverts_of({"id": "d", "status": "draft"}, {"id": "w", "status": "withdrawn"},
                         {"id": "o", "status": "open"})
    bids = [bid("a", advert=i) for i in "dwo"] + [bid("a", 5, advert="d", withdrawn_at=CLOSES)]
    result = ranked(order("points: points"), {"a": {}}, bids, adverts)
    assert result.frame()["advert"].to_list() == ["o"]
    assert sorted(result.set_aside["reason"]) == ["advert_draft", "advert_draft",
                                                  "advert_withdrawn"]


def test_an_advert_without_bids_and_a_run_without_adverts() -> None:
    result = ranked(order("points: points"), {"a": {}}, [])
    assert result.frame().height == 0
    assert result.summary()["bids"].to_list() == [0]
    empty = ranked(order("points: points"), {"a": {}}, [], adverts_of().clear())
    assert (len(empty), empty.frame().height, empty.summary().height) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["advert", "register"])
def test_a_lottery_is_a_draw_by_seed_and_ids(kind: str) -> None:
    own = {f"H{n}": {} for n in range(40)}
    bids = [bid(i, advert=a) for a in ("p", "q") for i in own]
    adverts = adverts_of({"id": "p", "lottery_seed": 9}, {"id": "q"})

    def orders(seed: int) -> dict[str, list[str]]:
        frame = ranked(order(f"lottery: {kind}"), own, bids, adverts, seed=seed).frame()
        return {a: frame.filter(advert=a)["application"].to_list() for a in ("p", "q")}

    first, again, other = orders(1), orders(1), orders(2)
    assert first == again
    assert (first["p"] == first["q"]) is (kind == "register")
    assert first["q"] != other["q"]
    # An advert's own seed stands whatever the run's; one order of the register is the run's.
    assert (first["p"] == other["p"]) is (kind == "advert")
    hashed = dict(zip(own, stable_hash(list(own)), strict=True))
    place = {"advert": (9, stable_hash(["p"])[0]), "register": (1,)}[kind]
    assert first["p"] == sorted(own, key=lambda i: int(draw(*place, hashed[i])[0]))


def test_more_conditions_than_one_word_holds() -> None:
    names = [f"limit_{n:02}" for n in range(80)]
    lines = "".join(
        f"  {name}: {{label: x, when: limit <> {n}, when_unknown: hold}}\n"
        if n % 2
        else f"  {name}: {{label: x, when: limit <> {n} OR advert.cap = {n}}}\n"
        for n, name in enumerate(names)
    )
    text = "criteria:\n" + lines + order(*(f"prefer: {n}" for n in names[:70:10]), "points: points",
                                         eligible=", ".join(names))
    own = {f"{n:02}": {"limit": n} for n in range(80)} | {"x": {"limit": None}, "y": {"limit": 99}}
    result = ranked(text, own, adverts=adverts_of({"cap": 76}))
    failed = by_id(result, "failed")
    assert failed == {f"{n:02}": [names[n]] if n != 76 else [] for n in range(80)} | {
        "x": names[:76:2] + names[78::2], "y": [],
    }
    assert by_id(result, "unknown")["x"] == [n for n in names if n != "limit_76"]
    assert by_id(result, "unknown")["y"] == ["points: points"]
    assert result.bits()["word"].max() == 1


def test_nothing_is_required_that_the_scheme_does_not_ask_for() -> None:
    result = ranked(order("points: points"), {"a": {"status": "closed", "points": 1}})
    assert by_id(result, "eligible") == {"a": True}


def test_a_band_that_only_another_version_has_is_not_known() -> None:
    result = ranked_by_second_version({"p": {"band": "A"}, "q": {"band": "X"}, "r": {}})
    rows = result.frame().sort("application")
    assert rows["position"].to_list() == [2, 1, 3]
    assert rows["unknown"].to_list() == [["band"], [], ["band"]]
    assert rows["tie_group"].to_list() == [1, None, 1]
