"""Bidding, adverts and offers in words, and their changes: told, and never those of a shortlist."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cbl_engine.errors import SchemeError
from cbl_engine.scheme import describe, scheme_changes, scheme_from_text
from cbl_engine.scheme.advertising import Rung
from cbl_engine.scheme.bidding import Cap, Choice, Frozen
from cbl_engine.scheme.bidding_words import (
    MAY_NOT,
    PER,
    STEPS_OF_LADDER,
    UNLET,
    WHILE,
    WHOSE,
    WITHDRAWN,
)
from cbl_engine.scheme.offers import Check, Choosing, Consequence, Offers, Within
from cbl_engine.scheme.offers_words import (
    BEFORE,
    BY,
    BY_WHOM,
    OF,
    ORDER,
    SILENCE,
    STARTS,
    consequence_does,
    within_in_words,
)
from cbl_engine.shipped import shipped_folder
from cbl_engine.shortlist import prepare, shortlist

SAMPLER = (shipped_folder("cases") / "schemes/offers_sampler.yaml").read_text(encoding="utf-8")
WITHOUT = SAMPLER[: SAMPLER.index("bidding:\n")].replace("    checks: [affordability]\n", "")
"""The sampler up to its rules of bidding, adverts and offers."""


def choices(model, field):
    """The values that a field may have."""
    schema = model.model_json_schema()
    about = schema["properties"][field]
    return set(about.get("enum") or about["items"]["enum"])


def test_every_choice_has_words():
    for model, field, words in (
        (Choice, "bids", WHOSE), (Cap, "per", PER), (Cap, "withdrawn", WITHDRAWN),
        (Frozen, "while", WHILE), (Frozen, "may_not", MAY_NOT), (Rung, "step", STEPS_OF_LADDER),
        (Rung, "after", UNLET), (Check, "before", BEFORE), (Check, "of", OF),
        (Within, "starts", STARTS), (Choosing, "by_whom", BY_WHOM), (Choosing, "by", BY),
        (Offers, "order", ORDER), (Offers, "silence", SILENCE),
    ):
        assert choices(model, field) == set(words), (model, field)


@pytest.mark.parametrize(
    ("within", "words"),
    [
        ({"days": 1}, "1 day"),
        ({"working_days": 2, "starts": "viewed"},
         "2 working days, counted from the viewing where there was one"),
        ({"hours": 24, "starts": "received"},
         "24 hours, counted from its receipt on the second working day"),
    ],
)
def test_a_time_allowed_in_words(within, words):
    assert within_in_words(Within(**within)) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"suspend_months": 6}, "the application is suspended for 6 months"),
        ({"bar_months": 1}, "its bids do not count for 1 month"),
        ({"band": "B", "months": 12}, "it is put in band B for 12 months"),
        ({"down": 1}, "it goes down 1 band"),
        ({"bottom_of_band_months": 12},
         "it ranks below everyone else in its band for 12 months, and its date counts again "
         "afterwards"),
        ({"cancel": True}, "the application is closed"),
        ({"review": True}, "an officer looks at the application"),
        ({"lose_choice_months": 3}, "only the council bids for it for 3 months"),
    ],
)
def test_each_consequence_in_words(kind, words):
    assert consequence_does(Consequence(label="x", **kind)) == words


def test_a_landlord_s_own_times_and_checks_are_said():
    text = " ".join(describe(scheme_from_text(SAMPLER)).text().split())
    for words in (
        "The council nominates for 75% of its lettings.",
        "Only its homes ask for “The rent can be afforded”.",
        "The council names a household to it within 1 day of the close.",
        "It answers within 48 hours, counted from its receipt on the second working day.",
        "Bidding: Two bids a week in Band C",
        "Viewing",
    ):
        assert words in text, words


def test_the_days_on_which_a_landlord_is_closed_are_said_and_are_to_be_days():
    shut = SAMPLER.replace("landlords:\n", "landlords:\n  oak: {label: Oak, illustrative: true, closed: [DAY]}\n")
    text = " ".join(describe(scheme_from_text(shut.replace("DAY", "2026-12-29, 2026-12-24"))).text().split())
    assert ("For its answers, no working days beside bank holidays: 24 December 2026 and 29 December 2026."
            in text)
    with pytest.raises(SchemeError, match=r"landlords\.oak\.closed.*must be a date"):
        scheme_from_text(shut.replace("DAY", "Christmas"))


def test_what_a_scheme_leaves_to_the_engine_is_said_to_be_left():
    unsaid = "The scheme does not say; it is what the engine does."
    said = " ".join(describe(scheme_from_text(SAMPLER)).text().split())
    assert unsaid not in said
    silent = SAMPLER.replace("  one_at_a_time: true\n", "")
    text = " ".join(describe(scheme_from_text(silent)).text().split())
    assert f"A household under offer is offered nothing else meanwhile. {unsaid}" in text


def test_a_scheme_without_such_rules_says_nothing_of_them():
    text = describe(scheme_from_text(WITHOUT)).text()
    for title in ("How bids are placed", "How homes are advertised", "How a home is offered"):
        assert title not in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("bids: 4, per: live", "bids: 5, per: live", ["Cap four_live: the bids changed from 4 to 5"]),
        ("2024-01-03, days: 7", "2024-01-03, days: 14",
         ["Cycle of adverts: the days in a cycle changed from 7 to 14"]),
        ("when: asked_for_help, bids: automatic", "when: in_band_c, bids: automatic",
         ["Choice helped: whom it binds changed from “The household asked for automatic bids” "
          "(asked_for_help) to “The household is in Band C” (in_band_c)"]),
        ("own, only: flat", "own",
         ["Choice flats_in_band_c: the homes it may bid for changed from “The home is a flat” "
          "(flat) to none"]),
        ("step: readvertise, after: [no_bids, withdrawn]",
         "step: readvertise, after: [withdrawn, no_bids]", []),
        ("step: readvertise, after: [no_bids, withdrawn]", "step: readvertise, after: [no_bids]",
         ["Adverts, step 1: why the home was not let changed from no_bids and withdrawn to "
          "no_bids"]),
        ("share: 0.25", "share: 0.2", ["Quota waiting_time: share changed from 0.25 to 0.2"]),
        ("to: owed_main_duty", "to: in_band_c",
         ["Quota homeless: who counts changed from “The council owes the household the main "
          "homelessness duty” (owed_main_duty) to “The household is in Band C” (in_band_c)"]),
        ("must_pass: true", "must_pass: false",
         ["Check fraud: whether nothing is let without it changed from yes to no"]),
        ("checks: [affordability]", "checks: [affordability, fraud]",
         ["Landlord quay_homes: the checks it asks for changed from affordability to affordability "
          "and fraud"]),
        ("no_housing_debt: offered, ", "",
         ["Criterion asked again no_housing_debt: removed, “offered”"]),
        ("answer: {working_days: 2, starts", "answer: {working_days: 3, starts",
         ["Offers: working days changed from 2 to 3"]),
        ("    safety: somebody would not be safe there\n", "",
         ["Good reason safety: removed, “somebody would not be safe there”"]),
        ("after: 2, months: 12", "after: 2, months: 6",
         ["Refusal rule twice: the months looked back on changed from 12 to 6"]),
        ("then: suspended", "then: bottom",
         ["Refusal rule three_times: what is proposed changed from “suspended” to “bottom”"]),
        ("suspend_months: 6", "cancel: true",
         ["Consequence suspended: suspend months changed from 6 to nothing",
          "Consequence suspended: cancel changed from no to yes"]),
        ("fit: [size_may_be_let]\n    illustrative: true\n  decant", "fit: []\n    illustrative: true\n  decant",
         ["Direct let found_home: how household and home must fit changed from size_may_be_let to "
          "none"]),
    ],
)
def test_a_change_is_said_and_concerns_no_shortlist(old, new, words):
    assert SAMPLER.count(old) == 1
    changes = scheme_changes(scheme_from_text(SAMPLER),
                             scheme_from_text(SAMPLER.replace(old, new)))
    assert [c.words for c in changes] == words
    assert {c.concerns for c in changes} <= {"offers"}


def test_a_share_that_is_a_fraction_reads_back_as_it_was_written():
    third = scheme_from_text(SAMPLER.replace("share: 0.25", "share: 1/3"))
    (change,) = scheme_changes(scheme_from_text(SAMPLER), third)
    assert change.words == "Quota waiting_time: share changed from 0.25 to 1/3"
    text = describe(third).text()
    assert "1/3 of adverts" in text
    assert "share: 1/3" in text


def test_rules_in_another_order_and_rules_added():
    first = SAMPLER.index("    placed_by_council:")
    second, third = SAMPLER.index("    helped:"), SAMPLER.index("    flats_in_band_c:")
    old = scheme_from_text(SAMPLER)
    swapped = SAMPLER[:first] + SAMPLER[second:third] + SAMPLER[first:second] + SAMPLER[third:]
    assert [c.words for c in scheme_changes(old, scheme_from_text(swapped))] == [
        "Choice placed_by_council: now listed after choice helped"]
    start, end = SAMPLER.index("bidding:\n"), SAMPLER.index("advertising:\n")
    changes = scheme_changes(scheme_from_text(SAMPLER[:start] + SAMPLER[end:]), old)
    assert {c.concerns for c in changes} == {"offers"}
    assert "The scheme: bidding added" in [c.words for c in changes]


def test_a_criterion_that_only_offers_read_concerns_them():
    text = SAMPLER.replace("when: wishes_help", "when: NOT wishes_help")
    (change,) = scheme_changes(scheme_from_text(SAMPLER), scheme_from_text(text))
    assert (change.part, change.concerns, change.of_rule) == (
        "criterion asked_for_help", "offers", True)


def test_rules_of_offers_leave_the_shortlist_alone():
    register = {"applications": pl.DataFrame({
        "id": ["P1", "P2", "P3"], "status": ["active"] * 3, "band": ["C", "A", "B"],
        "priority_date": [dt.date(2024, 1, day) for day in (1, 2, 3)], "sizes": [[2], [2], [1]],
        "registered_on": [dt.date(2024, 1, 1)] * 3, "place_in_band": [0] * 3,
    })}
    adverts = pl.DataFrame({
        "id": ["H1"], "bedrooms": [2], "landlord": ["quay_homes"], "status": ["open"],
        "closes_at": [dt.datetime(2024, 2, 4, 12, tzinfo=dt.UTC)],
    })
    bids = pl.DataFrame({
        "advert": ["H1"] * 3, "application": ["P1", "P2", "P3"],
        "placed_at": [dt.datetime(2024, 2, 1, tzinfo=dt.UTC)] * 3,
    })
    with_rules, without = (
        shortlist(prepare(scheme_from_text(text), register, dt.date(2024, 2, 4)), adverts, bids)
        for text in (SAMPLER, WITHOUT)
    )
    assert with_rules.frame().height == 3
    assert with_rules.frame().equals(without.frame())
