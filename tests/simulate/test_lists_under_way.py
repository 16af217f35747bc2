"""Lists that were being gone down at the start: read from a council's tables, and gone on with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from shutil import copytree
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from cbl_engine.sample import write_borough
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate import nominating
from cbl_engine.simulate.going_on import go_on
from cbl_engine.simulate.limits import profiles_of_other_versions
from cbl_engine.simulate.lists_under_way import STANDS, lists_under_way
from cbl_engine.simulate.opening import begin_with, voids_under_way
from cbl_engine.simulate.state import begin
from cbl_engine.simulate.weeks import run_batch
from tests.simulate.accounts import LAWS
from tests.simulate.small import START, setup_of, tables

if TYPE_CHECKING:
    from pathlib import Path

    from cbl_engine.simulate.setup import Setup

WEEKS = 8
FROM_BEFORE = ("lettings_are_of_voids", "nominated_for_adverts", "stages_begin_in_turn",
               "bids_have_a_day")
"""Laws of rows that belong together, some of which worlds have not: adverts and bids from before the start, and
lettings to those who are on no list any more."""


def _before(days: int) -> date:
    return START - timedelta(days=days)


def _written(folder: Path, scheme: str) -> Path:
    """A borough with lists of twelve homes: of the first five somebody is asked, has failed, has
    accepted, has signed, or was offered the home directly.
    """
    write_borough(folder, scheme=load_scheme(scheme), households=300, adverts=40, seed=9,
                  close_on=_before(1))
    homes = pl.read_csv(folder / "homes.csv", infer_schema=False)
    adverts = pl.read_csv(folder / "adverts.csv", infer_schema=False)
    bids = pl.read_csv(folder / "bids.csv", infer_schema=False)
    waiting = pl.read_csv(folder / "applications.csv", infer_schema=False).filter(
        pl.col("status").is_in(["active", "under_offer"]))["id"]
    counts = bids.group_by("advert").len().filter(pl.col("len") > 4)["advert"].to_list()
    chosen = adverts.filter(pl.col("id").is_in(counts), pl.col("home").is_not_null()).unique(
        "home", maintain_order=True).head(12)
    assert chosen.height == 12
    adverts = adverts.filter(pl.col("id").is_in(chosen["id"].implode())).with_columns(
        opens_at=pl.lit(f"{_before(14)}T00:01:00+00:00"),
        closes_at=pl.lit(f"{_before(8)}T23:59:00+00:00"))
    bids = bids.filter(pl.col("advert").is_in(chosen["id"].implode())).unique(
        ("advert", "application"), keep="first", maintain_order=True).with_columns(
        placed_at=pl.lit(f"{_before(9)}T12:00:00+00:00"), withdrawn_at=None)
    used: set[str] = set()

    def bidder(number: int) -> str:
        of = bids.filter(pl.col("advert") == chosen["id"][number])["application"].unique().sort()
        one = next(a for a in of if a not in used and a in waiting.to_list())
        used.add(one)
        return one

    rows: list[dict[str, Any]] = []

    def outcome(days: int, what: str, number: int, who: str, **more: Any) -> None:
        rows.append({"id": f"O{len(rows)}", "on": str(_before(days)), "what": what, "act": None,
                     "advert": chosen["id"][number], "application": who, "home": None,
                     "tenancy_start": None} | more)

    people = [bidder(number) for number in range(4)]
    for number, who in enumerate(people):
        outcome(7, "approved", number, who, act="offer")
    outcome(3, "refused", 1, people[1])
    outcome(3, "accepted", 2, people[2])
    outcome(5, "accepted", 3, people[3])
    outcome(2, "signed", 3, people[3], tenancy_start=str(START))
    other = next(a for a in waiting.sort() if a not in used)
    spare = homes.filter(~pl.col("id").is_in(chosen["home"].implode()))["id"]
    rows.append({"id": "direct", "on": str(_before(4)), "what": "approved", "act": "direct_let",
                 "advert": None, "application": other, "home": spare[0], "tenancy_start": None})
    pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / "outcomes.csv")
    adverts.write_csv(folder / "adverts.csv")
    bids.write_csv(folder / "bids.csv")
    empty = [*chosen["home"], spare[0], spare[1], spare[2]]
    shown = len(chosen)
    pl.DataFrame({
        "id": [f"V{i}" for i in range(len(empty))], "home": empty, "cause": "left",
        "tenancy_ended_on": [_before(60)] * (len(empty) - 1) + [_before(400)],
        "ready_on": [_before(20)] * (len(empty) - 1) + [_before(300)],
        "advertised_on": [_before(14)] * shown + [None] * 3,
        "accepted_on": [_before({2: 3, 3: 5}[i]) if i in (2, 3) else None for i in range(len(empty))],
    }).write_csv(folder / "voids.csv")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("lists"), "sheffield")


@pytest.fixture(scope="module")
def setup(folder: Path) -> Setup:
    return setup_of("sheffield", weeks=WEEKS, world={"register": str(folder), "stock": str(folder)})


@pytest.fixture(scope="module")
def found(setup: Setup) -> dict[str, pl.DataFrame]:
    return tables(setup, [0, 1, 2, 3])


def _broken(found: dict[str, pl.DataFrame]) -> set[str]:
    return {law.__name__ for law in LAWS if law(found, START, WEEKS).height}


def _homes(folder: Path) -> list[str]:
    return pl.read_csv(folder / "voids.csv")["home"].to_list()


def _names(setup: Setup, folder: Path, number: int, stands: str) -> list[str]:
    """Applications, as worlds name them, that stand so on the list of a void's home."""
    assert setup.lists is not None
    home = setup.stock["id"].to_list().index(_homes(folder)[number])
    at = setup.lists.lists["home"].to_list().index(home)
    lives = setup.lists.entries.filter(list=at, stands=STANDS.index(stands))["life"]
    return [f"P0000-{setup.lives.number[life]:06}" for life in lives]


def _first(frame: pl.DataFrame, home: str) -> pl.DataFrame:
    return frame.filter(pl.col("home") == home, pl.col("vacancy") == 1)


def test_a_home_with_a_list_is_not_advertised_again_while_somebody_is_left(
    folder: Path, setup: Setup, found: dict[str, pl.DataFrame]
) -> None:
    assert setup.lists is not None
    for home in _homes(folder)[4:12]:
        adverts = _first(found["adverts"], home)
        assert adverts.filter(pl.col("number") == 1).is_empty()
        asked = _first(found["nominations"], home)
        assert set(asked["world"]) == {0, 1, 2, 3}
        assert (asked.sort("nominated_on").group_by("world").first()["nominated_on"]
                >= START).all()


def test_who_is_asked_from_a_list_bid_for_the_home(
    folder: Path, setup: Setup, found: dict[str, pl.DataFrame]
) -> None:
    for number in range(4, 12):
        home = _homes(folder)[number]
        again = _first(found["adverts"], home).group_by("world").agg(pl.col("week").min())
        closed = pl.lit(START) + pl.duration(days=7 * pl.col("week").cast(pl.Int64) + 6)
        early = _first(found["nominations"], home).join(again, on="world", how="left").filter(
            (pl.col("nominated_on") < closed).fill_null(value=True))
        assert set(early["application"]) <= set(_names(setup, folder, number, "to_ask"))


def test_who_is_under_offer_stays_so_and_has_been_since_its_own_day(
    folder: Path, setup: Setup, found: dict[str, pl.DataFrame]
) -> None:
    [who] = _names(setup, folder, 0, "under_way")
    named = _first(found["nominations"], _homes(folder)[0]).filter(pl.col("application") == who)
    assert named["nominated_on"].to_list() == [_before(7)] * 4
    assert (named["settled_on"] >= START).all()


def test_who_has_refused_is_not_asked_again(
    folder: Path, setup: Setup, found: dict[str, pl.DataFrame]
) -> None:
    [who] = _names(setup, folder, 1, "failed")
    named = _first(found["nominations"], _homes(folder)[1]).filter(pl.col("application") == who)
    before = named.filter(pl.col("nominated_on") < START + timedelta(days=6))
    assert before.is_empty()


def test_who_has_accepted_is_let_the_home(
    folder: Path, setup: Setup, found: dict[str, pl.DataFrame]
) -> None:
    [who] = _names(setup, folder, 2, "accepted")
    let = _first(found["lettings"], _homes(folder)[2])
    assert let["application"].to_list() == [who] * 4
    assert let["accepted_on"].to_list() == [_before(3)] * 4
    assert (let["signed_on"] >= START).all()
    assert (let["let_on"] >= let["signed_on"]).all()
    gone = found["households"].filter(pl.col("application") == who)
    assert gone["status"].to_list() == ["housed"] * 4


@pytest.mark.parametrize("known", [
    {"cause": "new_home"}, {"cause": "new_home", "ready_on": None, "accepted_on": None},
    {"ready_on": None, "advertised_on": None, "accepted_on": None},
])
def test_a_home_that_was_accepted_is_let_whatever_is_known_of_its_void(
    known: dict[str, str | None], folder: Path, setup: Setup, tmp_path: Path
) -> None:
    stock = copytree(folder, tmp_path / "stock")
    pl.read_csv(stock / "voids.csv").with_columns(
        pl.lit(value).alias(name) for name, value in known.items()).write_csv(stock / "voids.csv")
    thin = setup_of("sheffield", weeks=WEEKS, world={"register": str(stock), "stock": str(stock)})
    let = tables(thin, [0, 1])
    taken = _first(let["lettings"], _homes(folder)[2])
    assert taken["application"].to_list() == _names(setup, folder, 2, "accepted") * 2
    assert taken["let_on"].is_between(START, START + timedelta(weeks=52)).all()
    assert _first(let["voids"], _homes(folder)[2])["outcome"].to_list() == ["let"] * 2
    assert "lost" not in let["voids"]["outcome"].to_list()


def test_a_tenancy_that_is_signed_begins_on_its_day(
    folder: Path, found: dict[str, pl.DataFrame]
) -> None:
    signed = _first(found["voids"], _homes(folder)[3])
    assert signed["let_on"].to_list() == [START] * 4
    assert _first(found["lettings"], _homes(folder)[3]).is_empty()


def test_a_direct_offer_goes_on_without_an_advert(
    folder: Path, setup: Setup, found: dict[str, pl.DataFrame]
) -> None:
    home = _homes(folder)[12]
    [who] = _names(setup, folder, 12, "under_way")
    named = _first(found["nominations"], home).filter(pl.col("application") == who)
    assert named["nominated_on"].to_list() == [_before(4)] * 4
    assert set(named["route"]) == {"direct"}


def test_a_home_without_an_advert_is_advertised_unless_none_waits_so_long(
    folder: Path, found: dict[str, pl.DataFrame]
) -> None:
    soon, kept = _homes(folder)[13:15]
    assert _first(found["adverts"], soon).filter(number=1)["week"].to_list() == [0] * 4
    assert _first(found["adverts"], kept).is_empty()
    assert _first(found["voids"], kept)["outcome"].to_list() == ["long_term"] * 4


def test_laws_that_every_world_keeps_are_kept(found: dict[str, pl.DataFrame]) -> None:
    assert _broken(found) <= set(FROM_BEFORE)


def test_earlier_adverts_whose_profile_is_not_known_count_in_no_quota(setup: Setup) -> None:
    def counted(shown: pl.DataFrame) -> Any:
        assert setup.lists is not None
        state = begin(replace(setup, lists=replace(setup.lists, shown=shown)), np.array([0]))
        assert setup.under_way is not None
        begin_with(state, setup.under_way)
        go_on(state)
        assert state.counts is not None
        return state.counts.counted.tolist()

    assert setup.lists is not None
    shown, nr = setup.lists.shown, pl.int_range(pl.len())
    untold = shown.with_columns(pl.when(nr < 6).then("profile").alias("profile"))
    assert counted(untold) == counted(shown.head(6)) != counted(shown)


def test_profiles_of_earlier_adverts_that_the_scheme_has_not_are_noted(setup: Setup) -> None:
    assert setup.lists is not None
    assert profiles_of_other_versions(setup) == []
    named = pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("old_name"))
    shown = setup.lists.shown.with_columns(named.when(pl.int_range(pl.len()) > 2).then("profile").alias("profile"))
    (note,) = profiles_of_other_versions(replace(setup, lists=replace(setup.lists, shown=shown)))
    assert (note.where, note.given, note.count) == ("adverts.profile", "old_name", 2)


def test_earlier_adverts_count_in_quotas_and_in_published_results(setup: Setup) -> None:
    state, _ = run_batch(setup, np.array([0]))
    assert setup.lists is not None
    shown = setup.lists.shown
    assert shown.height == 12
    assert state.counts is not None
    whole, part = state.counts.counted[0, 0].T
    named = shown.filter(pl.col("profile") == "waiting_time").height
    profile = state.setup.policies[0].profile_number("waiting_time")
    # The scheme is older than the first of these adverts: others before them count too.
    assert whole.sum() > len(state.adverts) + shown.height
    assert part.sum() > named + (state.adverts["profile"] == profile).sum()
    assert set((whole - 4 * part).tolist()) <= {0, 1, 2, 3}
    assert state.shown[0, :, 1].sum() >= shown["bids"].sum()


def test_what_was_drawn_lasts_to_the_start(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of draws that end before the start none counts, however often it takes."""
    drawn = nominating.fates
    turns: list[int] = []

    def fates(state, void, who, route, utility, day, *more):
        found = drawn(state, void, who, route, utility, day, *more)
        if not more:
            return found
        turns.append(int(more[0][0]))
        return found._replace(takes=np.where(more[0] < 3, 0, found.takes + 30))

    monkeypatch.setattr(nominating, "fates", fates)
    state, _ = run_batch(setup, np.array([0]))
    before = state.nominations["on"] < setup.start
    assert max(turns) == 3
    # One has accepted before the start; the others are heard of after it.
    assert (state.nominations["due"][before] < setup.start).sum() == 1
    assert before.sum() == 3


@pytest.mark.parametrize("scheme", ["tonbridge_malling", "coventry", "home_link"])
def test_lists_go_on_under_other_schemes_in_any_batch(
    scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = str(_written(tmp_path_factory.mktemp(scheme), scheme))
    setup = setup_of(scheme, weeks=WEEKS, world={"register": folder, "stock": folder})
    together, apart = tables(setup, [0, 1]), [tables(setup, [world]) for world in (0, 1)]
    assert setup.lists is not None
    assert together["nominations"].filter(pl.col("nominated_on") < START).height > 0
    assert _broken(together) <= set(FROM_BEFORE)
    for name, frame in together.items():
        assert frame.equals(pl.concat([one[name] for one in apart])), name


def test_the_order_of_rows_does_not_matter(folder: Path) -> None:
    read = {name: pl.read_csv(folder / f"{name}.csv", try_parse_dates=True)
            for name in ("adverts", "bids", "outcomes", "homes", "voids", "applications")}
    read["bids"] = read["bids"].drop("withdrawn_at")
    homes = read["homes"].sort("id")

    def lists(shuffled: dict[str, pl.DataFrame]) -> list[pl.DataFrame]:
        under_way = voids_under_way(shuffled["voids"], homes, START)
        found = lists_under_way(shuffled, under_way, homes, read["applications"]["id"], START)
        assert found is not None
        return list(vars(found).values())

    other = {name: frame.sample(fraction=1, shuffle=True, seed=5) for name, frame in read.items()}
    assert all(a.equals(b) for a, b in zip(lists(read), lists(other), strict=True))


@pytest.mark.parametrize("lost", ["adverts", "bids"])
def test_without_adverts_and_bids_there_are_no_lists(folder: Path, lost: str) -> None:
    read = {name: pl.read_csv(folder / f"{name}.csv", try_parse_dates=True)
            for name in ("adverts", "bids", "homes", "voids")}
    under_way = voids_under_way(read["voids"], read["homes"], START)
    del read[lost]
    assert lists_under_way(read, under_way, read["homes"], pl.Series("id", ["a"]), START) is None
