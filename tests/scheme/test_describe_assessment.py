"""An assessment and bedroom standards in words: what is left out is said as what it means."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cbl_engine.scheme import describe
from cbl_engine.scheme.standards import shipped_standards

PARTS = """\
bands: {A: {label: Band A}, B: {label: Band B}}
columns:
  applications:
    nights: {type: int, label: nights in a shelter}
    ill_from: {type: date, label: the day illness began}
  duties:
    by: {type: text, label: who accepted it}
criteria:
  ill: {label: Someone is ill, when: access_need IS NOT NULL, when_unknown: hold}
  here: {label: Lives here, when: access_need = 'x', tests: local_connection}
  here_long: {label: Lived here long, when: access_need = 'x', tests: residence}
  saves: {label: Few savings, when: nights < 5, tests: savings, when_unknown: pass}
"""


@pytest.fixture
def said(load_with: Any) -> Any:
    def words(parts: str, as_at: dt.date | None = None) -> str:
        return " ".join(describe(load_with(PARTS + parts), as_at).text(width=10_000).split())

    return words


@pytest.mark.parametrize(
    ("rules", "sentences"),
    [
        ("size: twenty_one_year", [
            "that may be let are those of the standard “The bedroom standard, a room of one's own "
            "at 21”, as shipped.",
            "A standard that comes with the engine, from: Overcrowded housing (England)",
            "The scheme itself asks nothing of a household to qualify.",
            "No award gives a band, so it stays as recorded.",
            "The date that ranks ................... It stays as recorded.",
            "For any other this is proposed: closed for one that is not eligible in law",
        ]),
        ("otherwise: B", [
            "The bedroom need and the sizes that may be let stay as recorded.",
            "The band is the best of those given; without any: band B.",
        ]),
        ("awards: {i: {label: Ill, when: ill, band: A}}", [
            "The band is the best of those given; without any: none.",
            "1. Ill - Gives band A. - Condition: Someone is ill - Met when: the application's "
            "access category needed is recorded. - Where that is not known: not held, and the "
            "application awaits review.",
        ]),
        ("awards: {i: {label: Ill, when: ill}, j: {label: Two, at_least: 1, of: [i], points: 1, "
         "each: nights, most: 7}}", [
             "1. Ill - Gives nothing by itself.",
             "2. Two - Gives 1 point for each of “nights in a shelter”, 7 at the most. - Held only "
             "where all of these are held too: “Ill”. - Where “nights in a shelter” is not known: "
             "no points, and the application awaits review.",
             "Points are added up.",
         ]),
        ("awards: {i: {label: Ill, when: ill, since: ill_from, up: 2, not_above: A}, "
         "j: {label: Low, when: ill, at_most: B, place: -2, one_of: x}}", [
             "Gives 2 bands higher than the rest gives, to band A at the highest.",
             "Held from this day on: “the day illness began”. Where no day is recorded it is held, "
             "and the day is listed as missing.",
             "Gives no higher a band than B and the place -2 among those of the band",
             "Limits on the band come last.",
         ]),
        ("priority_date: {first: registered_on}", [
            "It begins as the date: “date of registration”.",
            "In the first band after waiting in none, or in a lower band than before, or placed by "
            "a new policy, or registered again, or joined with another application, or split from "
            "another application: the date stays as it was.",
            "In a higher band than before: the day the band was entered.",
        ]),
        ("priority_date: {first: registered_on, instead: [{label: Old, bands: [A], take: award}]}", [
            "The first of these that applies does, unless an officer set the date: 1. Old - In band "
            "A: the day the band now held was entered.",
        ]),
        ("status: [{label: Wait, status: unbanded, when: ill}]", [
            "For any other the first of these that applies is proposed. If none does: closed",
            "1. Wait - Proposed: without a band. - Condition: Someone is ill",
            "Where that is not known: not proposed by this, and the application awaits review.",
        ]),
    ],
)
def test_an_assessment_is_said_in_sentences(said: Any, rules: str, sentences: list[str]) -> None:
    text = said(f"assessment: {{{rules}}}\n")
    assert [s for s in sentences if s not in text] == []


def test_the_law_is_told_once_for_the_tests_that_it_overrides(said: Any) -> None:
    rules = "assessment: {qualifies: [here, here_long, saves]}\n"
    text = said(rules)
    lead = ("By law, what is a test of local connection and of residence below is met by these "
            "groups")
    assert text.count(lead) == 1
    assert "test of savings below" not in text
    assert "Care leaver under 25, from 10 July 2025 (" in text
    assert "Left the regular forces within five years, from 24 August 2012 until" in text
    assert "It is a test of savings." in text
    assert "Where it is not known: counts as met." in text
    early = said(rules, dt.date(2024, 6, 1))
    assert "Care leaver under 25" not in early
    assert "Left the regular forces within five years (Allocation of Housing" in early
    late = said(rules, dt.date(2026, 6, 1))
    assert "Care leaver under 25 (Allocation of Housing" in late
    assert "Left the regular forces" not in late


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ("", [
            "Everyone of 16 or more has a room, but for couples.",
            "Two of one sex may share while both are under 16.",
            "Any two may share while both are under 10.",
            "Counted: children under 1; foster children; people away for now.",
            "With one room for all of their kind: carers.",
            "Not counted: children not yet born; children with a main home elsewhere.",
            "Homes of as many bedrooms as the need may be let, and no others.",
        ]),
        ("own_room_from: never, same_sex_until: any_age, any_sex_until: never", [
            "Age by itself gives nobody a room.",
            "Two of one sex may share at any age.",
            "Two of opposite sexes do not share, but for couples.",
        ]),
        ("same_sex_until: any_age, same_sex_from: 10, any_sex_inclusive: true", [
            "Two of one sex may share from 10 on while both are under 16.",
            "Any two may share while both are under 11.",
        ]),
        ("same_sex_until: never, couples: apart, applicant: by_age, cannot_share: not_counted", [
            "That two are of one sex does not let them share.",
            "Each of a couple has a room.",
            "An applicant without a partner has a room by age, as anyone has.",
            "That someone cannot share a room makes no difference.",
        ]),
        ("unit: bed_spaces, foster_children: one_room, unborn_from_weeks: 0", [
            "The need is in bed spaces: one for each person counted, whoever may share.",
            "children not yet born, from the day a pregnancy is recorded on, as aged 0 and of a sex "
            "not known; foster children;",
            "With one bed space for all of their kind: carers.",
        ]),
        ("unborn_from_weeks: 25, under_ones: not_counted", [
            "Not counted: children under 1; children not yet born; children with a main home elsewhere.",
        ]),
        ("unborn_from_weeks: 25, under_ones: twins_counted", [
            "children under 1 when there are two or more; children not yet born, from week 25 of "
            "pregnancy on, among those under 1 and of a sex not known;",
        ]),
        ("most: 4, sizes: {smaller: 1, smallest: 2, larger: 1}, unknown: most", [
            "The need is never more than 4 bedrooms.",
            "and besides: up to 1 smaller, but not below 2 bedrooms; up to 1 larger.",
            "the most rooms that it may come to are taken.",
        ]),
        ("table: [{when: children + 1 = 2, sizes: [0, 1]}]", [
            "As the rules as written say (children + 1 = 2). - Need: as by the rule. Sizes that may "
            "be let: bedsit or 1 bedroom.",
        ]),
    ],
)
def test_a_bedroom_standard_is_said_in_sentences(
    said: Any, fields: str, sentences: list[str]
) -> None:
    text = said(f"bedroom_standards: {{let: {{label: Sizes, {fields}}}}}\n")
    assert [s for s in sentences if s not in text] == []


@pytest.mark.parametrize("name", shipped_standards())
def test_every_shipped_standard_has_words(said: Any, name: str) -> None:
    text = said(f"assessment: {{size: {name}}}\n")
    standard = shipped_standards()[name]
    assert standard.label in text
    assert all(note in text for note in standard.notes)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("any_member: kind = 'main' AND current, of: duties, if_none: false",
         "Yes when, for any duty of the household: the duty's kind is “main”, and the duty still "
         "holds. For a household with no duty on record: no."),
        ("count: ta_placements, where: months >= 6",
         "How many there are: each temporary placement of the household, counting each for which "
         "the temporary placement's months is at least 6 months."),
        ("any_member: by = 'us', of: duties", "“who accepted it” is “us”"),
        ("max: since, of: band_history", "The greatest over every spell in a band of the household: "
         "the spell in a band's since."),
        ("whole_months_since: ill_from",
         "Whole months since “the day illness began”; 0 before that day, and not known without one."),
        ("bedrooms: universal_credit", "Bedrooms that the household needs by the standard “Universal "
         "Credit, size criteria”, as shipped."),
    ],
)
def test_facts_over_dated_rows_and_by_a_standard_are_read(
    said: Any, rule: str, words: str
) -> None:
    assert words in said(f"facts: {{f: {{label: A fact, {rule}}}}}\n")
