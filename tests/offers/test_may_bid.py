"""Whether a household may bid now, and where it would stand."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.offers.bidding import judge_bids
from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.may_bid import MayBid, may_bid
from cbl_engine.shortlist import prepare
from tests.offers.recorded import record_of
from tests.offers.small_bidding import MONDAY, advert, at, bid, text_of
from tests.shortlist.small import applications_of, frame, scheme_of

NOTHING = "  caps: {}\n"
ONE = "  caps: {one: {label: One bid a week, source: Scheme 4.1, bids: 1, per: cycle}}\n"
SOURCE = "sources: {Scheme: {title: x}}\n"
ADVERTS = [advert("a"), advert("b"), advert("c")]
HOUSEHOLDS = {
    name: {"local": True, "bedroom_need": 1, "band": band}
    for name, band in (("p", "B"), ("q", "A"), ("r", "B"), ("s", "C"))
}


def ask(
    bidding: str = NOTHING,
    bids: list[dict[str, Any]] | None = None,
    moment: Any = None,
    adverts: list[dict[str, Any]] | None = None,
    applications: dict[str, dict[str, Any]] | None = None,
    on: str = "a",
    more: dict[str, Any] | None = None,
    **record: list[dict[str, Any]],
) -> MayBid:
    """May ``p`` bid on ``a``, at noon on the Wednesday?"""
    scheme = scheme_of(SOURCE + text_of(bidding, keys=("band: [A, B, C]",)))
    register = {"applications": applications_of(applications or HOUSEHOLDS)}
    judge = Judge(scheme, register, frame("adverts", adverts or ADVERTS))
    return may_bid(
        judge, prepare(scheme, register, "close"), frame("bids", bids or []), record_of(**record),
        on, "p", moment or at(2), **(more or {}),
    )


def test_the_first_to_bid_stands_first():
    found = ask()
    assert (found.answer, found.against, found.bid_already) == ("yes", (), None)
    assert (found.standing.position, found.standing.of) == (1, 1)


def test_before_any_bid_the_frame_of_bids_needs_no_types():
    scheme = scheme_of(text_of(NOTHING, keys=("band: [A, B, C]",)))
    register = {"applications": applications_of(HOUSEHOLDS)}
    adverts = frame("adverts", ADVERTS)
    judge, prepared = Judge(scheme, register, adverts), prepare(scheme, register, "close")
    bids = pl.DataFrame(schema=["advert", "application", "placed_at"])
    found = may_bid(judge, prepared, bids, {}, "a", "p", at(2))
    assert (found.answer, found.standing.position) == ("yes", 1)
    assert judge_bids(judge, adverts, bids, {}, until=at(2).date()).is_empty()


def test_its_place_is_among_the_bids_so_far():
    bids = [bid("a", 1, "q"), bid("a", 1, "r"), bid("a", 1, "s"), bid("b", 1, "s")]
    standing = ask(bids=bids).standing
    assert (standing.position, standing.joint, standing.of) == (2, 1, 4)
    assert standing.above_by_band == {"A": 1}
    assert standing.rivals == ()


def test_later_bids_and_bids_withdrawn_by_then_are_not_counted():
    bids = [bid("a", 1, "q", withdrawn_at=at(2, 11)), bid("a", 1, "r", withdrawn_at=at(2, 13)),
            bid("a", 3, "s"), bid("a", 2.5, "q")]
    standing = ask(bids=bids).standing
    assert (standing.of, standing.joint) == (2, 1)


def test_rivals_whose_bids_break_a_rule_do_not_stand_above():
    bids = [bid("b", 0.5, "q"), bid("a", 1, "q")]
    assert ask(NOTHING, bids).standing.position == 2
    assert ask(ONE, bids).standing.position == 1


def test_a_full_cap_stands_against_it_with_its_words_and_source():
    found = ask(ONE, [bid("b", 1, "p")])
    assert found.answer == "no"
    (against,) = found.against
    assert (against.rule, against.kind, against.label, against.source) == (
        "one", "cap", "One bid a week", "Scheme 4.1"
    )
    (cap,) = found.caps
    assert (cap.used, cap.bids, cap.per) == (1, 1, "cycle")
    assert str(found.cycle_ends) == "2024-05-12"
    assert found.standing.position == 1
    assert "One bid a week: 1 of 1 used, on adverts that close in the cycle up to 12 May 2024. [" in (
        found.text()
    )
    assert "If the bid counted, as bids stand so far:" in found.text()


def test_a_bid_on_the_same_advert_takes_the_place_of_the_one_before():
    found = ask(ONE, [bid("a", 1, "p")])
    assert found.answer == "yes"
    assert found.bid_already == MONDAY.replace(day=7)
    assert found.standing.of == 1
    assert found.caps[0].used == 1
    assert "a bid now takes the place of that one" in found.text()


def test_every_rule_that_stands_against_it_is_named():
    bidding = (
        "  window: {label: From Thursday, opens: {day: thursday, time: '00:00'},"
        " closes: {day: sunday, time: '23:59'}}\n"
        "  choice: {led: {label: The council bids, bids: council}}\n"
        "  frozen: {busy: {label: Under offer, while: offered, may_not: bid}}\n" + ONE
    )
    offers = [{"id": "o", "application": "p", "offered_on": at(0).date()}]
    barred = [{"application": "p", "consequence": "barred", "since": at(0).date(),
               "may_not_bid": True}]
    before = [bid("b", -4, "p", placed_by="officer")]
    found = ask(bidding, before, offers=offers, consequences=barred)
    rules = [(rule.kind, rule.rule) for rule in found.against]
    assert rules == [("window", "window"), ("choice", "led"), ("consequence", "barred"),
                     ("frozen", "busy"), ("cap", "one")]
    assert [rule.label for rule in found.against] == [
        "From Thursday", "The council bids", "barred", "Under offer", "One bid a week",
    ]
    assert found.caps[0].used == 1


def test_an_offer_of_another_home_is_told_beside_a_bid_that_counts():
    """Once it is on its way; what is only proposed is the officers' to know."""
    on_offer = {"id": "o", "application": "p", "advert": "b", "proposed_on": at(0).date()}
    going = {**on_offer, "offered_on": at(1).date()}
    (said,) = ask(offers=[going]).meanwhile
    assert said.kind == "under_offer"
    assert "under an offer of another home (advert b)" in said.label
    found = ask(offers=[going])
    assert found.answer == "yes"
    assert said.label in found.text()
    proposed = {**on_offer, "step": "proposed"}
    assert ask(offers=[proposed]).meanwhile == ()
    (said,) = ask(offers=[proposed], more={"audience": "officer"}).meanwhile
    assert "proposed for it" in said.label
    over = {**going, "step": "ended", "ended_on": at(2).date()}
    assert ask(offers=[over]).meanwhile == ask(offers=[{**going, "advert": "a"}]).meanwhile == ()


def test_no_bid_is_said_to_count_that_an_offer_of_another_home_sets_aside():
    going = {"id": "o", "application": "p", "advert": "b", "offered_on": at(1).date()}
    busy = "  frozen: {busy: {label: Under offer, while: offered, may_not: be_listed}}\n"
    found = ask(busy, offers=[going])
    assert ([rule.rule for rule in found.against], found.answer) == (["busy"], "no")
    assert "under an offer of another home (advert b), and it is passed over for this home" in found.text()
    assert "counts" not in found.meanwhile[0].label


def test_a_consequence_in_force_is_told_with_its_end():
    """In words of the scheme where it has them; one that is over is not."""
    mine = {"application": "p", "consequence": "out", "since": at(0).date(), "status": "suspended"}
    (said,) = ask(consequences=[{**mine, "until": at(30).date()}]).meanwhile
    assert (said.kind, said.until) == ("consequence", at(30).date())
    assert "until 5 June 2024, the first day it no longer holds" in said.label
    assert ask(consequences=[{**mine, "until": at(2).date()}]).meanwhile == ()


def test_who_shares_a_tenant_with_a_letting_is_told_a_reason_of_its_own():
    """And an applicant nothing of the letting: neither a status nor whose it is."""
    let = {"id": "b/q/1", "advert": "b", "application": "q", "signed_on": at(0).date(),
           "shares_tenant": ["p"]}
    found = ask(lettings=[let])
    assert [its.kind for its in found.meanwhile] == ["members"]
    assert (found.answer, found.standing) == ("not eligible", None)
    assert not any(word in found.text() for word in ("housed", "let", "b/q/1"))
    (said,) = ask(lettings=[let], more={"audience": "officer"}).meanwhile
    assert "application q" in said.label
    (said,) = ask(lettings=[{**let, "application": "p", "shares_tenant": []}]).meanwhile
    assert (said.kind, said.label) == ("housed", "Another home was let to it, on 6 May 2024.")


def test_an_officer_may_bid_where_the_applicant_may_not():
    led = "  choice: {led: {label: The council bids, bids: council}}\n"
    assert ask(led).answer == "no"
    assert ask(led, more={"placed_by": "officer"}).answer == "yes"


def test_who_is_not_eligible_is_told_why():
    found = ask(applications={**HOUSEHOLDS, "p": {"local": False, "bedroom_need": 1}})
    assert found.answer == "not eligible"
    assert [reason.label for reason in found.standing.reasons] == ["Lives here"]
    assert "No: a bid would count, and the household is not eligible for this home." in found.text()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"opens_at": at(3)}, "bids for it open at 9 May 2024 12:00:00"),
        ({"closes_at": at(1)}, "bids for it closed at 7 May 2024 12:00:00"),
        ({"status": "withdrawn"}, "the advert was withdrawn"),
        ({"status": "draft"}, "the advert is a draft"),
    ],
)
def test_an_advert_that_takes_no_bids_has_no_places(row: dict, words: str):
    found = ask(adverts=[advert("a") | row])
    assert found.answer == "no"
    assert [rule.label for rule in found.against] == [words]
    assert found.standing is None
    assert found.as_dict()["standing"] is None


def test_an_advert_that_is_held_back_takes_no_bids():
    found = ask(advert_states=[{"advert": "a", "status": "held_back"}])
    assert [rule.rule for rule in found.against] == ["held_back"]
    assert found.standing is None


def test_what_is_put_right_later_is_not_known_yet():
    assert ask(adverts=[advert("a", corrected_at=at(2, 13))]).answer == "yes"


def test_moments_may_be_in_any_time_zone():
    scheme = scheme_of(SOURCE + text_of(ONE, keys=("bid_time: first",)))
    register = {"applications": applications_of(HOUSEHOLDS)}
    bids = frame("bids", [bid("a", 1, "q"), bid("b", 1, "p", withdrawn_at=at(2, 11))])
    adverts = frame("adverts", [advert("a", corrected_at=at(1)), advert("b")])
    bids, adverts = (
        table.with_columns(pl.col(pl.Datetime).dt.convert_time_zone("UTC"))
        for table in (bids, adverts)
    )
    found = may_bid(
        Judge(scheme, register, adverts), prepare(scheme, register, "close"), bids, {}, "a", "p",
        at(2).astimezone(UTC),
    )
    assert (found.answer, found.caps[0].used, found.standing.of) == ("yes", 0, 1)
    assert found.at.isoformat() == "2024-05-08T12:00:00+01:00"


def test_ids_that_are_not_there_are_refused():
    with pytest.raises(TableError, match="no such advert"):
        ask(on="x")


def test_an_officer_is_told_of_the_rivals():
    found = ask(bids=[bid("a", 1, "q")], more={"audience": "officer"})
    assert [rival.application for rival in found.standing.rivals] == ["q"]


def test_it_says_what_the_verdict_is_when_the_bid_is_placed():
    from cbl_engine.offers.bidding import judge_bids

    bids = [bid("b", 1, "p"), bid("c", 1.5, "p", withdrawn_at=at(2)), bid("a", 1, "q")]
    scheme = scheme_of(SOURCE + text_of(ONE))
    register = {"applications": applications_of(HOUSEHOLDS)}
    given = frame("adverts", ADVERTS)
    placed = frame("bids", [*bids, bid("a", 2.5, "p")])
    verdicts = judge_bids(
        Judge(scheme, register, given), given, placed, {}, until=at(6).date()
    )
    rule = verdicts.filter(advert="a", application="p")["rule"].to_list()
    assert [against.rule for against in ask(ONE, bids, at(2, 12)).against] == rule == ["one"]


@pytest.mark.parametrize("other", [{"band": "B", "bedroom_need": 1, "local": True, "owes": 5},
                                   {"band": "B", "bedroom_need": 1, "local": True, "in_debt": True}])
def test_an_applicant_is_told_the_same_whoever_the_rivals_are(other: dict):
    bids = [bid("a", 1, "q"), bid("a", 1, "r"), bid("b", 1, "p")]
    told = ask(ONE, bids).text()
    assert ask(ONE, bids, applications={**HOUSEHOLDS, "r": other}).text() == told
    for rival in "qr":
        assert f" {rival} " not in told


def test_as_data_it_is_plain():
    import json

    found = ask(ONE, [bid("a", 1, "q")])
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["answer"] == "yes"
    assert plain["at"] == "2024-05-08T12:00:00+01:00"
    assert plain["standing"]["position"] == 2
    assert "rivals" not in plain["standing"]


@pytest.mark.parametrize("moment", [at(2).replace(tzinfo=None), "2024-05-08T12:00", at(2).date()])
def test_a_moment_without_a_time_zone_is_refused(moment: Any):
    with pytest.raises(TableError, match=r"at: the moment is not one with a time zone; given "):
        ask(moment=moment)


@pytest.mark.parametrize("column", ["placed_at", "withdrawn_at"])
def test_bids_without_a_time_zone_are_refused(column: str):
    naive = pl.col(column).dt.replace_time_zone(None)
    bids = frame("bids", [bid("a", 1, "q", withdrawn_at=at(1.5))]).with_columns(naive)
    line = rf"bids\.{column}: the column {column} of bids has the wrong type; given Datetime"
    with pytest.raises(TableError, match=line):
        ask_of(bids)


def test_adverts_without_a_time_zone_are_refused():
    naive = pl.col("closes_at").dt.replace_time_zone(None)
    with pytest.raises(TableError, match=r"adverts.closes_at: the column closes_at of adverts has"):
        ask_of(frame("bids", []), frame("adverts", ADVERTS).with_columns(naive))


def ask_of(bids: pl.DataFrame, adverts: pl.DataFrame | None = None) -> MayBid:
    scheme = scheme_of(SOURCE + text_of(NOTHING, keys=("band: [A, B, C]",)))
    register = {"applications": applications_of(HOUSEHOLDS)}
    judge = Judge(scheme, register, frame("adverts", ADVERTS) if adverts is None else adverts)
    return may_bid(judge, prepare(scheme, register, "close"), bids, {}, "a", "p", at(2))


def test_who_places_it_and_who_is_told_are_among_those_there_are():
    with pytest.raises(TableError) as caught:
        ask(more={"placed_by": "nobody", "audience": "press"})
    assert str(caught.value).splitlines() == [
        "placed_by: nobody who places bids is called so; given 'nobody'; allowed: applicant, officer",
        "audience: there is no such audience; given 'press'; allowed: officer, applicant",
    ]


@pytest.mark.parametrize("narrow", ["advert", "application"])
def test_the_bids_so_far_may_have_a_narrower_type_of_ids(narrow: str):
    scheme = scheme_of(SOURCE + text_of(ONE, keys=("band: [A, B, C]",)))
    register = {"applications": applications_of({"1": HOUSEHOLDS["q"], "300": HOUSEHOLDS["p"]})}
    register["applications"] = register["applications"].cast({"id": pl.Int64})
    adverts = frame("adverts", [advert("10"), advert("300")]).cast({"id": pl.Int64})
    bids = frame("bids", [bid("10", 1, "1")]).cast({"advert": pl.Int64, "application": pl.Int64})
    bids = bids.cast({narrow: pl.UInt8})
    judge, prepared = Judge(scheme, register, adverts), prepare(scheme, register, "close")
    second = may_bid(judge, prepared, bids, {}, 10, 300, at(2)).standing
    assert second is not None
    assert (second.position, second.of) == (2, 2)
    assert may_bid(judge, prepared, bids, {}, 300, 300, at(2)).answer == "yes"
    some = judge_bids(judge, adverts, bids, {}, until=at(9).date(), among=[300])
    assert some.height == 0
