"""Arguments that cannot be used are all told of at once."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from cbl_engine.errors import BadInput
from cbl_engine.sample import sample_borough


@pytest.mark.parametrize(
    "options",
    [
        {"households": 0},
        {"households": -5},
        {"households": 10**9},
        {"households": 2.5},
        {"households": True},
        {"households": None},
        {"adverts": -1},
        {"adverts": 10**8},
        {"seed": 2**64},
        {"seed": "1"},
        {"mean_bids": -1.0},
        {"mean_bids": float("nan")},
        {"mean_bids": 2001},
        {"mean_bids": "many"},
        {"households": 5_000_000, "adverts": 500_000, "mean_bids": 1000},
        {"bands": ()},
        {"bands": "ABC"},
        {"bands": ("A", "A")},
        {"bands": ("A", "")},
        {"bands": (1, 2)},
        {"close_on": "2026-03-03"},
        {"close_on": datetime(2026, 3, 3)},
        {"close_on": date(1066, 10, 14)},
        {"closing_days": 0},
        {"window_days": 0},
        {"window_days": 400},
        {"authority_type": "atlantis"},
        {"profiles": ("a", "a")},
        {"profiles": ("a", "b"), "profile_weights": (1,)},
        {"profiles": ("a", "b"), "profile_weights": (1, -1)},
        {"profile_weights": (1,)},
        {"wards": 0},
        {"parishes": -1},
        {"district": " "},
    ],
)
def test_bad_arguments_are_bad_input(options):
    with pytest.raises(BadInput) as caught:
        sample_borough(**options)
    problem = caught.value.problems[0]
    assert problem.where in options
    assert problem.allowed
    assert caught.value.exit_code == 2


def test_every_bad_argument_is_told():
    with pytest.raises(BadInput) as caught:
        sample_borough(0, -1, authority_type="atlantis")
    assert [p.where for p in caught.value.problems] == ["households", "adverts", "authority_type"]


def test_an_unknown_argument_is_a_type_error():
    with pytest.raises(TypeError):
        sample_borough(towns=3)
