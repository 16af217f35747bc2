"""Random weeks with every rule of offers in them keep the contract of ``docs/offers.md``.

Many more: ``python -m tests.offers.weeks.run --weeks 5 --seeds 200``.
"""

from __future__ import annotations

import pytest

from tests.offers.weeks.again import differences
from tests.offers.weeks.checker import faults
from tests.offers.weeks.followed import otherwise
from tests.offers.weeks.generator import random_world
from tests.offers.weeks.planted import FAULTS, Fault, caught
from tests.offers.weeks.playing import play

QUICK = (
    "offers go on that nobody approved", "the last in line is asked first",
    "a household may have several offers", "deadlines are forgotten", "a home is kept for nobody",
    "tables leave out a letting", "a consequence waits with too few refusals",
)
"""Faults planted each time; the others by ``python -m tests.offers.weeks.planted``."""


@pytest.mark.parametrize("seed", [1, 3])
def test_random_weeks_keep_the_contract(seed: int) -> None:
    assert faults(play(random_world(seed, 3))) == []


def test_random_weeks_of_viewings_keep_the_contract() -> None:
    """Several see each home together, many of them not checked yet."""
    assert faults(play(random_world(5013, 3, viewings=True))) == []


def test_random_weeks_of_refusals_keep_the_contract() -> None:
    """Most offers are refused; some refusals are judged anew, consequences lifted, passing over undone."""
    assert faults(play(random_world(255, 5, refusals=True))) == []


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.what in QUICK], ids=lambda f: f.what)
def test_the_checker_finds_a_fault_that_was_planted(fault: Fault) -> None:
    assert caught(fault)


@pytest.mark.parametrize(("seed", "refusals"), [(7, False), (100, True)])
def test_weeks_followed_without_a_fact_put_right_are_the_record(seed: int, refusals: bool) -> None:
    """Nothing is assumed, and every answer finds what it answered."""
    world = random_world(seed, 3, refusals=refusals)
    assert otherwise(world, play(world)) == []


def test_weeks_given_in_another_way_are_the_same() -> None:
    """Rows shuffled and ids renamed, to the letter; two weeks run as one cycle."""
    assert differences(3, 2) == []
