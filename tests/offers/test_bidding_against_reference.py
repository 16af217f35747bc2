"""Bids judged all at once are those judged one by one, on random bids, caps, windows and records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.offers.bidding import judge_bids
from cbl_engine.offers.criteria import Judge
from tests.offers.recorded import record_of, rows_of
from tests.offers.reference_bidding import judge_one_by_one
from tests.shortlist.small import applications_of, frame, order, scheme_of

START = datetime(2024, 3, 18, tzinfo=UTC)  # a Monday; clocks go forward on the 31st
HOURS = 24 * 21
HOUSEHOLDS = ("p1", "p2", "p3")
ADVERTS = ("a1", "a2", "a3", "a4", "a5")
CRITERIA = """
criteria:
  local: {label: x, when: local}
  ask: {label: x, when: in_debt, when_unknown: hold}
  fits: {label: x, when: bedroom_need <= advert.bedrooms, when_unknown: hold}
"""
MOMENTS = st.integers(0, HOURS).map(lambda hour: START + timedelta(hours=hour))
DAYS = st.integers(0, 21).map(lambda n: date(2024, 3, 18) + timedelta(days=n))
MAYBE_DAY = st.none() | DAYS
WHEN = st.sampled_from(["", "when: local, ", "when: ask, "])
NAMES = ("mon", "tue", "wed")


@st.composite
def biddings(draw: Any) -> str:
    """The text of some rules of bidding."""
    parts = []
    if draw(st.booleans()):
        starts, days = draw(DAYS), draw(st.integers(1, 10))
        parts.append(f"cycle: {{starts: {starts}, days: {days}}}")
    if draw(st.booleans()):
        weekday = st.sampled_from(["monday", "wednesday", "saturday", "sunday"])
        clock = st.sampled_from(["00:00", "00:59", "01:00", "01:30", "01:59", "02:00", "12:00", "23:59"])
        opens, closes = ((draw(weekday), draw(clock)) for _ in "ab")
        parts.append(
            "window: {label: x, "
            f"opens: {{day: {opens[0]}, time: '{opens[1]}'}}, "
            f"closes: {{day: {closes[0]}, time: '{closes[1]}'}}}}"
        )
    caps = [
        f"cap_{n}: {{label: x, {draw(WHEN)}bids: {draw(st.integers(1, 3))}, "
        f"per: {draw(st.sampled_from(['cycle', 'live']))}, "
        f"withdrawn: {draw(st.sampled_from(['free', 'spent']))}}}"
        for n in range(draw(st.integers(0, 3)))
    ]
    parts.append(f"caps: {{{', '.join(caps)}}}")
    choices = [
        f"choice_{n}: {{label: x, {draw(WHEN)}"
        f"bids: {draw(st.sampled_from(['own', 'none', 'council', 'automatic']))}"
        f"{draw(st.sampled_from(['', ', only: fits']))}}}"
        for n in range(draw(st.integers(0, 2)))
    ]
    parts.append(f"choice: {{{', '.join(choices)}}}")
    steps = draw(st.lists(st.sampled_from(["first", "invited", "offered", "accepted"]), max_size=2))
    frozen = [f"frozen_{n}: {{label: x, while: {s}, may_not: bid}}" for n, s in enumerate(steps)]
    parts.append(f"frozen: {{{', '.join(frozen)}}}")
    return "bidding:\n" + "".join(f"  {part}\n" for part in parts)


@st.composite
def adverts_given(draw: Any) -> list[dict[str, Any]]:
    """Five adverts."""
    return [
        {
            "id": advert,
            "opens_at": draw(st.none() | MOMENTS),
            "closes_at": draw(MOMENTS),
            "corrected_at": draw(st.none() | st.none() | MOMENTS),
            "status": draw(st.sampled_from(["open", "open", "open", "closed", "withdrawn", "draft"])),
            "bedrooms": draw(st.integers(1, 3)),
        }
        for advert in ADVERTS
    ]


@st.composite
def bids_given(draw: Any) -> list[dict[str, Any]]:
    """Bids of three households, no two alike."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "advert": st.sampled_from(ADVERTS),
                    "application": st.sampled_from(HOUSEHOLDS),
                    "placed_at": MOMENTS,
                    "withdrawn_at": st.none() | st.none() | MOMENTS,
                    "placed_by": st.sampled_from([None, "applicant", "officer", "automatic"]),
                }
            ),
            max_size=25,
            unique_by=lambda b: (b["advert"], b["application"], b["placed_at"]),
        )
    )
    return rows


@st.composite
def records(draw: Any) -> dict[str, list[dict[str, Any]]]:
    """Lists, offers, lettings, who was passed over and consequences."""
    who, where = st.sampled_from(HOUSEHOLDS), st.sampled_from(ADVERTS)
    closed = draw(st.lists(where, unique=True, max_size=3))
    listed = []
    for advert in closed:
        for position, household in enumerate(draw(st.permutations(HOUSEHOLDS)), start=1):
            tied = draw(st.sampled_from([None, None, 1]))
            listed.append({"advert": advert, "application": household,
                           "position": draw(st.sampled_from([position, position, None])),
                           "tie_group": tied})
    dated = st.fixed_dictionaries(
        {"advert": where, "application": who, "invited_on": MAYBE_DAY, "offered_on": MAYBE_DAY,
         "answered_on": MAYBE_DAY, "ended_on": MAYBE_DAY}
    )
    offers = [o | {"id": f"o{n}"} for n, o in enumerate(draw(st.lists(dated, max_size=3)))]
    found = {
        "advert_states": [
            {"advert": advert, "closed_on": draw(MAYBE_DAY), "homes": draw(st.integers(1, 2)),
             "status": draw(st.sampled_from(["closed", "closed", "let", "unlet", "withdrawn"]))}
            for advert in closed
        ],
        "shortlisted": listed,
        "offers": offers,
        "lettings": [
            {"id": o["id"], "advert": o["advert"], "application": o["application"],
             "signed_on": draw(DAYS), "undone_on": draw(MAYBE_DAY)}
            for o in offers if draw(st.booleans())
        ],
        "passed_over": draw(st.lists(st.fixed_dictionaries(
            {"advert": where, "application": who, "on": DAYS, "until": MAYBE_DAY}), max_size=2)),
        "consequences": draw(st.lists(st.fixed_dictionaries(
            {"application": who, "consequence": st.sampled_from(["barred", "led"]), "since": DAYS,
             "until": MAYBE_DAY, "may_not_bid": st.booleans(), "council_bids": st.booleans()}),
            max_size=2)),
    }
    return {table: rows_of(table, rows) for table, rows in found.items()}


@settings(max_examples=150, deadline=None)
@given(
    biddings(), adverts_given(), bids_given(), records(), DAYS,
    st.lists(st.sampled_from([True, False, None]), min_size=6, max_size=6), st.randoms(),
)
def test_all_at_once_is_one_by_one(text, adverts, bids, record, until, facts, shuffle):
    scheme = scheme_of(CRITERIA + text + order("lottery: register", eligible="local"))
    households = {
        h: {"local": facts[n], "in_debt": facts[n + 3], "bedroom_need": (n or None)}
        for n, h in enumerate(HOUSEHOLDS)
    }
    given_adverts = frame("adverts", adverts)
    judge = Judge(scheme, {"applications": applications_of(households)}, given_adverts)

    def counts(name: str, day: date, application: str, advert: str | None) -> bool | None:
        beside = {} if advert is None else {"advert": pl.Series([advert])}
        return judge.counts(name, day, application=pl.Series([application]), **beside)[0]

    expected = judge_one_by_one(
        scheme.versions[0].bidding, counts, adverts, bids, record, until
    )
    tables = record_of(**record)
    found = judge_bids(judge, given_adverts, frame("bids", bids), tables, until=until)
    verdicts = {(a, p, at): rule for a, p, at, rule in found.iter_rows()}
    assert verdicts == expected

    shuffle.shuffle(bids)
    mixed = {t: rows.sample(fraction=1, shuffle=True, seed=1) for t, rows in tables.items()}
    again = judge_bids(
        judge, given_adverts.reverse(), frame("bids", bids), mixed, until=until
    )
    assert again.equals(found)
