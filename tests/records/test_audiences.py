"""Each audience is told what it may know: nothing of a rival to an applicant, of anyone to all."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.disclosure import LIMIT
from cbl_engine.documents import parse_document
from cbl_engine.errors import BadInput
from cbl_engine.records import feedback, replay_run, run_shortlist, write_run
from cbl_engine.records.feedback import WITHHELD
from cbl_engine.report import feedback_page, replay_page
from cbl_engine.shortlist import explain, prepare, shortlist
from tests.disclosure.test_disclosure import ranges
from tests.records.test_replay import run_of
from tests.reference.frames import frames_of
from tests.reference.strategies import (
    Case,
    _application,
    _connection,
    _flow,
    _person,
    random_case,
)
from tests.shortlist.small import CLOSES, adverts_of, applications_of, bid, day, frame, order
from tests.shortlist.test_explain import _renamed

if TYPE_CHECKING:
    from cbl_engine.records import Feedback, Replay, RunFolder
    from cbl_engine.shortlist import Shortlist


def _ranked(case: Case) -> tuple[dict[str, pl.DataFrame], Shortlist]:
    register, adverts, bids, homes = frames_of(case)
    prepared = prepare(case.scheme(), register, case.as_at)
    frames = {**register, "adverts": adverts, "bids": bids, "homes": homes}
    return frames, shortlist(prepared, adverts, bids, homes, seed=case.seed)


def _other_facts(rng: random.Random, case: Case, rival: str) -> Case:
    """The case with everything personal about one household drawn anew."""
    bands = sorted(case.schemes[0]["bands"])
    register = dict(case.register)
    register["applications"] = [
        row if row["id"] != rival else row | {
            n: v for n, v in _application(rng, rival, bands).items() if n in row and n != "id"
        }
        for row in register["applications"]
    ]
    register["people"] = [
        row if row["application"] != rival else _person(rng, rival, 0) | {"id": row["id"]}
        for row in register["people"]
    ]
    register["connections"] = [
        row if row["application"] != rival else _connection(rng, rival, [])
        for row in register["connections"]
    ]
    return replace(case, register=register)


MAY_KNOW = ("position", "of", "joint", "above_by_key", "above_by_band", "decided_by")


def test_an_explanation_does_not_change_with_a_rivals_facts() -> None:
    """As long as the counts above by band and key, which an applicant may know, are the same."""
    same = 0
    for seed in range(40):
        rng = random.Random(seed)
        case = random_case(rng, (4, 8), (1, 3), (4, 12))
        _, one = _ranked(case)
        rival = rng.choice([row["id"] for row in case.register["applications"]])
        try:
            _, two = _ranked(_other_facts(rng, case, rival))
        except BadInput:
            continue
        for advert, application in one.frame().select("advert", "application").rows():
            if application == rival:
                continue
            told = [explain(result, advert, application) for result in (one, two)]
            known = [[getattr(t, n) for n in MAY_KNOW] for t in told]
            if known[0] == known[1]:
                assert told[0].as_dict() == told[1].as_dict()
                assert told[0].text() == told[1].text()
                same += one.frame([advert])["application"].is_in([rival]).any()
    assert same > 50


def _put_right(run: RunFolder, application: str, rng: random.Random) -> Replay | None:
    """A replay with one of the household's own columns put right."""
    row = run.frames["applications"].filter(id=application).row(0, named=True)
    columns = [n for n in ("points", "priority_date", "bedroom_need", "in_debt") if n in row]
    if not columns or row.get("valid_from") or row.get("valid_to"):
        return None
    column = rng.choice(columns)
    value = _application(rng, application, ["A"])[column]
    if value == row[column]:
        return None
    entry = {"table": "applications", "row": application, "column": column, "was": row[column],
             "should_be": value, "reason": "because"}
    try:
        return replay_run(run, parse_document(f"corrections:\n  - {_flow(entry)}\n", "f.yaml"))
    except BadInput:
        return None


def _everything(again: Replay, application: str) -> str:
    """All that an applicant can be given of a replay."""
    return "\n".join([
        again.text("applicant", application),
        json.dumps(again.as_dict("applicant", application), default=str),
        json.dumps(again.frame("applicant", application).to_dicts(), default=str),
        replay_page(again, "applicant", application),
    ])


def test_a_replay_for_an_applicant_does_not_change_with_a_rivals_facts(tmp_path: Path) -> None:
    same = 0
    for seed in range(18):
        rng = random.Random(seed)
        case = random_case(rng, (4, 8), (1, 3), (4, 12))
        bidders = sorted({b["application"] for b in case.bids})
        if len(bidders) < 2:
            continue
        own, rival = rng.sample(bidders, 2)
        told = []
        put = rng.random()
        for version in (case, _other_facts(rng, case, rival)):
            try:
                frames, result = _ranked(version)
            except BadInput:
                break
            run = write_run(result, frames, tmp_path / "run", replace=True)
            again = _put_right(run, own, random.Random(put))
            if again is not None:
                rows = again.frame("applicant", own)
                told.append((rows.to_dicts(), _everything(again, own)))
        if len(told) == 2 and told[0][0] == told[1][0]:
            assert told[0][1] == told[1][1]
            same += 1
    assert same > 3


def test_a_replay_names_no_rival_to_an_applicant(tmp_path: Path) -> None:
    moved = 0
    for seed in range(30, 56):
        rng = random.Random(seed)
        case = _renamed(random_case(rng, (4, 10), (1, 4), (3, 12)))
        try:
            frames, result = _ranked(case)
        except BadInput:
            continue
        run = write_run(result, frames, tmp_path / "run", replace=True)
        everyone = {row["id"] for row in case.register["applications"]}
        for own in sorted({b["application"] for b in case.bids})[:3]:
            again = _put_right(run, own, rng)
            if again is None:
                continue
            text = _everything(again, own)
            assert own in text
            assert not [i for i in everyone - {own} if i in text]
            assert run.manifest["run_id"] not in text  # a digest of everybody's facts
            officer = again.text("officer") + replay_page(again, "officer")
            displaced = again.frame("officer").filter(~pl.col("corrected"))["application"]
            assert all(i in officer for i in displaced)
            moved += len(displaced)
    assert moved > 1


PLAIN = order("band: [A, B, C]", "date: priority_date", "tie: human")


def test_a_correction_of_another_household_is_counted_but_not_shown(tmp_path: Path) -> None:
    own = {i: {"band": b, "priority_date": day("2020-01-01")} for i, b in
           (("#mine#", "B"), ("#other#", "A"))}
    frames = {"applications": applications_of(own), "adverts": adverts_of(),
              "bids": frame("bids", [bid(i, 60) for i in own])}
    run = run_of(tmp_path, PLAIN, frames)
    again = replay_run(run, parse_document("""\
corrections:
  - {table: applications, row: "#other#", column: band, was: A, should_be: C, reason: secret}
  - {table: applications, row: "#mine#", column: priority_date, was: 2020-01-01,
     should_be: 2019-01-01, reason: mine}
""", "f.yaml"))
    text = _everything(again, "#mine#")
    assert "secret" not in text
    assert "#other#" not in text
    assert "1 more, about other records, not shown here." in text
    assert "2nd of 2 then; 1st of 2 now" in text


def _publishable(rng: random.Random, n: int = 60) -> dict[str, dict[str, Any]]:
    """Households of which few are in bands A and C."""
    return {
        f"#{i}#": {"band": rng.choice("AABBBBBBBBBBBBCC"),
                   "priority_date": day(f"20{rng.randint(18, 20)}-0{rng.randint(1, 3)}-11"),
                   "local": rng.random() < 0.8}
        for i in range(n)
    }


NEAR = """
criteria: {near: {label: x, when: local}}
""" + order("band: [A, B, C]", "date: priority_date", "tie: human", eligible="near")


def _homes() -> pl.DataFrame:
    kinds = [("ho0", 1, "flat"), ("ho1", 1, "flat"), ("ho2", 2, "house"), ("ho3", 3, "house")]
    return frame("homes", [{"id": i, "bedrooms": b, "property_type": p, "area": "p"}
                           for i, b, p in kinds])


AREAS = frame("areas", [{"id": "p", "parent": "w", "level": "parish"},
                        {"id": "w", "parent": "d", "level": "ward", "name": "Northgate"},
                        {"id": "d", "level": "district"}])


def _run(
    tmp: Path, own: dict[str, dict[str, Any]], seed: int, *, secret: bool = True, label: str = "sensitive"
) -> RunFolder:
    rng = random.Random(seed)
    bidders = {f"ad{a}": rng.sample(sorted(own), rng.randint(12, 40)) for a in range(4)}
    bidders |= {"hush": rng.sample(sorted(own), 9)}
    kept = [a for a in bidders if secret or a != "hush"]
    adverts = [{"id": a, "home": f"ho{a[-1]}", "bedrooms": None} for a in kept if a != "hush"]
    if secret:
        adverts.append({"id": "hush", "home": "ho3", "bedrooms": None, "labels": ["new", label]})
    return run_of(tmp, NEAR, {
        "applications": applications_of(own), "homes": _homes(), "areas": AREAS,
        "adverts": adverts_of(*adverts),
        "bids": frame("bids", [bid(i, 60 + n, a) for a in kept for n, i in enumerate(bidders[a])]),
    })


def _cells(run: RunFolder) -> tuple[Counter[Any], dict[Any, set[Any]], set[Any]]:
    """Households of each kind of home and outcome, counted by hand; and each one's cells."""
    officer = feedback(run, "officer").frame.filter(~pl.col("sensitive"))
    kind = {r["advert"]: (r["bedrooms"], r["property_type"]) for r in officer.iter_rows(named=True)}
    bands = dict(run.frames["applications"].select("id", "band").rows())
    members: dict[Any, set[Any]] = {}
    of: dict[Any, set[Any]] = {}
    for advert, who, eligible in run.table("shortlist").select(
        "advert", "application", "eligible"
    ).rows():
        if advert in kind:
            cell = (kind[advert], bands[who] if eligible else None)
            for place in (cell, (kind[advert], "all"), ("all", cell[1]), ("all", "all")):
                members.setdefault(place, set()).add(who)
            of.setdefault(who, set()).add(cell)
    return Counter({c: len(m) for c, m in members.items()}), of, set(kind.values())


def _hidden(found: Feedback) -> set[Any]:
    """The withheld cells of a public form."""
    out = set()
    for row in found.frame.iter_rows(named=True):
        kind = (row["bedrooms"], row["property_type"]) if row["row"] == "homes" else "all"
        for name in found.columns:
            if row[name] is None:
                band = {"bids": "all", "not_eligible": None}.get(name, name[-1])
                out.add((kind, band))
    return out


@pytest.mark.parametrize("seed", range(6))
def test_what_is_published_gives_no_small_count_away(tmp_path: Path, seed: int) -> None:
    run = _run(tmp_path, _publishable(random.Random(seed)), seed)
    found = feedback(run)
    counts, _, _ = _cells(run)
    hidden = _hidden(found)
    assert {c for c, n in counts.items() if n < LIMIT} <= hidden
    assert not [c for c in hidden if not counts[c]]
    shown = found.frame.select(*found.columns[1:], "bids")
    mask = shown.select(pl.all().is_null()).to_numpy()
    values = feedback(run, "officer").frame.filter(~pl.col("sensitive"))
    table = np.vstack([
        *(_true_row(values, row, found) for row in found.frame.iter_rows(named=True)),
    ])
    for least, most in ranges(table, mask):
        assert most - least > 0.5


def _true_row(values: pl.DataFrame, row: dict[str, Any], found: Feedback) -> np.ndarray[Any, Any]:
    if row["row"] == "homes":
        values = values.filter(bedrooms=row["bedrooms"], property_type=row["property_type"])
    return values.select(pl.col(*found.columns[1:], "bids").sum()).to_numpy()


def test_the_public_form_does_not_change_with_one_households_facts_in_withheld_counts(
    tmp_path: Path,
) -> None:
    same = 0
    for seed in range(25):
        rng = random.Random(seed)
        own = _publishable(rng)
        one = _run(tmp_path / "one", own, seed)
        counts, cells, _ = _cells(one)
        hidden = _hidden(feedback(one))
        candidates = sorted(w for w, mine in cells.items() if mine <= hidden)
        if not candidates:
            continue
        who = rng.choice(candidates)
        other = own | {who: own[who] | {"band": rng.choice("AC"), "priority_date": rng.choice(
            [None, day("2011-05-05")])}}
        two = _run(tmp_path / "two", other, seed)
        after, moved, _ = _cells(two)
        small = [{c for c, n in v.items() if 0 < n < LIMIT} for v in (counts, after)]
        shown = [{c: n for c, n in v.items() if c not in hidden} for v in (counts, after)]
        if small[0] == small[1] and shown[0] == shown[1] and moved[who] <= hidden:
            assert_frame_equal(feedback(one).frame, feedback(two).frame)
            assert feedback_page(feedback(one)) == feedback_page(feedback(two))
            same += 1
    assert same > 3


@pytest.mark.parametrize("label", ["sensitive", " Sensitive"])
def test_a_sensitive_let_is_left_out_as_if_it_had_never_been(tmp_path: Path, label: str) -> None:
    own = _publishable(random.Random(3))
    with_it, without = (_run(tmp_path / str(s), own, 3, secret=s, label=label) for s in (True, False))
    assert_frame_equal(feedback(with_it).frame, feedback(without).frame)
    assert feedback(with_it, "officer").frame["sensitive"].sum() == 1


def test_the_public_is_told_of_no_household_home_or_day(tmp_path: Path) -> None:
    run = _run(tmp_path, _publishable(random.Random(4)), 4)
    found = feedback(run)
    text = feedback_page(found) + json.dumps(found.frame.to_dicts())
    assert "#" not in text.replace("&#", "").replace("background: #", "").split("</style>")[-1]
    assert not [i for i in ("ho0", "ho1", "ho2", "ho3", "ad0", "ad1", "hush") if i in text]
    assert "2024-05-31" not in text
    assert "2024-05" in text
    assert "Northgate" in text
    assert run.manifest["run_id"] not in text


def test_the_first_is_told_only_where_its_count_is_shown(tmp_path: Path) -> None:
    told = 0
    for seed in range(6):
        run = _run(tmp_path, _publishable(random.Random(seed)), seed)
        found = feedback(run)
        for row in found.frame.filter(row="homes").iter_rows(named=True):
            for said in row["first"]:
                if said != WITHHELD:
                    assert row[f"eligible: {said[0]}"] >= LIMIT
                    told += 1
    assert told


def test_a_month_is_told_only_where_enough_share_it(tmp_path: Path) -> None:
    def first(dates: list[str]) -> str:
        own = {f"{i}": {"band": "B", "local": True, "priority_date": day(d)}
               for i, d in enumerate(dates)}
        run = run_of(tmp_path, NEAR, {
            "applications": applications_of(own), "adverts": adverts_of(),
            "bids": frame("bids", [bid(i) for i in own]),
        })
        (said,) = feedback(run).frame["first"][0]
        return said

    assert first([f"2019-03-0{n}" for n in range(1, 6)]) == "B, March 2019"
    assert first(["2019-03-01", *(f"2019-04-0{n}" for n in range(1, 6))]) == "B, 2019"
    assert first(["2018-03-01", *(f"2019-04-0{n}" for n in range(1, 6))]) == "B"
    assert first([f"2019-03-0{n}" for n in range(1, 5)]) == WITHHELD


def test_officers_have_every_advert_in_full(tmp_path: Path) -> None:
    run = _run(tmp_path, _publishable(random.Random(1)), 1)
    frame_ = feedback(run, "officer").frame
    assert frame_["advert"].to_list() == ["ad0", "ad1", "ad2", "ad3", "hush"]
    listed = run.table("shortlist")
    for row in frame_.iter_rows(named=True):
        mine = listed.filter(advert=row["advert"])
        assert row["bids"] == mine.height
        assert row["not_eligible"] == mine["eligible"].ne_missing(other=True).sum()
        assert set(row["first"]) <= set(mine["application"])
        assert (row["closes_on"], row["area"]) == (CLOSES.date(), "Northgate")


@pytest.mark.parametrize(
    ("audience", "by", "line"),
    [
        ("applicant", ("month",),
         "there is no such audience; given applicant; allowed: officer, public"),
        ("public", ("colour",), "homes cannot be put together by that; given colour; allowed: "
         "month, area, bedrooms, property_type"),
    ],
)
def test_what_cannot_be_published(
    tmp_path: Path, audience: Any, by: tuple[str, ...], line: str
) -> None:
    with pytest.raises(BadInput) as caught:
        feedback(tmp_path, audience, by)
    assert str(caught.value) == line


@pytest.mark.parametrize("by", [("month", "area", "bedrooms", "property_type"), ()])
@pytest.mark.parametrize(
    ("advert", "n_bids", "adverts"),
    [({}, 0, 1), ({"labels": ["sensitive"]}, 1, 0), ({"status": "draft"}, 1, 0)],
)
def test_a_run_with_nothing_to_publish_says_nought(
    tmp_path: Path, by: tuple[str, ...], advert: dict[str, Any], n_bids: int, adverts: int
) -> None:
    run = run_of(tmp_path, NEAR, {
        "applications": applications_of({"a": {"band": "A", "local": True}}),
        "adverts": adverts_of(advert), "bids": frame("bids", [bid("a")]).head(n_bids),
    })
    rows = feedback(run, by=by).frame
    assert rows.height == adverts + 1
    assert rows.row(-1, named=True) | {"adverts": adverts, "bids": 0} == rows.row(-1, named=True)
    assert ("all homes" in feedback_page(feedback(run, by=by))) == bool(by)


def test_a_group_of_homes_is_of_the_kind_that_all_of_them_are(tmp_path: Path) -> None:
    homes = [{"id": f"u{n}", "home_group": "g", "bedrooms": 2, "property_type": "flat",
              "area": a} for n, a in enumerate("wd")]
    run = run_of(tmp_path, NEAR, {
        "applications": applications_of({"a": {"band": "A", "local": True}}),
        "adverts": adverts_of({"home_group": "g", "bedrooms": None}), "areas": AREAS,
        "homes": frame("homes", homes), "bids": frame("bids", [bid("a")]),
    })
    row = feedback(run, "officer").frame.row(0, named=True)
    assert (row["bedrooms"], row["property_type"], row["area"]) == (2, "flat", None)


@pytest.mark.parametrize(
    ("area", "told"),
    [("p", "Northgate"), ("w", "Northgate"), ("d", "d"), ("alone", None), ("odd", "Northgate"),
     ("elsewhere", None), (None, None)],
)
def test_nothing_narrower_than_a_ward_is_told(
    tmp_path: Path, area: str | None, told: str | None
) -> None:
    areas = pl.concat([AREAS, frame("areas", [
        {"id": "alone", "level": "parish"}, {"id": "odd", "parent": "w"},
    ])])
    run = run_of(tmp_path, NEAR, {
        "applications": applications_of({"a": {"band": "A", "local": True}}),
        "adverts": adverts_of({"area": area}), "areas": areas, "bids": frame("bids", [bid("a")]),
    })
    assert feedback(run).frame["area"][0] == told


def test_ids_that_are_whole_numbers(tmp_path: Path) -> None:
    run = run_of(tmp_path, NEAR, {
        "applications": applications_of({1: {"band": "A", "local": True},
                                         2: {"band": "B", "local": True}}),
        "adverts": adverts_of({"id": 7}),
        "bids": frame("bids", [bid(1, advert=7), bid(2, advert=7)]),
    })
    again = replay_run(run, parse_document("""corrections:
  - {table: applications, row: 2, column: band, was: B, should_be: A, reason: x}
  - {table: bids, remove: {advert: 7, application: "1"}, reason: y}
""", "f.yaml"))
    assert again.households == [1, 2]
    assert "7: 2nd of 2 then; 1st of 1 now" in again.text("applicant", "2")
    assert "7 1 *: 1st of 2 then; no bid now" in again.text("officer")
    assert feedback(run, "officer").frame["first"].to_list() == [[1]]


def test_homes_may_be_put_together_by_less(tmp_path: Path) -> None:
    run_shortlist("sheffield", "riverton", out=tmp_path / "run")
    found = feedback(tmp_path / "run", by=())
    homes, total = found.frame.iter_rows(named=True)
    assert {n: homes[n] for n in found.columns} == {n: total[n] for n in found.columns}
    assert (homes["adverts"], homes["bids"]) == (30, 995)
    by_month = feedback(tmp_path / "run", by=("month",)).frame
    assert by_month["month"].to_list() == ["2026-02", "2026-03", None]
