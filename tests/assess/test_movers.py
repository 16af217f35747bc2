"""Who moves when one scheme takes the place of another, and what becomes of their dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cbl_engine.assess import movers
from cbl_engine.errors import TableError
from cbl_engine.report.movers import movers_page
from cbl_engine.scheme import scheme_from_text
from tests.reference.frames import frame_of

AS_AT = date(2026, 11, 20)
HERE = Path(__file__).parent
OLD = (HERE / "upkeep_scheme.yaml").read_text(encoding="utf-8").replace(
    "medical_on, lasts_months: 12", "medical_on")
NEW = OLD.replace("bands: {A: {label: Urgent}, B: {label: Medium}, C: {label: Low}}",
                  "bands: {Gold: {label: x}, B: {label: x}, D: {label: x}}")
NEW = NEW.replace("band: A", "band: B").replace("otherwise: C", "otherwise: D").replace(
    "crowded: {label: Crowded, when: short, band: B}",
    "short: {label: Short, when: short, band: Gold}").replace("[A, B, C]", "[Gold, B, D]")
EXTRA = {"medical": {"type": "bool"}, "medical_on": {"type": "date"},
         "income_seen_on": {"type": "date"}, "ward": {"type": "text"}}
POLICY = "{first: registered_on}"


def new(dates=POLICY, more=""):
    text = NEW.replace(f"priority_date: {POLICY}", f"priority_date: {dates}{more}")
    return scheme_from_text(text.replace("starts: income_seen_on", "starts: reviewed_on"))


def register(*rows, history=None, people=()):
    applications = [
        {"id": f"P{n}", "status": "active", "registered_on": date(2024, 1, n + 1),
         "current_bedrooms": 1, "bedroom_need": 1, "band": "C", "band_from": date(2024, 1, n + 1),
         **row}
        for n, row in enumerate(rows)
    ]
    out = {"applications": frame_of("applications", applications, EXTRA),
           "people": frame_of("people", list(people))}
    if history is not None:
        out["band_history"] = frame_of("band_history", history)
    return out


def moved(tables, scheme=None, **given):
    return movers(scheme_from_text(OLD), scheme or new(), tables, AS_AT, **given)


def without_sizes(text):
    return scheme_from_text(text.replace("  size: twenty_one_year\n", ""))


def compare(tables, dates=POLICY, more="", **given):
    text = NEW.replace(f"priority_date: {POLICY}", f"priority_date: {dates}{more}")
    return movers(without_sizes(OLD), without_sizes(text), tables, AS_AT, **given)


SHORT, ILL = {"bedroom_need": 2, "band": "B"}, {"medical": True, "band": "A"}


def test_up_down_and_bands_that_the_new_scheme_does_not_know():
    found = compare(register({}, SHORT, ILL, {"status": "closed"}))
    frame = found.frame()
    assert frame.select("application", "move", "band_old", "band_new").rows() == [
        ("P0", "not_comparable", "C", "D"), ("P1", "up", "B", "Gold"),
        ("P2", "not_comparable", "A", "B")]
    assert found.mapped == {"A": None, "B": "B", "C": None}
    assert frame.select("gained", "lost").rows()[1:] == [(["short"], ["crowded"]), ([], [])]
    assert frame["changed"].to_list() == [[], [], ["medical"]]


def test_bands_are_mapped_by_formerly():
    found = compare(register({}, SHORT, ILL), "{first: registered_on, formerly: {A: Gold, C: D}}")
    assert found.frame()["move"].to_list() == ["same", "up", "down"]
    assert found.flows().rows() == [
        ("A", 0, 1, 0, 1), ("B", 1, 0, 0, 1), ("C", 0, 0, 1, 1), ("all", 1, 1, 1, 3)]
    assert found.flows().columns == ["old", "Gold", "B", "D", "all"]


def test_off_the_register_with_the_criterion_that_fails():
    text = NEW.replace("assessment:\n", "assessment:\n  qualifies: [ill]\n")
    found = movers(without_sizes(OLD), without_sizes(text), register({}, ILL), AS_AT)
    frame = found.frame()
    assert frame.select("move", "fails", "status_new").rows() == [
        ("off", ["ill"], "closed"), ("not_comparable", [], "active")]
    assert found.flows().columns[-2:] == ["(off the register)", "all"]
    assert found.reasons().filter(reason="fails").select("name", "label", "off").rows() == [
        ("ill", "Ill", 1)]
    back = movers(without_sizes(text), without_sizes(OLD), register({}, ILL), AS_AT).frame()
    assert back["move"].to_list() == ["on", "up"]


def test_a_change_of_policy_keeps_the_date_unless_the_new_scheme_says_otherwise():
    tables = register(SHORT, {})
    kept = compare(tables).frame()
    assert kept["date"].to_list() == ["kept", "kept"]
    award = compare(tables, "{first: registered_on, policy: award}").frame()
    assert award["priority_date_new"].to_list() == [AS_AT, AS_AT]
    assert award["date"].to_list() == ["later", "later"]
    # A change of need gives the day by ``up``; a change of policy does not.
    need = compare(tables, "{first: registered_on, up: award, policy: keep}").frame()
    assert need["date"].to_list() == ["kept", "kept"]


def test_spells_before_the_day_are_dated_by_the_old_scheme():
    history = [{"application": "P0", "band": "C", "since": date(2024, 1, 1)},
               {"application": "P0", "band": "B", "since": date(2025, 5, 5)}]
    # By the old scheme a higher band dates from its award; by the new one it would not.
    found = compare(register(SHORT, history=history), "{first: registered_on, up: keep}")
    assert found.frame()["priority_date_new"].to_list() == [date(2025, 5, 5)]
    assert found.frame()["date"].to_list() == ["kept"]


def test_a_band_that_the_old_scheme_finds_today_keeps_the_date_it_gives():
    # Recorded in C, found in B today: the old scheme dates the rise from today.
    found = compare(register({"bedroom_need": 2}), "{first: registered_on, policy: keep}")
    frame = found.frame()
    assert frame.select("band_old", "priority_date_old", "priority_date_new").rows() == [
        ("B", AS_AT, AS_AT)]


def test_groups_by_household_and_by_any_column():
    born = {"P0p0": date(1990, 1, 1), "P0p1": date(2020, 1, 1), "P1p0": date(1990, 1, 1)}
    people = [{"id": p, "application": p[:2], "date_of_birth": day} for p, day in born.items()]
    found = compare(register({"ward": "east"}, SHORT | {"ward": "west"}, {}, people=people),
                    by=["ward"])
    assert found.frame()["household"].to_list() == ["one adult with children", "one adult", None]
    counted = found.counts("ward")
    assert counted.select("ward", "up", "not_comparable", "all").rows() == [
        ("east", 0, 1, 1), ("west", 1, 0, 1), (None, 0, 1, 1)]
    assert found.counts("household")["all"].sum() == 3
    with pytest.raises(TableError, match="there is no column parish to group by"):
        compare(register({}), by=["parish"])


def kind_of(*people):
    rows = [{"id": f"P0p{n}", "application": "P0", **person} for n, person in enumerate(people)]
    return compare(register({}, people=rows)).frame()["household"].item()


GROWN, TEEN = {"date_of_birth": date(1990, 1, 1)}, {"date_of_birth": date(2009, 6, 1)}
APPLIES = {"relationship": "applicant"}


@pytest.mark.parametrize(("people", "kind"), [
    ([TEEN | APPLIES], "one adult"),
    ([TEEN | APPLIES, TEEN | {"relationship": "partner"}], "two adults"),
    ([TEEN | APPLIES, TEEN | {"relationship": "non_relative", "joint_applicant": True}], "two adults"),
    ([GROWN | APPLIES, TEEN | {"relationship": "child", "partner_of": "P0p2"},
      TEEN | {"relationship": "non_relative"}], "three or more adults"),
    ([GROWN | APPLIES, TEEN | {"relationship": "child"}], "one adult with children"),
])
def test_applicants_and_couples_are_adults_of_their_household_at_any_age(people, kind):
    assert kind_of(*people) == kind


def test_the_kind_of_a_household_is_not_known_without_a_date_of_birth():
    assert kind_of(GROWN | APPLIES, {"relationship": "partner"}) is None
    assert kind_of(APPLIES, TEEN | {"relationship": "child"}) is None
    assert kind_of(TEEN, TEEN) is None  # either may be the applicant


def test_a_child_not_yet_born_is_not_one_of_a_household():
    for due in ({"expected_on": date(2027, 1, 1)}, {"date_of_birth": date(2027, 1, 1)}):
        assert kind_of(GROWN | APPLIES, {"relationship": "child"} | due) == "one adult"


def points(short):
    text = OLD.replace("bands: {A: {label: Urgent}, B: {label: Medium}, C: {label: Low}}\n", "")
    return (text.replace("band: A", "points: 50").replace("band: B", f"points: {short}")
            .replace("  otherwise: C\n", "").replace("[{band: [A, B, C]}", "[{points: points}"))


def test_under_schemes_without_bands_everyone_is_in_no_band_and_points_are_compared():
    found = movers(without_sizes(points(10)), without_sizes(points(20)),
                   register({}, SHORT, ILL, {"status": "closed"}), AS_AT)
    assert found.flows().rows() == [("(no band)", 3, 3), ("all", 3, 3)]
    assert found.frame()["move"].to_list() == ["same", "up", "same"]
    assert found.frame().select("band_old", "band_new").null_count().row(0) == (3, 3)


def test_bands_and_points_cannot_be_compared_and_nobody_is_left_out():
    tables = register({}, SHORT, ILL)
    there = movers(without_sizes(OLD), without_sizes(points(10)), tables, AS_AT)
    assert there.flows().rows() == [("A", 1, 1), ("B", 1, 1), ("C", 1, 1), ("all", 3, 3)]
    assert set(there.frame()["move"]) == {"not_comparable"}
    back = movers(without_sizes(points(10)), without_sizes(OLD), tables, AS_AT)
    assert back.flows().rows() == [("(no band)", 1, 1, 1, 3), ("all", 1, 1, 1, 3)]
    assert set(back.frame()["move"]) == {"not_comparable"}
    for found in (there, back):
        assert 'class="up"' not in movers_page(found)


def test_a_band_on_record_that_the_scheme_has_not_is_no_band_of_it():
    text = OLD.replace("band: A", "points: 50").replace("band: B", "points: 10").replace(
        "  otherwise: C\n", "")
    found = movers(without_sizes(text), without_sizes(text), register({"band": "Z"}, {}), AS_AT)
    assert found.flows().filter(old="all")["all"].to_list() == [2]
    assert found.flows().filter(old="(no band)")["all"].to_list() == [1]


def test_a_scheme_against_itself_moves_nobody():
    tables = register({}, SHORT, ILL, {"bedroom_need": 3, "registered_on": None})
    found = movers(without_sizes(OLD), without_sizes(OLD), tables, AS_AT)
    assert set(found.frame()["move"]) == {"same"}
    assert set(found.frame()["date"]) == {"kept"}
    assert found.reasons().is_empty()


def test_the_order_of_rows_decides_nothing():
    tables = register({}, SHORT, ILL, {"bedroom_need": 3})
    mixed = {n: f[list(range(f.height))[::-1]] for n, f in tables.items()}
    assert compare(tables).frame().equals(compare(mixed).frame())
    assert isinstance(compare(tables).frame(), pl.DataFrame)


def many(*wards):
    """Households that stay in the lowest band, and one that moves up, by ward."""
    rows = [{"ward": ward} for ward, n in wards for _ in range(n)]
    return compare(register(*rows, SHORT | {"ward": wards[0][0]}), by=("ward",))


def test_the_public_sees_counts_of_five_and_more_and_none_that_gives_a_small_one_away():
    found = many(("east", 8), ("west", 6)).public("ward")
    assert found.rows() == [("east", None, None, 9), ("west", 0, 6, 6), ("all", None, None, 15)]


def test_a_group_of_fewer_than_five_is_not_named():
    found = many(("east", 8), ("west", 3), ("north", 2), (None, 7)).public("ward")
    assert found["ward"].to_list() == ["east", "not known", "others", "all"]
    assert found.filter(ward="others")["all"].item() == 5


def test_flows_are_published_as_the_officers_have_them_but_for_what_is_withheld():
    comparison = many(("east", 8), ("west", 6))
    public, officer = comparison.public(), comparison.flows()
    assert public.columns == officer.columns
    assert public["old"].to_list() == officer["old"].to_list()
    shown = [(p, o) for p, o in zip(public.drop("old").iter_rows(), officer.drop("old").iter_rows(),
                                    strict=True)]
    pairs = [pair for p, o in shown for pair in zip(p, o, strict=True)]
    assert all(p == o for p, o in pairs if p is not None)
    assert all(p is None for p, o in pairs if 0 < o < 5)


@pytest.mark.parametrize("column", ["registered_on", "current_bedrooms", "current_home"])
def test_dates_numbers_and_ids_are_no_groups_for_the_public(column):
    tables = register({"current_home": "H1"}, {"current_home": "H2"})
    with pytest.raises(TableError, match="not for the public"):
        compare(tables, by=(column,)).public(column)


def test_nobody_on_the_register_is_a_table_of_noughts():
    comparison = compare(register({"status": "housed"}))
    assert set(comparison.public().drop("old").sum_horizontal()) == {0}
    assert comparison.public("household").rows() == [("all", 0)]


def test_a_scheme_against_itself_moves_nobody_whose_better_award_has_ended():
    tables = register(
        {"bedroom_need": 2, "band": "A", "medical": True, "medical_on": date(2025, 1, 10)},
        history=[
            {"application": "P0", "band": "B", "since": date(2024, 1, 1), "until": date(2025, 1, 10)},
            {"application": "P0", "band": "A", "since": date(2025, 1, 10), "until": None},
        ],
    )
    rule = "{first: registered_on, down: restore}"
    text = OLD.replace(POLICY, rule).replace("since: medical_on}", "since: medical_on, lasts_months: 3}")
    text = text.replace("when: short, band: B}", "when: short, band: B, since: registered_on}")
    found = movers(without_sizes(text), without_sizes(text), tables, AS_AT)
    assert found.frame().select("move", "date").rows() == [("same", "kept")]
    assert found.frame()["status_old"].to_list() == found.frame()["status_new"].to_list()
    assert found.after.contradictions["kind"].to_list() == []


def test_a_change_of_policy_is_dated_the_day_whatever_its_award_says():
    tables = register({**ILL, "medical_on": date(2025, 1, 10), "band": "A"})
    found = compare(tables, "{first: registered_on, policy: award, formerly: {A: Gold, C: D}}").frame()
    assert found.select("move", "priority_date_new").rows() == [("down", AS_AT)]
