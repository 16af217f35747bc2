"""Differences as people say them."""

from __future__ import annotations

import re

import pytest

from cbl_engine.compare.says import SAYS, change, level, sentence
from cbl_engine.simulate.summary import BY_NAME


def _row(kpi, low, high, group="all", base=50.0, worlds=10, left_out=0):
    return {"kpi": kpi, "group": group, "unit": BY_NAME[kpi].unit, "base": base,
            "mean": (low + high) / 2, "low": low, "high": high, "worlds": worlds,
            "left_out": left_out}


@pytest.mark.parametrize(("row", "said"), [
    (_row("lettings", -20, -12, "band C", 90),
     "12 to 20 fewer homes to households in band C are let a year (base 90)."),
    (_row("lettings", 3, 5.2, "2 bedrooms"),
     "3.0 to 5.2 more homes with 2 bedrooms are let a year (base 50.0)."),
    (_row("void_days", -9, -6, "tenancy, mean"),
     "Homes stand empty 6.0 to 9.0 days less from one tenancy to the next, mean (base 50.0)."),
    (_row("rent_lost", -58_092, -39_132, base=232_335.4),
     "£39,000 to £58,000 less rent is lost a year on empty homes (base £232,000)."),
    (_row("housed_within_year", 0.02, 0.05, "band A", 0.4),
     "The share of households in band A housed within a year of joining rises by 2.0 to 5.0 points "
     "(base 40.0%)."),
    (_row("wait_quarter", 1, 3, "opening, band B", worlds=7, left_out=3),
     "A quarter of those on the register at the start, band B are housed 1.0 to 3.0 months later, "
     "those who still wait counted (base 50.0; told by 7 of 10 worlds)."),
    (_row("ta_households", -2, -2), "About 2.00 fewer households are in temporary accommodation at "
     "the end (base 50.0)."),
])
def test_a_difference_is_said_with_both_ends_and_the_base(row, said):
    assert sentence(row) == said


@pytest.mark.parametrize("kpi", BY_NAME)
def test_every_figure_can_be_said_both_ways(kpi):
    up, down = (sentence(_row(kpi, *ends)) for ends in ((1, 2), (-2, -1)))
    assert up != down
    assert not re.search(r"[\[\]{}|]", up + down)
    assert kpi in SAYS


def test_a_table_has_signs_and_no_sign_on_nought():
    assert change(_row("ta_net", -7_300, 2_100)) == ("-£3,000", "-£7,000 to +£2,000")
    assert change(_row("lettings", -4, 4)) == ("0", "-4 to +4")
    assert change(_row("lettings", 0, 0)) == ("0", "")
    assert change(_row("adverts_unlet", 0.01, 0.03)) == ("+2.0 points", "+1.0 to +3.0")


def test_a_table_says_in_how_many_worlds_a_figure_is_where_some_have_none():
    few = {"worlds": 5, "left_out": 15}
    assert change(_row("adapted_to_need", -1, 0.7, **few)) == ("-20 points", "-100 to +70 in 5 of 20 worlds")
    assert change(_row("adapted_to_need", 0, 0, **few)) == ("0", "in 5 of 20 worlds")


def test_levels_of_money_and_shares_say_so():
    assert level("ta_saving", -1234.5) == "-£1,234"
    assert level("adverts_unlet", 0.0289) == "2.89%"
    assert level("lettings", None) == "–"
