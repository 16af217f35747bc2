"""Two schemes compared in words: nothing missed, nothing invented, rules apart from words."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings

from cbl_engine.scheme import changes_described, load_scheme, scheme_changes, scheme_from_text
from cbl_engine.scheme.load import _version
from cbl_engine.scheme.standards import resolve_standard
from tests.scheme.mutations import SCHEMES, mutations

TEMPLATE = SCHEMES[-1].documents[0].text


def changed(*swaps: tuple[str, str], of: str = TEMPLATE) -> list[Any]:
    """What changes when these texts of a scheme file are exchanged."""
    new = of
    for old, other in swaps:
        assert new.count(old) == 1, (old, new.count(old))
        new = new.replace(old, other)
    return scheme_changes(scheme_from_text(of), scheme_from_text(new))


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_a_scheme_equals_itself(scheme: Any) -> None:
    assert scheme_changes(scheme, load_scheme_again(scheme)) == []


def load_scheme_again(scheme: Any) -> Any:
    return scheme_from_text([(d.name, d.text) for d in scheme.documents])


@settings(max_examples=400, deadline=None)
@given(mutations())
def test_every_change_of_one_field_is_reported(mutation: tuple[Any, Any]) -> None:
    scheme, document = mutation
    new, problems = _version(document)
    if new is None or problems:
        return
    old = scheme.versions[0]
    found = scheme_changes(old, new)
    assert bool(found) == (meaning(dumped(old)) != meaning(dumped(new)))
    text = changes_described(found, "old", "new").text()
    assert all(" ".join(c.words.split()) in " ".join(text.split()) for c in found)
    json.dumps([c.as_dict() for c in found])


def dumped(version: Any) -> dict[str, Any]:
    """A scheme as plain values, with what its bedroom standards extend filled in."""
    standards = version.bedroom_standards.items()
    return version.model_dump() | {
        "bedroom_standards": {name: resolve_standard(s).model_dump() for name, s in standards}
    }


def meaning(value: Any, field: str = "") -> Any:
    """A dumped scheme in which only order that has a meaning makes a difference."""
    if isinstance(value, dict):
        items = [(str(key), meaning(item, key)) for key, item in value.items()]
        ordered = {"date", "bands", "awards", "caps", "checks", "choice", "frozen", "quotas", "refusals"}
        return items if field in ordered else sorted(items)
    if field == "band" and isinstance(value, tuple):
        return [sorted([band] if isinstance(band, str) else band) for band in value]
    if field in {"area", "first"} and isinstance(value, str):
        return [repr(value)]
    if isinstance(value, tuple):
        items = [meaning(item) for item in value]
        as_set = {"eligible", "kinds", "codes", "area", "targets", "notes", "unknown", "qualifies",
                  "of", "bands", "sizes", "first", "after", "checks", "duties", "fit", "to"}
        return sorted(items, key=repr) if field in as_set else items
    return repr(value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"Band B, a high need to move"', '"Band B, high"',
         "Band B: label changed from “Band B, a high need to move” to “Band B, high”"),
        ("values: {2025-04-01: 36}", "values: {2025-04-01: 36, 2027-04-01: 60}",
         "Parameter residence_months: “Residence in the borough without a break”: 36 months becomes "
         "60 months from 1 April 2027"),
        ("values: {2025-04-01: 36}", "values: {2025-04-01: 1}",
         "Parameter residence_months: “Residence in the borough without a break”: 36 months becomes "
         "1 month from 1 April 2025"),
        ("values: {2025-04-01: 36}", "values: {2024-10-01: 36}",
         "Parameter residence_months: “Residence in the borough without a break”: 36 months from "
         "1 October 2024 (before: from 1 April 2025)"),
        ("when: exempt_from_connection OR months_resident >= param.residence_months",
         "when: exempt_from_connection",
         "Criterion local_connection: can no longer be met by “Months that a member of the "
         "household has lived in the borough without a break” is at least 36 months"),
        ("when: status = 'active'", "when: status = 'active' AND NOT exempt_from_connection",
         "Criterion on_register: now also requires it is not so that the law exempts the household "
         "from local connection tests"),
        ("when: status = 'active'", "when: status = 'active' OR lower(band) = 'a'",
         "Criterion on_register: can now also be met by “lower(band) = 'a'”"),
        ("when: exempt_from_connection OR months_resident >= param.residence_months",
         "when: (exempt_from_connection OR months_resident >= param.residence_months) AND band = 'A'",
         "Criterion local_connection: now also requires the application's band is “A”"),
        ("when: advert.ground_floor AND access_need = 'ground floor'",
         "when: advert.ground_floor AND (points + 1 > 5 OR band IN ('A'))",
         "Criterion ground_floor_needed: now also requires “points + 1 > 5 OR band IN ('A')”; and "
         "no longer requires the application's access category needed is “ground floor”"),
        ("when: status = 'active'", "when: points BETWEEN 1 AND 2 AND status = 'active'",
         "Criterion on_register: now also requires the application's points is from 1 point to 2 "
         "points, both included"),
        ("when: status = 'active'", "when: status = 'deferred'",
         "Criterion on_register: the rule changed"),
        ("eligible: [on_register, size_may_be_let, local_connection, arrears_within_limit]",
         "eligible: [size_may_be_let, on_register, local_connection]",
         "Every bid: no longer requires “The household's rent arrears are within the limit” "
         "(arrears_within_limit)"),
        ("label: The highest band\n        when_unknown: hold", "label: The highest band",
         "Profile all_homes, the band: what follows when it is not known changed from “hold” to "
         "“last”"),
        ("levels: [parish, ward, district]", "levels: [ward, parish, district]",
         "Fact closeness: the levels, the closest first, changed from parish, ward and district to ward, parish and "
         "district"),
        ("max: age\n    of: people", "min: age\n    of: people",
         "Fact eldest_age: now min, no longer max"),
        ("in_force: {from: 2025-04-01, source: P1 section 1}",
         "in_force: {from: 2025-05-01, source: P1 section 1}",
         "The scheme: the first day in force changed from 1 April 2025 to 1 May 2025"),
        ("default_profile: all_homes", "default_profile: age_restricted",
         "The scheme: the profile of adverts that name none changed from “all_homes” to "
         "“age_restricted”"),
    ],
)
def test_a_change_of_a_rule_or_label_is_said(old: str, new: str, words: str) -> None:
    (change,) = changed((old, new))
    assert change.words == words
    assert change.alters_shortlist == ("label changed" not in words)


SAMPLER = next(s for s in SCHEMES if s.name == "assessment_sampler").documents[0].text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("band: B, points: 10", "band: A, points: 15",
         ["Award overcrowded: band changed from “B” to “A”",
          "Award overcrowded: points changed from 10 to 15"]),
        ("medical_high, since: medical_from", "medical_some, since: medical_from",
         ["Award medical_high: the criterion changed from “Medical priority is high” (medical_high) "
          "to “There is some medical priority” (medical_some)"]),
        ("    shelter:\n", "    nights:\n",
         ["Award nights: added, “Nights in a shelter”, which gives 2 points for each of “nights in a "
          "shelter this year”, 40 at the most",
          "Award shelter: removed, “Nights in a shelter”"]),
        ("[homeless, medical_some, overcrowded]", "[homeless, medical_some]",
         ["Award two_high_needs: the awards it counts changed from homeless, medical_some and "
          "overcrowded to homeless and medical_some"]),
        ("qualifies: [lives_here, savings_within_limit]", "qualifies: [lives_here]",
         ["Qualification: no longer requires “The household's savings are within the limit” "
          "(savings_within_limit)"]),
        ("tests: residence", "tests: local_connection",
         ["Criterion lives_here: what it tests changed from “residence” to “local_connection”"]),
        ("up: submitted", "up: keep",
         ["Date that ranks: the date in a higher band changed from “submitted” to “keep”"]),
        ("formerly: {Gold: A, Silver: B}", "formerly: {Gold: B, Bronze: C}",
         ["Date that ranks: a former band Gold is now taken as band B (before: band A)",
          "Date that ranks: a former band Bronze is now taken as band C",
          "Date that ranks: a former band Silver is no longer taken as band B"]),
        ("months_earlier: 6", "months_earlier: 12",
         ["Date that ranks, other date 2: the months it goes back changed from 6 to 12"]),
        ("status: deferred, when: asked_to_wait", "status: suspended, when: asked_to_wait",
         ["Assessment, status rule 1: status changed from “deferred” to “suspended”"]),
        ("    own_room_from: 18", "    own_room_from: never",
         ["Bedroom standard size_to_let: the age from which everyone has a room changed from 18 to "
          "“never”"]),
        ("when: children = 1 AND adults = 0 AND couples <= 1", "when: children = 1 AND adults = 0",
         ["Bedroom standard size_to_let, row of the table 1: no longer requires the number of "
          "couples is at most 1"]),
        ("    unknown: hold", "    unknown: most",
         ["Bedroom standard size_to_let: what is taken where a fact is missing changed from “hold” "
          "to “most”"]),
    ],
)
def test_a_change_of_what_only_the_assessment_reads_concerns_it(
    old: str, new: str, said: list[str]
) -> None:
    found = changed((old, new), of=SAMPLER)
    assert [c.words for c in found] == said
    assert {c.concerns for c in found} == {"assessment"}
    assert not any(c.alters_shortlist for c in found)


def test_what_a_shortlist_reads_too_can_alter_it() -> None:
    (both,) = changed(("{prefer: in_top_band}", "{prefer: medical_high}"), of=SAMPLER)
    assert both.alters_shortlist
    asked = SAMPLER.replace("eligible: [on_register]", "eligible: [on_register, lacks_a_bedroom]")
    found = changed(("    carers: counted", "    carers: not_counted"),
                    ("medical_priority = 'high'", "medical_priority <> 'none'"), of=asked)
    assert [(c.part, c.concerns) for c in found] == [
        ("bedroom standard lacking", "shortlist"), ("criterion medical_high", "assessment")]


def test_an_assessment_that_came_and_awards_in_another_order() -> None:
    start, end = SAMPLER.index("\nassessment:\n"), SAMPLER.index("\nprofiles:\n")
    without = scheme_from_text(SAMPLER[:start] + SAMPLER[end:])
    (added,) = scheme_changes(without, scheme_from_text(SAMPLER))
    assert (added.kind, added.concerns) == ("added", "assessment")
    assert added.words == "The scheme: how households are assessed added"
    first = SAMPLER.index("    homeless:\n")
    second, third = SAMPLER.index("    medical_high:\n"), SAMPLER.index("    medical_some:\n")
    swapped = SAMPLER[:first] + SAMPLER[second:third] + SAMPLER[first:second] + SAMPLER[third:]
    (moved,) = scheme_changes(scheme_from_text(SAMPLER), scheme_from_text(swapped))
    assert moved.words == "Award homeless: now listed after award medical_high"
    assert changes_described([moved], "old", "new").text().splitlines()[3] == (
        "1 change, of which 0 can alter a shortlist and 1 how households are assessed.")


def test_a_standard_written_out_is_that_which_it_extends() -> None:
    text = SAMPLER.replace("    extends: twenty_one_year\n", "    extends: twenty_one_year\n"
                           "    own_room_from: 21\n")
    assert scheme_changes(scheme_from_text(SAMPLER), scheme_from_text(text)) == []
    text = text.replace("own_room_from: 21", "own_room_from: 16")  # a default, and here a change
    (change,) = scheme_changes(scheme_from_text(SAMPLER), scheme_from_text(text))
    assert change.words == ("Bedroom standard lacking: the age from which everyone has a room "
                            "changed from 21 to 16")


def test_a_key_that_moved_is_named_with_the_one_it_follows() -> None:
    north = load_scheme("north_yorkshire").documents[0].text
    fit = north.index("      - bedroom_fit: exact_first")
    debt = north.index("      - debt: housing_debt")
    date = north.index("      - date: priority_date")
    swapped = north[:fit] + north[debt:date] + north[fit:debt] + north[date:]
    (change,) = scheme_changes(scheme_from_text(north), scheme_from_text(swapped))
    assert change.words == (
        "Profile all_homes: bedroom need now comes after whether the household has a "
        "housing-related debt".replace("whether ", "")
    )
    assert (change.kind, change.alters_shortlist) == ("moved", True)


def test_a_key_added_and_one_taken_away() -> None:
    order = "          - band: [A, B, C]\n          - date: priority_date\n"
    (added,) = changed((order, order + "          - points: points\n"))
    assert added.words == ("Profile age_restricted, stage 1: now also ordered by points, after the "
                           "priority date: The most points come first")
    (removed,) = changed((order, "          - band: [A, B, C]\n"))
    assert removed.words == ("Profile age_restricted, stage 1: no longer ordered by the priority "
                             "date")


def test_a_band_key_in_another_order_and_bands_listed_in_another() -> None:
    (change,) = changed(("          - band: [A, B, C]", "          - band: [[B, A], C]"))
    assert change.words == ("Profile age_restricted, stage 1: now by band: B and A as equals, then "
                            "C (before: by band: A, then B, then C)")
    assert changed(("          - band: [A, B, C]", "          - band: [[A], B, C]")) == []
    a, b = ('  A: {label: "Band A, an urgent need to move", source: P1 section 4}\n',
            '  B: {label: "Band B, a high need to move", source: P1 section 4}\n')
    (moved,) = changed((a + b, b + a))
    assert moved.words == "Band A: now listed after band B"
    assert (moved.kind, moved.concerns) == ("moved", "words")


def in_turn(text: str, *, bands: str = "A: {label: x}, B: {label: x}", more: str = "") -> Any:
    return scheme_from_text(
        "scheme: s\ntitle: t\nauthority: a\nin_force: {from: 2020-01-01, assumed: true}\n"
        f"bands: {{{bands}}}\n"
        "criteria: {c: {label: x, when: status = 'active'}}\n"
        f"profiles: {{p: {{label: x, order: [{{band: [A, B]}}, {{tie: human}}]}}}}\n{text}{more}")


@pytest.mark.parametrize(
    ("text", "concerns"),
    [
        ("", "words"),
        ("assessment: {qualifies: [c]}\n", "words"),
        ("assessment: {awards: {w: {label: x, when: c, band: A}}}\n", "assessment"),
        ("assessment: {priority_date: {first: registered_on}}\n", "assessment"),
        ("consequences: {lower: {label: x, down: 1}}\noffers: {refusals: {w: {label: x, after: 1, "
         "then: lower}}}\n", "offers"),
        ("consequences: {out: {label: x, cancel: true}}\noffers: {refusals: {w: {label: x, after: 1, "
         "then: out}}}\n", "words"),
    ],
)
def test_the_order_of_bands_concerns_what_goes_by_it(text: str, concerns: str) -> None:
    old, new = in_turn(text), in_turn(text, bands="B: {label: x}, A: {label: x}")
    (moved,) = scheme_changes(old, new)
    assert (moved.words, moved.concerns) == ("Band A: now listed after band B", concerns)


def test_the_order_of_checks_counts_and_that_of_those_a_landlord_asks_for_does_not() -> None:
    one, two = "one: {label: x, before: offered}", "two: {label: x, before: offered}"
    asks = "landlords: {{north: {{label: x, checks: [{}]}}}}\n"
    (moved,) = scheme_changes(in_turn(f"checks: {{{one}, {two}}}\n"),
                              in_turn(f"checks: {{{two}, {one}}}\n"))
    assert (moved.words, moved.concerns) == ("Check one: now listed after check two", "offers")
    checks = f"checks: {{{one}, {two}}}\n"
    assert scheme_changes(in_turn(checks, more=asks.format("one, two")),
                          in_turn(checks, more=asks.format("two, one"))) == []


REVIEW = "review: {within_days: 21, counted: calendar, starts: received, ask: Write to us.}\n"


def test_the_days_on_which_a_landlord_is_closed_concern_offers_alone() -> None:
    """They are read for its answer, and no shortlist waits for one."""
    text = "landlords: {{a: {{label: A, closed: [{}]}}}}\nnominations: {{label: x, answer: {{working_days: 2}}}}\n"
    (found,) = scheme_changes(*(in_turn(text.format(day)) for day in ("2024-08-27", "2024-08-28")))
    assert found.concerns == "offers"


def test_the_right_to_a_review_is_a_rule_and_how_to_ask_for_one_is_words() -> None:
    found = scheme_changes(in_turn(REVIEW), in_turn(
        "review: {within_days: 7, counted: working, starts: sent, ask: Ring us.}\n"))
    assert [(c.words, c.concerns) for c in found] == [
        ("Review of a decision: the days to ask for one changed from 21 to 7", "offers"),
        ("Review of a decision: which days count changed from “calendar” to “working”", "offers"),
        ("Review of a decision: what they count from changed from “received” to “sent”", "offers"),
        ("Review of a decision: how it is asked for changed from “Write to us.” to “Ring us.”",
         "words"),
    ]
    (gone,) = scheme_changes(in_turn(REVIEW), in_turn(""))
    assert (gone.words, gone.concerns) == ("The scheme: the right to a review removed", "offers")


def test_the_regular_review_and_one_that_follows_a_refusal_are_rules() -> None:
    upkeep = "upkeep: {{review: {{label: Ask again, months: {}, starts: registered_on}}}}\n"
    (months,) = scheme_changes(in_turn(upkeep.format(12)), in_turn(upkeep.format(6)))
    assert (months.words, months.concerns) == (
        "Upkeep, review: months changed from 12 to 6", "offers")
    rule = ("offers: {{refusals: {{w: {{label: x, after: 1, then: c}}}}}}\n"
            "consequences: {{c: {{label: x, {}}}}}\n")
    found = scheme_changes(in_turn(rule.format("review: true")),
                           in_turn(rule.format("cancel: true")))
    assert {c.concerns for c in found} == {"offers"}


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("{2025-04-01: 500, 2026-05-01: 750}", ["£750 from 1 May 2026 (before: from 1 April 2026)"]),
        ("{2025-04-01: 500, 2026-05-01: 800}",
         ["£x stays £500 on 1 April 2026, and no longer becomes £750",
          "£750 becomes £800 from 1 May 2026"]),
        ("{2025-05-01: 500, 2026-05-01: 750}",
         ["£500 from 1 May 2025 (before: from 1 April 2025)",
          "£750 from 1 May 2026 (before: from 1 April 2026)"]),
        ("{2025-04-01: 500, 2025-09-01: 600, 2025-10-01: 750}",
         ["£500 becomes £600 from 1 September 2025",
          "£750 from 1 October 2025 (before: from 1 April 2026)"]),
        ("{2025-04-01: 500, 2025-08-01: 750, 2025-09-01: 600}",
         ["£500 becomes £750 from 1 August 2025", "£500 becomes £600 from 1 September 2025",
          "£x stays £600 on 1 April 2026, and no longer becomes £750"]),
    ],
)
def test_a_value_that_begins_on_another_day_is_told_once(new: str, said: list[str]) -> None:
    text = "parameters: {{p: {{label: Limit, unit: GBP, values: {}}}}}\n"
    found = scheme_changes(in_turn(text.format("{2025-04-01: 500, 2026-04-01: 750}")),
                           in_turn(text.format(new)))
    told = [c.words.removeprefix("Parameter p: “Limit”").removeprefix(": ") for c in found]
    assert told == [line.replace("£x ", " ") for line in said]


def test_the_order_of_entries_that_choose_a_date_counts() -> None:
    text = load_scheme("runnymede").documents[0].text
    head, rest = text.split("- date: {A: priority_date, otherwise: registered_on}")
    one = f"{head}- date: {{A: priority_date, may_bid: band_from, otherwise: registered_on}}{rest}"
    two = f"{head}- date: {{may_bid: band_from, A: priority_date, otherwise: registered_on}}{rest}"
    (change,) = scheme_changes(scheme_from_text(one), scheme_from_text(two))
    assert "for band A the priority date, for everyone else the date of registration)" not in (
        change.words)
    assert change.alters_shortlist


def test_stages_that_moved_and_what_only_matters_to_offers() -> None:
    first = TEMPLATE.index("      - label: Households with a member who is old enough")
    second = TEMPLATE.index("      - label: Everyone else, in the order of their bids")
    end = TEMPLATE.index("# The profile of an advert that names none.")
    swapped = (TEMPLATE[:first] + TEMPLATE[second:end].rstrip() + "\n" + TEMPLATE[first:second]
               + TEMPLATE[end:])
    (moved,) = scheme_changes(scheme_from_text(TEMPLATE), scheme_from_text(swapped))
    assert moved.words == ("Profile age_restricted: what was stage 1, “Households with a member who "
                           "is old enough” is now stage 2")
    offers = changed(("share: 0.5", "share: 0.25"),
                     ("      - label: Everyone else, in",
                      "        next_stage_when: no_eligible\n      - label: Everyone else, in"))
    assert [c.concerns for c in offers] == ["offers", "offers"]
    assert [c.words for c in offers] == [
        "Profile age_restricted, stage 1: when offers go on to the next stage changed from "
        "“no_letting” to “no_eligible”",
        "Plan village_homes, aim “Half of the homes to households with rent paid up”: share "
        "changed from 0.5 to 0.25",
    ]


def test_layout_comments_defaults_written_out_and_a_lone_stage_are_no_change() -> None:
    assert changed(
        ("when: exempt_from_connection OR months_resident >= param.residence_months",
         "when: >-\n      exempt_from_connection\n      or months_resident>=param.residence_months"),
        ("# The bands, from the greatest need down.", "# Bands."),
        ("when: status = 'active'\n", "when: status = 'active'\n    when_unknown: fail\n"),
        ("months_resident_in: {area: your_borough,", "months_resident_in: {area: [your_borough],"),
    ) == []
    lone = ("profiles:\n  all_homes: {label: Every home, order: [{tie: human}]}\n",
            "profiles:\n  all_homes: {label: Every home, stages: [{order: [{tie: human}]}]}\n")
    head = TEMPLATE[: TEMPLATE.index("bands:")]
    one, two = (scheme_from_text(head + profile) for profile in lone)
    assert scheme_changes(one, two) == []


def test_rules_come_first_and_are_shown_before_and_now() -> None:
    found = changed(("title: Your Council's allocation scheme", "title: New"),
                    ("when: status = 'active'", "when: status <> 'closed'"))
    assert [c.concerns for c in found] == ["shortlist", "words"]
    text = changes_described(found, "old", "new").text()
    assert "2 changes, of which 1 can alter a shortlist." in text
    assert "- Before:\n          status = 'active'" in text
    assert "- Now:\n          status <> 'closed'" in text
    assert found[0].as_dict() == {
        "kind": "changed", "part": "criterion on_register", "path": "criteria.on_register.when",
        "old": "status = 'active'", "new": "status <> 'closed'",
        "words": "Criterion on_register: the rule changed", "concerns": "shortlist",
        "alters_shortlist": True,
    }


def test_the_versions_in_force_on_a_date_are_compared_else_the_latest(text_with: Any) -> None:
    text = text_with()
    old = text.replace("{from: 2024-01-01, ", "{from: 2020-01-01, until: 2024-01-01, ")
    new = text.replace("Harbour homes", "Harbour lettings")
    both = scheme_from_text([("old.yaml", old), ("new.yaml", new)])
    one = scheme_from_text(old)
    assert [c.words for c in scheme_changes(one, both, dt.date(2022, 1, 1))] == []
    assert "The scheme: title changed from “Harbour homes” to “Harbour lettings”" in [
        c.words for c in scheme_changes(one, both)]
