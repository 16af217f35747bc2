"""The right to a review: what a scheme says of it, and what the law wants told."""

from __future__ import annotations

from datetime import date

import pytest

from cbl_engine.errors import SchemeError
from cbl_engine.scheme import (
    describe,
    load_scheme,
    scheme_changes,
    scheme_from_text,
    shipped_schemes,
)
from cbl_engine.scheme.law import allocation_law, final_offer_law
from cbl_engine.shipped import shipped_folder

TEXT = (shipped_folder("templates") / "scheme.yaml").read_text(encoding="utf-8")


def said(review):
    text = describe(scheme_from_text(TEXT + f"\nreview: {review}\n")).text()
    return " ".join(text.split("Review of a decision")[1].split("What is not known")[0].split())


@pytest.mark.parametrize(
    ("review", "words"),
    [
        ("{within_days: 21, counted: calendar, starts: received, source: P1 section 4}",
         "Ask within 21 calendar days of the day on which you received the letter. [P1 section 4]"),
        ("{within_days: 1}", "Ask within 1 (calendar or working: not known) day of the day on which "
         "(the letter was sent or received: not known)."),
        ("{ask: Write to us., answer_days: 56, answer_counted: calendar}",
         "The time to ask for one is not known. - Write to us. - We answer within 56 calendar days."),
    ],
)
def test_a_scheme_is_read_back_with_its_review(review, words):
    assert words in said(review)


@pytest.mark.parametrize(
    "review", ["{within_days: 0}", "{counted: business}", "{source: P9}", "{days: 21}"]
)
def test_what_a_review_cannot_say_is_refused(review):
    with pytest.raises(SchemeError, match=r"review|P9"):
        scheme_from_text(TEXT + f"\nreview: {review}\n")


def test_another_time_for_reviews_alters_no_shortlist():
    old, new = (scheme_from_text(TEXT + f"\nreview: {{within_days: {n}}}\n") for n in (14, 21))
    (change,) = scheme_changes(old, new)
    assert (change.concerns, change.path) == ("offers", "review.within_days")
    assert not change.alters_shortlist


def test_notices_have_a_source_and_say_whether_they_were_checked():
    law = allocation_law()
    for notice in law.notices.values():
        assert law.citation(notice).startswith("Housing Act 1996 section 16")
        assert isinstance(notice.confirmed, bool)
    on = date(2026, 3, 1)
    told = [law.citation(n) for n in law.notices_on(on, adverse=False)]
    assert "Housing Act 1996 section 166A (9)(c)" in told
    assert len(law.notices_on(on, adverse=True)) == len(told) + 1
    assert law.notices_on(date(2000, 1, 1), adverse=True) == []


def test_no_shipped_scheme_has_a_time_for_reviews_without_a_source():
    for name in shipped_schemes():
        for version in load_scheme(name).versions:
            review = version.review
            assert review is None or review.source or review.illustrative


def test_what_a_final_offer_must_tell_has_a_source_and_its_day():
    law = final_offer_law()
    assert all(law.citation(n).startswith("Housing Act 1996 section ") for n in law.notices.values())
    assert [len(law.notices_on(date(2026, 3, 1), d)) for d in ("main", "relief", "other", None)] == [
        3, 2, 0, 1]
    assert law.notices_on(date(2010, 1, 1), "relief") == []
