"""Direct lets: permitted by their kind, and fitting by the criteria of bids."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.offers.checks import ask_checks
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.direct import as_adverts, direct_let_findings
from tests.shortlist.small import adverts_of, applications_of, frame, order, scheme_of

DAY = date(2024, 5, 31)
RULES = order("lottery: register") + """
criteria:
  local: {label: x, when: local, when_unknown: hold}
  small: {label: x, when: advert.bedrooms <= 2}
  fits: {label: x, when: bedroom_need = advert.bedrooms}
  low: {label: x, when: points < advert.cap, when_unknown: pass}
eligible: [fits]
direct_lets:
  decant: {label: x, permitted_by: "Housing Act 1996, s.159(4A)", part_6: false}
  sensitive: {label: x, permitted_by: Clause 4, when: local, homes: small, fit: [low]}
"""
PEOPLE = {
    "P1": {"local": True, "bedroom_need": 2, "points": 9}, "P2": {"local": False, "bedroom_need": 3},
    "P3": {"local": None},
}
HOMES = [{"id": "h1", "bedrooms": 2}, {"id": "h2", "bedrooms": 3}, {"id": "h3"}]


def _findings(*rows: dict[str, Any], **record: pl.DataFrame) -> list[tuple]:
    scheme = scheme_of(RULES)
    adverts = adverts_of({"id": "a", "home": "h1", "cap": 5})
    judge = Judge(scheme, {"applications": applications_of(PEOPLE)}, adverts, frame("homes", HOMES))
    own = {"application": "P1", "home": "h1", "kind": "decant", "on": DAY}
    asked = frame("direct_lets", [{"id": f"D{n}"} | own | row for n, row in enumerate(rows)])
    found = direct_let_findings(judge, judge.version(DAY), asked, DAY, record)
    assert found.columns == ["id", "application", "home", "kind", "finding", "state"]
    return found.select("id", "finding", "state").rows()


def test_one_that_is_permitted_and_fits_may_be_proposed():
    assert _findings({}) == []


def test_without_fit_of_its_own_the_criteria_common_to_every_advert_are_asked():
    found = _findings({"home": "h2"}, {"home": "h3"}, {"home": "h2", "application": "P2"})
    assert found == [("D0", "fits", "failed"), ("D1", "fits", "not_known")]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({}, []),
        ({"application": "P2"}, [("local", "failed")]),
        ({"application": "P3"}, [("local", "not_known")]),
        ({"home": "h2"}, [("small", "failed")]),
        ({"home": "h3", "application": "P2"}, [("local", "failed"), ("small", "not_known")]),
    ],
)
def test_a_kind_asks_who_which_home_and_its_own_fit(row, found):
    """``fits`` is not asked; ``low`` reads a column of adverts, not known here, and passes."""
    assert [f[1:] for f in _findings({"kind": "sensitive"} | row)] == found


def test_ids_and_kinds_that_are_not_there_are_named():
    found = _findings({"kind": "favour"}, {"home": "hx"}, {"application": "PX", "home": "hx"}, {})
    assert found == [
        ("D0", "no_such_kind", "failed"), ("D1", "no_such_home", "failed"),
        ("D2", "no_such_home", "failed"), ("D2", "no_such_application", "failed"),
    ]


def test_a_home_that_is_let_or_advertised_is_not_let_directly():
    lettings = pl.DataFrame({
        "home": ["h1"], "application": ["P2"], "signed_on": [DAY], "undone_on": [None],
    }, schema_overrides={"undone_on": pl.Date})
    states = pl.DataFrame({"advert": ["a"], "status": ["open"]})
    assert _findings({}, lettings=lettings) == [("D0", "home_let", "failed")]
    assert _findings({}, advert_states=states) == [("D0", "home_advertised", "failed")]


def test_an_application_not_in_force_that_day_is_not_there():
    scheme = scheme_of(RULES)
    apps = applications_of({"P1": {"bedroom_need": 2, "valid_from": date(2025, 1, 1)}})
    judge = Judge(scheme, {"applications": apps}, None, frame("homes", HOMES))
    asked = frame("direct_lets", [
        {"id": "D", "application": "P1", "home": "h1", "kind": "decant", "on": DAY},
    ])
    found = direct_let_findings(judge, judge.version(DAY), asked, DAY, {})
    assert found["finding"].to_list() == ["no_such_application"]


def test_a_column_that_no_table_has_is_named():
    judge = Judge(scheme_of(RULES), {"applications": applications_of(PEOPLE).drop("bedroom_need")},
                  None, frame("homes", HOMES))
    asked = frame("direct_lets", [
        {"id": "D", "application": "P1", "home": "h1", "kind": "decant", "on": DAY},
    ])
    with pytest.raises(TableError, match="bedroom_need"):
        direct_let_findings(judge, judge.version(DAY), asked, DAY, {})


def test_findings_follow_no_order_of_rows():
    rows = [{"id": f"X{n}", "home": "h2"} for n in range(4)]
    assert _findings(*rows) == _findings(*rows[::-1])


def test_checks_of_a_direct_let_are_asked_under_its_request():
    scheme = scheme_of(RULES + "checks: {id: {label: x, when: small}}\n")
    judge = Judge(scheme, {"applications": applications_of(PEOPLE)}, None, frame("homes", HOMES))
    asked = frame("direct_lets", [
        {"id": f"D{n}", "application": "P1", "home": f"h{n}", "kind": "decant", "on": DAY}
        for n in (1, 2)
    ])
    pairs = asked.select(
        pl.col("id").alias("advert"), "application", "home",
        pl.lit("north").alias("landlord"), pl.lit(None, pl.String).alias("area"),
    )
    found = ask_checks(as_adverts(judge, asked), pairs, "let", DAY, frame("checks", []))
    assert found.select("advert", "check", "state").rows() == [("D1", "id", "missing")]
