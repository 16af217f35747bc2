"""Who joins: owed a duty as often as ``arrivals.owed_duty`` says, and else like a register on a day."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cbl_engine.simulate.joining import lives_of
from cbl_engine.simulate.lives import GROUPS
from tests.simulate.small import parameters_of, setup_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.setup import Setup

MANY = 40_000
KEYS = np.arange(MANY) % 50, 3, np.arange(MANY)
AS_MADE = {"relief": 1.0, "main": 1.0}


@cache
def usual() -> Setup:
    return setup_of("sheffield", weeks=8)


def joined(owed: dict[str, float], **changes) -> NDArray[np.int64]:
    setup = usual()
    values = parameters_of(**{"arrivals.owed_duty": {"weights": owed}})
    return lives_of(replace(setup, parameters=setup.parameters.with_changes(values), **changes),
                    3, KEYS)


def shares(life: NDArray[np.int64]) -> dict[str, float]:
    counts = np.bincount(usual().lives.group[life], minlength=len(GROUPS))
    return dict(zip(GROUPS, (counts / len(life)).tolist(), strict=True))


def test_with_factors_of_one_they_are_as_on_a_register() -> None:
    pools = usual().lives.pool_by_group(0)
    of_made = {name: len(pool) / sum(map(len, pools)) for name, pool in zip(GROUPS, pools, strict=True)}
    assert of_made["relief"] > 0.03
    assert of_made["tenant"] > 0.2
    assert shares(joined(AS_MADE)) == pytest.approx(of_made, abs=0.01)


def test_a_factor_is_on_the_share_owed_that_duty_and_tenants_join_as_before() -> None:
    as_made, found = shares(joined(AS_MADE)), shares(joined({"relief": 3.0, "main": 0.5}))
    assert found["relief"] == pytest.approx(3 * as_made["relief"], rel=0.05)
    assert found["main"] == pytest.approx(0.5 * as_made["main"], rel=0.1)
    assert found["tenant"] == as_made["tenant"]


def test_of_two_factors_the_higher_brings_the_same_households_and_more() -> None:
    fewer, more = joined({"relief": 2.0, "main": 1.5}), joined({"relief": 3.0, "main": 1.5})
    owed = usual().lives.homeless
    changed = fewer != more
    assert 0 < changed.mean() < 0.3
    assert owed[more[changed]].all()
    assert (owed[more] | ~owed[fewer]).all()


def test_at_most_all_who_are_no_tenants_are_owed_a_duty() -> None:
    found = shares(joined({"relief": 1000.0, "main": 1000.0}))
    assert found["other"] == 0
    assert found["tenant"] == shares(joined(AS_MADE))["tenant"]


def test_nobody_owed_a_duty_joins_at_a_factor_of_nought() -> None:
    found = shares(joined({"relief": 0.0, "main": 0.0}))
    assert found["relief"] == found["main"] == 0


def test_a_response_to_policy_is_a_factor_on_that() -> None:
    steep = parameters_of(**{"response.homeless": {
        "weights": {"low": 0.5, "central": 1.0, "high": 2.0}},
        "arrivals.owed_duty": {"weights": {"relief": 2.0, "main": 1.0}}})
    setup = usual()
    before = lives_of(replace(setup, parameters=setup.parameters.with_changes(steep)), 3, KEYS)
    after = {response: lives_of(replace(
        setup, parameters=setup.parameters.with_changes(steep), response=response,
        responds_from=setup.start), 3, KEYS) for response in ("low", "central", "high")}
    owed = setup.lives.homeless
    assert (after["central"] == before).all()
    for response, factor in (("low", 0.5), ("high", 2.0)):
        assert owed[after[response]].mean() == pytest.approx(factor * owed[before].mean(), rel=0.05)


def test_whose_life_it_is_does_not_depend_on_who_else_joins() -> None:
    part = np.arange(0, MANY, 7)
    world, week, number = KEYS
    alone = lives_of(usual(), week, (world[part], week, number[part]))
    assert (alone == lives_of(usual(), week, KEYS)[part]).all()
