"""Every mistake in the rules of bidding, adverts and offers: what, where, and what was allowed."""

from __future__ import annotations

import pytest

from cbl_engine.errors import SchemeError
from cbl_engine.scheme import scheme_from_text
from cbl_engine.scheme.offers import Consequence

HEAD = """scheme: s
title: t
authority: a
in_force: {from: 2020-01-01, assumed: true}
bands: {A: {label: x}, B: {label: x}}
facts:
  near: {label: x, connected_to: {area: advert.area}}
criteria:
  top: {label: x, when: band = 'A'}
  flat: {label: x, when: "advert.property_type = 'flat'"}
  fits: {label: x, when: advert.bedrooms = bedroom_need}
  local: {label: x, when: near}
landlords: {north: {label: x}}
profiles: {p: {label: x, order: [{tie: human}]}}
"""


def problems(text):
    with pytest.raises(SchemeError) as caught:
        scheme_from_text([("f.yaml", HEAD + text)])
    return [problem.line() for problem in caught.value.problems]


ADVERT_ONLY = ("reads band, and homes are told by the advert alone; allowed: a criterion that reads "
               "advert.* and no column or fact of the application")
HOUSEHOLD_ONLY = ("and this rule is about the household alone; allowed: a criterion that reads no "
                  "advert.* and no fact about its area")
UNITS = "allowed: one of days, working_days, hours"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        # Names of criteria, and what they read.
        ("bidding: {caps: {c: {label: x, bids: 1, per: live, when: tpo}}}\n",
         "f.yaml:15:58: there is no criterion tpo; allowed: top"),
        ("bidding: {caps: {c: {label: x, bids: 1, per: live, when: flat}}}\n",
         f"f.yaml:15:58: flat reads advert.property_type, {HOUSEHOLD_ONLY}"),
        ("bidding: {choice: {c: {label: x, bids: own, when: local}}}\n",
         f"f.yaml:15:51: local reads near, {HOUSEHOLD_ONLY}"),
        ("bidding: {choice: {c: {label: x, bids: own, only: falt}}}\n",
         "f.yaml:15:51: there is no criterion falt; allowed: flat"),
        ("bidding: {automatic: {label: x, suits: fit}, choice: {c: {label: x, bids: automatic}}}\n",
         "f.yaml:15:40: there is no criterion fit; allowed: fits"),
        ("bidding: {duties: {d: {label: x, months: 1, when: fits, then: z}}}\n"
         "consequences: {z: {label: x, review: true}}\n",
         f"f.yaml:15:51: fits reads advert.bedrooms, {HOUSEHOLD_ONLY}"),
        ("advertising: {ladder: [{label: x, step: readvertise, when: top}]}\n",
         f"f.yaml:15:60: top {ADVERT_ONLY}"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, of: top}}}\n",
         f"f.yaml:15:79: top {ADVERT_ONLY}"),
        ("advertising: {quotas: {q: {label: x, on: lettings, share: 0.5, to: flat}}}\n",
         f"f.yaml:15:68: flat reads advert.property_type, {HOUSEHOLD_ONLY}"),
        ("checks: {c: {label: x, when: fit}}\n",
         "f.yaml:15:30: there is no criterion fit; allowed: fits"),
        ("offers: {judged_at: {fits: offered, tpo: let}}\n",
         "f.yaml:15:37: there is no criterion tpo; allowed: top"),
        ("offers: {refusals: {r: {label: x, after: 1, when: flat, then: z}}}\n"
         "consequences: {z: {label: x, review: true}}\n",
         f"f.yaml:15:51: flat reads advert.property_type, {HOUSEHOLD_ONLY}"),
        ("offers: {final: {label: x, when: fits, duties: [main], suitability: c, warning: c}}\n"
         "checks: {c: {label: x}}\n",
         f"f.yaml:15:34: fits reads advert.bedrooms, {HOUSEHOLD_ONLY}"),
        ("direct_lets: {d: {label: x, permitted_by: y, homes: top}}\n",
         f"f.yaml:15:53: top {ADVERT_ONLY}"),
        ("direct_lets: {d: {label: x, permitted_by: y, when: flat}}\n",
         f"f.yaml:15:52: flat reads advert.property_type, {HOUSEHOLD_ONLY}"),
        ("direct_lets: {d: {label: x, permitted_by: y, fit: [fits, tpo]}}\n",
         "f.yaml:15:58: there is no criterion tpo; allowed: top"),
        # Bidding.
        ("bidding: {duties: {d: {label: x, months: 1, then: loked_at}}}\n"
         "consequences: {looked_at: {label: x, review: true}}\n",
         "f.yaml:15:51: there is no consequence loked_at; allowed: looked_at"),
        ("bidding: {choice: {c: {label: x, bids: automatic}}}\n",
         "f.yaml:15:40: the engine is to bid under c, and bidding does not say how. Say it under "
         "bidding: automatic"),
        ("bidding: {frozen: {f: {label: x, while: first, may_not: bid}},\n"
         "          caps: {f: {label: x, bids: 1, per: live}}}\n",
         "f.yaml:15:20: f is already a name under bidding.caps, and reasons are told by their "
         "names. Choose another name"),
        ("bidding: {caps: {window: {label: x, bids: 1, per: live}}}\n",
         "f.yaml:15:18: window is already a name the engine gives, and reasons are told by their "
         "names. Choose another name"),
        ("checks: {top: {label: x}}\n",
         "f.yaml:15:10: top is already the name of a criterion, and reasons are told by their "
         "names. Choose another name"),
        # Advertising.
        ("advertising: {ladder: [{label: x, step: widen}]}\n",
         "f.yaml:15:24: widen advertises the home under another profile, and names none; allowed: "
         "profile with widen and first_come, and with nothing else"),
        ("advertising: {ladder: [{label: x, step: direct_let, profile: p}]}\n",
         "f.yaml:15:62: direct_let has no use for a profile; allowed: profile with widen and "
         "first_come, and with nothing else"),
        ("advertising: {ladder: [{label: x, step: widen, profile: pp}]}\n",
         "f.yaml:15:57: there is no profile pp; allowed: p"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: pp}}}\n",
         "f.yaml:15:72: there is no profile pp; allowed: p"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5}}}\n",
         "f.yaml:15:24: the quota q does not say which adverts it counts; given on: adverts, with "
         "neither profile nor to; allowed: on: adverts with profile and without to; on: lettings "
         "with either or both"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, to: top}}}\n",
         "f.yaml:15:24: the quota q does not say which adverts it counts; given on: adverts, with "
         "profile and to; allowed: on: adverts with profile and without to; on: lettings with either "
         "or both"),
        ("advertising: {quotas: {q: {label: x, on: lettings, share: 0.5}}}\n",
         "f.yaml:15:24: the quota q does not say which lettings it counts; given on: lettings, "
         "with neither profile nor to; allowed: on: adverts with profile and without to; on: lettings with either "
         "or both"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, by: [bedroms]}}}\n",
         "f.yaml:15:80: bedroms is not a column of adverts or homes; allowed: bedrooms"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, "
         "starts: 02-29}}}\n",
         "f.yaml:15:83: this is not a day of every year; given 02-29"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, within: r}}}\n",
         "f.yaml:15:83: there is no quota r; allowed: q"),
        ("advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, within: q}}}\n",
         "f.yaml:15:83: the quota q is within itself; given q within q"),
        ("advertising:\n  quotas:\n"
         "    q: {label: x, on: adverts, share: 0.5, profile: p}\n"
         "    r: {label: x, on: lettings, share: 0.5, to: top, within: q}\n",
         "f.yaml:18:62: r counts lettings and q counts adverts; allowed: a quota within another "
         "counts what that one counts"),
        # Checks, landlords and nominations.
        ("checks: {c: {label: x, hold: {}}}\n",
         f"f.yaml:15:24: the time allowed by hold is given once; given none; {UNITS}"),
        ("offers: {answer: {days: 1, hours: 24}}\n",
         f"f.yaml:15:10: the time allowed by answer is given once; given days and hours; {UNITS}"),
        ("offers: {viewing: {label: x, within: {starts: sent}}}\n",
         f"f.yaml:15:30: the time allowed by within is given once; given none; {UNITS}"),
        ("nominations: {label: x, send: {}}\n",
         f"f.yaml:15:25: the time allowed by send is given once; given none; {UNITS}"),
        ("nominations: {label: x, to: [nroth]}\n",
         "f.yaml:15:30: there is no landlord nroth; allowed: north"),
        # Offers and what follows.
        ("offers: {refusals: {r: {label: x, after: 1, then: y}}}\n",
         "f.yaml:15:51: there is no consequence y; allowed: none is declared"),
        ("offers: {choosing: {by_whom: household, by: [largest]}}\n",
         "f.yaml:15:45: by says in which order the council takes homes, and it is not the council "
         "that chooses; given by_whom: household; allowed: by with by_whom: council"),
        ("offers: {contact: {label: x, attempts: 1, channels: 2}}\n",
         "f.yaml:15:19: so many channels cannot be used in so few attempts; given 2 channels, 1 "
         "attempts"),
        ("offers: {final: {label: x, when: top, duties: [mian], suitability: c, warning: c}}\n"
         "checks: {c: {label: x}}\n",
         "f.yaml:15:48: there is no kind of duty mian; allowed: main"),
        ("offers: {final: {label: x, when: top, duties: [main], suitability: d, warning: c}}\n"
         "checks: {c: {label: x}}\n",
         "f.yaml:15:68: there is no check d; allowed: c"),
        ("consequences: {c: {label: x}}\n",
         "f.yaml:15:16: the consequence c is of exactly one kind; given none; allowed: one of "
         "suspend_months, bar_months, band, down, bottom_of_band_months, cancel, review, "
         "lose_choice_months"),
        ("consequences: {c: {label: x, review: true, cancel: true}}\n",
         "f.yaml:15:16: the consequence c is of exactly one kind; given cancel and review; "
         "allowed: one of suspend_months, bar_months, band, down, bottom_of_band_months, cancel, "
         "review, lose_choice_months"),
        ("consequences: {c: {label: x, review: true, months: 6}}\n",
         "f.yaml:15:52: months says how long a band lasts, and this gives none; allowed: months "
         "with band or down"),
        ("consequences: {c: {label: x, band: C}}\n",
         "f.yaml:15:36: there is no band C; allowed: A, B"),
        ("consequences: {c: {label: x, down: 2}}\n",
         "f.yaml:15:36: no band is so many bands lower than another; given 2; allowed: fewer than "
         "the 2 bands"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, line):
    assert problems(text) == [line]


def test_a_check_of_a_landlord_that_is_not_there():
    text = HEAD.replace("north: {label: x}", "north: {label: x, checks: [c], answer: {}}")
    with pytest.raises(SchemeError) as caught:
        scheme_from_text([("f.yaml", text)])
    assert [problem.line() for problem in caught.value.problems] == [
        "f.yaml:13:40: there is no check c; allowed: none is declared",
        f"f.yaml:13:44: the time allowed by answer is given once; given none; {UNITS}",
    ]


def test_a_circle_of_quotas_is_told_of_each_and_all_problems_come_at_once():
    text = """advertising:
  quotas:
    q: {label: x, on: adverts, share: 0.5, profile: p, within: r}
    r: {label: x, on: adverts, share: 0.5, profile: p, within: q}
    s: {label: x, on: adverts, share: 0.5, profile: pp, within: q, of: falt}
"""
    assert problems(text) == [
        "f.yaml:17:64: the quota q is within itself; given q within r within q",
        "f.yaml:18:64: the quota r is within itself; given r within q within r",
        "f.yaml:19:53: there is no profile pp; allowed: p",
        "f.yaml:19:72: there is no criterion falt; allowed: flat",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "bidding: {cycle: {starts: 2024-01-01}, window: {label: x, opens: {day: monday, "
        'time: "9:00"}, closes: {day: friday, time: "09:00"}}}\n',
        "bidding: {caps: {c: {label: x, bids: 0, per: live}}}\n",
        "bidding: {frozen: {f: {label: x, while: second, may_not: bid}}}\n",
        "advertising: {quotas: {q: {label: x, on: adverts, share: 0, profile: p}}}\n",
        "advertising: {quotas: {q: {label: x, on: adverts, share: 0.5, profile: p, starts: 13-01}}}\n",
        "checks: {c: {label: x, before: viewed}}\n",
        "offers: {answer: 3}\n",
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_place(text):
    (line,) = problems(text)
    assert line.startswith("f.yaml:15:")


@pytest.mark.parametrize("months", [
    "suspend_months", "bar_months", "bottom_of_band_months", "lose_choice_months"])
def test_a_consequence_lasts_the_months_of_its_kind_or_for_good(months):
    assert Consequence.model_validate({"label": "x", months: 7}).lasts_months == 7
    assert Consequence(label="x", band="B", months=3).lasts_months == 3
    assert Consequence(label="x", down=1).lasts_months is None
    assert Consequence(label="x", cancel=True).lasts_months is None
