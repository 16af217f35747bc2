"""Whom the law exempts from a test of connection meets it when bidding, as when qualifying."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.shortlist import explain, prepare
from tests.shortlist.small import (
    applications_of,
    by_id,
    day,
    frame,
    order,
    ranked,
    scheme_of,
)

ON = day("2026-03-06")
RULES = """
criteria:
  here: {label: Lives here, when: local, tests: local_connection}
  paid: {label: Rent is paid, when: local, tests: income}
  unnamed: {label: Lives here, when: local}
"""


def _person(application: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{application}1", "application": application, "relationship": "applicant",
            "date_of_birth": day("2001-07-01"), "forces": "none", "care_leaver": False, **more}


def _ranked(asked: str = "here", on: Any = ON, rules: str = RULES) -> Any:
    own = {"local": False, "domestic_abuse_move": False, "right_to_move": False}
    applications = {
        "abuse": own | {"domestic_abuse_move": True}, "work": own | {"right_to_move": True},
        "forces": own, "care": own, "none": own, "unsaid": own,
    }
    people = [_person(i) for i in ("abuse", "work", "none")]
    people += [_person("forces", forces="former_regular"), _person("care", care_leaver=True),
               _person("unsaid", forces=None)]
    text = rules + order("tie: human", eligible=asked)
    return ranked(text, applications, as_at=on, people=people)


def test_whom_the_law_exempts_meets_a_test_of_connection_when_bidding() -> None:
    result = _ranked()
    assert by_id(result, "eligible") == {
        "abuse": True, "work": True, "forces": True, "care": True, "none": False, "unsaid": False}
    assert by_id(result, "failed")["none"] == ["here"]


@pytest.mark.parametrize("asked", ["paid", "unnamed"])
def test_the_law_exempts_from_no_other_criterion(asked: str) -> None:
    assert not any(by_id(_ranked(asked), "eligible").values())


def test_an_exemption_holds_only_from_its_day() -> None:
    eligible = by_id(_ranked(on=day("2025-07-09")), "eligible")
    assert (eligible["abuse"], eligible["care"], eligible["forces"]) == (False, False, True)
    assert by_id(_ranked(on=day("2025-07-10")), "eligible")["abuse"] is True
    assert by_id(_ranked(on=day("2024-12-17")), "eligible")["forces"] is False


def test_what_the_register_has_not_exempts_nobody() -> None:
    text = RULES + order("tie: human", eligible="here")
    result = ranked(text, {"a": {"local": False}, "b": {"local": True}}, as_at=ON)
    assert by_id(result, "eligible") == {"a": False, "b": True}


def test_a_column_of_the_law_of_another_type_is_told() -> None:
    people = frame("people", [_person("a")]).with_columns(pl.lit(1).alias("care_leaver"))
    tables = {"applications": applications_of({"a": {"local": False}}), "people": people}
    with pytest.raises(TableError, match=r"people\.care_leaver"):
        prepare(scheme_of(RULES + order("tie: human", eligible="here")), tables, ON)


def test_an_explanation_says_that_the_law_exempts_and_not_why() -> None:
    text = explain(_ranked(), "ad", "abuse").text()
    assert "The law exempts the household from tests of local connection: yes" in text
    assert "abuse" not in text.replace("Application abuse", "")


def test_the_fact_tells_any_criterion_whom_the_law_exempts() -> None:
    rules = """
facts: {spared: {label: x, exempt_by_law: residence}}
criteria: {here: {label: x, when: NOT (spared OR local), when_unknown: hold}}
"""
    assert by_id(_ranked(rules=rules), "eligible") == {
        "abuse": False, "work": False, "forces": False, "care": False, "none": True, "unsaid": None}


def test_a_prepared_register_follows_a_person_who_becomes_exempt() -> None:
    scheme = scheme_of(RULES + order("tie: human", eligible="here"))
    tables = {"applications": applications_of({"a": {"local": False}}),
              "people": frame("people", [_person("a")])}
    before = prepare(scheme, tables, ON)
    after = before.update({"people": frame("people", [_person("a", care_leaver=True)])})
    assert [p.at(ON).frame["exempt_by_law_from_local_connection"].to_list()
            for p in (before, after)] == [[None], [True]]
