"""Quotas and targets: what counts, who chooses, and a ledger from which all of it comes again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.offers.criteria import Judge
from cbl_engine.offers.events import AdvertCounted
from cbl_engine.offers.quotas import Account, Ledger, period_of
from cbl_engine.tables.columns import DTYPES
from cbl_engine.tables.letting_columns import LEDGER
from tests.offers.week import Week, day
from tests.shortlist.small import adverts_of, applications_of, frame, scheme_of

DAY = date(2024, 5, 31)
RULES = """
profiles:
  needs: {label: x, order: [{lottery: register}]}
  waiting: {label: x, order: [{lottery: register}]}
  transfers: {label: x, order: [{lottery: register}]}
default_profile: needs
criteria:
  local: {label: x, when: local, when_unknown: hold}
  indebted: {label: x, when: in_debt}
  small: {label: x, when: advert.bedrooms <= 1}
  flats: {label: x, when: advert.property_type = 'flat'}
local_lettings_plans:
  village:
    label: x
    targets:
      - {label: Half to local people, criterion: local, share: 0.5}
      - {label: Two small homes to those in debt, criterion: indebted, homes: small, number: 2}
"""
PEOPLE = {
    "L": {"local": True, "in_debt": False}, "D": {"local": False, "in_debt": True},
    "B": {"local": True, "in_debt": True}, "N": {"local": False, "in_debt": False},
    "U": {"local": None, "in_debt": False},
}


def _judge(quotas: str, adverts: list[dict[str, Any]], rules: str = RULES) -> Judge:
    text = rules + (f"advertising:\n  quotas:\n{quotas}" if quotas else "")
    frame_of_adverts = adverts_of(*adverts)
    return Judge(scheme_of(text), {"applications": applications_of(PEOPLE)}, frame_of_adverts)


def _many(n: int, **columns: Any) -> list[dict[str, Any]]:
    return [{"id": f"a{i:03}"} | columns for i in range(n)]


def _rows(events: list[AdvertCounted]) -> pl.DataFrame:
    """Events as the record keeps them."""
    rows = [e.model_dump() | {"event": n, "stratum": list(e.stratum)} for n, e in enumerate(events)]
    return pl.DataFrame(
        [pl.Series(c.name, [r[c.name] for r in rows], DTYPES[c.type]) for c in LEDGER]
    )


WAITING = "    waiting_time: {label: Waiting-time adverts, on: adverts, share: 0.25, profile: waiting}\n"


def test_one_in_four_is_every_fourth():
    judge = _judge(WAITING, _many(9))
    ledger = Ledger(judge)
    chosen = [ledger.choose(a, DAY) for a in judge.given_adverts["id"]]
    assert [c.profile for c in chosen] == ["needs"] * 3 + ["waiting"] + ["needs"] * 3 + [
        "waiting", "needs",
    ]
    assert [c.quota for c in chosen][3] == "waiting_time"
    assert chosen[3].events[0].model_dump(exclude={"kind"}) == {
        "on": DAY, "quota": "waiting_time", "stratum": (), "period": None, "advert": "a003",
        "letting": None, "whole": 4, "part": 1, "chosen": True,
        "why": "Waiting-time adverts: 0 of 3 so far, target 1 in 4, furthest behind",
    }


@pytest.mark.parametrize(("share", "every_third"), [("1/3", True), ('"1/3"', True), ("0.3333", False)])
def test_a_third_is_written_as_a_fraction_and_counted_exactly(share: str, every_third: bool):
    judge = _judge(WAITING.replace("0.25", share), _many(6))
    chosen = Ledger(judge).choose_each(judge.given_adverts["id"].to_list(), DAY)
    third = [c.profile == "waiting" for c in chosen] == [False, False, True] * 2
    assert third is every_third
    if every_third:
        assert chosen[2].events[0].why.endswith("0 of 2 so far, target 1 in 3, furthest behind")


def test_a_label_is_explained_with_its_stratum_and_target():
    quota = WAITING.replace("profile:", "by: [bedrooms, property_type, area], profile:")
    judge = _judge(quota, _many(33, bedrooms=2, property_type="flat", area="parkside"))
    ledger = Ledger(judge)
    ids = judge.given_adverts["id"].to_list()
    said = [c.events[0].why for c in ledger.choose_each(ids, DAY)]
    assert said[31] == (
        "Waiting-time adverts: 7 of 31 so far, target 1 in 4, furthest behind, for homes with "
        "bedrooms 2, property type flat, area parkside"
    )
    assert said[32] == (
        "Waiting-time adverts: 8 of 33 with this one, target 1 in 4, for homes with "
        "bedrooms 2, property type flat, area parkside"
    )


def test_an_advert_of_several_homes_counts_as_many_and_is_chosen_when_they_are_all_behind():
    """Half of 7 is 3.5, less than the 4 of the second: never ahead, and less than 4 behind."""
    half = WAITING.replace("0.25", "0.5")
    judge = _judge(half, [{"id": name} for name in "abcd"])
    ledger = Ledger(judge)
    chosen = ledger.choose_each("abcd", DAY, {"a": 3, "b": 4, "d": 2})
    assert [c.profile for c in chosen] == ["needs", "needs", "waiting", "waiting"]
    assert [(c.events[-1].whole, c.events[-1].part) for c in chosen] == [
        (3, 0), (7, 0), (8, 1), (10, 3)]
    assert chosen[3].events[0].why == (
        "Waiting-time adverts: 1 of 8 so far, target 1 in 2, furthest behind")


def test_an_advert_with_a_profile_keeps_it_and_counts():
    judge = _judge(WAITING, [*_many(1, profile="waiting"), {"id": "b"}])
    ledger = Ledger(judge)
    (first, second) = ledger.choose_each(["a000", "b"], DAY)
    assert (first.profile, first.quota) == ("waiting", None)
    assert [(e.whole, e.part, e.chosen) for e in first.events] == [(1, 1, False)]
    assert [(e.whole, e.part) for e in second.events] == [(2, 1)]


def test_shares_are_compared_as_they_were_written():
    """29 in 100 of 100 is 29: as floats it falls short of it."""
    assert 0.29 * 100 < 29
    rows = _rows([AdvertCounted(
        on=DAY, quota="q", stratum=(), period=None, advert="x", whole=99, part=28, chosen=False, why="",
    )])
    quota = "    q: {label: x, on: adverts, share: 0.29, profile: waiting}\n"
    assert Ledger(_judge(quota, _many(1)), rows).choose("a000", DAY).quota == "q"


def test_the_quota_furthest_behind_chooses_and_of_equals_the_first_written():
    quotas = """
    first: {label: x, on: adverts, share: 0.5, profile: waiting}
    second: {label: x, on: adverts, share: 0.5, profile: transfers}
"""
    judge = _judge(quotas, _many(5))
    chosen = Ledger(judge).choose_each(judge.given_adverts["id"], DAY)
    assert [c.quota for c in chosen] == [None, "first", "second", "first", "second"]


def test_a_quota_within_another_is_asked_when_that_one_did_not_choose():
    """Half to transfers, then half of the rest to those waiting."""
    quotas = """
    moves: {label: x, on: adverts, share: 0.5, profile: transfers}
    rest: {label: x, on: adverts, share: 0.5, profile: waiting, within: moves}
"""
    judge = _judge(quotas, _many(8))
    ledger = Ledger(judge)
    chosen = [c.profile for c in ledger.choose_each(judge.given_adverts["id"], DAY)]
    assert chosen == ["needs", "transfers", "waiting", "transfers"] * 2
    assert ledger.counts == {Account("moves"): (8, 4), Account("rest"): (4, 2)}


def test_however_far_behind_one_within_another_waits_while_that_one_is_behind():
    quotas = """
    moves: {label: x, on: adverts, share: 0.1, profile: transfers}
    rest: {label: x, on: adverts, share: 1.0, profile: waiting, within: moves}
"""
    own = {"on": DAY, "stratum": (), "period": None, "advert": "x", "chosen": False, "why": ""}
    rows = [AdvertCounted(quota=q, whole=9, part=0, **own) for q in ("moves", "rest")]
    ledger = Ledger(_judge(quotas, _many(2)), _rows(rows))
    assert [ledger.choose(a, DAY).quota for a in ("a000", "a001")] == ["moves", "rest"]


def test_counts_begin_anew_with_each_period():
    quota = WAITING.replace("profile:", "starts: 04-01, profile:")
    judge = _judge(quota, _many(4))
    ledger = Ledger(judge)
    for advert in ("a000", "a001", "a002"):
        ledger.choose(advert, date(2024, 3, 31))
    assert ledger.choose("a003", date(2024, 4, 1)).profile == "needs"
    assert ledger.counts == {
        Account("waiting_time", (), date(2023, 4, 1)): (3, 0),
        Account("waiting_time", (), date(2024, 4, 1)): (1, 0),
    }


@pytest.mark.parametrize(
    ("starts", "on", "first"),
    [
        (None, DAY, None), ("04-01", date(2024, 4, 1), date(2024, 4, 1)),
        ("04-01", date(2024, 3, 31), date(2023, 4, 1)), ("01-01", DAY, date(2024, 1, 1)),
        ("02-29", date(2024, 2, 28), date(2023, 3, 1)), ("02-29", date(2024, 3, 1), date(2024, 2, 29)),
        ("02-29", date(2023, 2, 28), date(2022, 3, 1)), ("02-29", date(2023, 3, 1), date(2023, 3, 1)),
    ],
)
def test_a_period_starts_each_year_on_its_day(starts, on, first):
    assert period_of(starts, on) == first


def test_an_advert_outside_the_whole_is_neither_counted_nor_chosen_for():
    quota = WAITING.replace("profile:", "of: flats, profile:").replace("0.25", "1.0")
    judge = _judge(quota, [{"id": "f", "property_type": "flat"}, {"id": "h", "property_type": "house"},
                           {"id": "x"}])
    found = Ledger(judge).choose_each(["h", "x", "f"], DAY)
    assert [(c.quota, len(c.events)) for c in found] == [(None, 0), (None, 0), ("waiting_time", 1)]


TO_LOCALS = "    locals: {label: Local, on: lettings, share: 0.5, to: local, profile: waiting}\n"


def test_a_quota_on_lettings_counts_whom_homes_were_let_to():
    judge = _judge(TO_LOCALS, _many(4))
    ledger = Ledger(judge)
    assert ledger.choose("a000", DAY) == ("needs", None, [])
    counted = [ledger.letting("a000", who, DAY, offer=who)[0] for who in ("N", "L", "U")]
    assert [(e.whole, e.part) for e in counted] == [(1, 0), (2, 1), (3, 1)]
    assert counted[1].why == "Local: 1 of 2 with this one, target 1 in 2"
    choice = ledger.choose("a001", DAY)
    assert (choice.profile, choice.quota) == ("waiting", "locals")
    (event,) = choice.events
    assert (event.whole, event.part, event.chosen) == (3, 1, True)
    assert event.why == "Local: 1 of 3 so far, target 1 in 2, furthest behind"


def test_without_a_household_to_ask_lettings_count_by_the_profile_that_was_chosen():
    quotas = WAITING.replace("0.25", "1.0") + (
        "    let_so: {label: x, on: lettings, share: 0.5, profile: waiting}\n"
    )
    judge = _judge(quotas, [{"id": "a"}, {"id": "b", "profile": "transfers"}])
    ledger = Ledger(judge)
    events = [e for c in ledger.choose_each(["a", "b"], DAY) for e in c.events]
    again = Ledger(judge, _rows(events))
    assert again.profile_of("a", DAY) == "waiting"
    for one in (ledger, again):
        assert [(e.whole, e.part) for a in "ab" for e in one.letting(a, "N", DAY, offer="N")] == [(1, 1), (2, 1)]


def test_a_letting_that_fell_through_is_taken_back_from_its_period():
    quota = TO_LOCALS.replace("profile:", "starts: 04-01, profile:")
    ledger = Ledger(_judge(quota, _many(1, local_lettings_plan="village")))
    before = date(2024, 3, 31)
    ledger.letting("a000", "L", before, offer="L")
    ledger.letting("a000", "N", before, offer="N")
    taken_back = ledger.undone("a000", "L", before, DAY, offer="L")
    assert {(e.quota, e.period, e.whole, e.part, e.on) for e in taken_back} == {
        ("locals", date(2023, 4, 1), 1, 0, DAY), ("village: local", None, 1, 0, DAY),
    }
    assert all(e.why.endswith("a letting fell through") for e in taken_back)


def test_what_is_taken_back_is_what_was_counted_though_facts_are_others_by_now():
    """Two homes of a group, one to a local household; the other has become local since."""
    ledger = Ledger(_judge(TO_LOCALS, _many(1)))
    events = [*ledger.letting("a000", "L", DAY, offer="1"), *ledger.letting("a000", "N", DAY, offer="2")]
    for offer, left in (("1", (1, 0)), ("2", (1, 1))):
        now = Ledger(_judge(TO_LOCALS, _many(1)), _rows(events))
        (event,) = now.undone("a000", {"1": "N", "2": "L"}[offer], DAY, DAY, offer=offer)
        assert (event.whole, event.part) == left
    assert now.undone("a000", "N", DAY, DAY, offer="2") == []


def test_a_direct_let_counts_in_nothing():
    assert Ledger(_judge(TO_LOCALS, _many(1))).letting(None, "L", DAY, offer="L") == []


def test_a_plans_targets_reserve_homes_while_they_are_behind():
    homes = [{"id": "s", "bedrooms": 1, "local_lettings_plan": "village"},
             {"id": "l", "bedrooms": 3, "local_lettings_plan": "village"}, {"id": "other"}]
    ledger = Ledger(_judge("", homes))
    assert ledger.reserved("s", DAY) == ("local", "indebted")
    assert ledger.reserved("l", DAY) == ("local",)
    assert ledger.reserved("other", DAY) == ()
    (event,) = ledger.letting("l", "L", DAY, offer="L")
    assert (event.quota, event.stratum, event.whole, event.part) == ("village: local", (), 1, 1)
    assert event.why == "Half to local people: 1 of 1 with this one, target 1 in 2"
    assert ledger.reserved("l", DAY) == ()
    events = ledger.letting("s", "D", DAY, offer="D")
    assert [e.quota for e in events] == ["village: local", "village: indebted"]
    assert events[1].stratum == ("small",)
    assert events[1].why == "Two small homes to those in debt: 1 of 1 with this one, target 2 in all"
    assert ledger.reserved("s", DAY) == ("local", "indebted")
    ledger.letting("s", "B", DAY, offer="B")
    assert ledger.reserved("s", DAY) == ()


def test_a_scheme_without_quotas_gives_its_own_profile():
    ledger = Ledger(_judge("", [{"id": "a"}, {"id": "b", "profile": "waiting"}]))
    assert ledger.choose_each(["a", "b"], DAY) == [("needs", None, []), ("waiting", None, [])]


def test_ids_may_be_whole_numbers():
    judge = _judge(WAITING, _many(1))
    adverts = judge.given_adverts.with_columns(pl.Series("id", [7], pl.Int64))
    ledger = Ledger(Judge(judge.scheme, judge.tables, adverts))
    assert ledger.choose(7, DAY).events[0].advert == 7


@settings(max_examples=40)
@given(st.integers(1, 100), st.integers(1, 150))
def test_a_lone_quota_is_never_a_whole_home_from_its_target(hundredths, n):
    quota = WAITING.replace("0.25", str(hundredths / 100))
    judge = _judge(quota, _many(n))
    part, share = 0, Fraction(hundredths, 100)
    for whole, choice in enumerate(Ledger(judge).choose_each(judge.given_adverts["id"], DAY), 1):
        part += choice.quota is not None
        assert 0 <= share * whole - part < 1


# A slow reading of the page: every count from the list of all that happened.

_OF = {"small": lambda a: a["bedrooms"] <= 1, "flats": lambda a: a["property_type"] == "flat",
       None: lambda a: True}
_TO = {"local": "local", "indebted": "in_debt"}


@dataclass
class _Slow:
    quotas: dict[str, dict[str, Any]]
    adverts: dict[str, dict[str, Any]]
    opened: list[tuple[str, str, date]] = field(default_factory=list)
    lettings: list[tuple[str, str, date]] = field(default_factory=list)
    profiles: dict[str, str] = field(default_factory=dict)

    def is_part(self, name: str, advert: str, profile: str | None, who: str | None) -> bool:
        quota = self.quotas[name]
        if quota["on"] == "lettings" and quota.get("to") and who is not None:
            return PEOPLE[who][_TO[quota["to"]]] is True
        if quota["on"] == "lettings" and quota.get("to") and profile is None:
            return False
        return quota.get("profile") is not None and quota["profile"] == profile

    def in_whole(self, name: str, advert: str, profile: str | None, who: str | None) -> bool:
        quota = self.quotas[name]
        if not _OF[quota.get("of")](self.adverts[advert]):
            return False
        outer = quota.get("within")
        return outer is None or (
            self.in_whole(outer, advert, profile, who)
            and not self.is_part(outer, advert, profile, who)
        )

    def stratum(self, name: str, advert: str) -> tuple[str, ...]:
        return tuple(str(self.adverts[advert][c]) for c in self.quotas[name].get("by", []))

    def year(self, name: str, on: date) -> Any:
        return (on.year - (on.month < 4)) if self.quotas[name].get("starts") else None

    def count(self, name: str, advert: str, on: date) -> tuple[int, int]:
        """Of the account that an advert is in that day."""
        quota = self.quotas[name]
        events = (
            [(a, p, None, d) for a, p, d in self.opened] if quota["on"] == "adverts"
            else [(a, self.profiles[a], who, d) for a, who, d in self.lettings]
        )
        mine = [
            (a, p, who) for a, p, who, d in events
            if self.in_whole(name, a, p, who)
            and self.stratum(name, a) == self.stratum(name, advert)
            and self.year(name, d) == self.year(name, on)
        ]
        return len(mine), sum(self.is_part(name, *one) for one in mine)

    def behind(self, name: str, advert: str, on: date) -> Fraction:
        whole, part = self.count(name, advert, on)
        return Fraction(str(self.quotas[name]["share"])) * (whole + 1) - part

    def may_choose(self, name: str, advert: str, on: date) -> bool:
        """Whether it is asked, and behind by one."""
        quota = self.quotas[name]
        outer = quota.get("within")
        while outer is not None:
            if self.quotas[outer].get("profile") and self.behind(outer, advert, on) >= 1:
                return False
            outer = self.quotas[outer].get("within")
        return (
            quota.get("profile") is not None
            and self.in_whole(name, advert, None, None)
            and self.behind(name, advert, on) >= 1
        )

    def open(self, advert: str, on: date) -> tuple[str, str | None]:
        quota = None
        profile = self.adverts[advert].get("profile")
        if profile is None:
            for name in self.quotas:
                if self.may_choose(name, advert, on) and (
                    quota is None or self.behind(name, advert, on) > self.behind(quota, advert, on)
                ):
                    quota = name
            profile = "needs" if quota is None else self.quotas[quota]["profile"]
        self.opened.append((advert, profile, on))
        self.profiles[advert] = profile
        return profile, quota


def _yaml(quotas: dict[str, dict[str, Any]]) -> str:
    def value(of: Any) -> str:
        return f"[{', '.join(of)}]" if isinstance(of, list) else str(of)

    return "".join(
        f"    {name}: {{label: x, " + ", ".join(f"{k}: {value(v)}" for k, v in quota.items()) + "}\n"
        for name, quota in quotas.items()
    )


@st.composite
def _some_quotas(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for n in range(draw(st.integers(1, 4))):
        on = draw(st.sampled_from(["adverts", "lettings"]))
        quota: dict[str, Any] = {"on": on, "share": draw(st.sampled_from([0.1, 0.25, 0.33, 0.5, 1.0]))}
        to = draw(st.sampled_from(["local", "indebted", None])) if on == "lettings" else None
        if to:
            quota["to"] = to
        if on == "adverts" or to is None or draw(st.booleans()):
            quota["profile"] = draw(st.sampled_from(["waiting", "transfers"]))
        if of := draw(st.sampled_from(["small", "flats", None])):
            quota["of"] = of
        if by := draw(st.sampled_from([[], ["bedrooms"], ["bedrooms", "property_type"]])):
            quota["by"] = by
        if draw(st.booleans()):
            quota["starts"] = "04-01"
        outers = [name for name, other in out.items() if other["on"] == on]
        if outers and draw(st.booleans()):
            quota["within"] = draw(st.sampled_from(outers))
        out[f"q{n}"] = quota
    return out


@settings(max_examples=50)
@given(
    quotas=_some_quotas(),
    homes=st.lists(
        st.fixed_dictionaries({
            "bedrooms": st.integers(1, 2), "property_type": st.sampled_from(["flat", "house"]),
            "profile": st.sampled_from([None, None, None, "waiting", "needs"]),
        }),
        min_size=1, max_size=14,
    ),
    seen=st.lists(st.tuples(st.integers(0, 13), st.sampled_from(sorted(PEOPLE)), st.integers(0, 40)),
                  max_size=25),
)
def test_a_slow_count_from_scratch_agrees_and_the_ledger_is_all_that_is_kept(quotas, homes, seen):
    adverts = [{"id": f"a{i:02}"} | home for i, home in enumerate(homes)]
    judge = _judge(_yaml(quotas), adverts)
    slow = _Slow(quotas, {a["id"]: a for a in adverts})
    kept: list[AdvertCounted] = []
    live = Ledger(judge)
    start = date(2024, 3, 20)
    for n, advert in enumerate(slow.adverts):
        on = start + timedelta(days=n)
        rebuilt = Ledger(judge, _rows(kept))
        assert rebuilt.counts == live.counts
        choice = live.choose(advert, on)
        assert choice == rebuilt.choose(advert, on)
        assert choice[:2] == slow.open(advert, on)
        kept += choice.events
        for at, who, later in seen:
            if at == n:
                day = on + timedelta(days=later)
                slow.lettings.append((advert, who, day))
                counted = live.letting(advert, who, day, offer=f"{advert}/{who}/{later}")
                kept += counted
                for event in counted:
                    assert (event.whole, event.part) == slow.count(event.quota, advert, day)
        for event in choice.events:
            name = event.quota
            assert event.stratum == slow.stratum(name, advert)
            if quotas[name]["on"] == "adverts":
                assert (event.whole, event.part) == slow.count(name, advert, on)


def test_homes_say_what_their_adverts_do_not():
    quota = WAITING.replace("profile:", "by: [area], profile:")
    judge = _judge(quota, [{"id": "a", "home": "h"}, {"id": "b"}])
    homes = frame("homes", [{"id": "h", "area": "N", "bedrooms": 2}])
    ledger = Ledger(Judge(judge.scheme, judge.tables, judge.given_adverts, homes))
    strata = [c.events[0].stratum for c in ledger.choose_each(["a", "b"], DAY)]
    assert strata == [("N",), ("not known",)]


def test_in_a_cycle_an_advert_of_a_group_counts_its_homes():
    """Two of the three are to let."""
    week = Week("""
profiles: {only: {label: x, order: [{band: [A, B, C]}]}}
advertising: {quotas: {q: {label: Half, on: adverts, share: 0.5, profile: only}}}
""")
    for home in ("g1", "g2", "g3"):
        week.add("homes", id=home, home_group="g", bedrooms=2)
    week.add("tenancies", id="t", home="g2", start=day(1)).advert("elm", home_group="g")
    assert [(row["whole"], row["part"]) for row in week.run(until=4).table("ledger")] == [(2, 2)]
