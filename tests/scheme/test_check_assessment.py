"""Every mistake in an assessment: what is wrong, where, and what was allowed."""

from __future__ import annotations

import pytest

from cbl_engine.errors import SchemeError
from cbl_engine.scheme import scheme_from_text

HEAD = """scheme: s
title: t
authority: a
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}}
columns: {applications: {asked_on: {type: date, label: x}, nights: {type: int, label: x}}}
criteria:
  ill: {label: x, when: access_need IS NOT NULL}
  here: {label: x, when: advert.area = 'x'}
  top: {label: x, when: band = 'A'}
  dated: {label: x, when: "priority_date < DATE '2020-01-01'"}
profiles: {p: {label: x, order: [{tie: human}]}}
assessment:
"""


def problems(text):
    with pytest.raises(SchemeError) as caught:
        scheme_from_text([("f.yaml", HEAD + text)])
    return [problem.line() for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  size: twenty_one\n",
         "f.yaml:14:9: there is no bedroom standard twenty_one; allowed: twenty_one_year"),
        ("  priority_date: {first: []}\n",
         "f.yaml:14:26: assessment.priority_date.first is empty"),
        ("  priority_date: {first: asked_on, formerly: {A: B}}\n",
         "f.yaml:14:47: A is a band of this version, so it cannot be a former name of another; "
         "given A: B; allowed: names of bands that this version does not list. "
         "Leave the line out, or take A out of bands"),
        ("  otherwise: C\n", "f.yaml:14:14: there is no band C; allowed: A, B"),
        ("  qualifies: [il]\n", "f.yaml:14:15: there is no criterion il; allowed: ill"),
        ("  qualifies: [here]\n", "f.yaml:14:15: here reads the advert, and an assessment is of "
         "the application alone"),
        ("  qualifies: [top]\n", "f.yaml:14:15: top reads band, which is found after "
         "qualification and awards. Read the facts behind it"),
        ("  status: [{label: x, status: active, when: dated}]\n",
         "f.yaml:14:45: dated reads priority_date, which is found after status and dates. Read "
         "the facts behind it"),
        ("  points_at_least: asked_on\n",
         "f.yaml:14:20: asked_on is not a whole number, as a column or fact of the application; "
         "given type date; allowed: bedroom_need, current_bedrooms, nights, place_in_band, points"),
        ("  awards: {w: {label: x, band: A}}\n",
         "f.yaml:14:12: the award w does not say when it is held; allowed: when, at_least with "
         "of, or both"),
        ("  awards: {w: {label: x, when: ill, band: C}}\n",
         "f.yaml:14:43: there is no band C; allowed: A, B"),
        ("  awards: {w: {label: x, when: ill, since: nights, band: A}}\n",
         "f.yaml:14:44: nights is not a date, as a column or fact of the application; given type "
         "int; allowed: asked_on, band_from, priority_date, registered_on, reviewed_on, "
         "submitted_on, valid_from, valid_to"),
        ("  awards: {w: {label: x, at_least: 1, of: [v], band: A}}\n",
         "f.yaml:14:44: there is no award v above w; allowed: none; it is the first award"),
        ("  awards: {v: {label: x, when: ill}, w: {label: x, at_least: 2, of: [v], band: A}}\n",
         "f.yaml:14:62: the award w cannot count so many of the awards it lists; given at_least "
         "2, of 1 awards; allowed: at_least, and at least so many awards under of"),
        ("  awards: {v: {label: x, when: ill}, w: {label: x, at_least: 1, of: [v, v], band: A}}\n",
         "f.yaml:14:73: v is listed twice"),
        ("  awards: {w: {label: x, when: ill, lasts_months: 6, band: A}}\n",
         "f.yaml:14:51: lasts_months of the award w means nothing without since. Give since, or "
         "leave lasts_months out"),
        ("  awards: {w: {label: x, when: ill, most: 6, band: A}}\n",
         "f.yaml:14:43: most of the award w means nothing without points. Give points, or leave "
         "most out"),
        ("  awards: {w: {label: x, when: ill, points: -10, each: nights, most: 30}}\n",
         "f.yaml:14:70: the award w takes points, and its most has the other sign; given points "
         "-10, most 30; allowed: 0 or less. Write most: -30, so that it takes 30 points at most"),
        ("  awards: {w: {label: x, when: ill, points: 2, most: -20}}\n",
         "f.yaml:14:54: the award w gives points, and its most has the other sign; given points 2, "
         "most -20; allowed: 0 or more. Write most: 20"),
        ("  priority_date: {first: nights}\n",
         "f.yaml:14:26: nights is not a date, as a column or fact of the application; given type "
         "int; allowed: asked_on, band_from, priority_date, registered_on, reviewed_on, "
         "submitted_on, valid_from, valid_to"),
        ("  priority_date: {first: asked_on, instead: [{label: x, when: ill}]}\n",
         "f.yaml:14:46: an item of instead gives one of date, take and months_earlier; given "
         "none"),
        ("  awards: {w: {label: x, when: ill, band: A, source: S}}\n",
         "f.yaml:14:54: there is no source S; allowed: none is listed under sources"),
    ],
)
def test_one_problem_one_line(text, line):
    assert problems(text) == [line]


def test_raising_a_band_needs_bands():
    text = HEAD.replace("bands: {A: {label: x}, B: {label: x}}\n", "").replace(
        "  top: {label: x, when: band = 'A'}\n", "")
    with pytest.raises(SchemeError) as caught:
        scheme_from_text([("f.yaml", text + "  awards: {w: {label: x, when: ill, up: 1}}\n")])
    assert [p.kind for p in caught.value.problems] == ["up_needs_bands"]


def test_facts_since_and_by_standard_name_what_is_there():
    facts = (
        "  otherwise: A\nfacts:\n  f: {label: x, whole_years_since: nights}\n"
        "  g: {label: x, bedrooms: twenty_one}\n"
    )
    assert problems(facts) == [
        "f.yaml:16:36: nights is not a date column of applications; given type int; allowed: "
        "asked_on, band_from, priority_date, registered_on, reviewed_on, submitted_on, "
        "valid_from, valid_to",
        "f.yaml:17:27: there is no bedroom standard twenty_one; allowed: twenty_one_year",
    ]
