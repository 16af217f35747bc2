"""Bids judged all at once are those judged one by one, on random bids, caps, windows and records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.offers.bidding import judge_bids
from cbl_engine.offers.criteria import Judge
from cbl_engine.scheme.bidding import Bidding
from tests.offers.recorded import record_of, rows_of
from tests.offers.reference_bidding import judge_one_by_one
from tests.shortlist.small import applications_of, frame, order, scheme_of

START = datetime(2024, 3, 18, tzinfo=UTC)  # a Monday; clocks go forward on the 31st
HOUSEHOLDS = ("p1", "p2", "p3")
ADVERTS = ("a1", "a2", "a3", "a4", "a5")
CRITERIA = """
criteria:
  local: {label: x, when: local}
  ask: {label: x, when: in_debt, when_unknown: hold}
  fits: {label: x, when: bedroom_need <= advert.bedrooms, when_unknown: hold}
"""
MOMENTS = st.integers(0, 42).map(lambda n: START + timedelta(hours=12 * n)) | st.integers(
    -3, 6
).map(lambda n: datetime(2024, 3, 31, 1, tzinfo=UTC) + timedelta(minutes=30 * n))
DAYS = st.integers(0, 21).map(lambda n: date(2024, 3, 18) + timedelta(days=n))
MAYBE_DAY = st.none() | DAYS
WHEN = st.sampled_from([{}, {"when": "local"}, {"when": "ask"}])
SCHEME = scheme_of(CRITERIA + order("lottery: register", eligible="local"))
OF_WEEK = st.fixed_dictionaries({
    "day": st.sampled_from(["monday", "wednesday", "saturday", "sunday"]),
    "time": st.sampled_from(["00:00", "00:59", "01:00", "01:30", "01:59", "02:00", "12:00", "23:59"]),
})
CAPS = st.builds(
    dict, WHEN, label=st.just("x"), bids=st.integers(1, 3),
    per=st.sampled_from(["cycle", "live"]), withdrawn=st.sampled_from(["free", "spent"]),
)
CHOICES = st.builds(
    dict, WHEN, label=st.just("x"), bids=st.sampled_from(["own", "none", "council", "automatic"]),
    only=st.sampled_from([None, "fits"]),
)
FROZEN = st.fixed_dictionaries({
    "label": st.just("x"), "may_not": st.just("bid"),
    "while": st.sampled_from(["first", "invited", "offered", "accepted"]),
})


def named(kind: str, rules: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Up to three rules by name."""
    return st.lists(rules, max_size=3).map(
        lambda found: {f"{kind}_{n}": rule for n, rule in enumerate(found)}
    )


BIDDINGS = st.fixed_dictionaries({
    "cycle": st.none() | st.fixed_dictionaries({"starts": DAYS, "days": st.integers(1, 10)}),
    "window": st.none() | st.fixed_dictionaries(
        {"label": st.just("x"), "opens": OF_WEEK, "closes": OF_WEEK}
    ),
    "caps": named("cap", CAPS),
    "choice": named("choice", CHOICES),
    "frozen": named("frozen", FROZEN),
}).map(Bidding.model_validate)


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
    return draw(
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
             "status": draw(st.sampled_from(["closed", "let", "unlet", "held_back", "withdrawn"]))}
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


@settings(max_examples=100, deadline=None)
@given(
    BIDDINGS, adverts_given(), bids_given(), records(), DAYS,
    st.lists(st.sampled_from([True, False, None]), min_size=6, max_size=6), st.randoms(),
)
def test_all_at_once_is_one_by_one(bidding, adverts, bids, record, until, facts, shuffle):
    version = SCHEME.versions[0].model_copy(update={"bidding": bidding})
    scheme = replace(SCHEME, versions=(version,))
    households = {
        h: {"local": facts[n], "in_debt": facts[n + 3], "bedroom_need": (n or None)}
        for n, h in enumerate(HOUSEHOLDS)
    }
    given_adverts = frame("adverts", adverts)
    judge = Judge(scheme, {"applications": applications_of(households)}, given_adverts)

    bedrooms = {a["id"]: a["bedrooms"] for a in adverts}

    def counts(name: str, _: date, application: str, advert: str | None) -> bool | None:
        its = households[application]
        if name == "local":
            return its["local"] is True
        if name == "ask":
            return its["in_debt"]
        return None if its["bedroom_need"] is None else its["bedroom_need"] <= bedrooms[advert]

    expected = judge_one_by_one(bidding, counts, adverts, bids, record, until)
    tables = record_of(**record)
    found = judge_bids(judge, given_adverts, frame("bids", bids), tables, until=until)
    for advert in ADVERTS[:2]:
        its = judge_bids(
            judge, given_adverts, frame("bids", bids), tables, until=until, among=[advert]
        )
        assert its.equals(found.filter(advert=advert))
    verdicts = {(a, p, at): rule for a, p, at, rule in found.iter_rows()}
    assert verdicts == expected

    shuffle.shuffle(bids)
    mixed = {t: rows.sample(fraction=1, shuffle=True, seed=1) for t, rows in tables.items()}
    again = judge_bids(
        judge, given_adverts.reverse(), frame("bids", bids), mixed, until=until
    )
    assert again.equals(found)
