"""How a history of bands gives the date that ranks, and what is reported about it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.assess import explain_date, priority_dates
from tests.assess.dates import dated, kinds, only, policy, spells_of

REGISTERED = {"p": {"registered_on": "2020-01-01"}}
SIMPLE = policy("{first: registered_on}")
RESTORE = policy("{first: registered_on, down: restore}")


def spell(band, since, **more):
    return {"band": band, "since": since, **more}


def test_by_default_up_dates_from_the_award_and_down_keeps() -> None:
    up = [spell("C", "2020-02-01"), spell("B", "2021-05-05")]
    assert only(dated(SIMPLE, spells_of(*up), REGISTERED)) == (
        "2021-05-05", "up", "B from 2021-05-05"
    )
    down = [*up, spell("D", "2022-01-01")]
    assert only(dated(SIMPLE, spells_of(*down), REGISTERED)) == (
        "2021-05-05", "up", "B from 2021-05-05"
    )


def test_a_household_without_a_history_has_its_first_date() -> None:
    assert only(dated(SIMPLE, spells_of(), REGISTERED)) == ("2020-01-01", "first", "registered_on")


def test_an_empty_register_has_no_dates() -> None:
    frame = pl.DataFrame(schema={"id": pl.String, "registered_on": pl.Date})
    result = priority_dates(frame, spells_of(), [SIMPLE], date(2025, 1, 1))
    assert result.dates.height == 0
    assert result.steps([]).height == 0


def test_applications_come_out_in_the_order_given() -> None:
    people = {i: {"registered_on": f"2020-01-0{n}"} for n, i in enumerate("bca", start=1)}
    result = dated(
        SIMPLE, spells_of(), people, today={"c": {"band": "A", "since": None}, "a": {"band": None}}
    )
    assert result.dates["application"].to_list() == ["b", "c", "a"]
    assert [only(result, i)[0] for i in "bca"] == ["2020-01-01", "2020-01-02", "2020-01-03"]


def test_whole_number_ids_serve_as_well() -> None:
    frame = pl.DataFrame({"id": [7, 3], "registered_on": [date(2020, 1, 1), date(2021, 1, 1)]})
    spells = pl.DataFrame(
        {"application": [3, 3], "band": ["B", "A"], "since": [date(2021, 1, 1), date(2022, 1, 1)]}
    )
    result = priority_dates(frame, spells, [SIMPLE], date(2025, 1, 1))
    assert result.dates["priority_date"].to_list() == [date(2020, 1, 1), date(2022, 1, 1)]


def test_without_a_policy_or_with_an_application_twice_there_is_no_answer() -> None:
    frame = pl.DataFrame({"id": ["p", "p"], "registered_on": [date(2020, 1, 1)] * 2})
    with pytest.raises(ValueError, match="twice"):
        priority_dates(frame, spells_of(), [SIMPLE], date(2025, 1, 1))
    with pytest.raises(ValueError, match="no policy"):
        priority_dates(frame, spells_of(), [], date(2025, 1, 1))


def test_the_earliest_known_of_several_first_dates_counts() -> None:
    rule = policy("first: [registered_on, presented_on]")
    people = {
        "p": {"registered_on": "2020-01-01", "presented_on": "2019-06-01"},
        "q": {"registered_on": "2020-01-01", "presented_on": None},
    }
    result = dated(rule, spells_of(), people)
    assert only(result) == ("2019-06-01", "first", "presented_on")
    assert only(result, "q") == ("2020-01-01", "first", "registered_on")


def test_a_first_date_that_is_missing_leaves_the_date_not_known_and_is_listed() -> None:
    result = dated(SIMPLE, spells_of(spell("C", "2020-02-01")), {"p": {"registered_on": None}})
    assert only(result)[0] is None
    assert result.missing.rows() == [
        ("p", "registered_on", "priority_date.first", "the date is not known")
    ]
    later = spells_of(spell("C", "2020-02-01"), spell("B", "2021-01-01"))
    known = dated(SIMPLE, later, {"p": {"registered_on": None}})
    assert only(known)[0] == "2021-01-01"
    assert known.missing.height == 0


def test_submitted_without_a_day_is_the_day_the_band_began_and_is_listed() -> None:
    rule = policy("{first: registered_on, up: submitted}")
    spells = spells_of(spell("C", "2020-02-01"), spell("B", "2021-05-05"))
    result = dated(rule, spells, REGISTERED)
    assert only(result) == ("2021-05-05", "up", "B from 2021-05-05")
    assert result.missing["column"].to_list() == ["band_history.submitted_on"]


def test_restoring_goes_back_to_the_last_time_in_the_band() -> None:
    spells = spells_of(
        spell("C", "2020-01-01"), spell("B", "2021-01-01"), spell("C", "2021-06-01"),
        spell("B", "2022-01-01"), spell("A", "2023-01-01"), spell("B", "2024-01-01"),
    )
    assert only(dated(RESTORE, spells, REGISTERED)) == ("2022-01-01", "down", "B from 2022-01-01")


def test_spells_in_one_band_in_a_row_are_no_change() -> None:
    spells = spells_of(
        spell("C", "2020-01-01"), spell("B", "2021-01-01"), spell("B", "2022-01-01"),
        spell("B", "2023-01-01"),
    )
    assert only(dated(SIMPLE, spells, REGISTERED))[0] == "2021-01-01"


def test_a_time_in_no_band_keeps_the_date_for_the_return() -> None:
    away = [spell("B", "2021-01-01"), spell(None, "2022-01-01")]
    people = {"p": {"registered_on": "2021-01-01"}}
    assert only(dated(SIMPLE, spells_of(*away), people))[0] == "2021-01-01"
    back = spells_of(*away, spell("B", "2023-01-01"))
    assert only(dated(SIMPLE, back, people))[0] == "2021-01-01"
    higher = spells_of(*away, spell("A", "2023-01-01"))
    assert only(dated(SIMPLE, higher, people))[0] == "2023-01-01"


def test_waiting_in_no_band_before_the_first_costs_nothing_unless_the_scheme_says_so() -> None:
    spells = spells_of(spell(None, "2020-01-01"), spell("B", "2020-03-01"))
    assert only(dated(SIMPLE, spells, REGISTERED))[0] == "2020-01-01"
    rule = policy("{first: registered_on, first_band: award}")
    assert only(dated(rule, spells, REGISTERED)) == (
        "2020-03-01", "first_band", "B from 2020-03-01"
    )


def test_spells_that_begin_after_as_at_are_not_yet_held() -> None:
    spells = spells_of(spell("C", "2020-01-01"), spell("A", "2026-01-01"))
    assert only(dated(SIMPLE, spells, REGISTERED))[0] == "2020-01-01"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"band": "A", "since": None}, "2025-06-01"),
        ({"band": "A", "since": "2025-04-01"}, "2025-04-01"),
        ({"band": "C", "since": None}, "2021-05-05"),
        ({"band": "B", "since": "2025-04-01"}, "2021-05-05"),
        (None, "2021-05-05"),
    ],
)
def test_the_band_found_today_is_one_more_spell_where_it_differs(found, expected) -> None:
    spells = spells_of(spell("C", "2020-01-01"), spell("B", "2021-05-05"))
    today = {} if found is None else {"p": found}
    assert only(dated(SIMPLE, spells, REGISTERED, today=today))[0] == expected


def test_an_award_older_than_the_band_held_since_is_reported_and_dates_the_band() -> None:
    spells = spells_of(spell("C", "2023-05-01"))
    result = dated(SIMPLE, spells, REGISTERED, today={"p": {"band": "B", "since": "2022-01-01"}})
    assert only(result)[0] == "2022-01-01"
    assert kinds(result) == ["award_before_last_spell"]


def test_a_date_that_an_officer_gave_stands_above_the_rules_until_the_band_changes() -> None:
    rule = policy(
        "{first: registered_on, instead: [{label: x, when: always, months_earlier: 6}]}"
    )
    history = [spell("C", "2020-01-01"), spell("B", "2024-05-05", priority_date="2022-11-11")]
    result = dated(rule, spells_of(*history), REGISTERED, outcomes={"always": [0]})
    assert only(result) == ("2022-11-11", "recorded", "B as an officer dated it")
    later = spells_of(*history, spell("A", "2025-01-01"))
    assert only(dated(SIMPLE, later, REGISTERED))[0] == "2025-01-01"


def test_restoring_finds_the_date_that_an_officer_gave() -> None:
    spells = spells_of(
        spell("C", "2020-01-01", priority_date="2019-03-03"), spell("B", "2022-01-01"),
        spell("C", "2023-01-01"),
    )
    assert only(dated(RESTORE, spells, REGISTERED))[0] == "2019-03-03"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], ("2015-01-01", "instead", "one")),
        ([1, 0], ("2016-01-01", "instead", "two")),
        ([1, 1], ("2020-01-01", "first", "registered_on")),
        ([2, 0], ("2016-01-01", "instead", "two")),
    ],
)
def test_the_first_of_instead_that_applies_counts(codes, expected) -> None:
    rule = policy(
        "{first: registered_on, instead: [{label: x, when: f, date: one},"
        " {label: y, when: g, date: two}]}"
    )
    people = {"p": {"registered_on": "2020-01-01", "one": "2015-01-01", "two": "2016-01-01"}}
    result = dated(rule, spells_of(), people, outcomes={"f": codes[:1], "g": codes[1:]})
    assert only(result) == expected
    listed = [("p", "f", "priority_date.instead.1", "taken as not met")] if codes[0] == 2 else []
    assert result.missing.rows() == listed


def test_a_date_of_instead_that_is_missing_leaves_the_date_and_is_listed() -> None:
    rule = policy("{first: registered_on, instead: [{label: x, when: f, date: one}]}")
    people = {"p": {"registered_on": "2020-01-01", "one": None}}
    result = dated(rule, spells_of(), people, outcomes={"f": [0]})
    assert only(result) == ("2020-01-01", "first", "registered_on")
    assert result.missing.rows() == [
        ("p", "one", "priority_date.instead.1", "the date stays as it was")
    ]


def test_months_earlier_ends_with_a_shorter_month() -> None:
    rule = policy("{first: registered_on, instead: [{label: x, months_earlier: 6}]}")
    result = dated(rule, spells_of(), {"p": {"registered_on": "2024-08-31"}})
    assert only(result)[0] == "2024-02-29"


def test_the_day_the_band_now_held_was_entered_counts_through_spells_in_a_row() -> None:
    rule = policy("{first: registered_on, up: keep, instead: [{label: x, take: award}]}")
    spells = spells_of(
        spell("B", "2020-01-01"), spell("A", "2021-01-01"), spell("A", "2022-01-01"),
        spell(None, "2023-01-01"), spell("A", "2024-01-01"),
    )
    assert only(dated(rule, spells, REGISTERED))[0] == "2021-01-01"


def test_a_new_policy_dates_what_began_under_it_and_the_old_one_what_began_before() -> None:
    old = policy("{first: registered_on, up: keep}", "1 2 3")
    new = policy(
        "{first: registered_on, up: award, formerly: {'1': A, '2': B, '3': C}}",
        "A B C",
        since="2022-01-01",
    )
    under_old = [spell("3", "2020-01-01"), spell("2", "2021-01-01")]
    assert only(dated([old, new], spells_of(*under_old), REGISTERED))[0] == "2020-01-01"
    renamed = [*under_old, spell("B", "2022-01-01", why="policy")]
    assert only(dated([old, new], spells_of(*renamed), REGISTERED))[0] == "2020-01-01"
    risen = spells_of(*under_old, spell("A", "2023-01-01"))
    result = dated([old, new], risen, REGISTERED)
    assert only(result)[0] == "2023-01-01"
    assert kinds(result) == []


def test_a_band_by_its_former_name_is_a_band_held_before() -> None:
    rule = policy("{first: registered_on, down: restore, formerly: {Two: B}}")
    spells = spells_of(
        spell("C", "2019-01-01"), spell("Two", "2020-01-01"), spell("A", "2021-01-01"),
        spell("B", "2022-01-01"),
    )
    assert only(dated(rule, spells, REGISTERED))[0] == "2020-01-01"


def test_a_band_that_the_scheme_has_not_is_reported_and_the_date_kept() -> None:
    spells = spells_of(spell("Gold", "2020-01-01"), spell("B", "2021-01-01"))
    result = dated(SIMPLE, spells, REGISTERED)
    assert only(result)[0] == "2020-01-01"
    assert result.contradictions.rows() == [
        ("p", "band_not_in_scheme", ["band B from 2021-01-01"], "neither higher nor lower: the date was kept")
    ]


def test_after_registering_again_from_a_new_date_earlier_ones_do_not_come_back() -> None:
    rule = policy("{first: registered_on, reregistration: award, down: restore}")
    spells = spells_of(
        spell("C", "2020-01-01"), spell("B", "2021-01-01"),
        spell("B", "2022-01-01", why="reregistration"), spell("C", "2023-01-01"),
    )
    result = dated(rule, spells, REGISTERED)
    assert only(result) == ("2022-01-01", "down", "B from 2022-01-01")


JOINED = policy("{first: registered_on, joined: earliest, down: original}")
TWO = {"p": {"registered_on": "2021-01-01"}, "q": {"registered_on": "2018-06-01"}}


def test_of_applications_joined_the_earlier_date_survives() -> None:
    rows = [
        spell("C", "2021-01-01"), spell("B", "2023-01-01", why="joined", from_application="q"),
        spell("D", "2018-06-01", application="q"), spell("C", "2022-02-02", application="q"),
    ]
    result = dated(JOINED, spells_of(*rows), TWO)
    # At the join q's date was that of its rise to C; p's was its registration, which is earlier.
    assert only(result) == ("2021-01-01", "first", "registered_on")
    # A later move down goes back to the first date of either.
    lower = dated(JOINED, spells_of(*rows, spell("D", "2024-01-01")), TWO)
    assert only(lower) == ("2018-06-01", "down", "registered_on")
    del rows[3]
    assert only(dated(JOINED, spells_of(*rows), TWO)) == ("2018-06-01", "joined", "registered_on")


def test_the_first_date_of_one_joined_serves_when_it_has_no_history() -> None:
    rows = [spell("C", "2021-01-01"), spell("C", "2023-01-01", why="joined", from_application="q")]
    assert only(dated(JOINED, spells_of(*rows), TWO))[0] == "2018-06-01"


def test_chains_of_joined_applications_are_followed() -> None:
    people = TWO | {"r": {"registered_on": "2015-01-01"}}
    rows = [
        spell("C", "2021-01-01"), spell("C", "2024-01-01", why="joined", from_application="q"),
        spell("C", "2018-06-01", application="q"),
        spell("C", "2022-01-01", application="q", why="joined", from_application="r"),
    ]
    assert only(dated(JOINED, spells_of(*rows), people))[0] == "2015-01-01"


@pytest.mark.parametrize("other", ["gone", None])
def test_one_joined_with_that_is_not_known_is_reported_and_left_out(other) -> None:
    rows = [
        spell("C", "2021-01-01"), spell("C", "2023-01-01", why="joined", from_application=other)
    ]
    result = dated(JOINED, spells_of(*rows), TWO)
    assert only(result)[0] == "2021-01-01"
    reported = [*kinds(result), *result.missing["column"]]
    assert reported == ["other_application_not_known" if other else "from_application"]


SPLIT = policy("{first: registered_on, split: keep, down: restore}")


def test_one_split_off_goes_on_with_the_history_of_the_one_it_came_from() -> None:
    people = {"p": {"registered_on": "2024-01-01"}, "q": {"registered_on": "2018-06-01"}}
    rows = [
        spell("C", "2018-06-01", application="q"), spell("B", "2020-02-02", application="q"),
        spell("A", "2024-06-06", application="q"),
        spell("B", "2024-01-01", why="split", from_application="q"),
        spell("C", "2024-03-03"),
    ]
    result = dated(SPLIT, spells_of(*rows), people)
    assert only(result) == ("2018-06-01", "down", "registered_on")
    assert only(result, "q")[0] == "2024-06-06"
    steps = result.steps(["p"])
    assert steps["inherited"].to_list() == [True, True, False, False]
    fresh = policy("{first: registered_on, split: award, down: keep}")
    assert only(dated(fresh, spells_of(*rows), people)) == (
        "2024-01-01", "split", "B from 2024-01-01"
    )


def test_applications_said_to_come_from_each_other_are_reported() -> None:
    rows = [
        spell("B", "2024-01-01", why="split", from_application="q"),
        spell("C", "2024-01-01", why="split", from_application="p", application="q"),
    ]
    result = dated(SPLIT, spells_of(*rows), TWO)
    assert kinds(result) == ["other_application_not_known"] * 2
    assert only(result)[0] == "2021-01-01"


@pytest.mark.parametrize(
    ("kind", "rows", "named", "expected"),
    [
        ("overlap", [spell("C", "2020-01-01", until="2021-06-01"), spell("B", "2021-01-01")],
         [0, 1], "2021-01-01"),
        ("gap", [spell("C", "2020-01-01", until="2020-06-01"), spell("B", "2021-01-01")],
         [0, 1], "2021-01-01"),
        ("open_twice", [spell("D", "2020-01-01", until="2020-02-01"), spell("C", "2020-02-01"),
                        spell("B", "2021-01-01")], [1, 2], "2021-01-01"),
        ("same_day", [spell("B", "2020-01-01"), spell("C", "2020-01-01")], [0, 1], "2020-01-01"),
        ("history_ended", [spell("C", "2020-01-01", until="2024-01-01")], [0], "2020-01-01"),
        ("spell_without_a_day", [spell("C", "2020-01-01"),
                                 spell("A", "2021-01-01", until="2021-01-01")], [1], "2020-01-01"),
        ("reason_not_known", [spell("C", "2020-01-01"), spell("B", "2021-01-01", why="moved")],
         [1], "2021-01-01"),
        ("submitted_after_award", [spell("C", "2020-01-01"),
                                   spell("B", "2021-01-01", submitted_on="2021-02-01")],
         [1], "2021-01-01"),
        ("band_before_registration", [spell("C", "2019-01-01")], [0], "2020-01-01"),
    ],
)
def test_what_does_not_fit_together_is_reported_with_what_is_assumed(
    kind, rows, named, expected
) -> None:
    result = dated(SIMPLE, spells_of(*rows), REGISTERED)
    (line,) = result.contradictions.to_dicts()
    spells = [f"band {rows[at]['band']} from {rows[at]['since']}" for at in named]
    assert (line["application"], line["kind"], line["rows"]) == ("p", kind, spells)
    assert line["assumption"]
    assert only(result)[0] == expected


def test_spells_are_named_by_band_and_first_day_in_whatever_order_they_come() -> None:
    rows = [spell(None, None, until="2020-03-01"), spell("C", "2020-01-01", until="2020-06-01"),
            spell("B", "2021-01-01")]
    for given in (rows, rows[::-1]):
        assert dated(SIMPLE, spells_of(*given), REGISTERED).contradictions["rows"].to_list() == [
            ["band C from 2020-01-01", "band B from 2021-01-01"],
            ["no band from the start", "band C from 2020-01-01"]]


def test_a_register_that_keeps_no_ends_reports_no_spell_as_open_twice() -> None:
    spells = spells_of(spell("C", "2020-01-01"), spell("B", "2021-01-01"))
    assert kinds(dated(SIMPLE, spells, REGISTERED)) == []
    assert kinds(dated(SIMPLE, spells.drop("until"), REGISTERED)) == []


def test_a_history_that_ended_before_another_band_was_found_is_no_contradiction() -> None:
    spells = spells_of(spell("C", "2020-01-01", until="2024-01-01"))
    for found in ({"band": "B"}, {"band": None}):
        assert kinds(dated(SIMPLE, spells, REGISTERED, today={"p": found})) == []


def test_of_two_that_began_on_one_day_the_one_that_lasted_longer_is_the_later() -> None:
    rows = [spell("A", "2021-01-01", until="2021-02-01"), spell("C", "2021-01-01")]
    result = dated(RESTORE, spells_of(spell("C", "2020-01-01", until="2021-01-01"), *rows),
                   REGISTERED)
    assert only(result) == ("2020-01-01", "down", "registered_on")


def test_steps_tell_each_spell_and_what_stands_instead() -> None:
    rule = policy(
        "{first: registered_on, down: restore, instead: [{label: Forces, months_earlier: 6}]}"
    )
    spells = spells_of(spell("C", "2020-01-01"), spell("B", "2021-01-01"), spell("D", "2022-01-01"))
    result = dated(rule, spells, REGISTERED)
    steps = result.steps(["p", "nobody"])
    assert steps.select("step", "rule", "action", "event").rows() == [
        (1, "first", None, "registered_on"),
        (2, "up", "award", "B from 2021-01-01"),
        (3, "down", "original", "registered_on"),
        (4, "instead", "months_earlier", "registered_on, 6 months earlier"),
    ]


def test_the_date_is_explained_in_words() -> None:
    spells = spells_of(
        spell(None, "2020-01-01"), spell("C", "2020-03-01"), spell("B", "2021-01-01"),
        spell("C", "2022-01-01"), spell("C", "2023-01-01"),
        spell("A", "2024-01-01", priority_date="2023-06-06"),
    )
    result = dated(RESTORE, spells, REGISTERED)
    assert explain_date(result.steps(["p"]), {"registered_on": "day it joined the register"}) == [
        "No band from 1 January 2020: the first date, 1 January 2020 (day it joined the register).",
        "Band C from 1 March 2020: placed in a band for the first time, the date stays 1 January 2020.",
        "Band B from 1 January 2021: moved up, dated from the day it was awarded, 1 January 2021.",
        "Band C from 1 January 2022: moved down, the date that applied when last in this band, "
        "1 January 2020 (day it joined the register).",
        "Band C from 1 January 2023: no change, the date stays 1 January 2020.",
        "Band A from 1 January 2024: an officer dated it 6 June 2023.",
        "The priority date is 6 June 2023: A as an officer dated it.",
    ]
    bare = dated(SIMPLE, spells_of(), {"p": {"registered_on": None}})
    assert explain_date(bare.steps(["p"])) == [
        "On the register: the first date, not known (registered_on).",
        "The priority date is not known: registered_on is missing.",
    ]
    assert explain_date(bare.steps(["nobody"])) == []


@pytest.mark.parametrize(("better_until", "began"), [
    (None, "2025-06-01"), ("2025-04-30", "2025-04-30"), ("2024-04-30", "2025-06-01")])
def test_a_fall_to_a_band_of_an_older_award_begins_when_the_better_one_ended(
    better_until, began
) -> None:
    """On a day after the last spell began; as at, where that day is not known."""
    spells = spells_of(spell("C", "2020-01-01"), spell("B", "2022-03-01"), spell("A", "2025-01-30"))
    today = {"p": {"band": "B", "since": "2022-03-01", "better_until": better_until}}
    result = dated(policy("{first: registered_on, down: award}"), spells, REGISTERED, today=today)
    assert (only(result)[0], kinds(result)) == (began, [])


def test_a_band_found_today_by_its_new_name_is_compared_where_its_award_is_older_than_the_name() -> None:
    old = policy("{first: registered_on, down: restore}", "1 2 3")
    new = policy("{first: registered_on, down: restore, formerly: {'1': A, '2': B, '3': C}}", "A B C",
                 since="2026-03-01")
    spells = spells_of(spell("3", "2020-01-01"), spell("2", "2021-06-15"), spell("1", "2025-03-31"))
    result = dated([old, new], spells, REGISTERED, today={"p": {"band": "B", "since": "2025-03-31"}},
                   as_at=date(2026, 3, 1))
    assert (only(result)[0], kinds(result)) == ("2021-06-15", [])
    # The same where the supplier writes the whole history in the new names.
    spells = spells_of(spell("C", "2020-01-01"), spell("B", "2021-06-15"), spell("A", "2025-03-31"))
    result = dated([old, new], spells, REGISTERED, as_at=date(2026, 3, 1))
    assert (only(result)[0], kinds(result)) == ("2025-03-31", [])
