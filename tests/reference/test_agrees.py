"""The engine and the oracle agree, row by row and column by column, on random input.

``python -m tests.reference.run`` does the same for as many adverts as there is time for.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.reference.compare import by_oracle, differences, report
from tests.reference.strategies import cases, random_case

if TYPE_CHECKING:
    from tests.reference.strategies import Case


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # the report makes a case small, knowing what a case is made of
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases(refusals=True))
def test_small_cases(case: Case) -> None:
    if differences(case):
        pytest.fail(report(case, seconds=20))


@pytest.mark.parametrize("seed", range(20))
def test_many_adverts_of_one_scheme(seed: int) -> None:
    case = random_case(
        random.Random(seed), n_applications=(5, 40), n_adverts=(150, 150), n_bids=(0, 12)
    )
    if differences(case):
        pytest.fail(report(case, seconds=20))


def test_the_cases_are_worth_comparing() -> None:
    """Random cases reach every outcome, not only empty and ineligible ones."""
    sizes = {"n_applications": (5, 40), "n_adverts": (60, 60)}
    rows, of_other_versions = [], 0
    for seed in range(25, 50):
        case = random_case(random.Random(seed), **sizes)
        ranking = by_oracle(case)
        assert ranking is not None
        rows += ranking.counted
        bandless = {a["id"] for a in case.register["applications"] if a["band"] is None}
        of_other_versions += sum(
            "band" in r["unknown"] and r["application"] not in bandless for r in ranking.counted)
    reasons = {(row["decided_by"] or "first").split(":")[0] for row in rows}
    keys = {"band", "date", "points", "prefer", "bedroom_fit", "debt", "bid_time", "lottery"}
    assert reasons >= keys | {"connection", "stage", "tie", "first"}
    for outcome, share in ((True, 0.3), (False, 0.1), (None, 0.05)):
        assert sum(row["eligible"] is outcome for row in rows) > share * len(rows)
    assert {row["stage"] for row in rows} == {1, 2, 3, None}
    assert of_other_versions > 0
