"""Adverts held back before they open, and the ladder for a home that was not let."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from cbl_engine.offers.advertising import (
    MUST_AGREE,
    homes_let,
    homes_of,
    last_rung,
    next_rung,
    publication_findings,
)
from cbl_engine.offers.criteria import Judge
from tests.shortlist.small import adverts_of, applications_of, frame, order, scheme_of

DAY = date(2024, 5, 31)
HOME = {
    "id": "h1", "bedrooms": 2, "rent_weekly": 101.1, "service_charge_weekly": 5.0,
    "service_charge_eligible_weekly": 4.0, "access_category": "A", "adaptations": ["ramp", "lift"],
    "minimum_age": 55, "area": "N", "landlord": "north",
}
RULES = order("lottery: register") + """
criteria:
  large: {label: x, when: advert.bedrooms >= 3, when_unknown: hold}
local_lettings_plans:
  village: {label: x, in_force: {from: 2024-01-01, until: 2024-05-31, assumed: true}}
  town: {label: x}
"""


def _judge(adverts: list[dict], homes: list[dict] | None = None, more: str = "") -> Judge:
    units = frame("homes", homes or [HOME])
    return Judge(
        scheme_of(RULES + more), {"applications": applications_of({"P": {}})},
        adverts_of(*({"bedrooms": None} | a for a in adverts)), units,
    )


def _findings(
    *adverts: dict[str, Any], homes: list[dict] | None = None, **record: pl.DataFrame
) -> list[tuple]:
    judge = _judge(list(adverts), homes)
    opening = judge.given_adverts.filter(pl.col("status") == "closed")
    return publication_findings(judge, opening, DAY, record).rows()


def _lettings(*rows: dict[str, Any]) -> pl.DataFrame:
    own = {"application": "P", "signed_on": date(2024, 1, 1), "undone_on": None, "freed_home": None}
    types = {"home": pl.String, "application": pl.String, "signed_on": pl.Date,
             "undone_on": pl.Date, "freed_home": pl.String}
    return pl.DataFrame([own | row for row in rows], schema=types)


def _tenancies(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame("tenancies", [{"id": f"T{n}"} | row for n, row in enumerate(rows)])


def _states(**status: str) -> pl.DataFrame:
    return pl.DataFrame({"advert": list(status), "status": list(status.values())})


def test_an_advert_that_says_what_its_home_says_may_open():
    assert _findings({"id": "a", "home": "h1"}) == []
    assert _findings({"id": "a"} | {c: HOME[c] for c in MUST_AGREE} | {"home": "h1"}) == []
    same = {"adaptations": ["lift", "ramp"], "rent_weekly": 101.1 + 1e-9}
    assert _findings({"id": "a", "home": "h1"} | same) == []


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("bedrooms", 3, ("3", "2")), ("rent_weekly", 101.0, ("101.00", "101.10")),
        ("service_charge_weekly", 5.05, ("5.05", "5.00")),
        ("service_charge_eligible_weekly", 0.0, ("0.00", "4.00")),
        ("access_category", "B", ("B", "A")), ("adaptations", ["ramp"], ("ramp", "lift|ramp")),
        ("adaptations", [], ("", "lift|ramp")),
        ("minimum_age", 50, ("50", "55")), ("area", "S", ("S", "N")),
        ("landlord", "south", ("south", "north")),
    ],
)
def test_an_advert_that_differs_from_its_home_is_held_back(column, value, words):
    assert _findings({"id": "a", "home": "h1", column: value}) == [("a", column, *words)]
    assert _findings({"id": "a", "home": "h1", column: value}, homes=[HOME | {column: None}]) == []


def test_a_group_is_compared_with_each_of_its_homes_not_let():
    homes = [HOME | {"id": f"u{n}", "home_group": "g", "bedrooms": n} for n in (1, 2, 3)]
    advert = {"id": "a", "home_group": "g", "bedrooms": 2}
    assert _findings(advert, homes=homes) == [("a", "bedrooms", "2", "1 or 3")]
    let = _lettings({"home": "u1"}, {"home": "u3"})
    assert _findings(advert, homes=homes, lettings=let) == []
    all_let = _lettings(*({"home": f"u{n}"} for n in (1, 2, 3)))
    assert _findings(advert, homes=homes, lettings=all_let) == [("a", "home_let", None, None)]


def test_plans_and_profiles_are_the_schemes_and_of_that_day():
    a = {"id": "a", "home": "h1"}
    assert _findings(a | {"profile": "nope"}) == [("a", "profile_unknown", "nope", None)]
    assert _findings(a | {"profile": "only", "local_lettings_plan": "town"}) == []
    found = _findings(a | {"local_lettings_plan": "village"})
    assert found == [("a", "plan_not_in_force", "village", None)]
    found = _findings(a | {"local_lettings_plan": "hamlet"})
    assert found == [("a", "plan_unknown", "hamlet", None)]


@pytest.mark.parametrize(("status", "in_the_way"), [
    ("open", True), ("closed", True), ("unlet", False), ("withdrawn", False), ("let", False),
    ("held_back", False),
])
def test_a_home_in_another_open_advert_is_not_advertised_again(status, in_the_way):
    other = {"id": "old", "home": "h1", "status": "open"}
    found = _findings({"id": "a", "home": "h1"}, other, advert_states=_states(old=status, a="open"))
    assert found == ([("a", "home_advertised", None, None)] if in_the_way else [])


def test_a_home_of_a_group_that_is_open_elsewhere_holds_the_group_back():
    homes = [HOME | {"id": f"u{n}", "home_group": "g"} for n in (1, 2)]
    found = _findings(
        {"id": "a", "home_group": "g"}, {"id": "old", "home": "u2", "status": "open"},
        homes=homes, advert_states=_states(old="open"),
    )
    assert found == [("a", "home_advertised", None, None)]


def test_of_adverts_of_one_home_that_open_together_the_first_that_is_right_may():
    right, wrong = {"home": "h1"}, {"home": "h1", "bedrooms": 4}
    found = _findings({"id": "b"} | right, {"id": "c"} | right, {"id": "a"} | wrong)
    assert [row[:2] for row in found] == [("a", "bedrooms"), ("c", "home_advertised")]


def test_findings_follow_no_order_of_rows():
    rows = [{"id": f"a{n}", "home": "h1", "bedrooms": n} for n in range(5)]
    assert _findings(*rows) == _findings(*rows[::-1])


def test_without_homes_on_record_only_names_are_looked_at():
    judge = _judge([{"id": "a", "home": "h1", "bedrooms": 9, "profile": "nope"}])
    judge = Judge(judge.scheme, judge.tables, judge.given_adverts)
    found = publication_findings(judge, judge.given_adverts, DAY, {})
    assert found["finding"].to_list() == ["profile_unknown"]


LET = {"home": "h1", "application": "P", "start": date(2023, 1, 1)}


@pytest.mark.parametrize(
    ("lettings", "tenancies", "let"),
    [
        ([], [], False),
        ([{"home": "h1"}], [], True),
        ([{"home": "h1", "undone_on": DAY}], [], False),
        ([{"home": "h1", "signed_on": date(2024, 6, 1)}], [], False),
        ([], [LET], True),
        ([], [LET | {"start": date(2024, 6, 1)}], False),
        ([], [LET | {"start": None}], True),
        ([], [LET | {"end": date(2024, 7, 1)}], False),
        ([{"home": "h1"}], [LET | {"end": date(2024, 5, 1)}], False),
        ([{"home": "h1"}], [LET | {"application": "Q", "end": date(2023, 5, 1)}], True),
        ([{"home": "h1"}, {"home": "h2", "signed_on": DAY, "freed_home": "h1"}], [], False),
        ([{"home": "h2", "freed_home": "h1"}], [LET], False),
        ([{"home": "h1"}, {"home": "h2", "signed_on": DAY, "freed_home": "h1", "undone_on": DAY}],
         [], True),
        ([{"home": "h1", "signed_on": DAY}, {"home": "h2", "freed_home": "h1"}], [], True),
        ([{"home": "h1", "undone_on": DAY}], [LET], False),
        ([{"home": "h1", "undone_on": DAY}], [LET | {"application": "Q"}], True),
    ],
)
def test_a_home_is_let_until_its_tenancy_has_an_end_or_a_move_freed_it(lettings, tenancies, let):
    record = {"lettings": _lettings(*lettings), "tenancies": _tenancies(*tenancies)}
    assert ("h1" in homes_let(record, DAY).to_list()) == let


def test_a_record_without_lettings_has_let_no_home():
    assert homes_let({}, DAY).to_list() == []


def test_the_homes_of_adverts_are_their_own_or_their_groups():
    homes = frame("homes", [{"id": "u1", "home_group": "g"}, {"id": "u2", "home_group": "g"},
                            {"id": "h"}])
    adverts = adverts_of({"id": "b", "home_group": "g"}, {"id": "a", "home": "h"}, {"id": "c"})
    assert homes_of(adverts, homes).rows() == [("a", "h"), ("b", "u1"), ("b", "u2")]


LADDER = """
advertising:
  ladder:
    - {label: again, step: readvertise, after: [no_bids, no_eligible]}
    - {label: first come, step: first_come, profile: only, when: large}
    - {label: out, step: direct_let}
"""


def _next(advert: str, taken: int, because: str, more: str = LADDER) -> int | None:
    judge = _judge(
        [{"id": "small", "bedrooms": 1}, {"id": "large", "bedrooms": 3}, {"id": "unsaid"}],
        more=more,
    )
    found = next_rung(judge.version(DAY), judge, advert, taken, because, DAY)
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("advert", "taken", "because", "number"),
    [
        ("large", 0, "no_bids", 1), ("large", 0, "exhausted", 2), ("small", 0, "exhausted", 3),
        ("large", 1, "no_bids", 2), ("small", 1, "no_eligible", 3), ("large", 3, "no_bids", None),
        ("large", 2, "no_bids", 3), ("unsaid", 1, "no_bids", 3),
    ],
)
def test_the_ladder_is_gone_down_by_why_and_which_home(advert, taken, because, number):
    assert _next(advert, taken, because) == number


def test_without_a_ladder_there_is_no_step():
    assert _next("large", 0, "no_bids", "") is None


def test_the_last_rung_of_a_chain_is_that_of_any_advert_in_it():
    adverts = adverts_of(
        {"id": "c", "readvert_of": "b"}, {"id": "b", "readvert_of": "a"}, {"id": "a"}, {"id": "x"},
    )
    states = pl.DataFrame({"advert": ["a", "b", "c"], "rung": [1, 2, 0]})
    assert [last_rung(adverts, states, a) for a in ("a", "b", "c", "x")] == [1, 2, 2, 0]
