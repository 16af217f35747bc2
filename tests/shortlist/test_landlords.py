"""Landlords' own criteria: whose adverts ask them, beside what, and whose reason it is."""

from __future__ import annotations

from typing import Any

import pytest

from cbl_engine.errors import TableError
from cbl_engine.shortlist import explain
from tests.shortlist.small import adverts_of, bid, by_id, order, ranked

RULES = """
criteria:
  paid_up: {label: Rent is paid up, when: NOT in_debt}
  local: {label: The household is local, when: local}
  small: {label: Few points, when: points < 5}
landlords:
  north: {label: North Homes, eligible: [paid_up, local]}
  "7": {label: Seven, eligible: [local]}
local_lettings_plans:
  village: {label: The village plan, eligible: [local, small]}
"""
WITH_LANDLORDS = RULES + order("points: points")
HOMES = [
    {"id": "h", "bedrooms": 1, "landlord": "north"},
    {"id": "u1", "home_group": "g", "landlord": "north"},
    {"id": "u2", "home_group": "g", "landlord": "south"},
]
DEBTOR = {"a": {"in_debt": True, "local": False, "points": 9}}


def _failed(homes: list[dict[str, Any]] | None = HOMES, **advert: Any) -> list[str]:
    result = ranked(WITH_LANDLORDS, DEBTOR, adverts=adverts_of(advert), homes=homes)
    return by_id(result, "failed")["a"]


def test_the_landlord_is_the_adverts_own_or_its_homes() -> None:
    assert _failed(landlord="north") == ["paid_up", "local"]
    assert _failed(home="h") == ["paid_up", "local"]
    assert _failed(home="h", landlord="7") == ["local"]


def test_a_landlord_that_is_not_listed_or_not_known_adds_none() -> None:
    assert _failed(landlord="south") == []
    assert _failed(landlord=None) == []


def test_landlords_whose_ids_are_numbers_are_found() -> None:
    adverts = adverts_of({"landlord": "7"}).cast({"landlord": int})
    result = ranked(WITH_LANDLORDS, DEBTOR, adverts=adverts)
    assert by_id(result, "failed")["a"] == ["local"]


def test_adverts_of_several_landlords_stand_in_one_run() -> None:
    landlords = ["north", None, "7", "south", "north"]
    adverts = adverts_of(*({"id": f"ad{i}", "landlord": n} for i, n in enumerate(landlords)))
    bids = [bid("a", advert=f"ad{i}") for i in range(len(landlords))]
    result = ranked(WITH_LANDLORDS, DEBTOR, bids, adverts)
    failed = dict(result.frame().select("advert", "failed").rows())
    assert failed == {
        "ad0": ["paid_up", "local"], "ad1": [], "ad2": ["local"], "ad3": [],
        "ad4": ["paid_up", "local"],
    }


def test_a_plans_criteria_join_the_landlords() -> None:
    assert _failed(landlord="north", local_lettings_plan="village") == ["paid_up", "local", "small"]


def test_homes_of_a_group_with_different_landlords_are_refused() -> None:
    with pytest.raises(TableError, match="homes of a group differ in it"):
        _failed(home_group="g")


def test_data_without_a_landlord_column_are_refused() -> None:
    adverts = adverts_of().drop("landlord")
    with pytest.raises(TableError, match=r"reads advert\.landlord, and neither adverts nor homes"):
        ranked(WITH_LANDLORDS, DEBTOR, adverts=adverts)


def test_a_scheme_without_landlords_reads_no_such_column() -> None:
    rules = "\n".join(line for line in WITH_LANDLORDS.splitlines()
                      if not line.startswith(("landlords", "  north", '  "7"')))
    assert by_id(ranked(rules, DEBTOR, adverts=adverts_of().drop("landlord")), "failed")["a"] == []


def test_a_reason_says_whose_criterion_it_is() -> None:
    adverts = adverts_of({"landlord": "north", "local_lettings_plan": "village"})
    found = explain(ranked(WITH_LANDLORDS, DEBTOR, adverts=adverts), "ad", "a")
    assert {r.name: r.asked_by for r in found.reasons} == {
        "paid_up": "North Homes", "local": "North Homes", "small": "The village plan",
    }
    assert "Rent is paid up: no (asked by North Homes)" in found.text()


def test_what_the_scheme_asks_of_everyone_is_not_the_landlords() -> None:
    rules = RULES + "eligible: [local]\n" + order("points: points", eligible="small")
    found = explain(ranked(rules, DEBTOR, adverts=adverts_of({"landlord": "north"})), "ad", "a")
    assert {r.name: r.asked_by for r in found.reasons} == {
        "paid_up": "North Homes", "local": None, "small": None,
    }
