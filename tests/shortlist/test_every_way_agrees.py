"""However the work is cut up, and in whatever order rows are given, the shortlist is the same."""

from __future__ import annotations

import random
import sys
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.errors import TableError
from cbl_engine.shortlist import kernel, prepare, shortlist
from tests.reference.frames import frames_of
from tests.reference.strategies import random_case

if TYPE_CHECKING:
    from cbl_engine.shortlist import Shortlist
    from tests.reference.strategies import Case

WAYS: dict[str, dict[str, Any]] = {
    "tables, not over the bids": {"fields._FEW_BIDS": 10**9},
    "over the bids": {"fields._FEW_BIDS": 0},
    "no bits": {"fields._FEW_BIDS": 10**9, "fields.MOST_ROWS": 0},
    "one bit": {"fields._FEW_BIDS": 10**9, "fields.MOST_ROWS": 1},
    "many bits": {"fields._FEW_BIDS": 10**9, "fields.MOST_ROWS": 64},
    "no table of pairs": {"fields._FEW_BIDS": 10**9, "fields.MOST_CELLS": 0},
    "small blocks": {"kernel.BLOCK": 4},
    "small chunks": {"bids.CHUNK": 3, "verify.CHUNK": 3, "verify._ADVERTS": 2},
    "narrow segments": {"keys.RANK_ABOVE_BITS": 0},
    "threads": {"run.THREADS_FROM": 0, "kernel.BLOCK": 8, "bids.CHUNK": 5},
}
_CASES = [
    random_case(random.Random(seed), (2, 14), (1, 8), (0, 12)) for seed in range(900, 915)
]


def _shortlist(case: Case) -> Shortlist:
    register, adverts, bids, homes = frames_of(case)
    prepared = prepare(case.scheme(), register, case.as_at)
    return shortlist(prepared, adverts, bids, homes, seed=case.seed, verify="full")


def _frames(result: Shortlist) -> list[pl.DataFrame]:
    keys = "advert", "application", "placed_at", "reason"
    return [result.frame(), result.stage_failures(), result.set_aside.sort(keys), result.bits()]


@pytest.fixture(scope="module")
def as_it_comes() -> list[list[pl.DataFrame]]:
    return [_frames(_shortlist(case)) for case in _CASES]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_evaluating_gives_the_same(
    way: str, as_it_comes: list[list[pl.DataFrame]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WAYS[way].items():
        module, constant = name.split(".")
        path = f"cbl_engine.shortlist.{module}"
        if not hasattr(sys.modules[path], constant):
            pytest.fail(f"{path} has no {constant}")
        monkeypatch.setattr(sys.modules[path], constant, value)
    for case, wanted in zip(_CASES, as_it_comes, strict=True):
        for mine, theirs in zip(_frames(_shortlist(case)), wanted, strict=True):
            assert_frame_equal(mine, theirs)


def test_threads_are_used_when_bids_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    rank_block = kernel._rank_block

    def look(*arguments: Any) -> Any:
        names.add(threading.current_thread().name)
        return rank_block(*arguments)

    monkeypatch.setattr(kernel, "_rank_block", look)
    monkeypatch.setattr(sys.modules["cbl_engine.shortlist.run"], "THREADS_FROM", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    _shortlist(_CASES[1])
    assert names
    assert not names & {threading.main_thread().name}


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_rows_means_nothing(
    seed: int, as_it_comes: list[list[pl.DataFrame]]
) -> None:
    for case, wanted in zip(_CASES[seed::6], as_it_comes[seed::6], strict=True):
        register, adverts, bids, homes = (
            {n: f.sample(fraction=1, shuffle=True, seed=seed) for n, f in part.items()}
            if isinstance(part, dict)
            else part.sample(fraction=1, shuffle=True, seed=seed)
            for part in frames_of(case)
        )
        prepared = prepare(case.scheme(), register, case.as_at)
        result = shortlist(prepared, adverts, bids, homes, seed=case.seed)
        for mine, theirs in zip(_frames(result), wanted, strict=True):
            assert_frame_equal(mine, theirs)


@pytest.mark.parametrize("seed", range(6))
def test_adverts_one_at_a_time_and_together(
    seed: int, as_it_comes: list[list[pl.DataFrame]]
) -> None:
    for case, wanted in zip(_CASES[seed::6], as_it_comes[seed::6], strict=True):
        register, adverts, bids, homes = frames_of(case)
        prepared = prepare(case.scheme(), register, case.as_at)
        ids = sorted(adverts["id"])
        alone = [
            _frames(shortlist(prepared, adverts.filter(id=i), bids.filter(advert=i), homes,
                              seed=case.seed))
            for i in ids
        ]
        for which in range(2):
            assert_frame_equal(pl.concat([f[which] for f in alone]), wanted[which])


def test_part_of_the_frame_is_that_part(as_it_comes: list[list[pl.DataFrame]]) -> None:
    for case, wanted in zip(_CASES, as_it_comes, strict=True):
        result = _shortlist(case)
        for advert in wanted[0]["advert"].unique().sort(descending=True).to_list()[:2]:
            assert_frame_equal(result.frame([advert]), wanted[0].filter(advert=advert))
            assert_frame_equal(result.stage_failures([advert]), wanted[1].filter(advert=advert))


def test_the_summary_counts_what_the_frame_says(as_it_comes: list[list[pl.DataFrame]]) -> None:
    for case, wanted in zip(_CASES, as_it_comes, strict=True):
        for row in _shortlist(case).summary().iter_rows(named=True):
            mine = wanted[0].filter(advert=row["advert"])
            first = mine.filter(pl.col("position") == 1)
            group = first["tie_group"].to_list()
            if group and group[0] is not None:
                first = mine.filter(pl.col("tie_group") == group[0])
            assert row["bids"] == mine.height
            assert row["held"] == mine["eligible"].null_count()
            assert row["eligible"] == mine["eligible"].sum()
            assert row["not_eligible"] == mine["eligible"].eq(False).sum()
            assert row["first"] == first["application"].to_list()


def test_leaders_are_the_first_places_of_the_frame(as_it_comes: list[list[pl.DataFrame]]) -> None:
    for case, wanted in zip(_CASES, as_it_comes, strict=True):
        result = _shortlist(case)
        places: dict[tuple[object, object], list[tuple[object, bool]]] = {}
        for row in wanted[0].filter(pl.col("position").is_not_null()).iter_rows(named=True):
            group = row["position"] if row["tie_group"] is None else f"joint {row['tie_group']}"
            places.setdefault((row["advert"], group), []).append(
                (row["application"], row["eligible"] is None))
        for most in (1, 2, 3):
            expected: dict[object, list[tuple[list[object], bool]]] = {}
            for (advert, _), members in places.items():
                mine = expected.setdefault(advert, [])
                if len(mine) < most:
                    mine.append(([who for who, _ in members], members[0][1]))
            found: dict[object, list[tuple[list[object], bool]]] = {}
            for row in result.leaders(groups=most).iter_rows(named=True):
                mine = found.setdefault(row["advert"], [])
                assert row["group"] == len(mine)
                mine.append((row["applications"], row["held"]))
            assert found == expected


@pytest.mark.parametrize("groups", [0, -1, "2", 1.5])
def test_no_number_of_places_but_a_whole_one_above_nought_can_be_asked_for(groups: Any) -> None:
    with pytest.raises(TableError, match="so many places cannot be told"):
        _shortlist(_CASES[0]).leaders(groups=groups)
