"""Weeks under shipped schemes: the contract holds, and every state is sound."""

from __future__ import annotations

import pytest

from tests.offers.weeks.shipped import wrong


@pytest.mark.parametrize("scheme", ["bexley", "home_link", "sheffield", "tonbridge_malling"])
def test_weeks_under_a_shipped_scheme_keep_the_contract(scheme: str, tmp_path) -> None:
    assert wrong(scheme, tmp_path) == []
