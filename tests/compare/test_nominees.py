"""Odds of nominations by landlord and kind of household, found again from histories made with them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from cbl_engine.compare.calibrate.history import CannotFitError, History
from cbl_engine.compare.calibrate.nominees import days_times, household_odds, landlord_odds
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.setup import OUTCOMES

SINCE, UNTIL = date(2024, 1, 1), date(2026, 1, 1)
USUAL = np.array([0.07, 0.06, 0.06, 0.04, 0.03, 0.10, 0.03, 0.61])
REJECTED, REFUSED = OUTCOMES.index("landlord_rejected"), OUTCOMES.index("refused_at_viewing")


def history(n: int = 6000, *, seed: int = 1, rejects: float = 3.0, refuses: float = 2.0,
            slower: int = 2, providers: float = 0.5, tenants: float = 0.3) -> History:
    """Direct offers: providers reject so many times more, tenants refuse so many times more."""
    rng = np.random.default_rng(seed)
    provider, tenant = rng.random(n) < providers, rng.random(n) < tenants
    shares = np.tile(USUAL, (n, 1))
    shares[provider, REJECTED] *= rejects
    shares[tenant, REFUSED] *= refuses
    shares /= shares.sum(axis=1, keepdims=True)
    became = (shares.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1).clip(0, 7)
    names = np.array(["no_contact", "withdrew", "offer_withdrawn", "landlord_rejected", "absent",
                      "refused", "undone", "accepted"])
    begun = [SINCE + timedelta(days=int(d)) for d in rng.integers(0, 600, n)]
    days = 4 * np.where(provider, slower, 1)
    over = [b + timedelta(days=int(d)) for b, d in zip(begun, days, strict=True)]
    ids, homes = [f"A{i:05}" for i in range(n)], [f"H{i:05}" for i in range(n)]
    offered = pl.DataFrame({"on": begun, "what": "approved", "act": "direct_let",
                            "application": ids, "home": homes})
    ended = pl.DataFrame({"on": over, "what": names[became], "act": None, "application": ids,
                          "home": homes}, schema_overrides={"act": pl.String})
    frames = {
        "outcomes": pl.concat([offered, ended]),
        "homes": pl.DataFrame({
            "id": homes, "nomination_right": ["agreement" if p else None for p in provider]},
            schema_overrides={"nomination_right": pl.String}),
        "applications": pl.DataFrame({
            "id": ids, "registered_on": begun,
            "current_home": ["H" if t else None for t in tenant]},
            schema_overrides={"current_home": pl.String}),
    }
    return History(frames, SINCE, UNTIL, frozenset())


def test_landlords_and_households_are_told_apart_at_once() -> None:
    of_landlord, of_household = landlord_odds(made := history()), household_odds(made)
    odds = of_landlord.value
    # relative to all nominations of the route, so that their ratio is what was put in
    assert odds["provider"]["landlord_rejected"] / odds["council"]["landlord_rejected"] == (
        pytest.approx(3.0, rel=0.25))
    assert odds["provider"]["no_contact"] / odds["council"]["no_contact"] == (
        pytest.approx(1.0, rel=0.2))
    odds = of_household.value
    assert odds["transfer"]["refused_at_viewing"] / odds["other"]["refused_at_viewing"] == (
        pytest.approx(2.0, rel=0.2))
    assert of_landlord.rows == of_household.rows == 6000
    assert any("homeless, family, older" in remark for remark in of_household.remarks)


def test_intervals_hold_no_difference_where_there_is_none() -> None:
    held = 0
    for seed in range(10):
        fit = landlord_odds(history(1500, seed=seed, rejects=1.0, refuses=1.0))
        held += sum(low <= 1 <= high for low, high in fit.intervals.values())
        assert len(fit.intervals) == 14
    assert held >= 0.93 * 140


def test_few_rows_are_drawn_to_the_rest_and_fewer_keep_what_is_shipped() -> None:
    few = landlord_odds(history(2000, providers=0.02, rejects=30.0)).value["provider"]
    many = landlord_odds(history(2000, providers=0.5, rejects=30.0)).value
    raw = many["provider"]["landlord_rejected"] / many["council"]["landlord_rejected"]
    assert raw == pytest.approx(30.0, rel=0.5)
    assert 1 < few["landlord_rejected"] < 30
    fewer = landlord_odds(history(2000, providers=0.005))
    assert fewer.value["provider"] == shipped_parameters()["nominations.landlord_odds"]["provider"]
    assert any("shipped odds kept for provider" in remark for remark in fewer.remarks)


def test_days_are_longer_where_they_were() -> None:
    fit = days_times(history())
    assert fit.value["provider"] / fit.value["council"] == pytest.approx(2.0, rel=0.03)
    assert fit.value["transfer"] == pytest.approx(1.0, abs=0.05)
    low, high = fit.intervals["provider"]
    assert low < fit.value["provider"] < high
    assert "own" not in fit.intervals


def test_a_current_home_that_is_the_one_let_says_of_nobody_that_it_was_a_tenant() -> None:
    """The register writes over it on housing: every acceptance would be a tenant's, and no failure of theirs."""
    made = history(2000)
    outcomes = made.frames["outcomes"].filter(what="accepted")
    applications = made.frames["applications"].join(
        outcomes.select(pl.col("application").alias("id"), "home"), on="id", how="left", maintain_order="left")
    applications = applications.with_columns(pl.coalesce("home", "current_home").alias("current_home"))
    people = pl.DataFrame({"application": applications["id"][:600], "relationship": "child",
                           "date_of_birth": date(2015, 1, 1)})
    with_people = History({**made.frames, "applications": applications, "people": people}, SINCE, UNTIL, frozenset())
    fit = household_odds(with_people)
    assert fit.value["transfer"] == shipped_parameters()["nominations.household_odds"]["transfer"]
    assert any("current_home is the home they were let of" in remark for remark in fit.remarks)
    alone = History({**made.frames, "applications": applications}, SINCE, UNTIL, frozenset())
    with pytest.raises(CannotFitError, match="who was a tenant before is not known"):
        household_odds(alone)


def test_what_nothing_says_is_not_fitted() -> None:
    made = history(100)
    silent = History({"outcomes": made.frames["outcomes"],
                      "applications": made.frames["applications"].drop("current_home")},
                     SINCE, UNTIL, frozenset())
    with pytest.raises(CannotFitError, match="nomination_right"):
        landlord_odds(silent)
    with pytest.raises(CannotFitError, match="kind of household"):
        household_odds(silent)
