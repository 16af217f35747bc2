"""Whose life it is: ages as people count them."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import polars as pl

from cbl_engine.simulate.groups import whose
from cbl_engine.tables.days import day_number


class _Lives(SimpleNamespace):
    def __len__(self):
        return len(self.born)


def test_ages_are_those_of_birthdays_and_a_child_is_one_until_the_eighteenth():
    births = [date(2001, 4, 6), date(1961, 4, 6), date(2008, 4, 6), date(2008, 4, 7), None]
    people = pl.DataFrame({
        "life": [0, 1, 2, 3, 4, 0, 1], "day": pl.Series([None] * 7, dtype=pl.Int32),
        "date_of_birth": [*births, date(2008, 4, 6), date(2008, 4, 7)],
        "relationship": ["applicant"] * 5 + ["child"] * 2})
    lives = _Lives(
        born=np.array([0 if b is None else day_number(b) for b in births], np.int32), opening=5,
        tables={"people": people, "applications": pl.DataFrame({"id": list("abcde")})},
        read_as=pl.Series(list("abcde")))
    found = whose(lives, day_number(date(2026, 4, 6)))
    assert found["applicant_age"].to_list() == [25, 65, 18, 17, None]
    assert found["with_children"].to_list() == [False, True, False, False, False]
