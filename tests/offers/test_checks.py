"""Checks: which are asked, which result decides, and what is told to whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cbl_engine.offers.checks import (
    NEUTRAL,
    ask_checks,
    checks_due,
    first_stop,
    held_by_officers,
    told,
    told_reason,
)
from cbl_engine.offers.criteria import Judge
from tests.shortlist.small import adverts_of, applications_of, frame, order, scheme_of

DAY = date(2024, 6, 3)
AREAS = frame("areas", [
    {"id": "ward"}, {"id": "close", "parent": "ward"}, {"id": "other"},
])
APPLICATIONS = {
    "P1": {"local": True, "bedroom_need": 2}, "P2": {"local": False}, "P3": {"local": None},
}
PAIR = {"advert": "a1", "application": "P1", "home": "h1", "landlord": "north", "area": "close"}
RULES = order("lottery: register") + """
criteria:
  local: {label: x, when: local}
  local_or_ask: {label: x, when: local, when_unknown: hold}
  large: {label: x, when: advert.bedrooms >= 3}
"""


def _judge(checks: str, more: str = "") -> Judge:
    adverts = adverts_of({"id": "a1"}, {"id": "a2", "bedrooms": 3})
    text = f"{RULES}checks:\n{checks}\n{more}"
    return Judge(scheme_of(text), {"applications": applications_of(APPLICATIONS)}, adverts)


def _pairs(*rows: dict[str, Any]) -> pl.DataFrame:
    given = [PAIR | row for row in rows or ({},)]
    return pl.DataFrame(given, schema=dict.fromkeys(PAIR, pl.String))


def _results(*rows: dict[str, Any]) -> pl.DataFrame:
    own = {"application": "P1", "check": "id", "outcome": "cleared", "since": date(2024, 6, 1)}
    return frame("checks", [own | {"id": f"R{n}"} | row for n, row in enumerate(rows)])


def _ask(
    checks: str, *results: dict[str, Any], pairs: pl.DataFrame | None = None, before: Any = "let",
    on: date = DAY, more: str = "",
) -> pl.DataFrame:
    asked = _pairs() if pairs is None else pairs
    return ask_checks(_judge(checks, more), asked, before, on, _results(*results), AREAS)


def _state(*results: dict[str, Any], check: str = "", **options: Any) -> tuple[str, str | None]:
    found = _ask(f"  id: {{label: x{check}}}", *results, **options)
    return found.select("state", "result").row(0)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("cleared", "cleared"), ("refused", "failed"), ("not_for_this_home", "failed"),
        ("refer", "refer"),
    ],
)
def test_a_result_leads_to_a_state(outcome, state):
    assert _state({"outcome": outcome}) == (state, "R0")


def test_without_a_result_it_is_missing():
    assert _state() == ("missing", None)
    assert _state({"application": "P2"}, {"check": "other"}) == ("missing", None)


@pytest.mark.parametrize(
    ("row", "check", "counts"),
    [
        ({"since": DAY}, "", True),
        ({"since": DAY + timedelta(days=1)}, "", False),
        ({"until": DAY + timedelta(days=1)}, "", True),
        ({"until": DAY}, "", False),
        ({"since": date(2024, 3, 4)}, ", valid_months: 3", True),
        ({"since": date(2024, 3, 3)}, ", valid_months: 3", False),
        ({"since": date(2020, 3, 3)}, "", True),
        ({"since": date(2024, 3, 3), "until": date(2024, 9, 1)}, ", valid_months: 3", True),
        ({"by": "A", "confirmed_by": "B"}, ", second_officer: true", True),
        ({"by": "A"}, ", second_officer: true", False),
        ({"by": "A", "confirmed_by": "A"}, ", second_officer: true", False),
    ],
)
def test_a_result_counts_while_it_holds(row, check, counts):
    assert _state(row, check=check)[0] == ("cleared" if counts else "missing")


@pytest.mark.parametrize(
    ("place", "counts"),
    [
        ({"home": "h1"}, True), ({"home": "h2"}, False),
        ({"advert": "a1"}, True), ({"advert": "a2"}, False),
        ({"area": "close"}, True), ({"area": "ward"}, True), ({"area": "other"}, False),
        ({"home": "h1", "area": "other"}, False), ({"home": "h1", "area": "ward"}, True),
    ],
)
@pytest.mark.parametrize("of", ["application", "home", "area"])
def test_a_result_about_a_place_counts_there_alone(place, counts, of):
    check = f", of: {of}"
    for outcome, state in (("cleared", "cleared"), ("refused", "failed")):
        found = _state({"outcome": outcome} | place, check=check)
        assert found[0] == (state if counts else "missing")


def test_a_wider_place_does_not_take_a_result_about_what_lies_in_it():
    pairs = _pairs({"area": "ward"})
    assert _state({"area": "close"}, pairs=pairs) == ("missing", None)


def test_an_adverse_result_about_a_place_is_referred_where_the_homes_place_is_not_known():
    for unknown, row in (("area", {"area": "ward"}), ("home", {"home": "h1"})):
        pairs = _pairs({unknown: None})
        assert _state(row | {"outcome": "refused"}, pairs=pairs) == ("refer", "R0")
        assert _state(row | {"outcome": "cleared"}, pairs=pairs) == ("missing", None)


def test_the_latest_decides_then_the_highest_id():
    early, late = {"since": date(2024, 1, 1)}, {"since": date(2024, 5, 1), "outcome": "refused"}
    assert _state(late, early) == ("failed", "R0")
    assert _state(early, late) == ("failed", "R1")
    assert _state(late | {"id": "A"}, late | {"id": "B", "outcome": "refer"}) == ("refer", "B")


def test_a_place_goes_before_everywhere_however_old():
    there = {"since": date(2022, 1, 1), "home": "h1", "outcome": "not_for_this_home"}
    assert _state(there, {"since": DAY}) == ("failed", "R0")
    assert _state(there | {"until": DAY}, {"since": DAY}) == ("cleared", "R1")


def test_a_later_refusal_of_everything_overtakes_what_was_cleared_for_a_place():
    there = {"since": date(2024, 2, 1), "home": "h1"}
    refused = {"since": date(2024, 3, 1), "outcome": "refused"}
    assert _state(there, refused) == ("failed", "R1")
    assert _state(there, refused | {"outcome": "refer"}) == ("refer", "R1")
    assert _state(there, refused | {"since": date(2024, 2, 1)}) == ("cleared", "R0")
    assert _state(there, refused, {"since": date(2024, 4, 1)}) == ("cleared", "R0")
    assert _state(there | {"since": DAY}, refused) == ("cleared", "R0")


def test_a_check_is_due_before_its_step_and_every_later_one():
    text = "  first: {label: x, before: invited}\n  last: {label: x, before: let}\n  id: {label: x}"
    due = {step: list(checks_due(_judge(text).version(DAY), step))
           for step in ("invited", "offered", "let")}
    assert due == {
        "invited": ["first"], "offered": ["first", "id"], "let": ["first", "last", "id"],
    }


def test_a_check_is_asked_where_its_criterion_is_met_or_must_be_known_first():
    pairs = _pairs({}, {"application": "P2"}, {"application": "P3"})
    plain = _ask("  id: {label: x, when: local, missing: bypass}", pairs=pairs)
    assert plain["application"].to_list() == ["P1"]
    held = _ask("  id: {label: x, when: local_or_ask, missing: bypass}", pairs=pairs)
    assert held.select("application", "missing_does").rows() == [("P1", "bypass"), ("P3", "hold")]


def test_a_criterion_may_read_the_advert():
    pairs = _pairs({}, {"advert": "a2"})
    assert _ask("  id: {label: x, when: large}", pairs=pairs)["advert"].to_list() == ["a2"]


def test_a_check_of_landlords_is_asked_of_their_homes_alone():
    pairs = _pairs({}, {"landlord": "south"}, {"landlord": None})
    found = _ask(
        "  id: {label: x}\n  theirs: {label: x}", pairs=pairs,
        more="landlords: {north: {label: x, checks: [theirs]}}",
    )
    assert found["check"].to_list() == ["id", "theirs", "id", "id"]


def test_several_homes_of_one_advert_are_asked_of_apart():
    pairs = _pairs({}, {"home": "h2"})
    found = _ask("  id: {label: x, of: home}", {"home": "h2", "outcome": "refused"}, pairs=pairs)
    assert found.select("home", "state").rows() == [("h1", "missing"), ("h2", "failed")]


def test_ids_may_be_whole_numbers():
    judge = _judge("  id: {label: x}")
    pairs = pl.DataFrame({"advert": [1], "application": [7], "home": [3], "landlord": ["n"],
                          "area": [None]})
    results = pl.DataFrame({
        "id": [5], "application": [7], "check": ["id"], "outcome": ["cleared"],
        "since": [DAY], "home": [3],
    })
    found = ask_checks(judge, pairs, "let", DAY, results)
    assert found.select("state", "result").rows() == [("cleared", 5)]


def test_where_nothing_is_asked_the_columns_are_the_same():
    empty = _ask("  id: {label: x}", before="invited")
    assert not empty.height
    assert empty.schema == _ask("  id: {label: x}").schema
    nobody = _ask("  id: {label: x, when: local}", pairs=_pairs().clear())
    assert nobody.schema == empty.schema


def test_passing_over_comes_before_a_hold_and_a_plain_reason_before_one_held_back():
    text = """  secret: {label: x, officer_held: true}
  id: {label: x}
  quick: {label: x, missing: bypass}
"""
    asked = _ask(text)
    assert asked["check"].to_list() == ["id", "quick", "secret"]
    assert first_stop(asked).select("check", "does").rows() == [("quick", "bypass")]
    failed = _ask(text, {"check": "secret", "outcome": "refused"}, {"check": "quick"})
    assert first_stop(failed).select("check", "does").rows() == [("secret", "bypass")]
    cleared = _ask(text, {}, {"check": "secret"}, {"check": "quick"})
    assert not first_stop(cleared).height
    referred = _ask(text, {"outcome": "refer"}, {"check": "secret"}, {"check": "quick"})
    assert first_stop(referred).select("check", "does").rows() == [("id", "hold")]


def _slow(pair: dict, check: dict, results: list[dict], on: date) -> tuple[str, str | None]:
    """One pair and check, result by result, as the page says."""
    around = {"close": {"close", "ward"}, "ward": {"ward"}, "other": {"other"}}
    best: dict[bool, tuple] = {}
    for row in results:
        if row["application"] != pair["application"] or not row["since"] <= on:
            continue
        end = row["until"]
        if end is None and check["valid_months"]:
            # days of the month up to the 28th only, so that months are plain
            month = row["since"].month - 1 + check["valid_months"]
            end = row["since"].replace(year=row["since"].year + month // 12, month=month % 12 + 1)
        if end is not None and end <= on:
            continue
        if check["second_officer"] and row["confirmed_by"] in (None, row["by"]):
            continue
        if row["home"] not in (None, pair["home"]) or row["advert"] not in (None, pair["advert"]):
            continue
        if row["area"] is not None and row["area"] not in around[pair["area"]]:
            continue
        placed = any(row[c] is not None for c in ("home", "advert", "area"))
        mine = (row["since"], row["id"], row["outcome"])
        best[placed] = max(best.get(placed, mine), mine)
    if not best:
        return "missing", None
    there, anywhere = best.get(True), best.get(False)
    if there and anywhere and (anywhere[2] == "cleared" or anywhere[0] <= there[0]):
        anywhere = None
    _, result, outcome = anywhere or there
    return {"cleared": "cleared", "refer": "refer"}.get(outcome, "failed"), result


_days = st.dates(date(2024, 1, 1), date(2024, 7, 1)).map(lambda d: d.replace(day=min(d.day, 28)))


def _maybe(*values: str) -> st.SearchStrategy:
    return st.sampled_from([None, None, *values])


@settings(max_examples=60)
@given(
    results=st.lists(
        st.fixed_dictionaries({
            "application": st.sampled_from(["P1", "P2"]),
            "outcome": st.sampled_from(["cleared", "refused", "not_for_this_home", "refer"]),
            "since": _days, "until": st.none() | _days, "home": _maybe("h1", "h2"),
            "advert": _maybe("a1", "a2"), "area": _maybe("close", "ward", "other"),
            "by": st.sampled_from(["A", None]), "confirmed_by": st.sampled_from(["A", "B", None]),
        }),
        max_size=8,
    ),
    valid_months=st.none() | st.integers(1, 4), second=st.booleans(), on=_days,
    turned=st.booleans(),
)
def test_a_slow_reading_of_the_page_agrees(results, valid_months, second, on, turned):
    check = {"valid_months": valid_months, "second_officer": second}
    text = f"  id: {{label: x, second_officer: {str(second).lower()}"
    text += f", valid_months: {valid_months}}}" if valid_months else "}"
    rows = [{"id": f"R{n}", "check": "id"} | row for n, row in enumerate(results)]
    table = _results(*(rows[::-1] if turned else rows))
    pairs = _pairs(*(
        {"application": p, "home": h, "advert": a, "area": area}
        for p in ("P1", "P2") for h, a, area in (
            ("h1", "a1", "close"), ("h2", "a1", "ward"), ("h3", "a2", "other"),
        )
    ))
    found = ask_checks(_judge(text), pairs, "offered", on, table, AREAS)
    expected = [_slow(pair, check, rows, on) for pair in pairs.to_dicts()]
    assert found.select("state", "result").rows() == expected


# What lies behind a check that officers hold back may endanger somebody: nobody else may tell
# which of them it was.

HELD_BACK = """
  abuse: {label: x, officer_held: true, hold: {days: 3}}
  visit: {label: x, valid_months: 6, hold: {days: 5}}
  police: {label: x, officer_held: true, missing: bypass, must_pass: true, hold: {working_days: 5}}
  money: {label: x, officer_held: true, second_officer: true, hold: {days: 2}}
"""
HELD = ("abuse", "police", "money")


class _Counting(Judge):
    """A judge that counts what it is asked."""

    questions = 0

    def counts(self, *args: Any, **named: Any) -> pl.Series:
        self.questions += 1
        return super().counts(*args, **named)


def _world(stopping: str, outcome: str | None) -> tuple[pl.DataFrame, int, int]:
    """What everyone but officers is told when one check is the one not cleared; and the work."""
    judge = _judge(HELD_BACK)
    judge = _Counting(judge.scheme, judge.tables, judge.given_adverts)
    rows = [{"check": name, "by": "A", "confirmed_by": "B", "id": name} for name in (*HELD, "visit")]
    for row in rows:
        if row["check"] == stopping:
            row |= {"outcome": outcome, "evidence": f"about {stopping}"}
    given = [row for row in rows if row.get("outcome", "cleared") is not None]
    pairs = _pairs({}, {"application": "P2"}, {"home": "h2"})
    asked = ask_checks(judge, pairs, "offered", DAY, _results(*given), AREAS)
    stops = first_stop(asked).select(
        "advert", "application", pl.col("check").alias("reason"), "does", "hold_until",
        "officer_held", pl.lit("A. Officer").alias("by"), pl.col("result").alias("evidence"),
    )
    return told(stops, held_by_officers(judge.version(DAY)), "public"), asked.height, judge.questions


@pytest.mark.parametrize("outcome", ["refused", "not_for_this_home", "refer", None])
def test_nobody_but_officers_can_tell_which_check_held_back_stopped_a_household(outcome):
    """Same rows, words, fields and deadlines; and as much work, so that time tells nothing."""
    worlds = [_world(name, outcome) for name in HELD]
    for frame_told, rows, questions in worlds[1:]:
        assert frame_told.write_csv() == worlds[0][0].write_csv()
        assert (rows, questions) == worlds[0][1:]
    plain = _world("visit", outcome)[0]
    assert "visit" in plain["reason"].to_list()
    first = worlds[0][0].filter(pl.col("application") == "P1")
    assert set(first["reason"]) == {NEUTRAL}
    assert first["by"].null_count() == first["evidence"].null_count() == first.height


def test_two_checks_held_back_are_told_as_one():
    rows = pl.DataFrame({
        "advert": ["a1", "a1", "a1"], "application": ["P1", "P1", "P1"],
        "reason": ["abuse", "police", "visit"],
    })
    assert told(rows, {"abuse", "police"}, "applicant")["reason"].to_list() == [NEUTRAL, "visit"]
    assert_frame_equal(told(rows, {"abuse"}, "officer"), rows)


def test_a_reason_marked_as_held_back_is_neutral_whatever_it_is():
    rows = pl.DataFrame({"reason": ["a", "b", None], "officer_held": [True, False, None]})
    assert set(told(rows, (), "public")["reason"]) == {NEUTRAL, "b", None}
    assert told_reason("a", {"a"}, "applicant") == NEUTRAL
    assert told_reason("a", (), "public", officer_held=True) == NEUTRAL
    assert told_reason("a", {"a"}, "officer") == "a"
    assert told_reason("a", {"b"}, "public") == "a"


def test_checks_held_back_wait_as_long_as_the_longest_of_them():
    asked = _ask(HELD_BACK)
    held = asked.filter("officer_held")
    assert held["hold_until"].unique().to_list() == [date(2024, 6, 10)]
    assert held["missing_does"].unique().to_list() == ["hold"]
    assert asked.filter(~pl.col("officer_held"))["hold_until"].to_list() == [date(2024, 6, 8)]
    unending = _ask(HELD_BACK + "  health: {label: x, officer_held: true}\n")
    assert unending.filter("officer_held")["hold_until"].null_count() == 4
