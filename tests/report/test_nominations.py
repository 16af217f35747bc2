"""Shares of lettings that landlords agreed are for households the council names."""

from __future__ import annotations

from datetime import date

import polars as pl

from cbl_engine.report import letting_results, results_page
from cbl_engine.report.nominations import NOMINATIONS, nominations_agreed
from cbl_engine.report.results_page import table_in_words
from cbl_engine.scheme import scheme_from_text
from tests.report.recorded_lettings import SCHEME, Record, record_of

AGREED = scheme_from_text("""
scheme: agreed
title: Agreed
authority: Nobody
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}}
profiles: {only: {label: x, order: [{band: [A]}]}}
landlords: {acorn: {label: x, nominations_share: 0.75}, birch: {label: x}}
nominations: {label: x}
""")
SIGNED = date(2026, 3, 2)


def two_lettings(*tenancies: dict) -> Record:
    """Acorn let one home to a nominee and one directly, birch one to a nominee."""
    return record_of(
        homes=[{"id": f"H{n}", "landlord": "acorn"} for n in range(5)],
        offers=[
            {"id": f"O{n}", "home": f"H{n}", "application": f"P{n}", "step": "let",
             "landlord": "birch" if n == 3 else "acorn",
             "nominated_on": None if n == 2 else date(2026, 2, 2)} for n in (1, 2, 3)
        ],
        lettings=[{"id": f"O{n}", "home": f"H{n}", "application": f"P{n}", "signed_on": SIGNED,
                   "started_on": date(2026, 3, 9)} for n in (1, 2, 3)],
        tenancies=list(tenancies), applications=[{"id": f"P{n}"} for n in (1, 2, 3)],
    )


def told(record: Record, since: date | None = None) -> list[tuple]:
    found = nominations_agreed(record, AGREED, since, date(2026, 3, 31))
    assert dict(found.schema) == NOMINATIONS
    return found.rows()


def test_lettings_to_nominees_are_set_against_the_share_agreed():
    """Three quarters of two homes are two: one is owed. Birch agreed to nothing."""
    assert told(two_lettings()) == [("acorn", 0.75, 2, 1, 0.5, 1)]


def test_a_tenancy_of_a_home_of_the_landlord_that_is_no_letting_of_ours_is_its_own_letting():
    """That of H1 is ours, by household or by day; H9 is nobody's we know."""
    ours = {"id": "T1", "home": "H1", "application": "P1", "start": date(2026, 3, 10)}
    same_day = {"id": "T2", "home": "H2", "start": date(2026, 3, 9)}
    its_own = {"id": "T3", "home": "H4", "start": date(2026, 3, 20)}
    before = {"id": "T4", "home": "H4", "start": date(2019, 3, 20)}
    nobodys = {"id": "T5", "home": "H9", "start": date(2026, 3, 20)}
    record = two_lettings(ours, same_day, its_own, before, nobodys)
    assert told(record, date(2026, 1, 1)) == [("acorn", 0.75, 3, 1, 0.333, 2)]


def test_nothing_let_owes_nothing():
    record = two_lettings()
    record.tables["lettings"] = record.tables["lettings"].with_columns(undone_on=pl.lit(SIGNED))
    assert told(record) == [("acorn", 0.75, 0, 0, None, 0)]


def test_officers_are_told_and_the_public_is_not():
    found = letting_results(two_lettings(), AGREED, audience="officer")
    assert found.tables["nominations"].rows() == told(two_lettings())
    title, heads, rows = table_in_words(found, "nominations")
    assert (heads, rows) == (["", "homes"], [
        ["acorn: agreed 0.75 of homes let, 1 of 2 to households named", "1"]])
    assert title in results_page(found)
    assert "nominations" not in letting_results(two_lettings(), AGREED).tables
    assert "nominations" not in letting_results(two_lettings(), SCHEME, audience="officer").tables
