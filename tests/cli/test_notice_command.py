"""cbl notice and cbl waiting: letters listed and drafted, what is overdue."""

from __future__ import annotations

import json

import pytest

from tests.records.small_record import write_files


@pytest.fixture
def state(cbl, tmp_path):
    """A record of one week in which a home was offered and waits for its answer."""
    scheme, data = write_files(tmp_path)
    scheme.write_text(scheme.read_text() + "offers: {answer: {days: 3}}\n")
    (tmp_path / "done.csv").write_text("id,on,what,advert,application,act,by\n"
                                       "O1,2026-03-06,approved,AD1,1,offer,Officer 4\n")
    code, _, error = cbl("cycle", scheme, "--state", data, "--as-at", "2026-03-11", "--out",
                         tmp_path / "state", "--outcomes", tmp_path / "done.csv")
    assert code == 0, error
    return tmp_path / "state"


def test_letters_are_listed_and_narrowed(state, cbl):
    code, said, _ = cbl("notice", state)
    assert code == 0
    assert "offer/AD1/1/1" in said
    code, said, _ = cbl("notice", state, "--application", "1", "--format", "json")
    assert [row["kind"] for row in json.loads(said)] == ["offer"]
    assert "No letter is due" in cbl("notice", state, "--since", "2026-03-20")[1]


def test_a_letter_is_drafted_as_text_and_as_a_page(state, cbl, tmp_path):
    code, said, _ = cbl("notice", state, "offer/AD1/1/1")
    assert code == 0
    assert "by 9 March 2026" in said
    code, said, _ = cbl("notice", state, "offer/AD1/1/1", "--out", tmp_path / "offer.html")
    assert (code, "To fill in before it is signed: " in said) == (0, True)
    assert "<mark>[to fill in:" in (tmp_path / "offer.html").read_text()
    assert cbl("notice", state, "offer/AD1/1/1", "--format", "markdown")[1].startswith("# An offer")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["offer/AD9/1/1"], "no such letter"),
        (["--out", "x.html"], "a draft is of one letter"),
        (["--format", "html"], "a draft is of one letter"),
        (["offer/AD1/1/1", "--application", "1"], "nothing is listed"),
        (["offer/AD1/1/1", "--format", "csv"], "cannot be given as rows"),
        (["--since", "soon"], "cannot be read"),
    ],
)
def test_what_cannot_be_drafted_or_listed_is_refused(state, cbl, asked, said):
    code, _, error = cbl("notice", state, *asked)
    assert code == 2
    assert said in error


def test_what_is_overdue_is_told_with_its_days(state, cbl):
    code, said, _ = cbl("waiting", state, "--format", "json")
    assert code == 0
    answer = next(r for r in json.loads(said) if r["waits_for"] == "answer")
    assert (answer["owner"], answer["due_on"], answer["days_over"]) == ("1", "2026-03-09", 2)
    assert cbl("waiting", state, "--breaches", "--format", "csv")[1].startswith("owner,what,offer")
    assert "days over" in cbl("waiting", state)[1]


def test_what_tells_against_a_household_is_listed_first_and_automatic_bids_are_counted():
    """Of each kind the latest at the head."""
    from datetime import date

    import polars as pl
    from rich.console import Console

    from cbl_engine.cli.notice import _listed
    from cbl_engine.report.notices_due import KINDS, SCHEMA, WEIGHTIEST_FIRST

    assert set(WEIGHTIEST_FIRST) == set(KINDS)
    rows = [("automatic_bid", 3), ("offer", 4), ("passed_over", 5), ("passed_over", 6),
            ("consequence", 2)]
    found = pl.DataFrame([
        {"notice": f"{kind}/{n}", "kind": kind, "application": "P1", "on": date(2026, 3, n)}
        for kind, n in rows
    ], schema_overrides=SCHEMA).with_columns(pl.lit(None, pl.String).alias("what"))
    console = Console(width=140)
    with console.capture() as said:
        for part in _listed(found):
            console.print(part)
    text = said.get()
    assert "Letters: 5 (1 consequence, 2 passed over, 1 offer, 1 automatic bid)" in text
    at = [text.index(n) for n in ("consequence/2", "passed_over/6", "passed_over/5", "offer/4")]
    assert at == sorted(at)
    assert "automatic_bid/3" not in text
    assert "and 1 more" in text
