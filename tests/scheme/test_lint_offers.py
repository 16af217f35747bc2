"""What the linter sees in rules of bidding, adverts and offers, and nothing without cause."""

from __future__ import annotations

import pytest

from cbl_engine.scheme import lint, scheme_from_text

HEAD = """scheme: s
title: t
authority: a
in_force: {from: 2020-01-01, source: P1}
sources: {P1: {title: Policy}}
bands: {A: {label: x}, B: {label: x}}
criteria:
  active: {label: x, source: P1, when: status = 'active'}
  top: {label: x, source: P1, when: band = 'A'}
  flat: {label: x, source: P1, when: "advert.property_type = 'flat'"}
eligible: [active]
landlords: {north: {label: x}}
local_lettings_plans: {plan: {label: x, targets: [{label: x, criterion: top, homes: flat, share: 0.5}]}}
profiles:
  p: {label: x, order: [{band: [A, B]}, {tie: human}]}
  q: {label: x, order: [{tie: human}]}
default_profile: p
"""
LOOK = "consequences: {look: {label: x, review: true}, shut: {label: x, cancel: true}}\n"


def findings(text, head=HEAD):
    return [f.line() for f in lint(scheme_from_text([("f.yaml", head + text)]))]


def test_nothing_odd_in_the_scheme_to_be_spoilt():
    assert findings("") == []


CAPS = "bidding: {{caps: {{one: {{label: x, bids: {}, per: {}{}}}, two: {{label: x, bids: {}, per: {}{}}}}}}}\n"


@pytest.mark.parametrize(
    ("one", "two", "never"),
    [
        ((1, "cycle", ""), (3, "cycle", ""), "two"),
        ((3, "cycle", ""), (1, "cycle", ""), "one"),
        ((2, "cycle", ""), (2, "cycle", ""), "two"),
        ((2, "cycle", ""), (3, "cycle", ", when: top"), "two"),
        ((2, "cycle", ", when: top"), (2, "cycle", ""), None),
        ((2, "cycle", ", when: top"), (3, "cycle", ", when: top"), "two"),
        ((2, "cycle", ", when: top"), (3, "cycle", ""), None),
        ((2, "cycle", ""), (3, "live", ""), None),
        ((2, "cycle", ""), (3, "cycle", ", withdrawn: spent"), None),
        ((2, "cycle", ", withdrawn: spent"), (3, "cycle", ""), "two"),
    ],
)
def test_a_cap_that_can_never_bind(one, two, never):
    found = findings(CAPS.format(one[0], one[1], one[2], two[0], two[1], two[2]))
    other = {"one": "two", "two": "one"}
    assert [line.split("warning: ")[1] for line in found] == (
        [f"the cap {never} can never bind: {other[never]} always binds first"] if never else [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bidding: {choice: {all: {label: x, bids: none}, few: {label: x, bids: own, when: top}}}\n",
         "f.yaml:18:49: warning: few applies to nobody: all, above it, applies first"),
        ("bidding: {choice: {a: {label: x, bids: none, when: top}, "
         "b: {label: x, bids: own, when: top}}}\n",
         "f.yaml:18:58: warning: b applies to nobody: a, above it, applies first"),
        ("bidding: {choice: {a: {label: x, bids: none, only: flat}}}\n",
         "f.yaml:18:46: warning: only of a means nothing: who may not bid bids for no home"),
        ("bidding: {automatic: {label: x}}\n",
         "f.yaml:18:11: warning: nobody's choice is automatic or council, so the engine bids for "
         "nobody"),
        ('bidding: {window: {label: x, opens: {day: monday, time: "09:00"}, '
         'closes: {day: monday, time: "09:00"}}}\n',
         "f.yaml:18:11: warning: the window opens and closes in the same minute of the week"),
        ("bidding: {frozen: {f: {label: x, while: invited, may_not: bid}}}\n",
         "f.yaml:18:20: warning: f never applies: the scheme has no viewing to be invited to"),
        ("advertising: {ladder: [{label: x, step: direct_let}, {label: x, step: readvertise}]}\n",
         "f.yaml:18:54: warning: this step is never taken: step 1 takes every home out of bidding"),
        ("advertising: {quotas: {a: {label: x, on: adverts, share: 0.6, profile: p}, "
         "b: {label: x, on: adverts, share: 0.5, profile: q}}}\n",
         "f.yaml:18:76: warning: a and b are shares of the same homes and add up to 1.1"),
        ("offers: {answer: {days: 2}}\n",
         "f.yaml:18:10: warning: a time to answer is given, and not what silence means; it counts "
         "as bypass"),
        ("offers: {silence: bypass}\n",
         "f.yaml:18:10: warning: silence means nothing without a time to answer"),
        ("offers: {choosing: {by_whom: council}}\n",
         "f.yaml:18:10: warning: the council chooses by nothing that is said, so it takes advert "
         "by advert"),
        ("offers: {passing_over: {x: why}}\n",
         "f.yaml:18:10: note: no clause on exceptional circumstances is named (discretion), so "
         "nothing beside these permits an officer to pass over a household"),
        ("offers: {judged_at: {top: invited}}\n",
         "f.yaml:18:22: warning: the scheme has no viewing to be invited to, so this is due before "
         "the offer"),
        ("offers: {one_at_a_time: true}\nchecks: {c: {label: x, before: invited}}\n",
         "f.yaml:19:24: warning: the scheme has no viewing to be invited to, so this is due before "
         "the offer"),
        ("checks: {c: {label: x, missing: bypass, hold: {days: 2}}}\n",
         "f.yaml:18:41: warning: the home never waits for c: passing over is proposed at once"),
        ("checks: {c: {label: x, hold: {days: 2, starts: viewed}}}\n",
         "f.yaml:18:40: warning: nobody has viewed the home when this begins, so it starts as if "
         "sent"),
        ("checks: {a: {label: x, officer_held: true}, b: {label: x, before: let, "
         "officer_held: true}}\n",
         "f.yaml:18:59: warning: a and b are held by officers and due before different steps, so "
         "the day of passing over says which it may have been"),
        (LOOK, "f.yaml:18:16: warning: nothing proposes the consequence look"),
        ("direct_lets: {d: {label: x, permitted_by: a clause}}\n",
         "f.yaml:18:15: warning: d is an allocation under Part 6, and no source of its clause is "
         "named"),
        ("direct_lets: {d: {label: x, permitted_by: the law, part_6: false}}\n",
         "f.yaml:18:29: warning: d is outside Part 6, and permitted_by names no section or "
         "regulation"),
        ("direct_lets: {d: {label: x, permitted_by: s.159, part_6: false}}\n",
         "f.yaml:18:15: warning: d is outside Part 6 and has no fit, so what every bid must meet is asked of "
         "it (active), what is about a place on the register too: name under fit what household and home "
         "must meet"),
    ],
)
def test_a_rule_fires(text, line):
    assert line in findings(text)


def test_terms_of_a_landlord_to_which_the_council_does_not_nominate():
    nominations = "nominations: {label: x}\n"
    assert findings(nominations) == []
    assert findings(nominations, HEAD.replace("landlords: {north: {label: x}}\n", "")) == []
    sends = HEAD.replace("north: {label: x}", "north: {label: x, send: {days: 1}}")
    assert findings(nominations, sends) == []
    assert findings("", sends) == [
        "f.yaml:12:31: warning: the council does not nominate to north, so send means nothing"]


def test_days_on_which_a_landlord_is_closed_that_bind_nothing():
    """Its time counts days; or the council names nobody to it."""
    shut = HEAD.replace("north: {label: x}", "north: {label: x, closed: [2026-12-29]}")
    assert findings("nominations: {label: x, answer: {working_days: 2}}\n", shut) == []
    assert findings("nominations: {label: x, answer: {days: 2}}\n", shut) == [
        "f.yaml:12:31: warning: the time that north has to answer counts no working days, so closed means nothing"]
    assert findings("", shut) == [
        "f.yaml:12:31: warning: the council does not nominate to north, so closed means nothing"]


BOTTOM = ("consequences: {b: {label: x, bottom_of_band_months: 12}}\n"
          "offers: {refusals: {one: {label: x, after: 1, then: b}}}\n")


def test_the_bottom_of_a_band_that_no_order_by_band_shows():
    """q has no bands to be at the bottom of."""
    assert findings(BOTTOM) == [
        "f.yaml:18:30: warning: b puts a household at the bottom of its band, which the order of p "
        "does not show: add points: place_in_band after band"]
    read = HEAD.replace("{band: [A, B]}, ", "{band: [A, B]}, {points: place_in_band}, ")
    assert findings(BOTTOM, read) == []


REFUSALS = ("offers: {{refusals: {{one: {{label: x, after: {}, then: look{}}}, "
            "two: {{label: x, after: {}, then: shut{}}}}}}}\n" + LOOK.replace("{", "{{").replace(
                "}", "}}"))


@pytest.mark.parametrize(
    ("one", "two", "never"),
    [
        ((2, ""), (2, ""), True),
        ((2, ", when: top"), (2, ""), True),
        ((2, ""), (2, ", when: top"), False),
        ((2, ""), (3, ""), False),
        ((4, ""), (2, ", every: true"), True),
        ((3, ""), (2, ", every: true"), False),
        ((2, ", every: true"), (2, ""), False),
        ((2, ", months: 12"), (2, ""), False),
    ],
)
def test_a_rule_of_refusals_that_another_one_takes_the_place_of(one, two, never):
    found = [f for f in findings(REFUSALS.format(*one, *two)) if "never applies" in f]
    assert [line.split("warning: ")[1] for line in found] == (
        ["one never applies: two, further down, applies whenever it does"] if never else [])


def test_what_offers_use_is_used():
    text = HEAD.replace("local_lettings_plans: {plan: {label: x, targets: [{label: x, criterion: "
                        "top, homes: flat, share: 0.5}]}}\n", "")
    unused = findings("", text)
    assert [line.rsplit(" ", 1)[1] for line in unused] == ["top", "flat"]
    used = ("checks: {c: {label: x, when: top}}\n"
            "advertising: {ladder: [{label: x, step: readvertise, when: flat}]}\n")
    assert findings(used, text) == []
    columns = "columns: {homes: {estate: {label: x, type: text}}}\n"
    quota = ("advertising: {quotas: {a: {label: x, on: adverts, share: 0.5, profile: p, "
             "by: [estate]}}}\n")
    assert findings(columns) != []
    assert findings(columns + quota) == []


@pytest.mark.parametrize(("dates", "said"), [
    ("from: 2018-01-01, until: 2020-01-01", "ended 2020-01-01 and this version begins 2020-01-01"),
    ("from: 2018-01-01, until: 2020-01-02", ""),
    ("from: 2025-01-01", "begins 2025-01-01 and this version ends 2025-01-01"),
])
def test_a_plan_in_force_on_no_day_of_the_version(dates, said):
    head = HEAD.replace("from: 2020-01-01", "from: 2020-01-01, until: 2025-01-01").replace(
        "plan: {label: x", f"plan: {{label: x, in_force: {{{dates}, source: P1}}")
    lines = [f for f in findings("", head) if "the plan" in f]
    assert lines == ([f"f.yaml:13:41: warning: the plan plan {said}, so no advert may name it"]
                     if said else [])
