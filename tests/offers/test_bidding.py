"""Which bids count, rule by rule."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.offers.bidding import bids_that_count, judge_bids
from cbl_engine.offers.criteria import Judge
from cbl_engine.shortlist import prepare, shortlist
from tests.offers.small_bidding import (
    LATER,
    advert,
    at,
    bid,
    in_order,
    judge_of,
    rules,
    text_of,
)
from tests.shortlist.small import applications_of, frame, scheme_of

NOTHING = "  caps: {}\n"
TWO = "  caps: {two: {label: x, bids: 2, per: cycle}}\n"
LIVE = "  caps: {one: {label: x, bids: 1, per: live}}\n"
MAY_6 = date(2024, 5, 6)


def test_without_rules_every_bid_counts():
    assert rules(NOTHING, [advert("a")], [bid("a", 1), bid("a", 2)]) == [None, None]


def test_a_scheme_that_says_nothing_of_bidding_binds_nobody():
    given = frame("adverts", [advert("a")])
    scheme = scheme_of(text_of(NOTHING).partition("bidding:")[0])
    judge = Judge(scheme, {"applications": applications_of({"p": {}})}, given)
    found = judge_bids(judge, given, frame("bids", [bid("a", 1)]), {}, until=date(2024, 6, 1))
    assert found["rule"].to_list() == [None]


def test_no_bids_give_no_rows():
    assert rules(TWO, [advert("a")], []) == []


def test_a_bid_before_the_opening_or_after_the_close_is_closed():
    adverts = [advert("a", opens_at=at(1))]
    bids = [bid("a", 1), bid("a", 1.5), bid("a", 6.5), bid("a", 6.6)]
    assert rules(NOTHING, adverts, bids) == ["closed", None, None, "closed"]


def test_bids_on_drafts_and_withdrawn_adverts_count_nowhere():
    adverts = [advert("a", status="draft"), advert("b", status="withdrawn"), advert("c"), advert("d")]
    bids = [bid("a", 1), bid("b", 2), bid("c", 3), bid("d", 4)]
    assert rules(TWO, adverts, bids) == ["advert_draft", "advert_withdrawn", None, None]


def test_an_advert_that_the_record_says_is_withdrawn_is_withdrawn():
    states = [{"advert": "a", "status": "withdrawn"}]
    assert rules(NOTHING, [advert("a")], [bid("a", 1)], advert_states=states) == ["advert_withdrawn"]


def test_a_bid_placed_before_the_advert_was_put_right_is_void():
    adverts = [advert("a", corrected_at=at(2))]
    assert rules(NOTHING, adverts, [bid("a", 1), bid("a", 2.5), bid("a", 3)]) == ["void", None, None]


def test_a_void_bid_frees_its_place_when_the_advert_is_put_right():
    adverts = [advert("a", corrected_at=at(3)), advert("b"), advert("c"), advert("d")]
    bids = [bid("a", 1), bid("b", 2), bid("c", 3), bid("d", 4)]
    assert rules(TWO, adverts, bids) == ["void", None, "two", None]
    spent = TWO.replace("per: cycle", "per: cycle, withdrawn: spent")
    assert rules(spent, adverts, bids) == ["void", None, "two", None]


def test_a_bid_placed_after_the_advert_was_put_right_takes_a_place():
    adverts = [advert("a", corrected_at=at(0)), advert("b"), advert("c")]
    assert rules(TWO, adverts, [bid("a", 1), bid("b", 2), bid("c", 3)]) == [None, None, "two"]


def test_a_bid_withdrawn_after_the_close_stood_at_the_close():
    bids = [bid("a", 1, withdrawn_at=at(6)), bid("b", 1, withdrawn_at=at(6, 12.1))]
    assert rules(NOTHING, [advert("a"), advert("b")], bids) == ["withdrawn", None]


def test_the_window_is_by_londons_clock():
    window = "  window: {label: x, opens: {day: tuesday, time: '09:00'}, closes: {day: friday, time: '09:00'}}\n"
    adverts = [advert("a", closes=20)]
    bids = [bid("a", 1 + 8.99 / 24), bid("a", 1 + 9 / 24), bid("a", 4 + 9.01 / 24), bid("a", 4.4)]
    assert rules(window, adverts, bids) == ["window", None, None, "window"]


def test_the_engines_own_bids_are_not_asked_for_the_window():
    window = "  window: {label: x, opens: {day: tuesday, time: '09:00'}, closes: {day: friday, time: '09:00'}}\n"
    bids = [bid("a", 6.5, placed_by="automatic"), bid("b", 6.5, placed_by="officer")]
    assert rules(window, [advert("a"), advert("b")], bids) == [None, "window"]


def test_a_cap_of_a_cycle_counts_adverts_that_close_in_the_same_cycle():
    adverts = [advert("a"), advert("b"), advert("c"), advert("next", closes=8)]
    bids = [bid("a", 1), bid("b", 2), bid("next", 3), bid("c", 4)]
    assert rules(TWO, adverts, bids) == [None, None, None, "two"]


def test_another_bid_on_the_same_advert_takes_no_further_place():
    adverts = [advert("a"), advert("b")]
    bids = [bid("a", 1), bid("a", 2), bid("b", 3), bid("a", 4)]
    assert rules(TWO, adverts, bids) == [None, None, None, None]


def test_a_bid_that_is_withdrawn_may_be_placed_elsewhere():
    adverts = [advert("a"), advert("b"), advert("c")]
    bids = [bid("a", 1, withdrawn_at=at(2, 0)), bid("b", 1.5), bid("c", 2)]
    assert rules(TWO, adverts, bids) == ["withdrawn", None, None]
    bids[2] = bid("c", 1.9)
    assert rules(TWO, adverts, bids) == ["withdrawn", None, "two"]


def test_a_bid_that_is_withdrawn_is_spent_where_the_scheme_says_so():
    spent = "  caps: {two: {label: x, bids: 2, per: cycle, withdrawn: spent}}\n"
    adverts = [advert("a"), advert("b"), advert("c")]
    bids = [bid("a", 1, withdrawn_at=at(1, 13)), bid("b", 2), bid("c", 3), bid("a", 4)]
    assert rules(spent, adverts, bids) == ["withdrawn", None, "two", None]


def test_a_live_bid_stands_until_it_is_withdrawn_or_its_advert_closes():
    adverts = [advert("a", closes=2), advert("b", closes=9), advert("c", closes=9), advert("d", 9)]
    bids = [bid("a", 1), bid("b", 2), bid("c", 3, withdrawn_at=at(4)), bid("d", 4), bid("b", 5)]
    assert rules(LIVE, adverts, bids) == [None, "one", "withdrawn", "one", None]


def test_a_bid_stands_up_to_the_last_moment_of_its_advert():
    adverts = [advert("a", closes=2), advert("b", closes=9)]
    assert rules(LIVE, adverts, [bid("a", 1), bid("b", 2.5)]) == [None, "one"]


def test_a_bid_set_aside_takes_no_place():
    adverts = [advert("a"), advert("b"), advert("c", opens_at=at(5)), advert("d")]
    bids = [bid("c", 1), bid("a", 2), bid("b", 3), bid("d", 4)]
    assert rules(TWO, adverts, bids) == ["closed", None, None, "two"]


def test_a_cap_binds_those_who_meet_its_criterion():
    cap = "  caps: {one: {label: x, bids: 1, per: cycle, when: ask}}\n"
    bids = [bid(a, n, who) for n, who in enumerate("pqr") for a in ("a", "b")]
    households = {"p": {"in_debt": True}, "q": {"in_debt": False}, "r": {"in_debt": None}}
    found = rules(cap, [advert("a"), advert("b")], bids, households)
    assert found == [None, "one", None, None, None, None]


def test_of_several_caps_the_first_that_is_full_is_the_reason():
    caps = ("  caps:\n    three: {label: x, bids: 3, per: cycle}\n"
            "    one: {label: x, bids: 1, per: live}\n")
    adverts = [advert("a"), advert("b"), advert("c"), advert("d")]
    bids = [bid("a", 1), bid("b", 2), bid("c", 3), bid("d", 4)]
    assert rules(caps, adverts, bids) == [None, "one", "one", "one"]


def test_one_bid_for_a_group_of_homes_takes_one_place():
    adverts = [advert("block", home_group="g"), advert("a"), advert("b")]
    bids = [bid("block", 1), bid("a", 2), bid("b", 3)]
    assert rules(TWO, adverts, bids) == [None, None, "two"]


def test_bids_of_one_moment_are_taken_by_advert():
    adverts = [advert("a"), advert("b"), advert("c")]
    assert rules(TWO, adverts, [bid("c", 1), bid("b", 1), bid("a", 1)]) == ["two", None, None]


@pytest.mark.parametrize(
    ("bids", "by_applicant", "by_officer"),
    [("own", None, None), ("automatic", None, None), ("council", "first", None),
     ("none", "first", "first")],
)
def test_how_a_household_bids(bids: str, by_applicant: str | None, by_officer: str | None):
    choice = f"  choice: {{first: {{label: x, bids: {bids}}}, second: {{label: x, bids: none}}}}\n"
    choice += "  automatic: {label: x}\n"
    placed = [bid("a", 1), bid("a", 2, placed_by="officer")]
    assert rules(choice, [advert("a")], placed) == [by_applicant, by_officer]


def test_the_first_choice_that_applies_is_the_households():
    choice = ("  choice:\n    debtors: {label: x, when: ask, bids: none}\n"
              "    locals: {label: x, when: local, bids: council}\n")
    households = {
        "p": {"in_debt": True, "local": True}, "q": {"in_debt": None, "local": True},
        "r": {"in_debt": False, "local": False},
    }
    placed = [bid("a", 1, who) for who in households]
    assert rules(choice, [advert("a")], placed, households) == ["debtors", "locals", None]


def test_restricted_bidding_is_for_the_homes_that_meet_the_criterion():
    choice = "  choice: {only_fitting: {label: x, bids: own, only: fits}}\n"
    adverts = [advert("one"), advert("two", bedrooms=2)]
    assert rules(choice, adverts, [bid("one", 1), bid("two", 1)]) == [None, "only_fitting"]


def test_a_consequence_counts_on_the_days_it_is_in_force():
    barred = [{"application": "p", "consequence": "barred", "since": date(2024, 5, 7),
               "until": date(2024, 5, 9), "may_not_bid": True}]
    placed = [bid("a", day) for day in (0.9, 1, 2.9, 3)] + [bid("a", 1, "q")]
    households = {"p": {}, "q": {}}
    found = rules(NOTHING, [advert("a")], placed, households, consequences=barred)
    assert found == [None, "barred", "barred", None, None]


def test_while_only_the_council_bids_an_officers_bid_counts():
    led = [{"application": "p", "consequence": "led", "since": MAY_6, "council_bids": True}]
    placed = [bid("a", 1), bid("a", 2, placed_by="officer")]
    assert rules(NOTHING, [advert("a")], placed, consequences=led) == ["led", None]


FIRST = "  frozen: {leading: {label: x, while: first, may_not: bid}}\n"
LIST = {
    "advert_states": [{"advert": "old", "closed_on": date(2024, 5, 9), "homes": 1}],
    "shortlisted": [
        {"advert": "old", "application": "p", "position": 1, "tie_group": 1},
        {"advert": "old", "application": "q", "position": 2, "tie_group": 1},
        {"advert": "old", "application": "r", "position": 3},
    ],
}
THREE = {"p": {}, "q": {}, "r": {}}


def test_who_stood_first_may_not_bid_from_the_next_cycle_on():
    adverts = [advert("old", closes=3), advert("a", closes=20)]
    placed = [bid("a", 6.9), bid("a", 7), bid("a", 7, "q"), bid("a", 7, "r")]
    assert rules(FIRST, adverts, placed, THREE, **LIST) == [None, "leading", "leading", None]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("passed_over", {"application": "p", "on": date(2024, 5, 15)}),
        ("offers", {"id": "o", "application": "p", "ended_on": date(2024, 5, 15)}),
        ("lettings", {"id": "o", "application": "q", "signed_on": date(2024, 5, 15)}),
    ],
)
def test_who_stood_first_may_bid_again_when_it_is_settled(table: str, row: dict):
    adverts = [advert("old", closes=3), advert("a", closes=20)]
    record = {**LIST, table: [{"advert": "old", **row}]}
    placed = [bid("a", 8.9), bid("a", 9)]
    assert rules(FIRST, adverts, placed, THREE, **record) == ["leading", None]


def test_who_was_passed_over_for_a_while_is_considered_again_after_it():
    adverts = [advert("old", closes=3), advert("a", closes=20)]
    passed = [{"advert": "old", "application": "p", "on": date(2024, 5, 14),
               "until": date(2024, 5, 16)}]
    placed = [bid("a", day) for day in (7, 8, 9.9, 10)]
    found = rules(FIRST, adverts, placed, THREE, **LIST, passed_over=passed)
    assert found == ["leading", None, None, "leading"]


def test_an_advert_that_was_withdrawn_freezes_nobody():
    adverts = [advert("old", closes=3), advert("a", closes=20)]
    states = [LIST["advert_states"][0] | {"status": "withdrawn"}]
    record = {**LIST, "advert_states": states}
    assert rules(FIRST, adverts, [bid("a", 8)], THREE, **record) == [None]


@pytest.mark.parametrize(
    ("step", "expected"),
    [("invited", [None, "busy", "busy", "busy", None]), ("offered", [None, None, "busy", "busy", None]),
     ("accepted", [None, None, None, "busy", None])],
)
def test_who_is_under_offer_may_not_bid_from_a_step_on(step: str, expected: list):
    offers = [{"id": "o", "application": "p", "invited_on": date(2024, 5, 7),
               "offered_on": date(2024, 5, 8), "answered_on": date(2024, 5, 9),
               "ended_on": date(2024, 5, 10)}]
    rule = f"  frozen: {{busy: {{label: x, while: {step}, may_not: bid}}}}\n"
    placed = [bid("a", day) for day in range(5)]
    assert rules(rule, [advert("a")], placed, offers=offers) == expected


def test_an_offer_that_is_let_freezes_until_it_is_signed():
    offers = [{"id": "o", "application": "p", "offered_on": MAY_6}]
    lettings = [{"id": "o", "application": "p", "signed_on": date(2024, 5, 8)}]
    rule = "  frozen: {busy: {label: x, while: offered, may_not: be_listed}}\n"
    placed = [bid("a", day) for day in (1, 2)]
    found = rules(rule, [advert("a")], placed, offers=offers, lettings=lettings)
    assert found == ["busy", None]


def test_the_first_rule_that_is_broken_names_the_reason():
    text = (
        "  window: {label: x, opens: {day: monday, time: '00:00'}, closes: {day: tuesday, time: '00:00'}}\n"
        "  choice: {never: {label: x, bids: none}}\n"
    )
    barred = [{"application": "p", "consequence": "barred", "since": MAY_6, "may_not_bid": True}]
    placed = [bid("a", 0), bid("a", 3)]
    assert rules(text, [advert("a")], placed, consequences=barred) == ["never", "window"]


def test_what_comes_after_the_day_is_not_looked_at():
    judge = judge_of(TWO, [advert("a", corrected_at=at(3))])
    placed = [bid("a", 1, withdrawn_at=at(4)), bid("a", 2)]
    found = judge_bids(
        judge, judge.given_adverts, frame("bids", placed), {}, until=date(2024, 5, 7)
    )
    assert found.select("placed_at", "rule").rows() == [(placed[0]["placed_at"], None)]


def test_among_some_adverts_the_verdicts_are_the_same():
    adverts = [advert("a"), advert("b"), advert("c")]
    placed = [bid("a", 1), bid("b", 2), bid("c", 3), bid("a", 1, "q"), bid("c", 2, "q")]
    judge = judge_of(TWO, adverts, {"p": {}, "q": {}})
    given = judge.given_adverts, frame("bids", placed)
    everything = judge_bids(judge, *given, {}, until=date(2024, 6, 1))
    some = judge_bids(judge, *given, {}, until=date(2024, 6, 1), among=["c"])
    assert some.equals(everything.filter(advert="c"))
    assert some["rule"].to_list() == ["two", None]


def test_each_bid_is_judged_by_the_scheme_of_its_day():
    from dataclasses import replace

    judge = judge_of(TWO, [advert("a"), advert("b"), advert("c")])
    (old,) = judge.scheme.versions
    cap = old.bidding.caps["two"].model_copy(update={"bids": 1})
    new_rules = old.bidding.model_copy(update={"caps": {"one": cap}})
    day = date(2024, 5, 9)
    until, from_ = (
        old.in_force.model_copy(update=update) for update in ({"until": day}, {"from_": day})
    )
    versions = (
        old.model_copy(update={"in_force": until}),
        old.model_copy(update={"in_force": from_, "bidding": new_rules}),
    )
    judge.scheme = replace(judge.scheme, versions=versions)
    placed = [bid("a", 1), bid("b", 2), bid("c", 3)]
    found = judge_bids(
        judge, judge.given_adverts, frame("bids", placed), {}, until=date(2024, 6, 1)
    )
    assert in_order(found, placed) == [None, None, "one"]


def test_a_bid_for_an_advert_that_is_not_there_is_refused():
    with pytest.raises(TableError, match="not there"):
        rules(NOTHING, [advert("a")], [bid("b", 1)])


def test_first_come_first_served_is_the_order_of_the_bids_that_count():
    households = {who: {"local": True, "bedroom_need": 1} for who in "pqr"}
    text = text_of(TWO, keys=("bid_time: first",))
    given = frame("adverts", [advert(name) for name in "abc"])
    register = {"applications": applications_of(households)}
    placed = frame("bids", [
        bid("a", 1, "p"), bid("b", 1.1, "p"), bid("c", 1.2, "p"),
        bid("c", 2, "q", withdrawn_at=at(3)), bid("c", 4, "q"), bid("c", 3.5, "r"), bid("c", 5, "r"),
    ])
    judge = Judge(scheme_of(text), register, given)
    verdicts = judge_bids(judge, given, placed, {}, until=date(2024, 6, 1))
    result = shortlist(
        prepare(scheme_of(text), register, "close"), given, bids_that_count(placed, verdicts)
    )
    on_c = result.frame().filter(advert="c")
    assert on_c.select("application", "position").rows() == [("r", 1), ("q", 2)]
    assert set(result.set_aside["reason"]) == {"superseded"}


@pytest.mark.parametrize(("until", "given"), [
    (at(3), "datetime.datetime"), ("2024-06-01", "'2024-06-01'"), (None, "None"),
])
def test_a_last_day_that_is_no_date_is_refused(until, given):
    with pytest.raises(TableError, match=f"until: the last day is not a date; given {given}"):
        rules(NOTHING, [advert("a")], [bid("a", 1)], until=until)


def test_moments_without_a_time_zone_and_adverts_in_no_list_are_told_of_together():
    judge = judge_of(NOTHING, [advert("a")])
    bids = frame("bids", [bid("a", 1)])
    naive = [frame.with_columns(pl.col(column).dt.replace_time_zone(None))
             for frame, column in ((judge.given_adverts, "closes_at"), (bids, "placed_at"))]
    with pytest.raises(TableError) as caught:
        judge_bids(judge, *naive, {}, until=date(2024, 6, 1), among="a")
    assert [p.where for p in caught.value.problems] == ["adverts.closes_at", "bids.placed_at", "among"]


def judged_with(adverts: pl.DataFrame, bids: pl.DataFrame, **more) -> pl.DataFrame:
    judge = judge_of(NOTHING, [advert("a")])
    return judge_bids(judge, adverts, bids, {}, until=LATER, **more)


@pytest.mark.parametrize(("table", "column", "words"), [
    ("adverts", "id", "an advert has no id"),
    ("adverts", "closes_at", "an advert has no closes_at; 1 in all: b"),
    ("adverts", "status", "an advert has no status; 1 in all: b"),
    ("bids", "advert", "a bid has no advert; 1 in all: q"),
    ("bids", "application", "a bid has no application"),
    ("bids", "placed_at", "a bid has no placed_at; 1 in all: q"),
])
def test_an_empty_cell_where_none_may_be_is_refused_and_no_bid_left_out(table, column, words):
    given = {"adverts": frame("adverts", [advert("a"), advert("b")]),
             "bids": frame("bids", [bid("a", 1), bid("a", 1, "q")])}
    assert judged_with(**given).height == 2
    first = pl.int_range(pl.len()) == 0
    given[table] = given[table].with_columns(pl.when(first).then(pl.col(column)).alias(column))
    with pytest.raises(TableError) as caught:
        judged_with(**given)
    assert str(caught.value).split(". ")[0] == f"{table}.{column}: {words}"


def test_an_advert_given_twice_is_refused():
    adverts = frame("adverts", [advert("a"), advert("b"), advert("a", closes=3)])
    line = r"adverts.id: an advert is given more than once; 1 in all: a"
    with pytest.raises(TableError, match=line):
        judged_with(adverts, frame("bids", [bid("a", 1)]))


@pytest.mark.parametrize("column", ["advert", "application"])
def test_ids_of_bids_of_another_kind_than_those_they_name_are_refused(column: str):
    bids = frame("bids", [bid("a", 1)]).with_columns(pl.lit(1).alias(column))
    line = rf"bids.{column}: ids of bids are whole numbers where {column}s have text"
    with pytest.raises(TableError, match=line):
        judged_with(frame("adverts", [advert("a")]), bids)


@pytest.mark.parametrize("among", [["x"], [1], [None], ["a", "x"]])
def test_an_advert_meant_that_is_not_there_is_refused(among: list):
    with pytest.raises(TableError, match=r"among: there is no such advert; 1 in all: (x|1|None)$"):
        judged_with(frame("adverts", [advert("a")]), frame("bids", [bid("a", 1)]), among=among)
