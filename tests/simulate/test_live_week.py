"""Weeks of a simulated world, taken through the live calls: the same lists, offers and lettings."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from cbl_engine import prepare, shortlist
from cbl_engine.simulate.setup import ACCEPTED, NOT_CHOSEN, ROUTES
from cbl_engine.tables.days import date_of
from tests.simulate.live import (
    World,
    advert_of,
    by_the_order_drawn,
    let,
    lived,
    simulated,
    through_cycles,
)
from tests.simulate.small import POINTS, setup_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import polars as pl

OFTEN = {
    # Tenants who must move out are housed outside the cycle, and direct lets are officers' choice.
    "stock.demolished_per_year": {"rate": 0.0}, "stock.decants_per_year": {"rate": 0.0},
    "direct.share": {"weights": {"general": 0.0, "accessible": 0.0, "wheelchair": 0.0}},
    "nominations.landlord_days": {"days": {0: 0, 100: 0}},
    "tenancies.end_per_year": {"rate": 1.5},
    "voids.works_days": {"days_by": {
        name: {0: 0, 100: 7} for name in ("none", "standard", "major", "adaptation")}},
}
PLAIN = {
    "accepted": "accepted", "refused_at_viewing": "refused", "refused_late": "refused",
    "landlord_rejected": "offer_withdrawn", "no_contact": "withdrew", "no_show": "withdrew",
    "withdrew": "withdrew", "failed_verification": "offer_withdrawn",
}
"""What an office calls each outcome, under a scheme that asks for nothing but an answer."""
COLUMNS = ["advert", "application", "eligible", "position", "stage"]


@cache
def world(scheme: str | Path, weeks: int = 6, seed: int = 1) -> World:
    with pytest.MonkeyPatch.context() as patch:
        return lived(
            setup_of(scheme, weeks=weeks, seed=seed, households=200, homes=300, **OFTEN), patch)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Schemes of the same points and draws, with each way of settling several homes at once."""
    folder = tmp_path_factory.mktemp("schemes")
    text = (POINTS.parent / "lottery.yaml").read_text()
    for by_whom in ("advert", "council", "household", "homes"):
        (folder / f"{by_whom}.yaml").write_text(text.replace("BY_WHOM", by_whom))
    return folder


def afresh(scheme: Any, register: dict[str, pl.DataFrame], world_: World, week: Any) -> pl.DataFrame:
    made = shortlist(prepare(scheme, register, "close"), week.frames.adverts, week.frames.bids,
                     homes=week.frames.homes, seed=world_.setup.luck.seed)
    return made.frame().select(COLUMNS).sort("advert", "application")


@pytest.mark.parametrize("scheme", ["sheffield", "coventry", "lottery"])
def test_the_shortlist_of_a_week_is_the_one_made_afresh_from_the_whole_register(
    scheme: str, written: Path
) -> None:
    its = world(written / "household.yaml" if scheme == "lottery" else scheme)
    weeks = [week for week in its.weeks if week.made is not None]
    assert len(weeks) >= 4
    for week in weeks:
        assert week.register["applications"].height > week.frames.register["applications"].height
        found = afresh(its.setup.scheme, week.register, its, week)
        assert found.equals(week.made.select(COLUMNS).sort("advert", "application"))
        assert found["position"].drop_nulls().len() > 0


@pytest.mark.parametrize("by_whom", ["advert", "council", "household", "homes"])
def test_offers_and_lettings_are_those_of_the_live_cycle(by_whom: str, written: Path) -> None:
    # A seed under which no home comes empty twice: the record has no end of a tenancy here.
    its = world(written / f"{by_whom}.yaml", seed=2)
    offers, lettings, _ = through_cycles(its, PLAIN)
    assert len(offers) > 40
    assert offers == simulated(its)
    assert lettings == let(its)


SEEDS = {
    "sheffield": (1, 8), "coventry": (3, 6), "breckland": (4, 6), "southend": (4, 5),
    "welwyn_hatfield": (3, 7), "runnymede": (2, 6), "bexley": (6, 7), "home_link": (9, 14),
    "north_yorkshire": (1, 7), "tonbridge_malling": (1, 6),
}
"""Worlds in which no home comes empty twice, for which the record has no end of a tenancy here, and
in which an officer settles no tie before other offers are made."""


@pytest.mark.parametrize(
    ("scheme", "seed"), [(scheme, seed) for scheme, seeds in SEEDS.items() for seed in seeds])
def test_offers_and_lettings_under_a_shipped_scheme(scheme: str, seed: int) -> None:
    """Homes are seen before they are taken; checks are cleared, and ties settled as in the world."""
    its = world(scheme, seed=seed)
    words = {**PLAIN, "no_show": "absent", "refused_at_viewing": "withdrew"}
    if its.setup.policies[0].nominated.any():
        words["no_show"] = "withdrew"  # before the landlord has answered
    offers, lettings, _ = through_cycles(its, words, viewing=True, answers=by_the_order_drawn(its))
    assert len(offers) > 20
    assert offers == simulated(its)
    assert lettings == let(its)


def test_a_home_that_was_seen_waits_for_those_above_who_came_free() -> None:
    """They are shown it too, and it is offered to the highest who came; live and in worlds alike."""
    its = world("welwyn_hatfield", seed=3)
    rows = its.state.nominations
    passed = (rows["outcome"] == NOT_CHOSEN) & ~rows["offered"]
    waited = 0
    for row in passed.nonzero()[0].tolist():
        gets = rows["offered"] & (rows["outcome"] == ACCEPTED) & (rows["void"] == rows["void"][row])
        if rows["on"][gets][0] >= rows["seen"][row]:
            waited += 1
            assert rows["position"][gets][0] < rows["position"][row]
    assert waited > 0


def free_above(its: World) -> list[tuple[date, str, int, int]]:
    """Nominations made past somebody higher on the list who was free: day, advert, both."""
    state = its.state
    rows, households = state.nominations, state.households
    ids = households["id"]
    lists = {advert: order for week in its.weeks for advert, order in week.listed.items()}
    under: dict[int, list[tuple[int, int]]] = {}
    asked: dict[str, list[tuple[int, int]]] = {}
    over = {int(ids[who]): int(day) for who, day in enumerate(households["left"])}
    for n in range(len(rows)):
        who, on = int(ids[rows["household"][n]]), int(rows["on"][n])
        due = int(rows["due"][n])
        under.setdefault(who, []).append((on, due))
        if rows["outcome"][n] == ACCEPTED:
            over[who] = due
        if ROUTES[rows["route"][n]] != "direct":
            asked.setdefault(str(advert_of(state, n)), []).append((on, who))
    found = []
    for advert, nominations in asked.items():
        order = lists[advert]
        for on, who in nominations:
            before = {w for day, w in nominations if day <= on}
            for above in order[: order.index(who)]:
                busy = any(since <= on <= until for since, until in under.get(above, ()))
                if above not in before and not busy and over[above] > on:
                    found.append((date_of(on), advert, who, above))
    return found


@pytest.mark.parametrize("scheme", ["sheffield", "coventry", "homes", "household"])
def test_nobody_is_passed_over_who_was_free(scheme: str, written: Path) -> None:
    own = written / f"{scheme}.yaml"
    its = world(own if own.exists() else scheme)
    assert len(its.state.nominations) > 20
    assert free_above(its) == []
