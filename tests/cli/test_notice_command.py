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
