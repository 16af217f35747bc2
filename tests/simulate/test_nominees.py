"""What becomes of nominations by route, landlord and kind of household."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from cbl_engine.sample import sample_stock
from cbl_engine.scheme import load_scheme
from cbl_engine.simulate.nominees import HOUSEHOLDS, chances
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import FAILED, LANDLORDS, OUTCOMES
from tests.simulate.policy_world import parameters_with, run, scheme_text, setup_of

EVEN = {group: dict.fromkeys(FAILED, 1.0) for group in (*LANDLORDS, *HOUSEHOLDS)}


def even(names: tuple[str, ...], **changes: dict[str, float]) -> dict[str, dict[str, float]]:
    return {name: {**EVEN[name], **changes.get(name, {})} for name in names}


def test_even_odds_leave_the_shares_of_a_route() -> None:
    p = parameters_with(nominations__landlord_odds=even(LANDLORDS),
                        nominations__household_odds=even(HOUSEHOLDS))
    found = chances(p).shares
    own = [p["nominations.own"][outcome] for outcome in OUTCOMES]
    assert np.allclose(found[0], own)
    assert np.allclose(found.sum(axis=-1), 1)


def test_odds_are_against_acceptance_and_multiply() -> None:
    p = parameters_with(
        nominations__landlord_odds=even(LANDLORDS, provider={"no_show": 2.0}),
        nominations__household_odds=even(HOUSEHOLDS, family={"no_show": 3.0}))
    own = chances(p).shares[0]
    odds = own[..., OUTCOMES.index("no_show")] / own[..., OUTCOMES.index("accepted")]
    base = odds[LANDLORDS.index("council"), HOUSEHOLDS.index("other")]
    family = HOUSEHOLDS.index("family")
    assert odds[LANDLORDS.index("provider"), family] == pytest.approx(6 * base)
    assert odds[len(LANDLORDS), family] == pytest.approx(3 * base)  # whose it is, is not known


@pytest.mark.parametrize(("scheme", "whose"), [
    ("sheffield", {"council", "provider"}), ("bexley", {"provider"}), ("coventry", {"provider"}),
])
def test_made_up_homes_are_the_councils_unless_the_scheme_nominates_to_every_landlord(
    scheme: str, whose: set[str]
) -> None:
    right = sample_stock(load_scheme(scheme), 400)["nomination_right"]
    assert set(right.is_not_null().replace_strict({False: "council", True: "provider"})) == whose


def test_landlords_that_always_reject_let_nothing_and_the_council_lets() -> None:
    never = {"landlord_rejected": 1e12}
    setup = setup_of(scheme_text(), weeks=12, nominations__landlord_odds=even(
        LANDLORDS, provider=never, council={"landlord_rejected": 0.0}))
    _, frames = run(setup)
    settled = frames["nominations"].drop_nulls("outcome")
    of = settled.group_by("landlord_kind").agg(
        pl.len(), (pl.col("outcome") == "accepted").sum().alias("accepted"),
        (pl.col("outcome") == "landlord_rejected").sum().alias("rejected"))
    counts = {row["landlord_kind"]: row for row in of.iter_rows(named=True)}
    assert counts["provider"]["accepted"] == 0 < counts["provider"]["rejected"]
    assert counts["council"]["rejected"] == 0 < counts["council"]["accepted"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_nobody_refuses_at_viewing_what_it_wishes_for_beyond_all_measure() -> None:
    setup = setup_of(scheme_text(), weeks=8, choice__weights={
        **shipped_parameters()["choice.weights"], "garden": 1e6})
    seen = run(setup)[1]["nominations"].filter(
        pl.col("outcome").is_in(["refused_at_viewing", "refused_late", "accepted"])).join(
        setup.stock.select(pl.col("id").alias("home"), "garden"), on="home").filter("garden")
    assert seen.height
    assert "refused_at_viewing" not in seen["outcome"].to_list()


def test_a_household_is_of_the_first_kind_that_fits() -> None:
    setup = setup_of(scheme_text(), weeks=4)
    lives, kinds = setup.lives, setup.household_kinds
    assert set(kinds[lives.homeless]) == {HOUSEHOLDS.index("homeless")}
    assert set(kinds[lives.tenant & ~lives.homeless]) == {HOUSEHOLDS.index("transfer")}
    assert set(kinds[lives.children & ~lives.homeless & ~lives.tenant]) == {
        HOUSEHOLDS.index("family")}
    assert {HOUSEHOLDS.index("older"), HOUSEHOLDS.index("other")} <= set(kinds)


def test_days_are_times_the_factors_of_all_three() -> None:
    setup = setup_of(scheme_text(), weeks=12)
    times = dict(setup.parameters["nominations.days_times"])
    slow = setup_of(scheme_text(), weeks=12, nominations__days_times={**times, "provider": 3.0})

    def mean(of):
        rows = run(of)[1]["nominations"].drop_nulls("settled_on").with_columns(
            days=(pl.col("settled_on") - pl.col("nominated_on")).dt.total_days())
        return dict(rows.group_by("landlord_kind").agg(pl.col("days").mean()).iter_rows())

    usual, longer = mean(setup), mean(slow)
    assert longer["provider"] > 2 * usual["provider"]
    assert longer["council"] == pytest.approx(usual["council"], rel=0.3)
