"""Whom the law says may not be let to is not eligible, whatever the scheme says: s.160ZA."""

from __future__ import annotations

from typing import Any

import pytest

from cbl_engine.shortlist import explain, prepare
from tests.shortlist.small import applications_of, by_id, day, frame, order, ranked, scheme_of

ON = day("2026-03-06")
IMMIGRATION, RESIDENCE = "immigration_status_in_law", "habitual_residence_in_law"
RULES = "criteria: {here: {label: Lives here, when: local}}\n" + order("tie: human", eligible="here")


def _person(application: str, **more: Any) -> dict[str, Any]:
    own = {"id": f"{application}1", "application": application, "relationship": "applicant",
           "date_of_birth": day("1980-01-01"), "immigration_status": "not_subject",
           "habitually_resident": True}
    return own | more


def _without(person: dict[str, Any], *columns: str) -> dict[str, Any]:
    return {name: value for name, value in person.items() if name not in columns}


def _ranked(*people: dict[str, Any], **own: Any) -> Any:
    ids = dict.fromkeys(person["application"] for person in people)
    return ranked(RULES, {i: {"local": True, **own} for i in ids}, as_at=ON, people=list(people))


def test_who_may_not_be_let_to_is_not_eligible_and_who_is_not_known_is_held() -> None:
    result = _ranked(
        _person("fit"), _person("prescribed", immigration_status="eligible_class"),
        _person("barred", immigration_status="not_eligible"),
        _person("abroad", habitually_resident=False), _person("unsaid", habitually_resident=None),
    )
    assert by_id(result, "eligible") == {
        "fit": True, "prescribed": True, "barred": False, "abroad": False, "unsaid": None}
    assert by_id(result, "failed")["barred"] == [IMMIGRATION]
    assert by_id(result, "failed")["abroad"] == [RESIDENCE]
    assert by_id(result, "unknown")["unsaid"] == [RESIDENCE]


@pytest.mark.parametrize(("joint", "eligible"), [(True, False), (False, True)])
def test_one_of_those_who_apply_jointly_is_enough(joint: bool, eligible: bool) -> None:
    other = _person("a", id="a2", relationship="partner", immigration_status="not_eligible",
                    joint_applicant=joint)
    assert by_id(_ranked(_person("a"), other), "eligible") == {"a": eligible}


def test_a_social_tenant_who_moves_is_spared_and_held_where_another_applies_jointly() -> None:
    barred = _person("alone", immigration_status="not_eligible")
    two = _person("two", immigration_status="not_eligible")
    partner = _person("two", id="two2", relationship="partner", joint_applicant=True)
    assert by_id(_ranked(barred, two, partner, current_home="h"), "eligible") == {
        "alone": True, "two": None}


def test_a_register_without_the_columns_is_not_judged() -> None:
    settled = _ranked(_without(_person("a"), "immigration_status", "habitually_resident"))
    assert by_id(settled, "eligible") == {"a": True}
    assert "law" not in explain(settled, "ad", "a").text()
    # One of the two may be on record alone; an empty column is not known of anyone.
    barred = _person("b", immigration_status="not_eligible")
    result = _ranked(*(_without(p, "habitually_resident") for p in (_person("a"), barred)))
    assert by_id(result, "eligible") == {"a": True, "b": False}
    assert by_id(_ranked(_person("a", immigration_status=None)), "eligible") == {"a": None}


def test_the_explanation_names_the_section_of_the_act() -> None:
    reasons = explain(_ranked(_person("a", immigration_status="not_eligible")), "ad", "a").reasons
    assert [(r.name, r.outcome, r.source) for r in reasons] == [
        (IMMIGRATION, "failed", "Housing Act 1996 section 160ZA (1), (2), (5)")]


def test_a_column_that_comes_later_is_not_known_of_the_others() -> None:
    own = applications_of({"a": {"local": True}, "b": {"local": True}})
    people = [_without(_person(i), "immigration_status") for i in "ab"]
    before = prepare(scheme_of(RULES), {"applications": own, "people": frame("people", people)}, ON)
    after = before.update({"people": frame("people", [_person("a")])})
    fact = f"meets_{IMMIGRATION}"
    assert [p.at(ON).frame[fact].to_list() for p in (before, after)] == [[True, True], [True, None]]
