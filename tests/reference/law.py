"""Who may be let to in law, and whom it exempts from tests of connection and residence; one household at a time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.reference.facts import age_in_years
from tests.reference.sql import add_months

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = Mapping[str, Any]

FORMER_AT_ANY_TIME = date(2024, 12, 18)
ABUSE_AND_CARE = date(2025, 7, 10)
RIGHT_TO_MOVE = date(2015, 4, 20)
EXEMPTING = ("local_connection", "residence")


def exempt(own: Row, people: Sequence[Row], on: date) -> bool | None:
    """Whether a household is of an exempt group: true, false, or None where it is not known."""
    groups = [of_anyone(people, lambda p, kind=kind: [_is(p, "forces", kind)])
              for kind in ("serving_regular", "injured_reservist", "bereaved_partner")]
    groups.append(of_anyone(people, lambda p: [
        _is(p, "forces", "former_regular"), on >= FORMER_AT_ANY_TIME or _lately(p, on)]))
    if on >= ABUSE_AND_CARE:
        groups.append(of_anyone(people, lambda p: [p.get("care_leaver"), _young(p, on)]))
        groups.append(own.get("domestic_abuse_move"))
    if on >= RIGHT_TO_MOVE:
        groups.append(own.get("right_to_move"))
    return _or(groups)


ELIGIBLE = {"immigration_status_in_law": "immigration_status",
            "habitual_residence_in_law": "habitually_resident"}
"""Criterion of the law -> the column of people that it is about."""


def eligible(own: Row, people: Sequence[Row]) -> dict[str, bool | None]:
    """Whether a household meets each of the law's tests of eligibility; None where not known."""
    return {name: _spared(_everyone(people, column), own, people)
            for name, column in ELIGIBLE.items()}


def _everyone(people: Sequence[Row], column: str) -> bool | None:
    """Whether everyone who applies passes."""
    if not people:
        return None
    answers = []
    for person in people:
        value = person.get(column)
        passes = value != "not_eligible" if isinstance(value, str) else value
        applies = _applies(person)
        answers.append(_or([None if applies is None else not applies, passes]))
    return _and(answers)


def _spared(met: bool | None, own: Row, people: Sequence[Row]) -> bool | None:
    """The same, but for a social tenant; of those who apply jointly it is not known who is one."""
    if met is True or own.get("current_home") is None or not people:
        return met
    return None if any(p.get("joint_applicant") is True for p in people) else True


def of_anyone(people: Sequence[Row], asks: Callable[[Row], list[bool | None]]) -> bool | None:
    """Whether all that is asked is true of anyone who applies; not known without any people."""
    return _or([_and([_applies(p), *asks(p)]) for p in people]) if people else None


def _applies(person: Row) -> bool | None:
    relationship = person.get("relationship")
    is_applicant = None if relationship is None else relationship == "applicant"
    return _or([is_applicant, person.get("joint_applicant") is True])


def _is(person: Row, column: str, value: str) -> bool | None:
    have = person.get(column)
    return None if have is None else have == value


def _lately(person: Row, on: date) -> bool | None:
    left = person.get("forces_left_on")
    return None if left is None else left > add_months(on, -60)


def _young(person: Row, on: date) -> bool | None:
    age = age_in_years(person, on)
    return None if age is None else age < 25


def _and(answers: list[bool | None]) -> bool | None:
    if any(a is False for a in answers):
        return False
    return None if None in answers else True


def _or(answers: list[bool | None]) -> bool | None:
    if any(a is True for a in answers):
        return True
    return None if None in answers else False
