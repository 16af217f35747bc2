"""A scheme in words: complete, the same every time, and exact or silent about expressions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import BaseModel

from cbl_engine.errors import SchemeError
from cbl_engine.report import scheme_page
from cbl_engine.scheme import (
    advertising,
    assessment,
    bedrooms,
    bidding,
    describe,
    facts,
    keys,
    load_scheme,
    model,
    offers,
    scheme_from_text,
    upkeep,
)
from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.scheme.fact_words import FACT_WORDS
from cbl_engine.scheme.facts import REDUCERS
from cbl_engine.scheme.key_words import KEY_WORDS, key_called, key_in_words
from cbl_engine.scheme.keys import KEYS
from cbl_engine.scheme.parts import Part
from cbl_engine.scheme.readings import read_expression
from cbl_engine.scheme.standards import resolve_standard
from tests.scheme.mutations import FILES
from tests.scheme.rewrite import FOLDER, words
from tests.shortlist.small import HEAD, order

SNAPSHOTS = words()
SHOWN = {"label", "title", "authority", "notes", "unknown", "url", "source", "when", "where",
         "any_member", "all_members", "min", "max", "permitted_by", "reasons", "passing_over",
         "discretion"}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_words_of_a_shipped_scheme_are_those_on_file(name: str) -> None:
    kept = FOLDER / name
    assert kept.exists(), "write it: python -m tests.scheme.rewrite"
    assert kept.read_text(encoding="utf-8") == SNAPSHOTS[name], (
        "if the change is meant: python -m tests.scheme.rewrite"
    )


def test_no_words_are_kept_of_a_scheme_that_is_gone() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(SNAPSHOTS)


def test_every_kind_of_key_and_fact_has_words() -> None:
    assert set(KEY_WORDS) == set(KEYS)
    assert set(FACT_WORDS) == set(REDUCERS)


def _texts(value: Any, field: str = "") -> list[str]:
    if isinstance(value, BaseModel):
        return [t for name in type(value).model_fields for t in _texts(getattr(value, name), name)]
    if isinstance(value, dict):
        return [t for item in value.values() for t in _texts(item, field)]
    if isinstance(value, tuple):
        return [t for item in value for t in _texts(item, field)]
    return [value] if isinstance(value, str) and field in SHOWN else []


def _one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_of_a_scheme_is_hidden(path: Any) -> None:
    for version in load_scheme(path).versions:
        said = _one_line(describe(version).text()).lower()
        hidden = [t for t in _texts(version)
                  if _one_line(t).removeprefix("whether ").lower() not in said]
        assert not hidden
        names = {*version.criteria, *version.facts, *version.sources,
                 *(f"param.{name}" for name in version.parameters)}
        assert not [name for name in names if f"{name.lower()}:" not in said]


def test_a_description_is_the_same_every_time_and_its_text_keeps_to_its_width() -> None:
    scheme = load_scheme("southend")
    text = describe(scheme).text(width=60)
    assert text == describe(scheme).text(width=60)
    long = [line for line in text.splitlines() if len(line) > 60]
    assert all("http" in line or line.startswith("    ") for line in long)


RULES = """\
bands: {A: {label: "Band A"}, B1: {label: First of B}, B2: {label: Second of B}}
columns:
  applications:
    arrears: {type: int, unit: GBP, label: rent arrears}
    interests: {type: text_list, label: Interests}
    duty: {type: bool, label: whether a duty is owed}
  homes:
    ground: {type: bool, label: whether the home is on the ground floor}
parameters:
  limit: {label: Limit, unit: GBP, values: {2024-01-01: 1500, 2025-06-01: 2000}}
  months: {label: Months, unit: months, values: {2024-01-01: 1}}
facts:
  adults: {label: Adults, count: people, where: age >= 18, unit: people}
  works_here: {label: Someone works here, connected_to: {area: [x, y], kinds: [work]}}
criteria:
  owed: {label: A duty is owed, when: duty, illustrative: true}
"""
PROFILES = """\
profiles:
  staged:
    label: In stages
    eligible: [owed]
    stages:
      - label: The first
        eligible: [owed]
        order: [{band: [A, [B1, B2]]}, {tie: human}]
        next_stage_when: no_eligible
      - order:
          - {date: {A: priority_date, owed: band_from, otherwise: registered_on}}
          - {points: points, when_unknown: error}
          - {debt: arrears, compare: amount, when_unknown: hold}
          - {prefer: owed}
"""


@pytest.fixture
def small(load_with: Any) -> Any:
    return load_with(RULES, profiles=PROFILES)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("status = 'active'", "the application's status is “active”"),
        ("status IN ('active', 'deferred')",
         "the application's status is “active” or “deferred”"),
        ("band NOT IN ('A', 'B1')", "the application's band is not “A” and not “B1”"),
        ("duty", "a duty is owed"),
        ("NOT duty", "it is not so that a duty is owed"),
        ("NOT (duty OR works_here)", "none of these: a duty is owed; Someone works here"),
        ("NOT (duty AND works_here)", "not all of these: a duty is owed; Someone works here"),
        ("duty OR works_here AND arrears > 0",
         "a duty is owed, or (Someone works here, and “rent arrears” is more than £0)"),
        ("arrears <= param.limit",
         "“rent arrears” is at most the amount in force "
         "(£1,500 from 1 January 2024 and £2,000 from 1 June 2025)"),
        ("500 > arrears", "“rent arrears” is less than £500"),
        ("adults BETWEEN 1 AND 2", "“Adults” is from 1 person to 2 people, both included"),
        ("advert.minimum_age IS NULL", "the home's minimum age is not recorded"),
        ("advert.ground = FALSE", "it is not so that the home is on the ground floor"),
        ("COALESCE(advert.access_category, 'general') <> 'A2'",
         "the home's access category (taken as “general” where it is not recorded) is not “A2”"),
        ("COALESCE(duty, FALSE)", "a duty is owed (taken as not so where it is not recorded)"),
        ("array_contains(sizes, advert.bedrooms)",
         "the application's sizes that may be let include the home's bedrooms"),
        ("array_contains(interests, 'garden')", "“Interests” includes “garden”"),
        ("registered_on < DATE '2024-02-29'",
         "the application's date of registration is before 29 February 2024"),
        ("registered_on <= as_at",
         "the application's date of registration is on or before the date the shortlist is for"),
        ("points > -5", "the application's points is more than -5 points"),
        ("bedroom_need + 1 >= advert.bedrooms", None),
        ("CASE WHEN duty THEN TRUE ELSE FALSE END", None),
        ("lower(band) = 'a'", None),
        ("band LIKE 'B%'", None),
        ("band > 'A'", None),
        ("sizes = sizes", None),
        ("(arrears) <= 5", None),
        ("(arrears - 5) <= 5", None),
        ("NOT (CASE WHEN duty THEN TRUE END)", None),
        ("advert.pets_allowed", "the home's pets allowed is yes"),
    ],
)
def test_an_expression_is_read_exactly_or_not_at_all(
    small: Any, expression: str, said: str | None
) -> None:
    reading = read_expression(expression, small.versions[0])
    assert (reading and reading.inline()) == said


def test_the_order_is_said_in_sentences(small: Any) -> None:
    text = _one_line(describe(small).text())
    for said in (
        "Beyond what every bid must meet, this order asks: - A duty is owed",
        "Stage 2 is turned to when nobody in this stage is eligible.",
        "1. First: By band: A, then B1 and B2 as equals.",
        "2. If still equal: People decide.",
        "1. First: The earliest date comes first: for band A the priority date, for those who meet "
        "“A duty is owed” the date on which the band was awarded, for everyone else the date of "
        "registration.",
        "Where it is not known: no shortlist is made until it is put right.",
        "3. If still equal: The smallest debt comes first (“rent arrears”).",
        "and nothing is offered until it is known.",
        "If still equal: They share a place; the scheme names nothing further",
        "Condition: A duty is owed",
        "counting each for whom the person's age is at least 18 years. For a household with no "
        "people on record: not known.",
        "connection with the areas “x” or “y”, of kind work.",
        "First of B",
    ):
        assert said in text
    assert "B1: First of B" in text
    assert "A: Band A" not in text


def test_a_date_gives_the_version_and_the_numbers_in_force_then(small: Any) -> None:
    early = describe(small, dt.date(2025, 1, 1)).text(width=1_000)
    assert "Read as at 1 January 2025." in early
    assert "£1,500" in early
    assert "£2,000" not in early
    assert "£2,000" in describe(small, dt.date(2025, 6, 1)).text()
    with pytest.raises(SchemeError, match="not in force on 2023-12-31"):
        describe(small, dt.date(2023, 12, 31))


def test_the_latest_version_is_described_where_no_date_is_given(text_with: Any) -> None:
    text = text_with()
    old = text.replace("{from: 2024-01-01, ", "{from: 2020-01-01, until: 2024-01-01, ")
    scheme = scheme_from_text([("old.yaml", old), ("new.yaml", text)])
    assert "from 1 January 2024." in describe(scheme).text()
    assert "until 31 December 2023." in describe(scheme, dt.date(2022, 1, 1)).text(width=1_000)


HOSTILE = """\
scheme: harbour
title: "<script>alert(1)</script> *bold* [x](y)"
authority: "# Harbour | Council_"
in_force: {from: 2024-01-01, source: P1}
sources:
  P1: {title: Policy, url: "javascript:alert(1)"}
  P2: {title: Other, url: 'https://x.example/a"onclick="b'}
criteria:
  odd: {label: "- `code` <b>", when: "status = '``` </code>'"}
profiles: {all_homes: {label: 1. Every home, order: [{tie: human}]}}
"""


def test_words_of_a_scheme_are_never_markup() -> None:
    description = describe(scheme_from_text(HOSTILE))
    html = scheme_page(description)
    assert "<script" not in html
    assert "href" not in html
    assert "<b>" not in html
    assert "<code>status = &#39;``` &lt;/code&gt;&#39;</code>" in html
    text = description.markdown()
    assert text.startswith("# \\<script\\>alert(1)\\</script\\> \\*bold\\* \\[x\\](y)\n")
    assert "### 1\\. Every home" in text
    assert "# Harbour \\| Council\\_" in text
    assert "<javascript" not in text
    assert "````\n  status = '``` </code>'\n  ````" in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_page_of_a_scheme_is_whole_and_asks_for_nothing_from_elsewhere(path: Any) -> None:
    html = scheme_page(describe(load_scheme(path)))
    assert "For publication" in html
    assert "<script" not in html
    assert "src=" not in html
    for element in ("ul", "ol", "li", "table", "section", "pre"):
        assert html.count(f"<{element}>") == html.count(f"</{element}>")


MARKS = {"source", "illustrative"}
LABELLED = MARKS | {"label"}
KEY = LABELLED | {"when_unknown"}
ROWS = LABELLED | {"unit", "where", "of", "if_none"}
CONNECTIONS = {"area", "held_by", "kinds", "where"}
LENGTHS = {"months", "days", "working_days", "first_day_counts"}
SAID: dict[str, set[str]] = {
    "SchemeVersion": {
        "scheme", "title", "authority", "in_force", "notes", "unknown", "sources", "bands",
        "columns", "parameters", "facts", "criteria", "eligible", "profiles", "default_profile",
        "landlords", "local_lettings_plans", "bedroom_standards", "assessment", "review", "upkeep",
        "advertising", "bidding", "checks", "nominations", "offers", "consequences", "direct_lets",
    },
    "Review": {
        "within_days", "counted", "starts", "ask", "answer_days", "answer_counted", "source",
        "illustrative",
    },
    "Upkeep": {
        "review", "evidence", "non_bidding", "duties", "decisions", "closed", "changes", "duplicates", "birthdays",
        "awards", "overrides",
    },
    "Follows": LABELLED | {"status"},
    "Period": LABELLED | {"status", *LENGTHS},
    "Due": LABELLED | {"status", "starts", *LENGTHS},
    "NonBidding": LABELLED | {"status", "starts", "adverts_at_least", *LENGTHS},
    "DutyDue": LABELLED | {"status", "kind", *LENGTHS},
    "DecisionDue": LABELLED | {"status", "starts", *LENGTHS},
    "Source": {"title", "url", "read_on"},
    "InForce": {"from_", "until", "assumed", "source"},
    "Band": LABELLED,
    "Column": {"type", "label", "unit", "codes", "if_null"},
    "Parameter": LABELLED | {"unit", "values"},
    "Criterion": LABELLED | {"when", "when_unknown", "tests"},
    "Stage": LABELLED | {"eligible", "order", "next_stage_when"},
    "Profile": LABELLED | {"eligible", "order", "stages"},
    "Target": LABELLED | {"criterion", "homes", "share", "number"},
    "Landlord": LABELLED | {"eligible", "checks", "nominations_share", "send", "answer", "closed"},
    "LocalLettingsPlan": LABELLED | {"eligible", "order", "targets", "in_force"},
    "ResidentMonths": CONNECTIONS | {"level", "window_months", "consecutive"},
    "ConnectedMonths": CONNECTIONS | {"level"},
    "ConnectedTo": CONNECTIONS | {"level", "min_months"},
    "ConnectionStrength": CONNECTIONS | {"levels", "min_months"},
    **{KEYS[kind].__name__: KEY | {kind} for kind in KEYS},
    "DebtKey": KEY | {"debt", "compare"},
    **{REDUCERS[kind].__name__: ROWS | {kind} for kind in list(REDUCERS)[:5]},
    **{REDUCERS[kind].__name__: LABELLED | {"unit", kind} for kind in list(REDUCERS)[5:]},
    "BedroomStandard": LABELLED | {
        "extends", "in_force", "unit", "own_room_from", "same_sex_until", "same_sex_from",
        "any_sex_until", "any_sex_inclusive", "couples", "applicant", "cannot_share",
        "unborn_from_weeks", "unborn_sex", "under_ones", "carers", "foster_children",
        "part_time_children", "temporarily_away", "extra_rooms", "most", "smallest_room_sq_ft",
        "table", "children_until", "sizes", "unknown", "not_stated", "notes",
    },
    "TableRow": {"label", "when", "bedrooms", "sizes"},
    "SizesLet": {"smaller", "smaller_from", "smaller_if", "larger", "larger_if", "smallest"},
    "Assessment": {"size", "qualifies", "awards", "otherwise", "points_at_least", "priority_date",
                   "status"},
    "Award": LABELLED | {
        "when", "at_least", "of", "since", "lasts_months", "one_of", "band", "points", "each",
        "most", "up", "not_above", "at_most", "place",
    },
    "PriorityDate": {
        "first", "first_band", "up", "down", "policy", "reregistration", "joined", "split",
        "instead", "formerly", "source", "illustrative",
    },
    "Instead": LABELLED | {"when", "bands", "date", "take", "months_earlier"},
    "StatusRule": LABELLED | {"status", "when"},
    "Bidding": {"cycle", "window", "caps", "choice", "automatic", "frozen", "duties"},
    "Cycle": MARKS | {"starts", "days"},
    "Window": LABELLED | {"opens", "closes"},
    "Moment": {"day", "time"},
    "Cap": LABELLED | {"bids", "per", "when", "withdrawn"},
    "Choice": LABELLED | {"when", "bids", "only"},
    "AutomaticBids": LABELLED | {"most", "suits"},
    "Frozen": LABELLED | {"while_", "may_not"},
    "Duty": LABELLED | {"bids", "months", "when", "then"},
    "Advertising": {"ladder", "quotas"},
    "Rung": LABELLED | {"step", "profile", "when", "after"},
    "Quota": LABELLED | {"on", "share", "of", "by", "profile", "to", "within", "starts"},
    "Within": MARKS | {"days", "working_days", "hours", "starts"},
    "Check": LABELLED | {
        "before", "of", "when", "valid_months", "missing", "hold", "must_pass", "second_officer",
        "officer_held",
    },
    "Contact": LABELLED | {"attempts", "channels", "within", "adjustments_checked"},
    "Nominations": LABELLED | {"to", "send", "answer", "at_once"},
    "Consequence": LABELLED | {
        "suspend_months", "bar_months", "band", "down", "bottom_of_band_months", "cancel", "review",
        "lose_choice_months", "months",
    },
    "Refusals": LABELLED | {"after", "months", "when", "every", "then"},
    "FinalOffers": LABELLED | {"when", "duties", "suitability", "warning"},
    "Choosing": LABELLED | {"by_whom", "by"},
    "Viewing": LABELLED | {"together", "within"},
    "Offers": MARKS | {
        "order", "judged_at", "choosing", "one_at_a_time", "viewing", "answer", "silence",
        "contact", "reasons", "passing_over", "refusals", "final", "discretion",
    },
    "DirectLet": LABELLED | {"permitted_by", "part_6", "sensitive", "when", "homes", "fit"},
}
"""Model -> its fields that have words. A field added to a model is said in describe*.py or *words.py
first, and then named here."""


def test_every_field_of_every_part_has_its_place_in_the_words() -> None:
    rooms = {}
    for room in (model, facts, keys, bedrooms, assessment, upkeep, bidding, advertising, offers):
        rooms |= vars(room)
    parts = {name: thing for name, thing in rooms.items()
             if isinstance(thing, type) and issubclass(thing, Part)}
    bases = {"Part", "Labelled", "Sourced", "Addition", *(name for name in parts if name.startswith("_"))}
    assert {n: set(p.model_fields) for n, p in parts.items() if n not in bases} == SAID


def test_a_label_that_begins_with_the_is_not_given_another():
    version = scheme_from_text(
        HEAD.replace("in_debt:", "enlisted_on: {type: date, label: the day of enlistment}\n    in_debt:")
        + order("date: {A: enlisted_on, otherwise: registered_on}", "date: enlisted_on")
    ).versions[0]
    first, second = version.profiles["only"].all_stages()[0].order
    assert "the the" not in key_in_words(first, version)
    assert key_in_words(second, version) == "The earliest day of enlistment comes first"
    assert key_called(second, version) == "the day of enlistment"


def test_a_standard_whose_rule_is_changed_has_not_the_notes_of_what_it_extends():
    rule = {"label": "Ours", "extends": "twenty_one_year"}
    assert resolve_standard(BedroomStandard(**rule)).notes
    assert resolve_standard(BedroomStandard(**rule, sizes={"larger": 1})).notes
    assert resolve_standard(BedroomStandard(**rule, own_room_from=18)).notes == ()
    own = resolve_standard(BedroomStandard(**rule, own_room_from=18, notes=("Ours",)))
    assert own.notes == ("Ours",)
