"""The numbered properties: held by random weeks, and found where somebody broke them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.errors import PropertyError
from cbl_engine.offers import events as e
from cbl_engine.offers.book import Book
from cbl_engine.offers.entries import ENTRIES, SCHEMAS, names_of
from cbl_engine.offers.properties import verify
from cbl_engine.offers.record import Record
from tests.offers.week import Week, day, moment

CRITERIA = """
criteria: {is_local: {label: x, when: local, when_unknown: hold}}
"""
PARTS = {
    "profiles": [
        "",
        "profiles: {only: {label: x, order: [{tie: human}]}}",
        "profiles: {only: {label: x, eligible: [is_local], order: [{band: [A, B, C]}, "
        "{date: priority_date}]}}",
        "profiles: {only: {label: x, stages: [{eligible: [is_local], order: [{tie: human}]}, "
        "{order: [{lottery: advert}]}]}}",
    ],
    "checks": [
        "", "checks: {verified: {label: x, hold: {days: 1}}}",
        "checks: {verified: {label: x, before: let, must_pass: true}}",
        "checks: {verified: {label: x, missing: bypass, officer_held: true}}",
    ],
    "nominations": ["", "landlords: {acorn: {label: x}}\n"
                    "nominations: {label: x, answer: {days: 1}, at_once: 2}"],
    "quotas": ["", "advertising: {ladder: [{label: x, step: readvertise}], quotas: "
               "{locals: {label: x, on: lettings, share: 0.5, to: is_local}}}"],
}
VIEWINGS = ["", "viewing: {label: x, together: 2, within: {days: 1}}, "]
CHOOSING = ["household", "homes", "council", "advert"]
CONSEQUENCE = "consequences: {out: {label: x, suspend_months: 1}}\n"
TIES = ("approved", "declined")


def random_week(seed: int) -> Week:
    """A scheme, a register and two cycles of adverts, all small."""
    draw = random.Random(seed)
    offers = "".join((
        "offers: {answer: {days: 1}, passing_over: {other: Other}, ",
        draw.choice(VIEWINGS),
        f"order: {draw.choice(['close', 'offer'])}, ",
        f"one_at_a_time: {draw.choice(['true', 'true', 'false'])}, ",
        f"silence: {draw.choice(['refused', 'bypass'])}, ",
        f"choosing: {{by_whom: {draw.choice(CHOOSING)}}}, ",
        "refusals: {one: {label: x, after: 1, then: out}}}\n",
    ))
    text = CRITERIA + CONSEQUENCE + offers + "\n".join(draw.choice(of) for of in PARTS.values())
    week = Week(text, unattended=draw.random() < 0.2, keep_going=True)
    names = [f"h{n}" for n in range(draw.randint(1, 6))]
    for name in names:
        week.household(name, band=draw.choice("ABC"), local=draw.choice([True, False, None]))
    for name in names:
        if draw.random() < 0.5:
            week.check(name, "verified", draw.choice(["cleared", "cleared", "refused", "refer"]))
    for n in range(draw.randint(1, 4)):
        late = 7 * (n % 2)
        bids = " ".join(draw.sample(names, draw.randint(0, len(names))))
        extra: dict[str, Any] = {"landlord": draw.choice(["acorn", "other"])}
        if draw.random() < 0.3:
            extra["home_group"] = f"g{n}"
            for k in range(2):
                week.add("homes", id=f"g{n} {k}", home_group=f"g{n}")
        week.advert(f"a{n}", bids=bids, opens=3 + late, closes=6.5 + late, **extra)
    return week


def answers(week: Week, on: int, draw: random.Random) -> None:
    """What people may do on a day, given where things stand the evening before."""
    for act, advert, household, what in week.proposed():
        roll = draw.random()
        if act == "tie":
            week.outcome(on, "chosen", advert, draw.choice(what.split(", ")), by="Olu")
        elif roll < 0.6:
            week.approve(on, act, advert, household, reason=what)
        elif roll < 0.75:
            week.decline(on, act, advert, household, reason="other" if act == "offer" else what)
    following = {
        "nominated": ["landlord_accepted", "landlord_rejected"], "invited": ["viewed", "absent"],
        "attended": ["withdrew"], "accepted": ["signed", "signed", "undone"],
        "offered": ["accepted", "accepted", "refused", "withdrew", "offer_withdrawn"],
        "let": ["undone"],
    }
    for offer in week.table("offers"):
        if offer["step"] in following and draw.random() < (0.1 if offer["step"] == "let" else 0.6):
            what = draw.choice(following[offer["step"]])
            more = {"by": "Olu", "reasonable": False} if what == "refused" else {}
            week.outcome(on, what, offer["advert"], offer["application"], **more)
    if draw.random() < 0.05:
        week.outcome(on, "advert_withdrawn", draw.choice(week.table("adverts"))["id"])
    bids = week.table("bids")
    if bids and draw.random() < 0.2:
        bid = draw.choice(bids)
        if bid.get("withdrawn_at") is None:
            week.add("bids", **bid | {"withdrawn_at": moment(on + 0.3)})


def played(seed: int, until: int = 24) -> tuple[Week, list[dict[str, Any]]]:
    """A random week day by day, people answering and taking bids back at random; all their outcomes."""
    week, draw = random_week(seed), random.Random(seed + 1)
    week.run(until=6)
    outcomes: list[dict[str, Any]] = []
    for on in range(7, until + 1):
        answers(week, on, draw)
        outcomes += week._new["outcomes"]
        week.run(until=on)
    return week, outcomes


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**9))
def test_random_weeks_keep_every_property(seed: int) -> None:
    """Every cycle checks them; the whole trail again from nothing, and the fold is the tables."""
    week, _ = played(seed)
    verify(week.scheme, Record(), week.record, week.events, week.rows)
    book = Book.fold(enumerate(week.events, 1), week.rows)
    for name, frame in book.tables().items():
        assert frame.equals(week.record.tables[name]), name


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**9))
def test_one_cycle_of_many_days_is_many_cycles_of_one(seed: int) -> None:
    """The same outcomes, taken in at once: the same tables, but for the numbers of events."""
    days, outcomes = played(seed)
    at_once = random_week(seed)
    at_once._new["outcomes"] = outcomes
    at_once._new["bids"] = days.table("bids")
    at_once.run(until=24)
    for name in SCHEMAS:
        assert unnumbered(days, name) == unnumbered(at_once, name), name


def unnumbered(week: Week, table: str) -> list[dict[str, Any]]:
    """A table without what numbers of events are part of."""
    apart = {"proposals": ["id"], "ledger": ["event"]}.get(table, [])
    return week.record.tables[table].drop(apart).to_dicts()


def test_an_entry_of_the_book_has_the_columns_of_its_table() -> None:
    """In their order."""
    for table, entry in ENTRIES.items():
        assert names_of(entry) == list(SCHEMAS[table])


def test_a_book_made_from_tables_gives_the_same_tables() -> None:
    """And goes on from them."""
    week, _ = played(3)
    again = Book.from_tables(week.record.tables, week.record.events)
    for name, frame in again.tables().items():
        assert frame.equals(week.record.tables[name]), name


def a_letting() -> Week:
    """Two homes; ann is let the first, bob has an offer of the second."""
    week = Week("checks: {fraud: {label: x, must_pass: true, before: let}}")
    week.households("ann bob cat").check("ann", "fraud").check("bob", "fraud", id="b")
    week.advert("elm", bids="ann bob").advert("oak", bids="ann bob cat")
    week.let("elm", "ann").approve(7, "offer", "oak", "bob")
    return week.run(until=10)


def number_of(error: pytest.ExceptionInfo[PropertyError]) -> int:
    """The property that was broken."""
    return error.value.number


def broken(week: Week, events: list[e.Event], rows: Any = None) -> int:
    """The property that these events break, tables as they would then be."""
    rows = week.rows if rows is None else rows
    folded = Book()
    frames = iter(rows)
    for event in events:
        folded.apply(event, next(frames)[1] if isinstance(event, e.TakenIn) else None)
    tables = {**week.record.given(), **folded.tables()}
    after = replace(week.record, tables=tables, events=len(events))
    with pytest.raises(PropertyError) as error:
        verify(week.scheme, Record(), after, events, rows)
    return number_of(error)


def moved(offer: str, step: Any, on: int = 10) -> e.OfferMoved:
    """An offer comes to a step."""
    return e.OfferMoved(on=day(on), offer=offer, step=step)


def proposed(offer: str, advert: str, household: str, number: int) -> list[e.Event]:
    """An offer is proposed and approved, by events of these numbers."""
    proposal = f"P{number + 1}"
    return [
        e.OfferProposed(on=day(10), offer=offer, advert=advert, home=f"home {advert}",
                        application=household, route="bid", final=False, stage=1, position=1),
        e.Proposed(on=day(10), proposal=proposal, act="offer", advert=advert,
                   application=household, offer=offer),
        e.Decided(on=day(10), proposal=proposal, status="approved", by="Olu"),
    ]


def test_a_second_live_offer_breaks_property_1() -> None:
    """Bob is offered oak; elm is moved to him as well."""
    week = a_letting()
    more = [*week.events, *proposed("fir/bob/1", "oak", "bob", len(week.events) + 1)]
    assert broken(week, [*more, moved("fir/bob/1", "offered")]) == 1


def test_a_home_accepted_twice_breaks_property_2() -> None:
    """Elm is let; bob accepts it too."""
    week = a_letting()
    more = [*week.events, e.OfferEnded(on=day(10), offer="oak/bob/1", by="withdrew"),
            *proposed("elm/bob/1", "elm", "bob", len(week.events) + 2)]
    assert broken(week, [*more, moved("elm/bob/1", "accepted")]) == 2


def test_a_household_left_out_breaks_property_3() -> None:
    """Without the event that passed ann over on oak."""
    week = a_letting()
    events = [ev for ev in week.events if ev.kind not in ("passed_over", "passing_over_ended")]
    assert broken(week, events) == 3


def test_an_offer_nobody_approved_breaks_property_4() -> None:
    """Cat is offered oak out of nowhere."""
    week = a_letting()
    began = e.OfferProposed(on=day(10), offer="oak/cat/1", advert="oak", home="home oak",
                            application="cat", route="bid", final=False, stage=1, position=1)
    assert broken(week, [*week.events, began, moved("oak/cat/1", "offered")]) == 4


def test_a_refusal_that_counts_and_that_nobody_judged_anew_breaks_property_4() -> None:
    """Found to count, and then not."""
    week = Week().household("ann").advert("elm", bids="ann").approve(7, "offer", "elm", "ann")
    week.outcome(8, "refused", "elm", "ann", reasonable=False, by="Olu").run(until=8)
    anew = e.RefusalJudged(on=day(8), offer="elm/ann/1", counts=False)
    assert broken(week, [*week.events, anew]) == 4


def test_a_count_that_leaps_breaks_property_5() -> None:
    """Two at once."""
    week = a_letting()
    counted = e.AdvertCounted(on=day(10), quota="q", stratum=(), period=None, advert="elm", whole=2,
                              part=0, chosen=False, why="")
    assert broken(week, [*week.events, counted]) == 5


def test_something_that_happens_to_what_has_ended_breaks_property_6() -> None:
    """Ann's offer of elm was let."""
    week = a_letting()
    assert broken(week, [*week.events, moved("elm/ann/1", "attended")]) == 6


def test_a_gap_in_the_numbers_breaks_property_6() -> None:
    """One event less than the record says."""
    week = a_letting()
    with pytest.raises(PropertyError) as error:
        verify(week.scheme, Record(), week.record, week.events[:-1], week.rows)
    assert number_of(error) == 6


def test_a_letting_past_a_hard_stop_breaks_property_7() -> None:
    """The results of the check are left out."""
    week = a_letting()
    rows = [(t, f.filter(pl.col("application") != "ann") if t == "checks" else f)
            for t, f in week.rows]
    assert broken(week, week.events, rows) == 7


def test_tables_that_say_something_else_break_property_8() -> None:
    """A letting taken out."""
    week = a_letting()
    tables = dict(week.record.tables)
    tables["lettings"] = tables["lettings"].clear()
    with pytest.raises(PropertyError) as error:
        verify(week.scheme, Record(), replace(week.record, tables=tables), week.events, week.rows)
    assert number_of(error) == 8
