"""Facts of hundreds of random households agree with the slow ones, one household at a time."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
import pytest

from cbl_engine.assess import household_facts, pair_fact_values
from cbl_engine.tables import Ordinals
from tests.reference.facts import Household, value_of

AREA_IDS = ["mill", "quay", "moor", "east", "west", "harbour", "abroad"]
SHARED = [
    "any_member: age >= 18",
    "any_member: carer, where: relationship = 'child'",
    "all_members: age < 40 OR carer",
    "all_members: sex = 'female', where: age > 30",
    "count: people, where: age BETWEEN 0 AND 17",
    "count: people, if_none: 0",
    "max: age, where: born",
    "min: date_of_birth",
    "any_member: current AND months > 24, of: connections",
    "count: connections, where: months > 12",
    "max: months, of: connections, where: kind = 'work'",
    "months_resident_in: {area: east, consecutive: true}",
    "months_resident_in: {area: harbour, window_months: 60}",
    "months_resident_in: {area: [mill, west], held_by: applicant}",
    "months_resident_in: {area: harbour, window_months: 36, consecutive: true}",
    "months_connected: {area: east, kinds: [work, family]}",
    "connected_to: {area: harbour, min_months: 30}",
    "connected_to: {area: mill, held_by: applicant}",
    "connected_to: {area: east, where: until > as_at}",
    "months_connected: {area: harbour, where: months > 12 OR until > as_at}",
    "months_resident_in: {area: harbour, where: person IS NOT NULL AND months > 6}",
]
PAIRED = [
    "months_resident_in: {area: advert.area, window_months: 48}",
    "months_resident_in: {area: advert.area, consecutive: true, held_by: applicant}",
    "months_connected: {area: advert.area}",
    "connected_to: {area: advert.area, min_months: 6}",
    "connection_strength: {area: advert.area, levels: [parish, ward, district]}",
    "connection_strength: {area: advert.area, levels: [ward, parish], min_months: 12}",
    "connection_strength: {area: advert.area, levels: [parish, ward], where: until > as_at}",
    "connected_to: {area: advert.area, level: ward, min_months: 6}",
    "months_connected: {area: advert.area, level: parish, where: until > as_at}",
    "months_resident_in: {area: advert.area, level: district, window_months: 48}",
]
N = 300


def random_rows(rng, as_at):
    """People and connections of households H0, H1, ..., with gaps and dates on awkward days."""
    awkward = [as_at, as_at - timedelta(1), as_at + timedelta(1), date(2020, 2, 29),
               date(2023, 1, 31), date(2023, 2, 28), date(2023, 3, 1)]

    def day(missing, most):
        if rng.random() < missing:
            return None
        return rng.choice([rng.choice(awkward), as_at - timedelta(rng.randint(-60, most))])

    people, connections = [], []
    for household in (f"H{i}" for i in range(N)):
        mine = [f"{household}p{i}" for i in range(rng.choice([0, 1, 2, 3]))]
        for number, person in enumerate(mine):
            people.append({
                "application": household,
                "id": person,
                "date_of_birth": day(0.15, 25_000),
                "expected_on": rng.choice([None, None, date(2024, 6, 1)]),
                "relationship": "applicant" if number == 0 else rng.choice(
                    ["child", "partner", None]),
                "sex": rng.choice(["female", "male", None]),
                "carer": rng.choice([True, False, None]),
            })
        for _ in range(rng.choice([0, 1, 2, 4])):
            since, until = day(0.08, 2_500), day(0.5, 900)
            if since is not None and until is not None and until < since:
                since, until = until, since
            connections.append({
                "application": household,
                "person": rng.choice([None, *mine]),
                "area": rng.choice(AREA_IDS),
                "kind": rng.choice(["residence", "residence", "work", "family", "duty"]),
                "since": since,
                "until": until,
            })
    return people, connections


@pytest.fixture(scope="module", params=[date(2024, 3, 31), date(2024, 2, 29)], ids=str)
def register(request):
    people, connections = random_rows(random.Random(request.param.day), request.param)
    return request.param, people, connections


def households(people, connections, areas):
    found = {f"H{i}": Household([], [], {row["id"]: row for row in areas}) for i in range(N)}
    for row in people:
        found[row["application"]].people.append(row)
    for row in connections:
        found[row["application"]].connections.append(row)
    return found


def slow(facts, register, area=None):
    as_at, people, connections = register
    areas = facts.tables([], [])["areas"].to_dicts()
    return {
        name: value_of(facts.fact, household, as_at, {}.__getitem__, area)
        for name, household in households(people, connections, areas).items()
    }


@pytest.mark.parametrize("rule", SHARED)
def test_facts_of_households(facts, register, rule):
    fact = facts(rule)
    as_at, people, connections = register
    ids = Ordinals(pl.Series([f"H{i}" for i in range(N)]))
    frame = household_facts(
        {"f": fact.fact}, fact.tables(people, connections), ids, as_at, {"as_at": as_at},
        fact.version,
    )
    expected = slow(fact, register)
    assert frame["f"].to_list() == [expected[i] for i in ids.ids]
    assert len({v for v in expected.values() if v is not None}) > 1 or "count" in rule


@pytest.mark.parametrize("rule", PAIRED)
def test_pair_facts(facts, register, rule):
    fact = facts(rule)
    as_at, people, connections = register
    ids = Ordinals(pl.Series([f"H{i}" for i in range(N)]))
    frame = pair_fact_values(
        fact.fact, AREA_IDS, fact.tables(people, connections), ids, as_at, {"as_at": as_at},
        fact.version,
    )
    for number, area in enumerate(AREA_IDS):
        expected = slow(fact, register, area)
        assert frame[str(number)].to_list() == [expected[i] for i in ids.ids]
