"""Explanations: what they say is so, and an applicant is told nothing about a rival."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from cbl_engine.errors import BadInput, TableError
from cbl_engine.scheme import scheme_from_text
from cbl_engine.scheme.keys import BandKey, BedroomFitKey, DebtKey, key_name
from cbl_engine.shortlist import explain, prepare, shortlist
from tests.reference.frames import frames_of
from tests.reference.ranker import first_place_thresholds, judged_bids
from tests.reference.strategies import Case, random_case
from tests.shortlist.small import (
    CLOSES,
    HEAD,
    adverts_of,
    applications_of,
    bid,
    day,
    frame,
    order,
    ranked,
    ranked_by_second_version,
)

if TYPE_CHECKING:
    from cbl_engine.shortlist import Shortlist


def _renamed(case: Case) -> Case:
    """Ids that can stand in no text by chance."""
    def name(ident: str) -> str:
        return f"#{ident}#"

    def rows(table: str, column: str) -> list[dict[str, Any]]:
        return [row | {column: name(row[column])} for row in getattr(case, table, None)
                or case.register[table]]

    register = case.register | {
        "applications": rows("applications", "id"),
        "people": rows("people", "application"),
        "connections": rows("connections", "application"),
    }
    return replace(case, register=register, bids=rows("bids", "application"))


@lru_cache
def _cases() -> list[tuple[Case, Shortlist]]:
    out = []
    for seed in range(40, 54):
        case = _renamed(random_case(random.Random(seed), (4, 10), (1, 4), (3, 12)))
        register, adverts, bids, homes = frames_of(case)
        prepared = prepare(case.scheme(), register, case.as_at)
        out.append((case, shortlist(prepared, adverts, bids, homes, seed=case.seed)))
    return out


def test_an_applicant_is_told_of_no_rival() -> None:
    for case, result in _cases():
        everyone = {row["id"] for row in case.register["applications"]}
        frame = result.frame()
        named = 0
        for advert, application in frame.select("advert", "application").rows():
            told = explain(result, advert, application)
            text = told.text() + json.dumps(told.as_dict(), default=str)
            assert application in text
            assert not [i for i in everyone - {application} if i in text]
            assert told.rivals == told.first_place == ()
            assert not {"rivals", "first_place"} & set(told.as_dict())
            officer = explain(result, advert, application, "officer")
            named += sum(rival.application in officer.text() for rival in officer.rivals)
            assert len(officer.rivals) == sum(officer.above_by_key.values())
        assert named or frame["position"].max() in (None, 1) or frame["tie_group"].n_unique()


def test_no_value_of_a_rival_is_told_to_an_applicant() -> None:
    """Every household's facts are its own, so that one which turns up elsewhere is seen."""
    text = """
criteria: {near: {label: x, when: limit > 0, when_unknown: pass}}
""" + order("prefer: near", "band: [A, [B, C]]", "date: registered_on", "points: points",
            "debt: owes, compare: amount", "bedroom_fit: largest_need", "bid_time: first",
            eligible="near")
    own, bids = {}, []
    rng = random.Random(5)
    for n in range(30):
        shared = {"registered_on": day("2011-11-11"), "points": 55555}
        own[f"#{n}#"] = {
            "limit": 40_000 + n, "band": rng.choice("ABC"), "owes": 80_000 + n,
            "registered_on": day("1931-01-01") + timedelta(days=400 * n), "points": 70_000 + n,
            "bedroom_need": 60_000 + n,
        } | {k: shared[k] for k in rng.sample(sorted(shared), rng.randint(0, 2))}
        bids.append(bid(f"#{n}#", minutes=1000 + n))
    result = ranked(text, own, bids)

    def marks(told: Any) -> set[str]:
        out = {str(v) for f in told.own_facts.values() for v in (f,) if isinstance(v, int)}
        return out | {told.own_facts["registered_on"].isoformat(),
                      told.own_facts["bid_time"].isoformat()}

    told = {i: explain(result, "ad", i) for i in own}
    shared = Counter(mark for t in told.values() for mark in marks(t))
    for i, mine in told.items():
        text = mine.text() + json.dumps(mine.as_dict(), default=str)
        others = {m for j, t in told.items() if j != i for m in marks(t)} - marks(mine)
        assert not [m for m in others if m in text]
        assert sum(mine.above_by_band.values()) == mine.position - 1
    assert max(shared.values()) < len(own)
    last = result.frame()["application"][-1]
    officer = explain(result, "ad", last, "officer").as_dict()
    seen = {str(r["rival_value"]) for r in officer["rivals"]}
    assert len(officer["rivals"]) == len(own) - 1
    assert seen


def test_what_is_counted_above_adds_up() -> None:
    for _, result in _cases():
        frame = result.frame()
        for row in frame.iter_rows(named=True):
            told = explain(result, row["advert"], row["application"])
            if row["position"] is None:
                assert (told.outcome, told.position, told.above_by_key) == ("not eligible", None, {})
                continue
            mine = frame.filter(advert=row["advert"])
            group = mine.filter(tie_group=row["tie_group"]) if row["tie_group"] else None
            first = group["position"].min() if group is not None else row["position"]
            assert told.position == first
            assert told.joint == (group.height - 1 if group is not None else 0)
            assert told.of == mine["position"].drop_nulls().len()
            assert sum(told.above_by_key.values()) == first - 1
            assert sum(told.above_by_band.values()) in (0, first - 1)
            if row["decided_by"] != "tie":
                assert told.decided_by == row["decided_by"]
            else:
                assert told.decided_by != "tie"
                assert "joint" in told.text()
            assert told.outcome == ("held" if row["eligible"] is None else "eligible")


def test_a_band_that_only_another_version_has_is_told_as_not_known() -> None:
    result = ranked_by_second_version({"p": {"band": "A"}, "q": {"band": "B"}, "r": {}})
    for application in "pqr":
        told = explain(result, "ad", application, "officer")
        assert (told.position, told.joint) == (1, 2)
        (first,) = told.first_place
        assert (first.key, first.own_value, first.value) == ("band", None, "any known value")
    told = explain(result, "ad", "p", "officer").text().splitlines()
    assert ("  - band: A, a band of another version of the scheme, is not known to this one, so it "
            "ranks below all known values") in told
    assert "  band: A (a band of another version of the scheme)" in told


def test_rivals_in_a_band_that_only_another_version_has_are_counted() -> None:
    result = ranked_by_second_version(
        {"p": {"band": "A", "points": 9}, "q": {"band": "X", "points": 1}}, "points: points")
    told = explain(result, "ad", "q")
    assert (told.position, told.above_by_band) == (2, {"not known": 1})
    assert "Their bands: 1 in none that is known." in told.text()


def test_reasons_are_those_of_the_shortlist() -> None:
    for _, result in _cases():
        for row in result.frame().iter_rows(named=True):
            told = explain(result, row["advert"], row["application"])
            out = [r.name for r in told.reasons if r.effect == "not eligible"]
            unknown = [r.name for r in told.reasons if r.outcome == "not known"]
            assert list(dict.fromkeys(out)) == row["failed"]
            assert list(dict.fromkeys(unknown)) == row["unknown"]
            if row["eligible"] is None:
                assert "held" in {r.effect for r in told.reasons}


def _band_rank(key: BandKey, band: str | None) -> int | None:
    for rank, item in enumerate(key.band):
        if band in ((item,) if isinstance(item, str) else item):
            return rank
    return None


_WORDS = {"met": True, "not met": False, "exact": True, "not exact": False, "no debt": False,
          "debt": True, "known": "any known value"}


def _alike(key: Any, value: Any) -> Any:
    """A threshold in one form: a rank for bands, whether exact, whether there is a debt."""
    value = _WORDS.get(value, value) if isinstance(value, str) else value
    if isinstance(key, BedroomFitKey) and isinstance(value, str) and "bedroom" in value:
        value = _fit(value)
    if value is None or value == "any known value" or value is True or value is False:
        return value
    if isinstance(key, BedroomFitKey) and key.bedroom_fit == "exact_first":
        return value == 0
    if isinstance(key, DebtKey) and key.compare == "any":
        return value > 0
    if isinstance(key, BandKey):
        return _band_rank(key, value)
    # Two moments in an hour that clocks show twice are equal in one zone alone (PEP 495).
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _fit(words: str) -> int:
    """The number that ranks, from the words for it."""
    number = int(next((w for w in words.split() if w.isdigit()), "0"))
    return -number if "more" in words else number


def _read(key: Any, version: Any) -> set[str]:
    """Every word in what a key reads, the expressions of its criteria and facts among them."""
    given = getattr(key, key_name(key).split(":")[0], None)
    if isinstance(key, BandKey):
        return {"band"}
    if isinstance(key, BedroomFitKey):
        return {"bedroom_need"}
    words = {given} if isinstance(given, str) else set(given or ())
    words |= set(given.values()) if isinstance(given, dict) else set()
    if words & set(version.bands):
        words.add("band")
    for name in list(words):
        if name in version.criteria:
            words |= set(re.findall(r"\w+", version.criteria[name].when))
    for name in list(words):
        if name in version.facts:
            words |= set(re.findall(r"\w+", str(version.facts[name])))
    columns = set(version.declared("applications"))
    standard = {"band", "points", "priority_date", "registered_on", "band_from", "bedroom_need",
                "submitted_on"}
    return words & (columns | standard | set(version.facts))


@pytest.mark.parametrize("seed", range(8))
def test_the_band_for_first_place_is_worked_through_the_date_it_chooses(seed: int) -> None:
    """With another band another date counts: what is said to put the bid first does, and no less."""
    rng = random.Random(seed)
    text = order("band: [A, [B], C]", "date: {A: band_from, otherwise: registered_on}",
                 "points: points", "tie: human")
    own = {f"{n}": {
        "band": rng.choice("ABC"), "band_from": day(f"20{rng.randint(20, 23)}-01-01"),
        "registered_on": day(f"20{rng.randint(10, 23)}-01-01"), "points": rng.choice([1, 2]),
    } for n in range(6)}
    result = ranked(text, own)
    for who, mine in own.items():
        told = explain(result, "ad", who, "officer")
        if told.position == 1 and not told.joint:
            continue
        places = {place.key: place.value for place in told.first_place}
        first = []
        for band in "CBA":
            frame = ranked(text, own | {who: mine | {"band": band}}).frame()
            row = frame.filter(pl.col("application") == who).row(0, named=True)
            if row["position"] == 1 and row["tie_group"] is None:
                first.append(band)
        assert places["band"] == (first[0] if first else None)
        assert "date" not in places


def test_a_date_that_two_keys_read_puts_the_bid_first_by_both() -> None:
    text = order("date: priority_date", "date: {A: band_from, otherwise: priority_date}",
                 "points: points")
    own = {"a": {"priority_date": day("2020-01-01"), "points": 1},
           "b": {"priority_date": day("2021-01-01"), "points": 2}}
    told = explain(ranked(text, own), "ad", "b", "officer")
    (first, *_) = told.first_place
    assert first.key == "date: priority_date"
    frame = ranked(text, own | {"b": own["b"] | {"priority_date": first.value}}).frame()
    assert frame["application"][0] == "b"


STAGES = """
criteria:
  near: {label: Connection with the parish, when: local}
  owing: {label: Owes no more than may be, when: owes < 10, when_unknown: fail}
profiles:
  only:
    label: x
    stages:
      - {label: Parish first, eligible: [near, owing], order: [{points: points}]}
      - {label: Anyone, order: [{band: [A, B, C]}]}
"""


@pytest.mark.parametrize("audience", ["officer", "applicant"])
def test_why_a_bid_stands_in_a_later_stage_is_said(audience: Any) -> None:
    own = {"a": {"local": True, "owes": 0, "band": "C"}, "b": {"local": False, "owes": 5, "band": "A"},
           "c": {"local": True, "owes": None, "band": "B"}}
    result = ranked(STAGES, own)
    told = explain(result, "ad", "b", audience)
    lines = told.text().splitlines()
    assert "It stands in stage 2, Anyone." in lines
    assert "  - Not in stage 1, Parish first: Connection with the parish: no" in lines
    assert told.own_facts["local"] is False
    (earlier,) = told.as_dict()["earlier_stages"]
    assert (earlier["stage"], earlier["label"]) == (1, "Parish first")
    assert [(r["name"], r["outcome"], r["effect"]) for r in earlier["reasons"]] == [
        ("near", "failed", "later stage")]
    assert told.reasons == ()
    unknown = explain(result, "ad", "c", audience).text().splitlines()
    assert ("  - Not in stage 1, Parish first: Owes no more than may be: not known (owes), which "
            "counts as no") in unknown
    first = explain(result, "ad", "a", audience)
    assert first.earlier_stages == ()
    assert "band" not in first.own_facts


def test_first_place_is_what_the_reference_says() -> None:
    compared = 0
    for case, result in _cases():
        frame = result.frame()
        for advert in case.adverts:
            mine = frame.filter(advert=advert["id"])
            bids = [b for b in case.bids if b["advert"] == advert["id"]]
            if not mine.height:
                continue
            closes = explain(result, advert["id"], mine["application"][0]).as_at
            judged = judged_bids(case.scheme(), case.register, advert, bids, case.homes,
                                 closes, case.seed)
            for row in mine.iter_rows(named=True):
                if row["position"] in (None, 1):
                    continue
                given = explain(result, advert["id"], row["application"], "officer").first_place
                wanted = first_place_thresholds(judged, row["application"])
                keys = next(b.keys for b in judged if b.counted.application == row["application"])
                pairs = [(k, w) for k, w in zip(keys, wanted, strict=True) if w[0] != "tie"]
                version = case.scheme().in_force(closes)
                reads = [_read(key, version) for key, _ in pairs]
                shared = [any(mine & r for j, r in enumerate(reads) if j != i)
                          for i, mine in enumerate(reads)]
                said = list(given)
                for (key, (name, value)), shares in zip(pairs, shared, strict=True):
                    if shares:  # worked through all keys that read it, or not said: tested below
                        if said and said[0].key == name:
                            said.pop(0)
                        continue
                    own = said.pop(0)
                    assert own.key == name
                    if isinstance(key, BedroomFitKey) and key.bedroom_fit == "fewest_spare":
                        mine_ = own.value
                        if mine_ is not None and "bedroom" in mine_:
                            mine_ = max(-_fit(mine_), 0)
                        assert mine_ == value or (mine_, value) == ("any known value", "known")
                    else:
                        assert _alike(key, own.value) == _alike(key, value), own
                    compared += value is not None
                assert not said
    assert compared > 15


@pytest.mark.parametrize("seed", range(12))
def test_the_value_for_first_place_puts_the_bid_first(seed: int) -> None:
    """The application's own column alone changed to the value: the bid stands first, alone.

    And to the next worse value: it does not. The columns are read by one key each.
    """
    rng = random.Random(seed)
    text = order("band: [A, [B], C]", "date: priority_date", "points: points",
                 "debt: owes, compare: amount", "tie: human")
    columns = {"band": "band", "date: priority_date": "priority_date", "points: points": "points",
               "debt: owes": "owes"}
    own = {f"{n}": {
        "band": rng.choice("AABC"), "priority_date": day(f"20{rng.randint(10, 12)}-01-01"),
        "points": rng.choice([1, 2, None]), "owes": rng.choice([0, 5]),
    } for n in range(6)}
    result = ranked(text, own)

    def first_alone(who: str, column: str, value: Any) -> bool:
        frame = ranked(text, own | {who: own[who] | {column: value}}).frame()
        row = frame.filter(pl.col("application") == who).row(0, named=True)
        return row["position"] == 1 and row["tie_group"] is None

    found = 0
    for who in own:
        told = explain(result, "ad", who, "officer")
        if told.position == 1 and not told.joint:
            continue
        for place in told.first_place:
            column, value = columns[place.key], place.value
            if value is None:
                tried = {"band": "A", "priority_date": day("1900-01-01"), "points": 10**6,
                         "owes": -(10**6)}[column]
                assert not first_alone(who, column, tried)
                continue
            found += 1
            if value == "any known value":
                value = {"points": -99}[column]
            assert first_alone(who, column, value)
            if column == "priority_date":
                assert not first_alone(who, column, value + timedelta(days=1))
            if column == "points" and place.value != "any known value":
                assert not first_alone(who, column, value - 1)
            if column == "owes":
                assert not first_alone(who, column, value + 1)
            if column == "band" and value != "C":
                assert not first_alone(who, column, chr(ord(value) + 1))
    assert found


def test_what_an_officer_and_an_applicant_read() -> None:
    text = """
criteria: {near: {label: The household lives nearby, when: local, when_unknown: hold}}
""" + order("prefer: near", "date: priority_date", "bid_time: first", eligible="near")
    own = {
        "a": {"local": True, "priority_date": day("2020-02-29")},
        "b": {"local": None, "priority_date": day("2020-03-01")},
        "c": {"local": True, "priority_date": None},
        "d": {"local": True, "priority_date": None},
    }
    result = ranked(text, own)
    applicant = explain(result, "ad", "b").text().splitlines()
    assert applicant[3] == (
        "Held, 4th of 4: ranked as if eligible, and nothing may be offered until this is known:"
    )
    assert "Above it: 3 (3 by preference (near))." in applicant
    joint = explain(result, "ad", "d", "officer").text().splitlines()
    assert joint[3] == "Eligible, joint 2nd of 4, equal with 1 other. Not known:"
    assert joint[4] == "  - priority date: not known (priority date), so it ranks below all known values"
    assert "What put it below the one above: priority date." in joint
    assert "     1  a  priority date: 29 February 2020 against not known" in joint
    assert "  priority date: 28 February 2020 (now not known)" in joint
    assert "  time of the bid: no value of it (now 31 May 2024 11:00:00)" in joint


@pytest.mark.parametrize("audience", ["officer", "applicant"])
def test_a_held_bid_waits_for_what_holds_it_alone(audience: Any) -> None:
    """What passes, or ranks last, is not known besides: no offer waits for it."""
    text = """
criteria:
  near: {label: The household lives nearby, when: local, when_unknown: hold}
  owing: {label: Owes little, when: owes < 10, when_unknown: pass}
""" + order("date: priority_date", "points: points, when_unknown: hold", eligible="near, owing")
    lines = explain(ranked(text, {"a": {}}), "ad", "a", audience).text().splitlines()
    assert lines[3:9] == [
        "Held, 1st of 1: ranked as if eligible, and nothing may be offered until this is known:",
        "  - The household lives nearby: not known (local)",
        "  - points: not known (points)",
        "Not known besides, and holding nothing:",
        "  - Owes little: not known (owes)",
        "  - priority date: not known (priority date), so it ranks below all known values",
    ]


def test_facts_and_columns_of_the_scheme_are_called_as_it_calls_them() -> None:
    text = """
facts: {any55: {label: Somebody in the household is 55, any_member: age >= 55}}
criteria:
  old: {label: For older people, when: any55, when_unknown: hold}
  able: {label: Within the cap, when: owes <= advert.cap}
""" + order("points: points", eligible="old, able")
    head = HEAD.replace("label: owes", "label: whether money is owed")
    head = head.replace("label: cap", "label: Most that may be owed")
    register = {
        "applications": applications_of({"a": {"points": 1, "owes": 5}}),
        "people": frame("people", [{"id": "p", "application": "a"}]),
    }
    result = shortlist(prepare(scheme_from_text(head + text), register, "close"),
                       adverts_of({"cap": 9}), frame("bids", [bid("a")]))
    told = explain(result, "ad", "a")
    assert told.as_dict()["labels"] == {
        "any55": "Somebody in the household is 55", "owes": "money is owed",
        "advert.cap": "Most that may be owed"}
    lines = told.text().splitlines()
    assert lines[4] == "  - For older people: not known (Somebody in the household is 55)"
    assert lines[-7:] == [
        "The application's own facts that were read:", "  Somebody in the household is 55: not known",
        "  money is owed: 5", "  points: 1", "", "The advert's facts that were read:",
        "  Most that may be owed: 9"]


def test_members_of_a_tie_are_told_the_place_of_the_group() -> None:
    own = {i: {"points": p} for i, p in (("a", 9), ("b", 5), ("c", 5), ("d", 5), ("e", 1))}
    result = ranked(order("points: points", "tie: human"), own)
    told = {i: explain(result, "ad", i, "officer").as_dict() for i in own}
    assert [(t["position"], t["joint"]) for t in told.values()] == [
        (1, 0), (2, 2), (2, 2), (2, 2), (5, 0),
    ]
    assert [r["position"] for r in told["e"]["rivals"]] == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("exact_first", "fit of bedrooms to need: as many bedrooms as needed against "
         "1 bedroom fewer than needed"),
        ("fewest_spare", "fit of bedrooms to need: as many bedrooms as needed against "
         "1 bedroom more than needed"),
        ("largest_need", "fit of bedrooms to need: 3 bedrooms needed against 2 bedrooms needed"),
    ],
)
def test_how_bedrooms_fit_is_said_in_words(rule: str, line: str) -> None:
    needs = {"exact_first": (2, 3), "fewest_spare": (2, 1), "largest_need": (3, 2)}[rule]
    own = {i: {"bedroom_need": n} for i, n in zip("ab", needs, strict=True)}
    result = ranked(order(f"bedroom_fit: {rule}"), own)
    assert f"     1  a  {line}" in explain(result, "ad", "b", "officer").text().splitlines()


def test_bids_that_do_not_count_are_explained() -> None:
    adverts = adverts_of({}, {"id": "draft", "status": "draft"})
    bids = [bid("a", withdrawn_at=CLOSES), bid("b"), bid("b", 5), bid("a", advert="draft")]
    result = ranked(order("points: points"), {"a": {}, "b": {}, "c": {}}, bids, adverts)
    assert explain(result, "ad", "a").set_aside == "withdrawn"
    assert "The bid does not count: the bid was withdrawn." in explain(result, "ad", "a").text()
    assert explain(result, "draft", "a").set_aside == "advert_draft"
    assert explain(result, "ad", "b").set_aside is None
    assert explain(result, "ad", "a").as_dict()["as_at"] == "2024-05-31"


@pytest.mark.parametrize(
    ("advert", "application", "audience", "line"),
    [
        ("ad", "c", "applicant", "bids: application c has no bid that counts on advert ad. "
         "set_aside lists the bids that do not count, with the reason"),
        ("no", "a", "applicant",
         "adverts: there is no such advert, or it is a draft or withdrawn; 1 in all: no"),
        ("ad", "a", "neighbour",
         "there is no such audience; given neighbour; allowed: officer, applicant"),
    ],
)
def test_what_cannot_be_explained(
    advert: str, application: str, audience: Any, line: str
) -> None:
    result = ranked(order("points: points"), {"a": {}, "c": {}}, [bid("a")])
    with pytest.raises((TableError, BadInput)) as caught:
        explain(result, advert, application, audience)
    assert str(caught.value) == line


def test_explaining_by_ids_that_are_whole_numbers() -> None:
    result = ranked(order("points: points"), {1: {"points": 1}, 2: {"points": 2}},
                    [bid(1, advert=7), bid(2, advert=7)], adverts_of({"id": 7}))
    assert explain(result, 7, 1).position == 2
    assert explain(result, "7", "1").position == 2
    with pytest.raises(TableError, match="there is no such advert"):
        explain(result, "x", 1)
