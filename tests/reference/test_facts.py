"""Facts worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter

from cbl_engine.scheme.facts import Fact
from tests.reference.facts import (
    Household,
    age_in_years,
    days_left_over,
    is_born,
    value_of,
    whole_months,
)
from tests.reference.strategies import AREAS

AS_AT = date(2024, 3, 31)
_FACT: TypeAdapter[Any] = TypeAdapter(Fact)


def _fact(part: dict[str, Any]) -> Any:
    def frozen(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: frozen(item) for key, item in value.items()}
        return tuple(frozen(v) for v in value) if isinstance(value, list) else value

    return _FACT.validate_python(frozen({"label": "x", **part}))


def _value(
    part: dict[str, Any],
    people: list[dict[str, Any]] | None = None,
    connections: list[dict[str, Any]] | None = None,
    area: str | None = "p3",
    as_at: date = AS_AT,
) -> Any:
    household = Household(people or [], connections or [], {row["id"]: row for row in AREAS})
    return value_of(_fact(part), household, as_at, {"old": 18}.__getitem__, area)


def _people(*ages: Any, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"p{i}", "date_of_birth": a and date(AS_AT.year - a, 1, 1), **more}
        for i, a in enumerate(ages)
    ]


def _lived(
    area: str, since: str | None, until: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "person": None,
        "area": area,
        "kind": "residence",
        "since": since and date.fromisoformat(since),
        "until": until and date.fromisoformat(until),
        **more,
    }


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("2004-02-29", "2022-02-28", 17),
        ("2004-02-29", "2022-03-01", 18),
        ("2004-02-29", "2024-02-29", 20),
        ("2004-02-29", "2024-02-28", 19),
        ("2024-04-01", "2024-03-31", -1),
        ("2024-03-31", "2024-03-31", 0),
    ],
)
def test_ages(born: str, on: str, age: int) -> None:
    person = {"date_of_birth": date.fromisoformat(born)}
    assert age_in_years(person, date.fromisoformat(on)) == age


def test_unborn_and_unknown() -> None:
    unborn = {"date_of_birth": None, "expected_on": date(2024, 1, 1)}
    assert (age_in_years(unborn, AS_AT), is_born(unborn, AS_AT)) == (-1, False)
    assert (age_in_years({}, AS_AT), is_born({}, AS_AT)) == (None, True)
    assert is_born({"date_of_birth": date(2024, 4, 1)}, AS_AT) is False


@pytest.mark.parametrize(
    ("start", "end", "months", "days"),
    [
        ("2024-01-31", "2024-02-29", 0, 29),
        ("2024-01-31", "2024-03-01", 1, 1),
        ("2024-01-31", "2024-03-31", 2, 0),
        ("2023-02-28", "2024-02-29", 12, 1),
        ("2024-02-29", "2025-02-28", 11, 30),
    ],
)
def test_whole_months(start: str, end: str, months: int, days: int) -> None:
    span = date.fromisoformat(start), date.fromisoformat(end)
    assert (whole_months(*span), days_left_over(*span)) == (months, days)


ADULT = {"any_member": "age >= param.old"}
ALL_ADULT = {"all_members": "age >= 18"}


@pytest.mark.parametrize(
    ("part", "ages", "wanted"),
    [
        (ADULT, (20, None), True),
        (ADULT, (10, None), None),
        (ADULT, (10, 12), False),
        (ADULT, (), None),
        (ADULT | {"if_none": False}, (), False),
        (ALL_ADULT, (10, None), False),
        (ALL_ADULT, (20, None), None),
        (ALL_ADULT, (20, 30), True),
        (ALL_ADULT | {"where": "age > 60"}, (20, 30), True),
        (ADULT | {"where": "age > 60"}, (20, 30), False),
        (ADULT | {"where": "age < 60"}, (20, None), True),
        (ADULT | {"where": "age < 60"}, (10, None), None),
        ({"count": "people"}, (1, None), 2),
        ({"count": "people"}, (), None),
        ({"count": "people", "if_none": 0}, (), 0),
        ({"count": "people", "where": "age > 5"}, (1, 9), 1),
        ({"count": "people", "where": "age > 5"}, (9, None), None),
        ({"min": "age"}, (9, 4), 4),
        ({"max": "age"}, (9, 4), 9),
        ({"max": "age"}, (9, None), None),
        ({"max": "age", "where": "age > 60"}, (9, 4), None),
        ({"max": "age", "if_none": 7}, (), 7),
    ],
)
def test_people(part: dict[str, Any], ages: tuple[Any, ...], wanted: Any) -> None:
    assert _value(part, _people(*ages)) == wanted


def test_a_row_that_may_not_count_is_a_doubt_when_it_could_change_the_answer() -> None:
    people = [{"id": "a", "date_of_birth": date(2020, 1, 1), "carer": None}]
    assert _value({"any_member": "age > 18", "where": "carer"}, people) is False
    assert _value({"any_member": "age < 18", "where": "carer"}, people) is None
    assert _value({"all_members": "age < 18", "where": "carer"}, people) is True
    assert _value({"all_members": "age > 18", "where": "carer"}, people) is None
    assert _value({"max": "age", "where": "carer"}, people) is None


CONNECTED: dict[str, Any] = {"area": "w7", "min_months": 6}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([], False),
        ([_lived("p3", "2023-09-30")], True),
        ([_lived("p3", "2023-10-01")], False),
        ([_lived("d1", "2000-01-01")], False),
        ([_lived("p3", "2000-01-01", "2024-03-31")], False),
        ([_lived("p3", "2000-01-01", "2024-04-01")], True),
        ([_lived("p3", None)], None),
        ([_lived("p3", None), _lived("w7", "2000-01-01")], True),
        ([_lived("p3", None, "2024-01-01")], False),
    ],
)
def test_connected_to(rows: list[dict[str, Any]], wanted: Any) -> None:
    assert _value({"connected_to": CONNECTED}, connections=rows) is wanted


def test_connected_to_any_current() -> None:
    part = {"connected_to": {"area": ["d9", "p3"]}}
    assert _value(part, connections=[_lived("p3", None)]) is True
    assert _value(part, connections=[_lived("p3", "2024-04-01")]) is False
    advert = {"connected_to": {"area": "advert.area"}}
    assert _value(advert, connections=[_lived("p3", None)], area=None) is None
    assert _value(advert, connections=[_lived("p3", None)], area="d1") is True


def test_held_by_the_applicant() -> None:
    people = [{"id": "a", "relationship": "applicant"}, {"id": "b", "relationship": "partner"}]
    part = {"connected_to": {"area": "d1", "held_by": "applicant", "kinds": ["work"]}}
    for holder, wanted in (("a", True), ("b", False), (None, True)):
        row = _lived("p3", None, kind="work", person=holder)
        assert _value(part, people, [row]) is wanted
    assert _value(part, people, [_lived("p3", None, kind="family")]) is False


def test_months_connected() -> None:
    part = {"months_connected": {"area": "d1"}}
    long, ended = _lived("p3", "2023-03-31"), _lived("p3", None, "2023-03-30")
    assert _value(part) == 0
    assert _value(part, connections=[long, ended, _lived("p8", "2024-01-31")]) == 12
    assert _value(part, connections=[long, _lived("p3", None)]) is None
    assert _value(part, connections=[long, _lived("w7", None, "2023-03-31")]) is None
    assert _value(part, connections=[long, _lived("w7", "2022-03-31", "2023-03-31")]) == 24
    assert _value(part, connections=[long, _lived("w7", "2022-03-31", "2023-03-30")]) == 12
    kin = [_lived("p3", "2023-03-31", kind="family"), _lived("w7", "2022-03-31", "2023-03-31", kind="family")]
    assert _value(part, connections=kin) == 24
    assert _value(part, connections=[kin[0], {**kin[1], "until": date(2023, 4, 1)}]) == 12
    assert _value(part, connections=[kin[0], {**kin[1], "kind": "work"}]) == 12


def _months(rows: list[dict[str, Any]], **rule: Any) -> Any:
    return _value({"months_resident_in": {"area": "d1", **rule}}, connections=rows)


def test_months_resident_in() -> None:
    apart = [_lived("p3", "2023-01-31", "2023-03-15"), _lived("w7", "2024-01-15", "2024-02-29")]
    assert _months([]) == 0
    # 31 January to 15 March is 1 month and 15 days; 15 January to 29 February is 1 and 14.
    assert _months(apart) == 2
    assert _months([*apart, _lived("p8", "2024-03-30")]) == 3  # one day more makes 30
    assert _months(apart, consecutive=True) == 0
    touching = [_lived("p3", "2023-03-31", "2023-06-30"), _lived("p1", "2023-06-30")]
    assert _months(touching) == _months(touching, consecutive=True) == 12
    assert _months(touching, window_months=6) == 6
    assert _months(touching, window_months=60) == 12
    assert _months([_lived("p3", "2023-01-01", "2024-05-01")], consecutive=True) == 14
    assert _months([_lived("p3", "2024-05-01")]) == 0
    assert _months([*touching, _lived("p3", None, "2001-01-01")]) is None


def test_months_resident_in_of_each_holder() -> None:
    a = _lived("p3", "2023-03-31", "2023-06-30", person="a")
    b = _lived("p3", "2023-12-31", person="b")
    assert _months([a, b]) == 3
    assert _months([a, b, _lived("p3", "2023-05-31", "2023-09-30", person="a")]) == 5  # 31 March to 30 September is a day short of six


STRENGTH: dict[str, Any] = {
    "connection_strength": {
        "area": "advert.area",
        "levels": ["parish", "ward", "district"],
        "min_months": 1,
    }
}


@pytest.mark.parametrize(
    ("area", "rows", "wanted"),
    [
        ("p3", [_lived("p3", "2020-01-01")], 1),
        ("p3", [_lived("p1", "2020-01-01")], 2),
        ("p3", [_lived("p8", "2020-01-01")], 3),
        ("p3", [_lived("p5", "2020-01-01")], 4),
        ("p3", [], 4),
        (None, [_lived("p3", "2020-01-01")], None),
        ("p3", [_lived("p3", None)], None),
        ("p3", [_lived("p1", None), _lived("p3", "2020-01-01")], 1),
        ("p8", [_lived("p8", "2020-01-01")], 1),
        ("p8", [_lived("p3", "2020-01-01")], 3),  # no ward lies above p8
        ("x4", [_lived("x4", "2020-01-01")], 4),
    ],
)
def test_connection_strength(
    area: str | None, rows: list[dict[str, Any]], wanted: int | None
) -> None:
    assert _value(STRENGTH, connections=rows, area=area) == wanted


def test_someone_born_long_after_as_at_is_not_born_and_has_age_minus_one() -> None:
    assert age_in_years({"date_of_birth": date(2024, 4, 1)}, date(2023, 3, 1)) == -1
    assert age_in_years({"date_of_birth": date(2023, 3, 1)}, date(2023, 3, 1)) == 0
