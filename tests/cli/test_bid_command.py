"""``cbl bid`` on the shipped borough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.records.small_record import SCHEME, first_week, second_week

if TYPE_CHECKING:
    from tests.cli.conftest import Cbl

ASKED = ("bid", "sheffield", "ADV000003", "P0000332", "--data", "riverton")


def test_it_says_yes_and_where_the_bid_would_stand(cbl: Cbl) -> None:
    code, out, err = cbl(*ASKED, "--at", "2026-02-25T12:00")
    assert (code, err) == (0, "")
    assert out.startswith("May application P0000332 bid on advert ADV000003?\n")
    assert "\nYes: a bid would count.\n" in out
    assert "Held, 16th of 20" in out


def test_it_gives_json(cbl: Cbl) -> None:
    _, out, _ = cbl(*ASKED, "--at", "2026-02-25T12:00+01:00", "--format", "json")
    found = json.loads(out)
    assert (found["answer"], found["at"]) == ("yes", "2026-02-25T11:00:00+00:00")


def test_the_audience_is_the_applicant_unless_asked(cbl: Cbl) -> None:
    assert "officers only" not in cbl(*ASKED, "--at", "2026-02-25T12:00")[1]
    assert "officers only" in cbl(*ASKED, "--at", "2026-02-25T12:00", "--audience", "officer")[1]


@pytest.mark.parametrize(
    ("moment", "words"),
    [("noon", "the moment cannot be read"), ("2026-03-29T01:30", "goes forward over it"),
     ("2026-10-25T01:45", "write the offset")],
)
def test_a_moment_that_is_none_is_refused(cbl: Cbl, moment: str, words: str) -> None:
    code, out, err = cbl(*ASKED, "--at", moment)
    assert (code, out) == (2, "")
    assert words in err


def test_ids_that_are_not_there_are_refused_together(cbl: Cbl) -> None:
    code, _, err = cbl("bid", "sheffield", "A", "P", "--data", "riverton", "--at", "2026-02-25T12:00")
    assert code == 2
    assert "there is no such advert; given A" in err
    assert "there is no such application; given P" in err


def test_of_a_state_the_record_counts(cbl: Cbl, tmp_path) -> None:
    first_week(tmp_path)
    second_week(tmp_path)
    active = "criteria: {active: {label: x, when: status = 'active'}}\neligible: [active]\n"
    (tmp_path / "scheme.yaml").write_text(SCHEME + active)

    def would_stand(state: str) -> str:
        _, out, _ = cbl("bid", tmp_path / "scheme.yaml", "AD2", "1", "--data", tmp_path / state,
                        "--at", "2026-03-11T12:00", "--format", "json")
        return json.loads(out)["standing"]["outcome"]

    assert (would_stand("week1"), would_stand("week2")) == ("eligible", "not eligible")
