"""A case that does not come out says in words how it differs."""

from __future__ import annotations

from typing import Any

from cbl_engine.cases.model import Expected
from cbl_engine.cases.run import differences


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
