"""What looks odd in an assessment, and where it goes against the law."""

from __future__ import annotations

import pytest

from cbl_engine.scheme import lint, scheme_from_text

HEAD = """scheme: s
title: t
authority: a
in_force: {from: 2024-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}, C: {label: x}}
facts:
  months_here: {label: x, months_resident_in: {area: town}}
criteria:
  here: {label: x, illustrative: true, when: months_here >= 24}
  named: {label: x, illustrative: true, when: months_here >= 24, tests: residence}
  ill: {label: x, illustrative: true, when: access_need = 'wheelchair' AND status = 'active'}
profiles: {p: {label: x, order: [{band: [A, B, C]}, {tie: human}]}}
"""


def found(text, *rules):
    findings = lint(scheme_from_text([("f.yaml", HEAD + text)]))
    return [f.line() for f in findings if f.rule in rules]


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ("unborn_from_weeks: 25, under_ones: not_counted", True),
        ("unborn_from_weeks: 25, under_ones: twins_counted", False),
        ("under_ones: not_counted", False),
        ("unborn_from_weeks: 25, under_ones: not_counted, part_time_children: one_room", False),
    ],
)
def test_a_week_from_which_the_unborn_count_where_no_under_one_does(fields, warned):
    lines = found(f"bedroom_standards: {{let: {{label: x, {fields}}}}}\n", "unused")
    assert [line for line in lines if "not yet born" in line] == ([
        "f.yaml:13:37: warning: a child not yet born is taken as one of age 0, and under_ones does not "
        "count those, so this has no effect; leave it out, or let under_ones be counted or "
        "twins_counted"] if warned else [])


def test_a_test_of_connection_says_what_it_tests():
    lines = found("assessment: {qualifies: [here]}\n", "qualifying_test_not_named")
    assert len(lines) == 1
    assert lines[0].startswith("f.yaml:9:3: warning: here asks for a connection with a place and")
    assert "SI 2012/1869" in lines[0]
    assert "SI 2025/706" in lines[0]
    assert not found("assessment: {qualifies: [named]}\n", "qualifying_test_not_named")


def test_a_version_that_ended_before_a_regulation_is_not_measured_by_it():
    text = HEAD.replace("from: 2024-01-01", "from: 2024-01-01, until: 2025-01-01")
    findings = lint(scheme_from_text([("f.yaml", text + "assessment: {qualifies: [here]}\n")]))
    (line,) = [f.line() for f in findings if f.rule == "qualifying_test_not_named"]
    assert "SI 2025/706" not in line


def test_a_test_of_connection_on_every_bid_says_what_it_tests():
    (line,) = found("eligible: [here]\n", "qualifying_test_not_named")
    assert line.startswith("f.yaml:9:3: warning: here asks for a connection with a place on every bid")
    assert not found("eligible: [named]\n", "qualifying_test_not_named")


OF_A_PROFILE = HEAD.replace("{p: {label: x, order", "{p: {label: x, eligible: [here], order").replace(
    "criteria:\n", "  there: {label: x, connected_to: {area: advert.area, level: district}}\ncriteria:\n"
    "  near: {label: x, illustrative: true, when: there}\n")


@pytest.mark.parametrize(("name", "rule", "told"), [
    ("here", "qualifying_test_not_named",
     "warning: here asks for a connection with a place on every bid under the profile p and does not say"),
    ("near", "test_of_the_home_not_named",
     "note: near asks for a connection with the place of the home on every bid under the profile p and"),
])
def test_a_test_of_connection_on_the_bids_of_a_profile_says_what_it_tests(name, rule, told):
    text = OF_A_PROFILE.replace("eligible: [here]", f"eligible: [{name}]")
    (line,) = [f.line() for f in lint(scheme_from_text([("f.yaml", text)])) if f.rule == rule]
    assert told in line
    exempt = text.replace(f"  {name}: {{label: x,", f"  {name}: {{label: x, tests: local_connection,")
    assert not [f for f in lint(scheme_from_text([("f.yaml", exempt)])) if f.rule == rule]


WORKED_OUT = "assessment: {priority_date: {first: registered_on}}\n"


def test_a_priority_date_that_is_worked_out_is_what_lists_rank_by():
    (line,) = found(WORKED_OUT, "priority_date_not_read")
    assert line.startswith("f.yaml:13:14: warning: the assessment works out a priority_date and no order")
    for key in ("date: priority_date", "date: {A: priority_date, otherwise: registered_on}"):
        text = HEAD.replace("{tie: human}", f"{{{key}}}, {{tie: human}}")
        findings = lint(scheme_from_text([("f.yaml", text + WORKED_OUT)]))
        assert not [f for f in findings if f.rule == "priority_date_not_read"]


def test_a_connection_with_the_place_of_each_home_is_the_home_s_own_condition():
    text = HEAD.replace("area: town", "area: advert.area") + "eligible: [here]\n"
    findings = lint(scheme_from_text([("f.yaml", text)]))
    assert not [f for f in findings if f.rule == "qualifying_test_not_named"]


@pytest.mark.parametrize(
    ("assessment", "lost"),
    [
        ("awards: {w: {label: x, when: ill, band: B}}", ["A", "C"]),
        ("awards: {w: {label: x, when: ill, band: B}}, otherwise: C", ["A"]),
        ("awards: {w: {label: x, when: ill, up: 1}}, otherwise: C", ["A"]),
        ("awards: {w: {label: x, when: ill, up: 1}, v: {label: x, when: ill, up: 1}}, "
         "otherwise: C", []),
        ("awards: {w: {label: x, when: ill, up: 2, not_above: B}}, otherwise: C", ["A"]),
        ("awards: {w: {label: x, when: ill, band: A}, v: {label: x, when: ill, at_most: C}}",
         ["B"]),
        ("awards: {w: {label: x, when: ill, points: 1}}", []),
    ],
)
def test_bands_that_nothing_leads_to(assessment, lost):
    lines = found(f"assessment: {{{assessment}}}\n", "band_unreachable")
    assert [line.split("band ")[1][0] for line in lines] == lost


def test_an_award_that_gives_nothing():
    text = "assessment: {awards: {w: {label: x, when: ill}}}\n"
    assert found(text, "award_gives_nothing") == [
        "f.yaml:13:23: warning: the award w gives nothing and no award counts it"
    ]
    counted = (
        "assessment: {awards: {w: {label: x, when: ill}, "
        "v: {label: x, at_least: 1, of: [w], band: A}}}\n"
    )
    assert not found(counted, "award_gives_nothing")


def test_what_an_assessment_reads_is_used():
    text = HEAD.replace("criteria:", "columns: {applications: {asked_on: {type: date, label: x}}}"
                                     "\ncriteria:", 1)
    text += (
        "assessment: {qualifies: [here, named], awards: {w: {label: x, when: ill, band: A, "
        "since: asked_on}}}\n"
    )
    findings = lint(scheme_from_text([("f.yaml", text)]))
    assert not [f for f in findings if f.rule == "unused"]


def test_awards_that_nobody_can_hold():
    text = HEAD.replace("  ill:", "  never: {label: x, illustrative: true, "
                                  "when: status = 'active' AND status = 'closed'}\n  ill:")
    text += (
        "assessment: {awards: {w: {label: x, when: never, band: A}, v: {label: x, when: ill, "
        "band: B}, u: {label: x, at_least: 2, of: [v, w], band: C}, "
        "t: {label: x, at_least: 1, of: [v, w], points: 1}}}\n"
    )
    findings = lint(scheme_from_text([("f.yaml", text)]))
    assert [f.message for f in findings if f.rule == "award_never_held"] == [
        "nobody can hold the award w", "nobody can hold the award u"]


@pytest.mark.parametrize(("text", "where"), [
    ("assessment: {size: universal_credit}\n", ""),
    ("bedroom_standards: {own: {label: x, in_force: {from: 2025-01-01, assumed: true}}}\n"
     "assessment: {size: own}\n", "f.yaml:14:20"),
    ("bedroom_standards: {own: {label: x, in_force: {from: 2020-01-01, until: 2025-01-01, "
     "assumed: true}}}\nassessment: {size: own}\n", "f.yaml:14:20"),
])
def test_a_bedroom_standard_that_is_not_in_force_as_long_as_the_version(text, where):
    lines = found(text, "standard_not_in_force")
    assert [line.split(": ")[:2] for line in lines] == ([[where, "warning"]] if where else [])


def test_a_fact_by_a_standard_that_begins_after_the_version_is_told_where_it_stands():
    text = HEAD.replace("from: 2024-01-01", "from: 2010-01-01").replace(
        "facts:\n", "facts:\n  need: {label: x, bedrooms: universal_credit}\n")
    lines = [f.line() for f in lint(scheme_from_text([("f.yaml", text)]))
             if f.rule == "standard_not_in_force"]
    assert lines == [
        "f.yaml:7:30: warning: the bedroom standard universal_credit is in force from 2013-04-29 "
        "and this version from 2010-01-01: on the other days nobody can be assessed"]


DATED = HEAD.replace("profiles:", "columns: {applications: {ill_from: {type: date, label: x}}}\nprofiles:")


@pytest.mark.parametrize(
    ("since", "more", "notes"),
    [
        ("", "", []),  # none has a day: nothing is told as if it had
        (", since: ill_from", "", ["f.yaml:14:143: note: the award w counts u without a since, so it "
                                   "begins on the latest day of the others it counts, which may be "
                                   "before all it needs were held"]),
        (", since: ill_from", ", since: ill_from", []),
    ],
)
def test_an_award_that_counts_some_with_a_day_and_some_without_is_told(since, more, notes):
    text = (f"assessment: {{awards: {{v: {{label: x, when: ill, band: B{since}}}, "
            f"u: {{label: x, when: named, band: B}}, "
            f"w: {{label: x, at_least: 2, of: [v, u], band: A{more}}}}}, "
            "priority_date: {first: registered_on}}\n")
    findings = lint(scheme_from_text([("f.yaml", DATED + text)]))
    assert [f.line() for f in findings if f.rule == "award_day_in_part"] == notes
