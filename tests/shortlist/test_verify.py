"""A check that cannot fail checks nothing: each property is caught when the output is damaged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from cbl_engine.errors import PropertyError
from cbl_engine.shortlist import prepare, shortlist
from cbl_engine.shortlist import verify as verifying
from cbl_engine.shortlist.verify import verify
from tests.shortlist.small import CLOSES, adverts_of, bid, ranked, scheme_of

if TYPE_CHECKING:
    from cbl_engine.shortlist import Shortlist
    from cbl_engine.shortlist.bids import Bids
    from cbl_engine.shortlist.kernel import Ranking

TEXT = """
criteria:
  near: {label: x, when: local}
  solvent: {label: x, when: NOT in_debt, when_unknown: hold}
  cleared: {label: x, when: owes <= advert.cap, when_unknown: pass}
eligible: [near, cleared]
profiles:
  only:
    label: x
    stages:
      - {label: one, eligible: [solvent], order: [{points: points}, {tie: human}]}
      - {label: two, order: [{points: points, when_unknown: hold}]}
"""
OWN: dict[str, dict[str, Any]] = {
    "a": {"local": True, "owes": 1, "in_debt": False, "points": 9},
    "b": {"local": True, "owes": 1, "in_debt": False, "points": 7},
    "c": {"local": True, "owes": 1, "in_debt": False, "points": 7},
    "d": {"local": True, "owes": None, "in_debt": False, "points": 5},
    "e": {"local": True, "owes": 1, "in_debt": None, "points": 3},
    "f": {"local": True, "owes": 1, "in_debt": True, "points": 99},
    "g": {"local": True, "owes": 1, "in_debt": True, "points": None},
    "h": {"local": False, "owes": 1, "in_debt": False, "points": 5},
    "i": {"local": None, "owes": 99, "in_debt": True, "points": 5},
}
AT = {name: place for place, name in enumerate(OWN)}


@pytest.fixture(scope="module")
def result() -> Shortlist:
    bids = [bid(i, minutes, advert) for advert in ("p", "q") for i in OWN for minutes in (60, 5)]
    made = ranked(TEXT, OWN, bids, adverts_of({"id": "p", "cap": 5}, {"id": "q", "cap": 5}))
    assert made.frame(["p"])["application"].to_list() == list(OWN)
    assert made.frame(["p"])["position"].to_list() == [1, 2, 3, 4, 5, 6, 7, None, None]
    assert made.frame(["p"])["eligible"].to_list() == [True] * 4 + [None, True, None, False, False]
    return made


def _again(result: Shortlist, ranking: Ranking, bids: Bids | None = None) -> None:
    verify(result.adverts, bids or result.bids, ranking, result.given.height, 0, "full")


def _copy(ranking: Ranking) -> Ranking:
    out = copy(ranking)
    for field in fields(ranking):
        value = getattr(ranking, field.name)
        if isinstance(value, np.ndarray):
            setattr(out, field.name, value.copy())
    return out


def _bit(result: Shortlist, name: str) -> np.uint64:
    (work,) = result.ranking.works
    (bit,) = (c.bit for c in work.batch.view.compiled.conditions if c.name == name)
    return np.uint64(1 << bit)


def _swap(array: Any, one: str, other: str) -> None:
    array[..., [AT[one], AT[other]]] = array[..., [AT[other], AT[one]]]


def test_what_is_not_damaged_passes(result: Shortlist) -> None:
    _again(result, _copy(result.ranking))


Damage = Callable[["Shortlist", "Ranking"], None]
DAMAGES: dict[str, tuple[int, Damage]] = {
    "a position given twice": (2, lambda s, r: r.position.__setitem__(AT["a"], 2)),
    "a gap": (2, lambda s, r: r.position.__setitem__(AT["g"], 8)),
    "a position below one": (2, lambda s, r: r.position.__setitem__(AT["a"], -1)),
    "an ineligible bid with a position": (2, lambda s, r: r.position.__setitem__(AT["h"], 8)),
    "a bid without its position": (2, lambda s, r: r.position.__setitem__(AT["g"], 0)),
    "one position too many in the count": (2, lambda s, r: r.ordered.__setitem__(0, 8)),
    "one position moved to another advert": (
        2, lambda s, r: r.ordered.__iadd__(np.array([1, -1], np.int32))),
    "positions of two bids swapped": (6, lambda s, r: _swap(r.position, "a", "d")),
    "two in a tie group swapped": (4, lambda s, r: _swap(r.position, "b", "c")),
    "stages swapped": (4, lambda s, r: _swap(r.position, "e", "f")),
    "a tie not marked": (4, lambda s, r: r.tied.__setitem__(AT["c"], False)),
    "a tie marked between different keys": (4, lambda s, r: r.tied.__setitem__(AT["d"], True)),
    "a tie across stages": (4, lambda s, r: r.tied.__setitem__(AT["f"], True)),
    "held without cause": (3, lambda s, r: r.eligible.__setitem__(AT["a"], 1)),
    "held by what does not hold": (3, lambda s, r: r.eligible.__setitem__(AT["d"], 1)),
    "held by a criterion and not marked": (3, lambda s, r: r.eligible.__setitem__(AT["e"], 2)),
    "held by a key and not marked": (3, lambda s, r: r.eligible.__setitem__(AT["g"], 2)),
    "failed lost": (3, lambda s, r: r.failed.__setitem__((0, AT["h"]), 0)),
    "failed invented": (
        3, lambda s, r: r.failed.__setitem__((0, AT["a"]), _bit(s, "near"))),
    "one of two failed lost": (
        5, lambda s, r: r.failed.__setitem__((0, AT["i"]), _bit(s, "near"))),
    "failed another criterion": (
        5, lambda s, r: r.failed.__setitem__((0, AT["h"]), _bit(s, "cleared"))),
    "failed of a stage it does not stand in": (
        5, lambda s, r: r.failed.__setitem__(
            (0, AT["i"]), r.failed[0, AT["i"]] | _bit(s, "solvent"))),
    "unknown lost": (5, lambda s, r: r.unknown.__setitem__((0, AT["d"]), 0)),
    "unknown invented": (
        5, lambda s, r: r.unknown.__setitem__((0, AT["a"]), _bit(s, "cleared"))),
    "a key of an ineligible bid listed": (
        5, lambda s, r: r.unknown.__setitem__((0, AT["h"]), _bit(s, "points: points"))),
    "unknown of one that holds lost": (3, lambda s, r: r.unknown.__setitem__((0, AT["e"]), 0)),
    "a stage too late": (5, lambda s, r: r.stage.__setitem__(AT["e"], 1)),
    "a stage too early": (5, lambda s, r: r.stage.__setitem__(AT["f"], 0)),
    "no stage": (3, lambda s, r: r.stage.__setitem__(AT["f"], -1)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("threads", [False, True])
def test_damage_is_found(result: Shortlist, damage: str, threads: bool) -> None:
    number, do = DAMAGES[damage]
    ranking = _copy(result.ranking)
    do(result, ranking)
    with ThreadPoolExecutor(2) as pool, pytest.raises(PropertyError) as caught:
        verify(result.adverts, result.bids, ranking, result.given.height, 0, "full",
               pool if threads else None)
    assert caught.value.number == number
    assert str(caught.value).startswith(f"property {number} does not hold: ")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("what", ["lost", "counted twice", "set aside twice", "counted and aside"])
def test_a_bid_lost_or_given_twice_is_found(result: Shortlist, what: str) -> None:
    bids = result.bids
    keys, aside = bids.keys.copy(), bids.set_aside_rows.copy()
    row = np.uint64((1 << bids.application_shift) - 1)
    if what == "lost":
        aside, reasons = aside[:-1], bids.set_aside_reasons[:-1]
        damaged = replace(bids, set_aside_rows=aside, set_aside_reasons=reasons)
    elif what == "counted twice":
        keys[0] = (keys[0] & ~row) | (keys[1] & row)
        damaged = replace(bids, keys=keys)
    elif what == "set aside twice":
        aside[0] = aside[1]
        damaged = replace(bids, set_aside_rows=aside)
    else:
        aside[0] = int(bids.rows(slice(0, 1))[0])
        damaged = replace(bids, set_aside_rows=aside)
    with pytest.raises(PropertyError) as caught:
        _again(result, result.ranking, damaged)
    assert caught.value.number == 1


def test_a_damaged_ranking_never_comes_out(
    result: Shortlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = sys.modules["cbl_engine.shortlist.run"]
    honest = run.rank

    def damaged(*arguments: Any) -> Ranking:
        ranking = honest(*arguments)
        _swap(ranking.position, "a", "d")
        return ranking

    monkeypatch.setattr(run, "rank", damaged)
    with pytest.raises(PropertyError, match="property 6 does not hold: bids are out of order"):
        shortlist(result.prepared, adverts_of({"id": "p", "cap": 5}),
                  result.given.filter(advert="p"))


@pytest.fixture(scope="module")
def many() -> Shortlist:
    """400 adverts of 0 to 799 bids."""
    n, sizes = 800, np.arange(400) * 2
    applications = pl.DataFrame({
        "id": np.arange(n), "status": pl.Series(["active"]).new_from_index(0, n),
        "points": np.arange(n) % 50,
    })
    names = np.arange(400)
    adverts = adverts_of({"id": 0}).drop("id").join(pl.DataFrame({"id": names}), how="cross")
    bids = pl.DataFrame({
        "advert": np.repeat(names, sizes),
        "application": np.concatenate([np.arange(s) for s in sizes]),
    }).with_columns(pl.lit(CLOSES).dt.cast_time_unit("us").alias("placed_at"))
    text = "profiles: {only: {label: x, order: [{points: points}]}}\n"
    prepared = prepare(scheme_of(text), {"applications": applications}, "close")
    return shortlist(prepared, adverts, bids)


def test_a_sample_is_of_whole_adverts_and_at_least_100_000_bids(many: Shortlist) -> None:
    sizes = np.diff(many.bids.starts)
    samples = []
    for seed in range(5):
        places = verifying._sample(many.adverts, many.bids, seed, "sample")
        checked = verify(many.adverts, many.bids, many.ranking, many.bids.n, seed, "sample")
        assert checked.extent == "sample"
        assert checked.bids == many.bids.n == 159_600
        assert checked.bids_row_by_row == sizes[places].sum() >= 100_000
        # Without its largest advert it would hold too few: no more is checked than asked for.
        assert checked.bids_row_by_row - sizes[places].max() < 100_000
        samples.append(tuple(places))
    assert len(set(samples)) == 5
    assert samples[0] == tuple(verifying._sample(many.adverts, many.bids, 0, "sample"))


def test_full_covers_every_bid(many: Shortlist) -> None:
    checked = verify(many.adverts, many.bids, many.ranking, many.bids.n, 0, "full")
    assert (checked.extent, checked.bids_row_by_row) == ("full", many.bids.n)


def test_properties_1_to_4_cover_what_the_sample_leaves_out(many: Shortlist) -> None:
    places = verifying._sample(many.adverts, many.bids, 0, "sample")
    left_out = np.setdiff1d(np.arange(len(many.bids.starts) - 1), places)
    last = int(left_out[-1])
    start = int(many.bids.starts[last])
    damages = {
        2: lambda r: r.position.__setitem__(start, r.position[start + 1]),
        3: lambda r: r.failed.__setitem__((0, start), 1),
    }
    for number, damage in damages.items():
        ranking = _copy(many.ranking)
        damage(ranking)
        with pytest.raises(PropertyError) as caught:
            verify(many.adverts, many.bids, ranking, many.bids.n, 0, "sample")
        assert caught.value.number == number
