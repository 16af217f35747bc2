"""Behaviours of the assessment: the law, awards, overrides, status, what is told and what is not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from cbl_engine import prepare
from cbl_engine.assess import Assessed, assess
from cbl_engine.errors import SchemeError, TableError
from cbl_engine.scheme import scheme_from_text
from cbl_engine.simulate.record import spells_begun
from tests.reference.frames import frame_of

AS_AT = date(2026, 3, 1)
COLUMNS = {"applications": {
    "medical": {"type": "text"}, "medical_on": {"type": "date"}, "nights": {"type": "int"},
    "promised": {"type": "int"}, "decided_on": {"type": "date"},
}}
HEAD = """
scheme: s
title: t
authority: a
in_force: {from: 2000-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}, Reduced: {label: x}}
sources: {P: {title: Policy}}
columns:
  applications:
    medical: {type: text, label: x}
    medical_on: {type: date, label: x}
    nights: {type: int, label: x}
    promised: {type: int, label: x}
    decided_on: {type: date, label: x}
facts:
  months_here: {label: x, months_resident_in: {area: town}}
criteria:
  local: {label: Two years here, source: P 4.1, when: months_here >= 24, tests: residence}
  within_means: {label: x, when: nights < 100, tests: income}
  ill: {label: x, when: medical = 'yes'}
  unsure: {label: x, when: medical = 'yes', when_unknown: hold}
  trusted: {label: x, when: medical = 'yes', when_unknown: pass}
  slept: {label: x, when: nights > 0}
  short: {label: x, when: bedroom_need > current_bedrooms}
  always: {label: x, when: status IS NOT NULL}
  in_top: {label: x, when: band = 'A'}
  never: {label: x, when: status IS NULL}
  shut_out: {label: x, when: status IS NULL}
profiles: {p: {label: x, order: [{band: [A, B, C, Reduced]}, {date: priority_date}, {tie: human}]}}
"""


def run(rules: str, as_at: date = AS_AT, own: dict[str, Any] | None = None,
        **tables: list[dict[str, Any]]) -> Assessed:
    """One application, P, under an assessment."""
    scheme = scheme_from_text(f"{HEAD}assessment: {{{rules}}}\n")
    rows = {"people": [], "connections": [], **tables}
    rows["applications"] = [{"id": "P", "status": "active", **(own or {})}]
    frames = {
        name: frame_of(name, [{"application": "P", **r} if name != "applications" else r
                              for r in given], COLUMNS.get(name))
        for name, given in rows.items()
    }
    frames["areas"] = frame_of("areas", [{"id": "town"}, {"id": "away"}])
    return assess(scheme, frames, as_at)


def one(result: Assessed) -> dict[str, Any]:
    return result.assessed.row(0, named=True)


def person(**more: Any) -> dict[str, Any]:
    return {"id": "p1", "relationship": "applicant", "date_of_birth": date(1990, 5, 5),
            "sex": "female", "immigration_status": "not_subject", "habitually_resident": True,
            "forces": "none", "care_leaver": False, **more}


# The law


def test_residence_shuts_out_those_without_it():
    result = run("qualifies: [local]", people=[person()])
    assert one(result)["qualifies"] is False
    assert one(result)["status_proposed"] == "closed"


@pytest.mark.parametrize(
    ("row", "since", "regulation"),
    [
        ({"forces": "former_regular"}, date(2024, 12, 18), "SI 2012/1869"),
        ({"forces": "former_regular", "forces_left_on": date(2022, 1, 1)}, date(2023, 1, 1),
         "SI 2012/1869"),
        ({"forces": "injured_reservist"}, date(2013, 1, 1), "SI 2012/1869"),
        ({"forces": "bereaved_partner"}, date(2013, 1, 1), "SI 2012/1869"),
        ({"care_leaver": True, "date_of_birth": date(2002, 7, 11)}, date(2025, 7, 10),
         "SI 2025/706"),
    ],
)
def test_the_law_exempts_from_residence_and_is_named(row, since, regulation):
    result = run("qualifies: [local]", since, people=[person(**row)])
    assert one(result)["qualifies"] is True
    told = result.reasons().filter(step="qualification").row(0, named=True)
    assert (told["outcome"], told["gives"]) == ("met", "met by law")
    assert regulation in told["source"]


@pytest.mark.parametrize(
    ("row", "on"),
    [
        ({"forces": "former_regular", "forces_left_on": date(2015, 1, 1)}, date(2024, 12, 17)),
        ({"care_leaver": True, "date_of_birth": date(2002, 7, 11)}, date(2025, 7, 9)),
        ({"care_leaver": True, "date_of_birth": date(2000, 7, 10)}, date(2025, 7, 10)),
    ],
)
def test_an_exemption_holds_only_from_its_day_and_within_its_age(row, on):
    assert one(run("qualifies: [local]", on, people=[person(**row)]))["qualifies"] is False


def test_victims_of_domestic_abuse_and_right_to_move_are_exempt():
    for column in ("domestic_abuse_move", "right_to_move"):
        assert one(run("qualifies: [local]", own={column: True}))["qualifies"] is True


def test_the_law_does_not_exempt_from_other_tests():
    result = run("qualifies: [within_means]", own={"nights": 200, "right_to_move": True})
    assert one(result)["qualifies"] is False


def test_one_joint_applicant_in_an_exempt_group_is_enough_and_one_ineligible_too_many():
    other = person(id="p2", relationship="partner", forces="serving_regular")
    result = run("qualifies: [local]", people=[person(), {**other, "joint_applicant": True}])
    assert one(result)["qualifies"] is True
    result = run("qualifies: [local]", people=[person(), other])
    assert one(result)["qualifies"] is False
    abroad = {**other, "immigration_status": "not_eligible"}
    result = run("otherwise: A", people=[person(), {**abroad, "joint_applicant": True}])
    assert one(result)["eligible_in_law"] is False
    assert one(result)["status_proposed"] == "closed"
    assert one(run("otherwise: A", people=[person(), abroad]))["eligible_in_law"] is True


def test_an_exemption_that_is_not_known_is_listed_where_it_could_matter():
    missing = run("qualifies: [local]", people=[person(forces=None)]).missing(["P"])
    assert ("served_in_regular_forces", "may be exempt by law") in set(
        missing.select("column", "effect").iter_rows())
    here = [{"area": "town", "kind": "residence", "since": date(2020, 1, 1)}]
    missing = run("qualifies: [local]", people=[person(forces=None)], connections=here).missing()
    assert "may be exempt by law" not in set(missing["effect"])


# Awards


@pytest.mark.parametrize(
    ("awards", "own", "band", "points"),
    [
        ("w: {label: x, when: ill, band: B}", {"medical": "yes"}, "B", None),
        ("w: {label: x, when: ill, band: B}", {"medical": "no"}, None, None),
        ("w: {label: x, when: trusted, band: B}", {}, "B", None),
        ("v: {label: x, when: ill, band: B}, u: {label: x, when: slept, band: B}, "
         "w: {label: x, at_least: 2, of: [v, u], band: A}", {"medical": "yes", "nights": 1}, "A",
         None),
        ("v: {label: x, when: always, band: C}, w: {label: x, when: ill, up: 1}",
         {"medical": "yes"}, "B", None),
        ("v: {label: x, when: always, band: C}, w: {label: x, when: ill, up: 2, not_above: B}",
         {"medical": "yes"}, "B", None),
        ("v: {label: x, when: always, band: A}, w: {label: x, when: ill, up: 1, not_above: B}",
         {"medical": "yes"}, "A", None),
        ("w: {label: x, when: ill, up: 1}, v: {label: x, when: slept, band: C}",
         {"medical": "yes"}, None, None),
        ("v: {label: x, when: always, band: B}, w: {label: x, when: ill, at_most: Reduced}, "
         "u: {label: x, when: slept, up: 1}", {"medical": "yes", "nights": 1}, "Reduced", None),
        ("w: {label: x, when: slept, points: 3, each: nights, most: 10}", {"nights": 2}, None, 6),
        ("w: {label: x, when: slept, points: 3, each: nights, most: 10}", {"nights": 9}, None, 10),
        ("w: {label: x, when: slept, points: -3, each: nights, most: -10}", {"nights": 2}, None, -6),
        ("w: {label: x, when: slept, points: -3, each: nights, most: -10}", {"nights": 9}, None,
         -10),
        ("w: {label: x, when: slept, points: -3, each: nights, most: -10}", {"nights": 0}, None, 0),
        ("v: {label: x, when: always, points: 4, one_of: g}, "
         "w: {label: x, when: ill, points: 9, one_of: g}", {"medical": "yes"}, None, 9),
        ("w: {label: x, when: ill, band: A, since: medical_on, lasts_months: 3}",
         {"medical": "yes", "medical_on": date(2025, 12, 2)}, "A", None),
        ("w: {label: x, when: ill, band: A, since: medical_on, lasts_months: 3}",
         {"medical": "yes", "medical_on": date(2025, 12, 1)}, None, None),
        ("w: {label: x, when: ill, band: A, since: medical_on}",
         {"medical": "yes", "medical_on": date(2026, 3, 2)}, None, None),
    ],
)
def test_what_awards_give(awards, own, band, points):
    row = one(run(f"awards: {{{awards}}}", own=own))
    assert (row["band"], row["points"]) == (band, points)


def test_an_award_set_beside_by_a_better_one_is_held_and_gives_nothing():
    result = run(
        "awards: {v: {label: x, when: always, band: B, one_of: g}, "
        "w: {label: x, when: ill, band: A, one_of: g}, "
        "u: {label: x, at_least: 2, of: [v, w], points: 1}}", own={"medical": "yes"})
    assert one(result)["band"] == "A"
    assert one(result)["points"] == 1
    told = result.reasons().filter(step="award", name="v").row(0, named=True)
    assert (told["outcome"], told["gives"]) == ("met",
                                                "nothing beside another award of its kind")


def test_an_award_that_is_not_known_and_holds_awaits_review():
    result = run("otherwise: C, awards: {w: {label: x, when: unsure, band: A}}")
    assert one(result)["band"] == "C"
    assert one(result)["status_proposed"] == "awaiting_review"
    assert result.missing().filter(needed_by="unsure").rows() == [
        ("P", "medical", "unsure", "criterion", "awaits review")]


LONG_IN_C = {"registered_on": date(2015, 5, 1), "band": "C", "band_from": date(2015, 5, 1)}
DATED = ("otherwise: C, priority_date: {first: registered_on, up: award, down: keep}, awards: "
         "{v: {label: x, when: always, since: decided_on, band: %s}, "
         "w: {label: x, when: unsure, band: %s}}")


@pytest.mark.parametrize(("sure", "unsure"), [("A", "B"), ("A", "A")])
def test_an_award_that_waits_and_cannot_change_the_band_leaves_it_dated_as_any_other(sure, unsure):
    own = {**LONG_IN_C, "decided_on": date(2025, 12, 15)}
    result = run(DATED % (sure, unsure), own=own)
    row = one(result)
    assert (row["band"], row["status_proposed"]) == ("A", "awaiting_review")
    assert (row["priority_date"], row["date_event"]) == (date(2025, 12, 15), "A from 2025-12-15")
    told = result.register()["applications"].row(0, named=True)
    assert told["band_from"] == told["priority_date"] == date(2025, 12, 15)
    assert not result.missing().filter(kind="date").height
    assert spells_begun(result).height == 1


def test_a_band_that_an_award_may_yet_change_has_its_own_date_and_is_told_as_not_settled():
    own = {**LONG_IN_C, "decided_on": date(2025, 12, 15)}
    result = run(DATED % ("B", "A"), own=own)
    assert (one(result)["band"], one(result)["priority_date"]) == ("B", date(2025, 12, 15))
    assert result.missing().filter(kind="date").rows() == [
        ("P", "medical", "priority_date", "date",
         "the date is that of the band found, which is not settled")]
    assert not spells_begun(result).height, "no officer has put it on record"
    decided = run(DATED % ("B", "A"), own=own, overrides=[override(value="B", since=date(2026, 1, 2))])
    assert one(decided)["priority_date"] == date(2026, 1, 2)
    assert not decided.missing().filter(kind="date").height
    assert spells_begun(decided).height == 1


def test_a_fall_that_rests_on_a_fact_not_known_dates_the_lower_band_and_goes_on_no_record():
    own = {**LONG_IN_C, "band": "A"}
    result = run(DATED.replace("down: keep", "down: award") % ("B", "A"), own=own)
    assert (one(result)["band"], one(result)["priority_date"]) == ("B", AS_AT)
    assert one(result)["next_review_on"] == AS_AT + timedelta(1)
    assert not spells_begun(result).height
    own["medical"] = "yes"
    settled = one(run(DATED % ("B", "A"), own=own))
    assert (settled["band"], settled["priority_date"]) == ("A", date(2015, 5, 1))


@pytest.mark.parametrize(("awards", "unsettled"), [
    ("w: {label: x, when: unsure, at_most: C}", False),
    ("v: {label: x, when: always, band: B}, w: {label: x, when: unsure, at_most: C}", True),
    ("w: {label: x, when: unsure, band: C}", False),
    ("w: {label: x, when: unsure, band: Reduced}", True),
    ("w: {label: x, when: unsure, up: 1}", True),
    ("w: {label: x, when: unsure, up: 1, not_above: C}", False),
    ("w: {label: x, when: unsure, since: decided_on, lasts_months: 1, band: A}", False),
    ("w: {label: x, when: unsure}, v: {label: x, of: [w], at_least: 1, band: A}", True),
    ("v: {label: x, when: slept}, w: {label: x, when: unsure}, "
     "u: {label: x, of: [v, w], at_least: 2, band: A}", False),
    ("w: {label: x, when: always, points: 3, each: nights}", False),
    ("u: {label: x, when: always, band: B, one_of: g}, "
     "v: {label: x, when: unsure, band: A, one_of: g}, w: {label: x, when: unsure, band: C}", True),
    ("u: {label: x, when: always, band: A, one_of: g}, "
     "v: {label: x, when: unsure, band: B, one_of: g}", False),
    ("u: {label: x, when: always, up: 1, points: 1, one_of: g}, "
     "v: {label: x, when: unsure, points: 2, one_of: g}", True),
])
def test_a_band_is_settled_where_what_waits_could_give_no_other(awards, unsettled):
    result = run(f"otherwise: C, awards: {{{awards}}}", own={"decided_on": date(2020, 1, 1)})
    assert result.trace.unsettled.tolist() == [unsettled]


@pytest.mark.parametrize(("rules", "effects"), [
    ("awards: {w: {label: x, when: unsure, since: decided_on, lasts_months: 12, band: A}}",
     {"changes nothing today"}),
    ("awards: {w: {label: x, when: unsure, of: [v], at_least: 1, band: A}}", {"changes nothing today"}),
    ("awards: {w: {label: x, when: unsure, since: decided_on, lasts_months: 12, band: A}, "
     "u: {label: x, when: unsure, band: B}}", {"awaits review"}),
    ("qualifies: [unsure]", {"awaits review"}),
    ("qualifies: [unsure, shut_out]", {"changes nothing today"}),
    ("status: [{label: x, status: deferred, when: unsure}]", {"awaits review"}),
    ("priority_date: {first: registered_on, instead: [{label: x, when: unsure, months_earlier: 6}]}",
     {"taken as not met"}),
    ("priority_date: {first: registered_on, instead: [{label: x, when: trusted, months_earlier: 6}]}",
     {"taken as not met"}),
])
def test_a_criterion_not_known_awaits_review_only_where_something_waits_for_it(rules, effects):
    rules = rules.replace("awards: {", "awards: {v: {label: x, when: never}, ")
    result = run(rules, own={"decided_on": date(2024, 1, 1), "registered_on": date(2020, 1, 1)})
    told = result.missing().filter(column="medical", kind="criterion")
    assert set(told["effect"]) == effects
    assert ("awaits review" in effects) == (one(result)["status_proposed"] == "awaiting_review")


def test_points_that_count_for_nothing_await_no_review():
    result = run("awards: {v: {label: x, when: always, points: 5, one_of: g}, "
                 "w: {label: x, when: always, points: 3, each: nights, one_of: g}}, otherwise: C")
    assert result.missing().filter(column="nights")["effect"].to_list() == ["changes nothing today"]
    assert one(result)["status_proposed"] == "active"


def test_points_of_a_number_that_is_not_known_await_review():
    result = run("awards: {w: {label: x, when: always, points: 3, each: nights}}")
    assert one(result)["points"] == 0
    assert one(result)["status_proposed"] == "awaiting_review"


def test_points_once_promised_are_kept_and_told():
    result = run("points_at_least: promised, awards: {w: {label: x, when: always, points: 3}}",
                 own={"promised": 20})
    assert one(result)["points"] == 20
    assert "at least 20 points" in result.reasons()["gives"].to_list()


def test_what_a_scheme_does_not_say_stays_as_recorded():
    row = one(run("qualifies: []", own={"band": "B", "points": 7, "bedroom_need": 2,
                                        "sizes": [2, 3], "priority_date": date(2020, 1, 1)}))
    assert [row[n] for n in ("band", "points", "bedroom_need", "sizes", "priority_date")] == [
        "B", 7, 2, [2, 3], date(2020, 1, 1)]


# Overrides


def override(**more: Any) -> dict[str, Any]:
    return {"id": "o1", "field": "band", "value": "A", **more}


def test_an_override_takes_the_place_of_its_field_and_later_steps_go_by_it():
    result = run("otherwise: C, status: [{label: x, status: deferred, when: in_top}]",
                 overrides=[override(reason="panel")])
    row = one(result)
    assert (row["band"], row["status_proposed"], row["overridden"]) == ("A", "deferred", ["band"])
    assert result.reasons().filter(step="override").row(0)[1:6] == (
        "override", "band", "panel", "met", "A")


def test_an_overridden_need_reaches_the_awards():
    own = {"current_bedrooms": 2}
    rules = "size: twenty_one_year, awards: {w: {label: x, when: short, band: A}}"
    given = [override(field="bedroom_need", value="3")]
    row = one(run(rules, own=own, people=[person()], overrides=given))
    assert (row["bedroom_need"], row["sizes"], row["band"]) == (3, [3], "A")


def test_an_override_lapses_on_its_day_and_the_day_is_told():
    given = [override(until=date(2026, 4, 1))]
    assert one(run("otherwise: C", overrides=given))["next_review_on"] == date(2026, 4, 1)
    row = one(run("otherwise: C", date(2026, 4, 1), overrides=given))
    assert (row["band"], row["overridden"]) == ("C", None)


def test_the_last_decision_stands_and_the_conflict_is_told():
    result = run("otherwise: C", overrides=[
        override(decided_on=date(2026, 1, 2), value="B"),
        override(id="o2", decided_on=date(2026, 1, 1))])
    assert one(result)["band"] == "B"
    assert result.contradictions.rows() == [
        ("P", "override_conflict", ["o1", "o2"], "the last decision stands")]
    assert one(result)["status_proposed"] == "awaiting_review"


LATER = date(2026, 4, 1)


@pytest.mark.parametrize(("overrides", "review"), [
    # Of two that say the same the last decided stands; the end of the other changes nothing.
    ([override(until=LATER), override(id="o2", decided_on=date(2026, 1, 2))], None),
    ([override(until=LATER), override(id="o2", decided_on=date(2026, 1, 2), until=date(2026, 5, 1))],
     date(2026, 5, 1)),
    # A conflict ends with either, and a value that cannot be read is told until it ends.
    ([override(until=LATER), override(id="o2", decided_on=date(2026, 1, 2), value="B")], LATER),
    ([override(value="Z", until=LATER)], LATER),
    ([override(since=LATER)], LATER),
    ([override(until=AS_AT)], None),
    ([override(since=AS_AT)], None),
])
def test_a_review_is_due_by_the_day_of_an_override_that_changes_something_and_no_other(overrides, review):
    def found(on):
        result = run("", on, overrides=overrides, **recorded)
        return one(result), result.contradictions.rows()

    recorded = {"own": {"band": "A", "band_from": date(2026, 1, 1)}}
    (row, contradictions) = found(AS_AT)
    assert row.pop("next_review_on") == review
    for days in range(1, 70):
        on = AS_AT + timedelta(days)
        then, told = found(on)
        then.pop("next_review_on")
        if review is None or on < review:
            assert (then, told) == (row, contradictions)
    if review is not None:
        then, told = found(review)
        then.pop("next_review_on")
        assert (then, told) != (row, contradictions)


def test_an_override_whose_basis_has_changed_is_kept_and_told():
    result = run("otherwise: C", overrides=[override(instead_of="B")])
    assert one(result)["band"] == "A"
    assert result.contradictions["kind"].to_list() == ["override_basis_changed"]
    assert not run("otherwise: C", overrides=[override(instead_of="C")]).contradictions.height


@pytest.mark.parametrize(
    ("field", "value"),
    [("band", "Z"), ("points", "many"), ("sizes", "2|x"), ("bedroom_need", "99"),
     ("priority_date", "2026-02-30"), ("status", "gone"), ("qualifies", "perhaps"),
     ("place_in_band", None)],
)
def test_a_value_that_cannot_be_read_is_told_and_not_used(field, value):
    result = run("otherwise: C", overrides=[override(field=field, value=value)])
    assert one(result)["overridden"] is None
    assert result.contradictions.rows() == [
        ("P", "override_unreadable", ["o1"], "the value of the rules stands")]


# Contradictions, input, what follows


def test_contradictions_of_people_name_them():
    result = run("otherwise: C", people=[
        person(date_of_birth=date(2027, 1, 1)),
        person(id="p2", relationship="child", partner_of="p1"),
        person(id="p3", relationship="child", partner_of="p1")])
    assert {(kind, *rows) for _, kind, rows, _ in result.contradictions.rows()} == {
        ("born_after_as_at", "p1"), ("two_partners", "p1")}


def test_statuses_that_overlap_are_told():
    result = run("otherwise: C", status_history=[
        {"status": "active", "since": date(2025, 1, 1)},
        {"status": "suspended", "since": date(2025, 6, 1)}])
    assert result.contradictions["kind"].to_list() == ["statuses_overlap"]


def test_the_register_has_the_day_on_which_the_history_says_the_band_was_entered():
    rules = "otherwise: C, priority_date: {first: registered_on}"
    history = [
        {"band": "B", "since": date(2021, 1, 1), "until": date(2022, 1, 1)},
        {"band": "C", "since": date(2022, 1, 1)},
    ]
    own = {"registered_on": date(2020, 1, 1)}
    assert run(rules, own=own, band_history=history).register()["applications"][
        "band_from"].to_list() == [date(2022, 1, 1)]
    raised = run(rules, own=own, band_history=history[:1])
    assert raised.register()["applications"]["band_from"].to_list() == [AS_AT]


@pytest.mark.parametrize(
    ("own", "began"),
    [
        # The better award has run out: three months from 30 November.
        ({"decided_on": date(2025, 11, 30)}, date(2026, 3, 1)),
        # It was lost on a day that is not known.
        ({"decided_on": date(2025, 11, 30), "medical": "no"}, date(2026, 3, 10)),
    ],
)
def test_a_household_falls_to_an_older_award_on_the_day_the_better_one_ended(own, began):
    """Not on the day on which it rose: that nothing contradicts."""
    result = run(
        "awards: {urgent: {label: x, when: ill, band: A, since: decided_on, lasts_months: 3}, "
        "usual: {label: x, when: always, band: B, since: medical_on}}, "
        "priority_date: {first: registered_on, up: award, down: award}",
        date(2026, 3, 10), own={"medical": "yes", "registered_on": date(2020, 5, 1),
                                "medical_on": date(2022, 3, 1), **own},
        band_history=[{"band": "B", "since": date(2022, 3, 1), "until": date(2025, 11, 30)},
                      {"band": "A", "since": date(2025, 11, 30)}])
    assert (one(result)["band"], one(result)["priority_date"]) == ("B", began)
    assert one(result)["status_proposed"] == "active"
    assert result.contradictions.height == 0


@pytest.mark.parametrize("status", ["under_offer", "housed", "closed"])
def test_an_application_that_waits_no_longer_keeps_its_status(status):
    assert one(run("qualifies: [local]", own={"status": status}))["status_proposed"] == status


def test_no_band_where_there_are_bands_is_told_apart():
    assert one(run("awards: {w: {label: x, when: ill, band: A}}"))["status_proposed"] == "unbanded"


def test_the_register_with_what_was_found_is_ready_for_a_shortlist():
    rules = "otherwise: C, priority_date: {first: registered_on}"
    own = {"band": "B", "band_from": date(2024, 1, 1), "registered_on": date(2023, 1, 1)}
    result = run(rules, own=own)
    register = result.register()
    row = register["applications"].row(0, named=True)
    assert (row["band"], row["band_from"], row["status"]) == ("C", AS_AT, "active")
    assert row["priority_date"] == date(2023, 1, 1)
    scheme = scheme_from_text(f"{HEAD}assessment: {{{rules}}}\n")
    assert prepare(scheme, register, AS_AT).at(AS_AT).frame["band"].to_list() == ["C"]
    again = assess(scheme, register, AS_AT).assessed
    assert again["band"].to_list() == ["C"]


def test_of_versions_the_one_in_force_counts_and_its_end_is_a_review():
    scheme = scheme_from_text(f"{HEAD}assessment: {{otherwise: C}}\n")
    rows = [{"id": "P", "status": "active", "valid_to": date(2026, 5, 1)},
            {"id": "P", "status": "housed", "valid_from": date(2026, 5, 1)}]
    frames = {"applications": frame_of("applications", rows)}
    row = assess(scheme, frames, AS_AT).assessed.row(0, named=True)
    assert (row["status"], row["next_review_on"]) == ("active", date(2026, 5, 1))


@pytest.mark.parametrize(("since", "until"), [
    (date(2020, 1, 31), date(2020, 3, 1)), (date(2021, 1, 29), date(2021, 3, 1)),
    (date(2021, 3, 31), date(2021, 5, 1)), (date(2020, 2, 29), date(2020, 3, 29)),
])
def test_days_left_over_of_a_spell_begun_at_a_months_end_bring_the_next_review_no_later(since, until):
    spells = [{"area": "town", "kind": "residence", "person": "p1", "since": since, "until": until},
              {"area": "town", "kind": "residence", "person": "p1", "since": date(2024, 6, 1)}]
    own = {"registered_on": date(2025, 1, 1)}
    days = [date(2026, 4, 26) + timedelta(n) for n in range(8)]
    rows = [one(run("qualifies: [local]", on, own, people=[person()], connections=spells)) for on in days]
    begins = next(day for day, row in zip(days, rows, strict=True) if row["qualifies"])
    assert begins > days[0]
    assert all(row["next_review_on"] <= begins for day, row in zip(days, rows, strict=True) if day < begins)


def test_a_scheme_without_an_assessment_says_so():
    scheme = scheme_from_text(HEAD)
    frames = {"applications": frame_of("applications", [{"id": "P", "status": "active"}])}
    with pytest.raises(SchemeError, match="does not say how households are assessed"):
        assess(scheme, frames, AS_AT)


def test_everything_that_is_missing_is_told_at_once():
    text = f"{HEAD}assessment: {{qualifies: [local], awards: {{w: {{label: x, when: ill}}}}}}\n"
    frames = {"applications": pl.DataFrame({"id": ["P"], "status": ["active"]})}
    with pytest.raises(TableError) as caught:
        assess(scheme_from_text(text), frames, AS_AT)
    assert {p.where for p in caught.value.problems} == {
        "applications.medical", "connections", "areas"}


def test_an_empty_register_comes_out_empty():
    scheme = scheme_from_text(f"{HEAD}assessment: {{otherwise: C, size: scottish, priority_date: "
                              "{first: registered_on}}\n")
    frames = {"applications": frame_of("applications", []), "people": frame_of("people", [])}
    result = assess(scheme, frames, AS_AT)
    assert result.assessed.height == result.reasons().height == 0


def test_two_needs_begin_when_the_second_did():
    own = {"medical": "yes", "medical_on": date(2025, 6, 1), "nights": 1,
           "decided_on": date(2025, 9, 1), "registered_on": date(2020, 1, 1), "band": "C",
           "band_from": date(2020, 1, 1)}
    result = run(
        "awards: {v: {label: x, when: ill, band: B, since: medical_on}, "
        "u: {label: x, when: slept, band: B, since: decided_on}, "
        "w: {label: x, at_least: 2, of: [v, u], band: A}}, "
        "priority_date: {first: registered_on}", own=own)
    row = one(result)
    assert (row["band"], row["priority_date"], row["date_rule"]) == (
        "A", date(2025, 9, 1), "up")


def test_what_is_missing_for_a_test_that_the_law_lifts_is_not_asked_for():
    here = [{"area": "town", "kind": "residence", "since": None}]
    rules = "qualifies: [local]"
    asked = run(rules, connections=here).missing(["P"]).filter(needed_by="local")
    assert asked["column"].to_list() == ["months_here"]
    lifted = run(rules, connections=here, own={"right_to_move": True}).missing(["P"])
    assert "local" not in lifted["needed_by"].to_list()


def test_reasons_told_block_by_block_are_those_told_at_once(monkeypatch):
    from cbl_engine.assess import reasons

    version = scheme_from_text(f"{HEAD}assessment: {{qualifies: [within_means], awards: "
                               "{ill: {label: x, when: ill, band: A}}, otherwise: C}\n")
    rows = [{"id": f"P{n}", "status": "active", "nights": n * 40, "medical": "yes" if n % 2 else None}
            for n in range(7)]
    overrides = [{"id": "o", "application": "P5", "field": "band", "value": "B"}]
    result = assess(version, {
        "applications": frame_of("applications", rows, COLUMNS["applications"]),
        "people": frame_of("people", []), "overrides": frame_of("overrides", overrides)}, AS_AT)
    at_once = result.reasons()
    monkeypatch.setattr(reasons, "_BLOCK", 3)
    assert result.reasons().equals(at_once)
    assert result.reasons([]).is_empty()
    assert result.reasons(["P5"]).equals(at_once.filter(application="P5"))


@pytest.mark.parametrize("as_at", ["2026-02-28", datetime(2026, 2, 28)])
def test_an_as_at_that_is_no_date_is_told_and_no_type_error(as_at):
    with pytest.raises(TableError) as caught:
        run("otherwise: C", as_at)
    (problem,) = caught.value.problems
    assert (problem.where, problem.given) == ("as_at", repr(as_at))


def test_ids_of_people_of_another_type_than_the_applications_are_told():
    scheme = scheme_from_text(f"{HEAD}assessment: {{otherwise: C}}\n")
    register = {"applications": pl.DataFrame({"id": ["1"], "status": ["active"]}),
                "people": frame_of("people", [person(application="1")]).with_columns(
                    pl.col("application").cast(pl.Int64))}
    with pytest.raises(TableError) as caught:
        assess(scheme, register, AS_AT)
    assert ("people.application: people has ids of applications of another type than applications; "
            "given Int64; allowed: String. Give both as text, or both as whole numbers"
            ) in [p.line() for p in caught.value.problems]


@pytest.mark.parametrize(("asked", "words"), [
    ("P", "are not a list"), (3, "are not a list"), ([1], "of another type"), (["P", 1], "of another type"),
])
def test_ids_asked_for_that_are_no_list_or_of_another_type_are_refused(asked, words):
    found = run("awards: {}")
    for ask in (found.reasons, found.missing,
                lambda only: assess(found.scheme, found.tables, AS_AT, only=only)):
        with pytest.raises(TableError, match=words):
            ask(asked)
    assert found.reasons(["P"]).height == found.reasons(pl.Series(["P"], dtype=pl.Categorical)).height > 0
    assert found.reasons(["Q"]).is_empty()


@pytest.mark.parametrize(("given", "words"), [
    ({"as_at": "close"}, "the as-at date is not a date"),
    ({"scheme": "sheffield"}, "the scheme is not a loaded one"), ({"why": "x"}, "no such reason why a band began"),
])
def test_an_assessment_is_of_a_date_and_for_a_reason_that_there_is(given, words):
    found = run("awards: {}")
    with pytest.raises(TableError, match=words):
        assess(**{"scheme": found.scheme, "register": found.tables, "as_at": AS_AT, **given})


def test_a_register_that_is_no_frames_and_ids_of_another_type_are_refused():
    found = run("awards: {}")
    applications = found.tables["applications"]
    for register, words in (
        (None, "is not given by table"),
        ({**found.tables, "people": applications.lazy()}, "people is not a frame"),
        ({**found.tables, "applications": applications.with_columns(id=pl.lit(1.5))},
         "the column id of applications has the wrong type"),
    ):
        with pytest.raises(TableError, match=words):
            assess(found.scheme, register, AS_AT)
