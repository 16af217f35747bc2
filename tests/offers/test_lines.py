"""Lists read as far down as is needed say the same as lists read from end to end."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.offers import lines
from cbl_engine.offers.line import Asked
from tests.offers.test_cycle_properties import answers, random_week
from tests.offers.week import Week, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.offers.desk import Desk

EVERYONE = 10**9


def long_lists(seed: int) -> Week:
    """A random week with up to twenty more households on its lists."""
    week, draw = random_week(seed), random.Random(seed + 2)
    names = [f"m{n}" for n in range(draw.randint(0, 20))]
    for n, name in enumerate(names):
        since = date(2020, 2, 1) + timedelta(days=n)
        week.add("applications", id=name, status=draw.choice(["active"] * 6 + ["suspended"]),
                 band=draw.choice("ABC"), registered_on=since, priority_date=since,
                 bedroom_need=2, local=draw.choice([True, False, None]))
        if draw.random() < 0.5:
            week.check(name, "verified", draw.choice(["cleared", "cleared", "refused", "refer"]))
    for advert in week._new["adverts"]:
        late = 7 * (int(advert["id"][1:]) % 2)
        for name in draw.sample(names, draw.randint(0, len(names))):
            week.add("bids", advert=advert["id"], application=name,
                     placed_at=moment(3.7 + late + draw.random()))
    return week


def played(seed: int, until: int = 18) -> Week:
    """Such a week, people answering at random."""
    week, draw = long_lists(seed), random.Random(seed + 1)
    week.run(until=6)
    for on in range(7, until + 1):
        answers(week, on, draw)
        week.run(until=on)
    return week


def asked_anew(desk: Desk, homes: Mapping[str, str | None]) -> Asked:
    """Nothing is known from before, and nobody is at rest."""
    desk.at_rest = None
    asked = Asked(desk)
    asked._forget(homes)
    return asked


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**9))
def test_lists_read_as_far_as_needed_lead_to_the_same_events(seed: int) -> None:
    """One candidate at first for each home, or the whole list and everything asked every time."""
    with patch.object(lines, "LOOK", 0):
        found = played(seed)
    with patch.object(lines, "LOOK", EVERYONE), patch.object(Asked, "on", asked_anew):
        expected = played(seed)
    assert found.events == expected.events
    assert [rows.to_dicts() for _, rows in found.rows] == [
        rows.to_dicts() for _, rows in expected.rows
    ]


@pytest.mark.parametrize("by_whom", ["household", "homes", "council", "advert"])
def test_homes_go_far_down_their_lists_when_all_above_are_given_others(by_whom: str) -> None:
    """Sixteen homes and one list for all: the last home goes to the sixteenth."""
    names = [f"h{n:02}" for n in range(20)]
    with patch.object(lines, "LOOK", 0):
        week = Week(f"offers: {{choosing: {{by_whom: {by_whom}}}}}")
        week.households(" ".join(names))
        for n in range(16):
            week.advert(f"a{n:02}", bids=" ".join(names))
        week.run(until=7)
    assert sorted(o["application"] for o in week.table("offers")) == names[:16]


def test_a_list_is_read_no_further_than_its_homes_need() -> None:
    """One home, two hundred candidates."""
    read = []
    own = lines.Line.read_on

    def noted(line: lines.Line) -> list[lines.Candidate]:
        read.extend(found := own(line))
        return found

    with patch.object(lines.Line, "read_on", noted):
        week = Week()
        for n in range(200):
            since = date(2020, 1, 1) + timedelta(days=n)
            week.add("applications", id=f"h{n:03}", status="active", band="B", bedroom_need=2,
                     registered_on=since, priority_date=since)
        week.advert("elm", bids=" ".join(f"h{n:03}" for n in range(200))).run(until=6)
    assert week.steps() == {("elm", "h000"): "proposed"}
    assert len(read) < 20
