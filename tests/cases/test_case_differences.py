"""A case that does not come out says in words how it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cbl_engine.cases import read_cases, run_case
from cbl_engine.cases.model import Expected
from cbl_engine.cases.run import differences

if TYPE_CHECKING:
    from pathlib import Path


def _bid(application: str, position: int | None, **given: Any) -> dict[str, Any]:
    ranked = {"eligible": position is not None, "tie_group": None, "decided_by": None}
    return {
        "application": application,
        "position": position,
        "failed": [],
        "unknown": [],
        **ranked,
        **given,
    }


def _found(expected: Expected, *bids: dict[str, Any]) -> list[str]:
    return list(differences(expected, {bid["application"]: bid for bid in bids}))


def test_nothing_to_say() -> None:
    expected = Expected(
        order=(("X",), ("Y", "Z")),
        not_eligible={"W": ("a", "b")},
        held={"Y": ("c",)},
        decided_by={"Y": "band"},
    )
    bids = (
        _bid("X", 1),
        _bid("Z", 2, tie_group=1, decided_by="band"),
        _bid("Y", 3, tie_group=1, eligible=None, unknown=["c"], decided_by="band"),
        _bid("W", None, failed=["b", "a"]),
    )
    assert _found(expected, *bids) == []


def test_another_order() -> None:
    expected = Expected(order=(("X",), ("Y",)), decided_by={"Y": "band"})
    assert _found(expected, _bid("Y", 1), _bid("X", 2, decided_by="date")) == [
        "expected X first, got Y; the order came out as Y, then X (decided by date)",
        "Y: expected to be decided by band, got nothing",
    ]


def test_an_order_where_a_tie_was_expected_and_the_reverse() -> None:
    tied = (_bid("X", 1, tie_group=1), _bid("Y", 2, tie_group=1, decided_by="tie"))
    assert _found(Expected(order=(("X",), ("Y",))), *tied) == [
        "expected X first, got X and Y as a tie; the order came out as X and Y as a tie"
    ]
    apart = (_bid("X", 1), _bid("Y", 2, decided_by="band"))
    assert _found(Expected(order=(("X", "Y"),)), *apart) == [
        "expected X and Y as a tie first, got X; the order came out as X, then Y (decided by band)"
    ]


def test_two_ties_in_a_row_stay_apart() -> None:
    bids = [
        _bid(name, place, tie_group=(place + 1) // 2) for place, name in enumerate("ABCD", start=1)
    ]
    assert _found(Expected(order=(("A", "B"), ("C", "D"))), *bids) == []


def test_another_outcome() -> None:
    expected = Expected(order=(("X",),), not_eligible={"Y": ("a",)}, held={"X": ("c",)})
    found = _found(expected, _bid("X", 1), _bid("Y", None, failed=["a", "b"]))
    assert found == [
        "X: expected held (c), got eligible",
        "Y: expected not eligible (a), got not eligible (a, b)",
    ]


def test_no_bid_and_a_bid_not_spoken_of() -> None:
    assert _found(Expected(order=(("X",),)), _bid("Y", None, failed=["a"])) == [
        "X: expected eligible, got no bid that counts",
        "Y: not spoken of under expect, but came out not eligible (a)",
        "the order came out as nobody",
    ]


def test_what_is_not_known_of_an_eligible_bid() -> None:
    expected = Expected(order=(("X",),), not_known={"X": ("debt: owed",)})
    assert _found(expected, _bid("X", 1)) == ["X: expected not known debt: owed, got nothing"]


ASSESSED = """\
scheme: southend
as_at: 2024-10-01
defaults: {registered_on: 2021-01-05, current_bedrooms: 1, exempt_from_connection: true}
cases:
  - name: one
    applications:
      X: {}
    people:
      X: [{relationship: applicant, date_of_birth: 1980-01-01, sex: female}]
    band_history:
      X: [{band: C, since: 2021-03-10}]
    officer_decisions:
      X: [{subject: medical, value: accepted, stage: decision}]
    expect:
      assessed:
        X: {EXPECTED}
"""


@pytest.mark.parametrize(
    ("expected", "differ"),
    [
        ("band: C, sizes: [1], qualifies: true, awards: [other_medical]", []),
        ("band: A", ["expected band A, got C (awards held: other_medical)"]),
        (
            "priority_date: 2021-03-10",
            [
                "expected priority date 2021-03-10, got 2021-01-05 (by the rule first of "
                "registered_on)"
            ],
        ),
        ("sizes: [1, 2]", ["expected sizes 1, 2, got 1"]),
        ("points: 5", ["expected points 5, got nothing (awards held: other_medical)"]),
        ("awards: []", ["expected awards nothing, got other_medical"]),
        ("qualifies: false", ["expected qualifies no, got yes (fails nothing; not known: nothing)"]),
        (
            "status_proposed: unbanded",
            [
                "expected status proposed unbanded, got active (not known: nothing; "
                "contradictions: nothing)"
            ],
        ),
        ("contradictions: [overlap]", ["expected contradictions overlap, got nothing"]),
        ("missing: [carer]", ["expected missing carer, got nothing"]),
    ],
)
def test_another_assessment(tmp_path: Path, expected: str, differ: list[str]) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(ASSESSED.replace("EXPECTED", expected), encoding="utf-8")
    file = read_cases(path)
    result = run_case(file.cases[0], file)
    assert list(result.differences) == [f"X: {line}" for line in differ]
    assert result.passed is not bool(differ)


def test_a_contradiction_that_nobody_spoke_of_is_a_difference(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    text = ASSESSED.replace("EXPECTED", "band: C").replace("1980-01-01", "2030-01-01")
    path.write_text(text, encoding="utf-8")
    file = read_cases(path)
    assert list(run_case(file.cases[0], file).differences) == [
        "X: expected contradictions nothing, got born_after_as_at"
    ]


def test_an_application_without_a_version_in_force_is_told(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    text = ASSESSED.replace("EXPECTED", "band: C").replace("X: {}", "X: {valid_from: 2025-01-01}")
    path.write_text(text, encoding="utf-8")
    file = read_cases(path)
    assert list(run_case(file.cases[0], file).differences) == [
        "X: no version of it is in force, so it was not assessed"
    ]


OFFERED = """\
scheme: runnymede
as_at: 2024-10-01
advert: {bedrooms: 2}
defaults: {sizes: [2], owed_homelessness_duty: false, exempt_from_connection: true}
cases:
  - name: one
    adverts: {P: {}, Q: {}}
    applications:
      X: {band: C, registered_on: 2020-01-01}
      Y: {band: D, registered_on: 2020-01-01}
    bids: {P: [X, Y], Q: [Y]}
    checks: {X: {fraud: refused, home_visit: cleared}, Y: {home_visit: cleared, fraud: cleared}}
    outcomes: [{viewed: X, advert: P}, {viewed: Y, advert: P}, {accepted: Y, advert: P}]
    expect: {EXPECTED}
"""


@pytest.mark.parametrize(
    ("expected", "differ"),
    [
        (
            "offered: {P: Y}, passed_over: {P: {X: fraud}, Q: {Y: under_offer}}, "
            "offers: {P: {X: bypassed, Y: accepted}}, lists: {P: [X, Y], Q: [Y]}, waiting: []", [],
        ),
        (
            "offered: {P: [X, Y], Q: Y}",
            ["P: expected offered to X, then Y, got Y", "Q: expected offered to Y, got nothing"],
        ),
        ("offered: {}", ["P: expected offered to nothing, got Y"]),
        ("lists: {P: [Y, X]}", ["P: expected Y first, got X; the order came out as X, then Y"]),
        ("lists: {P: [[X, Y]]}", [
            "P: expected X and Y as a tie first, got X; the order came out as X, then Y",
        ]),
        (
            "passed_over: {P: {X: under_offer}, Q: {Y: under_offer}}",
            ["P, X: expected passed over for under_offer, got fraud"],
        ),
        (
            "let: {P: Y}, unlet: {Q: no_bids}",
            [
                "P: expected let to Y, got nothing",
                "Q: expected not let because of no_bids, got exhausted",
            ],
        ),
        (
            "consequences: {X: {looked_at: null}, Y: {looked_at: 2025-01-01}}",
            [
                "X, looked_at: expected until for good, got nothing",
                "Y, looked_at: expected until 2025-01-01, got nothing",
            ],
        ),
        (
            "waiting: [{offer: X, advert: Q}]",
            ["expected to wait for a decision: offer, advert Q, application X, got nothing of the "
             "kind"],
        ),
        (
            "clashes: {3: home_let}",
            ["outcome 3: expected to clash as home_let, got nothing"],
        ),
    ],
)
def test_another_cycle(tmp_path: Path, expected: str, differ: list[str]) -> None:
    """A sentence for each thing that came out other than expected."""
    path = tmp_path / "case.yaml"
    path.write_text(OFFERED.replace("EXPECTED", expected), encoding="utf-8")
    file = read_cases(path)
    assert list(run_case(file.cases[0], file).differences) == differ


def test_what_waits_or_clashes_and_was_not_spoken_of_is_a_difference(tmp_path: Path) -> None:
    """A case that speaks of waiting speaks of all that waits; the same for clashes."""
    path = tmp_path / "case.yaml"
    more = "{refused: Y, advert: P}, {signed: X, advert: P}"
    text = OFFERED.replace("{accepted: Y, advert: P}", more)
    path.write_text(text.replace("EXPECTED", "waiting: [], clashes: {}"), encoding="utf-8")
    file = read_cases(path)
    clash, waits = run_case(file.cases[0], file).differences
    assert clash.startswith("outcome 4: expected to clash as nothing, got after_the_end (signed on")
    assert waits == (
        "not spoken of under waiting, but waits: refusal_counts, advert P, application Y"
    )


def test_an_outcome_that_cannot_be_is_told_where_none_was_expected(tmp_path: Path) -> None:
    """The engine stops, and the case fails with its words."""
    path = tmp_path / "case.yaml"
    text = OFFERED.replace("accepted: Y", "signed: Y").replace("EXPECTED", "waiting: []")
    path.write_text(text, encoding="utf-8")
    file = read_cases(path)
    (said,) = run_case(file.cases[0], file).differences
    assert said.startswith("the engine refused it: outcomes.003: signed on 2024-10-01 (advert P, ")
