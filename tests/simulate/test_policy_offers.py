"""Refusals that add up, and several households who view together or are named at once."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from cbl_engine.offers.refusals import months_after
from cbl_engine.simulate import listing, week_frames
from cbl_engine.simulate.state import STATUSES
from cbl_engine.tables.days import date_of
from tests.simulate.policy_world import run, scheme_text, setup_of, weeks_of

REFUSE = {"no_contact": 0.0, "withdrew": 0.0, "failed_verification": 0.0,
          "landlord_rejected": 0.0, "no_show": 0.0, "refused_at_viewing": 0.8,
          "refused_late": 0.0, "accepted": 0.2}
HALF = REFUSE | {"refused_at_viewing": 0.5, "accepted": 0.5}
BUSY = {
    "tenancies__end_per_year": 1.5, "nominations__own": REFUSE, "nominations__assisted": REFUSE,
    "nominations__automatic": REFUSE, "nominations__taste": 0.0, "nominations__refusal_counts": 1.0,
}


def refusing(refusals: str, consequence: str, more: str = "", weeks: int = 12, **changes):
    rules = f"""offers:
{more}  refusals:
{refusals}
consequences:
  then: {{label: x, {consequence}}}
"""
    setup = setup_of(scheme_text(rules), weeks=weeks, **(BUSY | changes))
    state, frames = run(setup)
    return setup, state, frames


def refusals_of(frames):
    return frames["nominations"].filter(pl.col("counts")).sort("settled_on")


def test_the_second_refusal_bars_from_bidding_for_the_months_given():
    _, _, frames = refusing("    two: {label: x, after: 2, then: then}", "bar_months: 1")
    made = frames["consequences"]
    assert made.height > 5
    keys = ["world", "application"]
    second = refusals_of(frames).group_by(keys, maintain_order=True).agg(
        pl.col("settled_on").slice(1, 1).first())
    assert made.sort(keys)["since"].to_list() == second.filter(
        pl.col("settled_on").is_not_null()).sort(keys)["settled_on"].to_list()
    assert all(until == months_after(since, 1)
               for since, until in made.select("since", "until").iter_rows())


def test_who_is_barred_places_no_bid_until_it_is_over():
    rules = """offers:
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, bar_months: 1}}
"""
    setup = setup_of(scheme_text(rules), weeks=12, **BUSY)
    back = 0
    for state, week, _, bids in weeks_of(setup):
        until = state.households["barred_until"][bids.household]
        assert (until <= setup.closes(week)).all()
        back += int((until > 0).sum())
    assert back


def test_refusals_count_within_the_months_looked_back_on_and_of_those_named():
    _, state, frames = refusing(
        "    two: {label: x, after: 2, months: 1, every: true, when: in_band_a, then: then}",
        "review: true", weeks=26)
    households = frames["households"].select("world", "application", "band")
    refusals = refusals_of(frames).join(households, on=["world", "application"])
    expected = []
    for (world, who), its in refusals.filter(pl.col("band") == "A").group_by("world", "application"):
        days = its["settled_on"].sort().to_list()
        for day in days:
            n = sum(1 for d in days if d <= day and months_after(d, 1) > day)
            if n >= 2 and n % 2 == 0:
                expected.append((world, who, day))
    found = frames["consequences"].select("world", "application", "since").rows()
    assert sorted(found) == sorted(expected)
    assert len(expected) > 3
    assert state.households["counted"].max() > 2


def test_the_last_rule_met_is_the_one_that_holds():
    _, state, _ = refusing(
        "    one: {label: x, after: 1, every: true, then: other}\n"
        "    second: {label: x, after: 2, then: then}",
        "cancel: true}\n  other: {label: x, review: true")
    cancelled = state.households["status"] == STATUSES.index("cancelled")
    assert cancelled.sum() > 3
    assert (state.households["counted"][cancelled] == 2).all()


def test_a_household_is_put_down_a_band_and_comes_back():
    rules = """offers:
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, down: 1, months: 1}}
"""
    setup = setup_of(scheme_text(rules), weeks=12, **BUSY)
    down, back = 0, 0
    for state, week, advertised, bids in weeks_of(setup):
        frames = week_frames.frames_of(state, week, advertised, bids)
        band = dict(frames.register["applications"].select("id", "band").iter_rows())
        households, close = state.households, setup.closes(week)
        for row in np.unique(bids.household):
            own = "ABC"[households["band"][row]]
            shown = band[households["id"][row]]
            if households["put_until"][row] > close:
                assert shown >= own
                down += shown > own
            else:
                assert shown == own
                back += households["put_until"][row] > 0
    assert down
    assert back


def test_the_bottom_of_the_band_is_a_place_that_the_order_can_read():
    profiles = """
profiles:
  usual: {label: x, order: [{band: [A, B, C]}, {points: place_in_band}, {date: priority_date}]}
"""
    rules = """offers:
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, bottom_of_band_months: 12}}
"""
    setup = setup_of(scheme_text(rules, profiles), weeks=10, **BUSY)
    below = 0
    for state, week, advertised, bids in weeks_of(setup):
        made = listing.live_shortlist(state, week_frames.frames_of(state, week, advertised, bids))
        rows = made.frame().filter(pl.col("position").is_not_null())
        ids = state.households["id"]
        last = set(ids[state.households["bottom_until"] > setup.closes(week)].tolist())
        bands = dict(zip(ids.tolist(), state.households["band"].tolist(), strict=True))
        for its in rows.partition_by("advert"):
            order = its.sort("position")["application"].to_list()
            key = [(bands[who], who in last) for who in order]
            assert key == sorted(key)
            below += any(k[1] for k in key[:-1])
    assert below


@pytest.mark.parametrize(("consequence", "column"), [
    ("suspend_months: 1", "suspended_until"), ("lose_choice_months: 1", "council_until"),
    ("band: C", "put_until"),
])
def test_every_kind_of_consequence_begins(consequence, column):
    _, state, frames = refusing("    one: {label: x, after: 1, then: then}", consequence)
    assert frames["consequences"].height == (state.households[column] > 0).sum() > 5


def test_who_lost_its_choice_is_bid_for_by_officers():
    rules = """offers:
  refusals: {one: {label: x, after: 1, then: then}}
consequences: {then: {label: x, lose_choice_months: 6}}
"""
    setup = setup_of(scheme_text(rules), weeks=10, **BUSY)
    led = 0
    for state, week, _, bids in weeks_of(setup):
        council = state.households["council_until"][bids.household] > setup.closes(week)
        assert (bids.by[council] == week_frames.ASSISTED).all()
        led += council.sum()
    assert led


def test_a_refusal_that_counts_for_half_leads_to_half():
    _, _, all_ = refusing("    one: {label: x, after: 1, then: then}", "review: true")
    _, _, half = refusing("    one: {label: x, after: 1, then: then}", "review: true",
                          nominations__refusal_counts=0.3)
    assert 0 < half["consequences"].height < all_["consequences"].height


def test_silence_is_a_refusal_where_the_scheme_says_so():
    silent = REFUSE | {"no_contact": 0.8, "refused_at_viewing": 0.0}
    changes = {f"nominations__{k}": silent for k in ("own", "assisted", "automatic")}
    one = "    one: {label: x, after: 1, then: then}"
    _, _, bypass = refusing(one, "review: true", **changes)
    _, _, refused = refusing(one, "review: true", "  silence: refused\n", **changes)
    assert bypass["consequences"].height == 0
    assert refused["consequences"].height > 5


VIEWING = "offers:\n  viewing: {label: x, together: 3}\n"


def test_of_those_who_view_together_the_highest_who_would_have_it_is_given_it():
    changes = {f"nominations__{k}": HALF for k in ("own", "assisted", "automatic")}
    setup = setup_of(scheme_text(VIEWING), weeks=10, nominations__taste=0.0,
                     tenancies__end_per_year=1.0, **changes)
    _, frames = run(setup)
    assert frames["nominations"]["outcome"].is_in(["not_chosen"]).sum() > 10
    home = ["world", "home", "vacancy"]
    once = frames["voids"].filter(pl.col("adverts") == 1).select(home)
    groups = frames["nominations"].join(once, on=home).group_by(home).agg(
        pl.struct("position", "outcome", "viewed_on", "settled_on").sort_by("position"),
        together=((pl.col("nominated_on") == pl.col("nominated_on").min())
                  & (pl.col("settled_on") > pl.col("nominated_on"))).sum())
    for rows in groups["position"].to_list():
        outcomes = [r["outcome"] for r in rows]
        assert outcomes.count("accepted") <= 1
        if "accepted" in outcomes:
            at = outcomes.index("accepted")
            assert rows[at]["viewed_on"] <= rows[at]["settled_on"]
            assert not {"not_chosen", None} & set(outcomes[:at])
            assert all(r["settled_on"] <= rows[at]["settled_on"] for r in rows)
        else:
            assert "not_chosen" not in outcomes
    sizes = set(groups["together"].to_list())
    assert sizes >= {1, 2, 3}
    assert max(sizes) == 3


def test_a_household_is_nominated_for_one_home_at_a_time():
    changes = {f"nominations__{k}": HALF for k in ("own", "assisted", "automatic")}
    setup = setup_of(scheme_text(VIEWING), weeks=10, tenancies__end_per_year=1.0, **changes)
    _, frames = run(setup)
    for its in frames["nominations"].partition_by("world", "application"):
        its = its.sort("nominated_on", "settled_on")
        ends = its["settled_on"].fill_null(date(2030, 1, 1))
        assert (its["nominated_on"].to_numpy()[1:] >= ends.to_numpy()[:-1]).all()


def test_a_landlord_is_named_several_at_once_and_other_homes_one_by_one():
    rules = """nominations: {label: x, to: [one], at_once: 2}
landlords: {one: {label: x}, two: {label: x}}
"""
    setup = setup_of(scheme_text(rules), weeks=8)
    landlord = setup.stock["landlord"].to_numpy()
    assert set(landlord) == {"one", "two"}
    from cbl_engine.simulate.policy import policy_on

    at_once = policy_on(setup, setup.start).at_once
    assert set(at_once[landlord == "one"]) == {2}
    assert set(at_once[landlord == "two"]) == {1}


SLOW = {"tenancies__end_per_year": 1.5, "voids__offers_per_week": 2,
        "households__need_rises_per_year": 0.0}


def test_a_list_of_an_earlier_week_is_outranked_where_the_scheme_says_so():
    """Down a band after a refusal, a household stands lower on lists that go on, too."""
    rules = """offers:
  order: ORDER
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, band: C}}
"""
    moved = {}
    for order in ("close", "offer"):
        text = scheme_text(rules.replace("ORDER", order))
        setup = setup_of(text, weeks=12, **(BUSY | SLOW))
        late = 0
        state, _ = run(setup)
        rows = state.nominations
        void = rows["void"]
        for each in np.unique(void):
            its = np.flatnonzero(void == each)
            put = state.households["put_until"][rows["household"][its]] > 0
            late += int(put.sum())
        moved[order] = state.nominations["household"].tolist()
    assert moved["close"] != moved["offer"]


def test_lists_outranked_stand_as_the_live_shortlist_has_them_that_day():
    from cbl_engine.simulate import again, bidders, choice, offering, register, voids, weeks, works
    from cbl_engine.simulate.state import begin

    rules = """offers:
  order: offer
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, band: C}}
"""
    setup = setup_of(scheme_text(rules), weeks=12, **(BUSY | SLOW))
    state, going = begin(setup, np.arange(1)), offering.nothing_going()
    compared = 0
    for week in range(setup.weeks):
        register.change(state, week)
        voids.end_tenancies(state, week)
        works.work(state, week)
        bidders.begin_week(state, week)
        close = setup.closes(week)
        anew = offering.only(going, again.order_on(state, going, close))
        for number in range(len(anew.void)):
            who = anew.household[anew.starts[number]:anew.starts[number + 1]]
            who = who[~anew.out[anew.starts[number]:anew.starts[number + 1]]]
            band = state.bands_on(who, close)
            since = state.households["priority"][who]  # 0: not known, and therefore last
            key = list(zip(band.tolist(), np.where(since == 0, 1 << 30, since).tolist(), strict=True))
            assert key == sorted(key)
            compared += len(set(band.tolist())) > 1
        advertised = weeks.advertise(state, week)
        if len(advertised):
            bids = choice.choose(state, week, advertised, going)
            going = weeks.rank_and_offer(state, week, advertised, bids, going)
        else:
            going = offering.offer(state, going, week)
    assert compared > 3


def test_who_no_longer_meets_a_criterion_judged_at_the_offer_is_passed_over():
    rules = """offers:
  judged_at: {not_c: offered}
  refusals: {one: {label: x, after: 1, every: true, then: then}}
consequences: {then: {label: x, band: C}}
"""
    text = scheme_text(rules).replace("eligible: [fits]",
                                      "  not_c: {label: x, when: band <> 'C'}\neligible: [fits]", 1)
    text = text.replace("  usual: {label: x,", "  usual: {label: x, eligible: [not_c],")
    text = text.replace("  wider: {label: x,", "  wider: {label: x, eligible: [not_c],")
    setup = setup_of(text, weeks=12, **(BUSY | SLOW))
    state, frames = run(setup)
    rows = state.nominations
    put = state.households["put_until"][rows["household"]] > 0
    first = frames["consequences"].group_by("world", "application").agg(pl.col("since").min())
    late = frames["nominations"].join(first, on=["world", "application"]).filter(
        pl.col("nominated_on") > pl.col("since") + pl.duration(days=7))
    assert put.any()
    assert late.height == 0


def test_days_on_which_a_landlord_is_closed_are_no_working_days_of_its_own_answers():
    """Of one landlord of two, on a Tuesday."""
    setup = setup_of(scheme_text("""nominations: {label: x, answer: {working_days: 1}}
landlords: {one: {label: x, closed: [2026-06-10]}, two: {label: x}}
"""), weeks=10)
    homes = np.arange(setup.stock.height)
    tuesday = (date(2026, 6, 9) - date_of(0)).days
    from cbl_engine.simulate.policy import policy_on

    days = policy_on(setup, tuesday).answer_days(homes, tuesday)
    landlord = setup.stock["landlord"].to_numpy()
    assert (set(days[landlord == "one"]), set(days[landlord == "two"])) == ({2}, {1})


def test_a_landlord_that_is_nominated_to_answers_within_its_days():
    rules = """nominations: {label: x, to: [one], answer: {working_days: 2}}
landlords: {one: {label: x}, two: {label: x}}
"""
    at_once = {name: {0: 0, 100: 0} for name in (
        "no_contact", "withdrew", "failed_verification", "landlord_rejected", "no_show",
        "refused_at_viewing", "refused_late", "accepted")}
    setup = setup_of(scheme_text(rules), weeks=10, nominations__days=at_once,
                     nominations__landlord_days={0: 30, 100: 30})
    _, frames = run(setup)
    took = frames["nominations"].join(
        setup.stock.select(pl.col("id").alias("home"), "landlord"), on="home").drop_nulls(
            "settled_on").with_columns(
                days=(pl.col("settled_on") - pl.col("nominated_on")).dt.total_days())
    assert set(took.filter(pl.col("landlord") == "two")["days"]) == {0}
    slow = took.filter(pl.col("landlord") == "one")
    assert slow.height > 3
    # Two working days: over a weekend four days, over the bank holiday of 4 May 2026 five.
    assert set(slow["days"]) <= {2, 3, 4, 5}
