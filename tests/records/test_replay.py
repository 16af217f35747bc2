"""Replay: the record comes out again; a corrected fact flows through everything that hangs on it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cbl_engine.documents import parse_document
from cbl_engine.errors import BadInput, RunError
from cbl_engine.records import folder as run_folder
from cbl_engine.records import read_run, replay_run, write_run
from cbl_engine.records.reads import columns_read
from cbl_engine.records.replay import _of, _standings
from cbl_engine.report import replay_page
from cbl_engine.shortlist import prepare, shortlist
from tests.records.random_correction import random_correction
from tests.reference.compare import by_oracle
from tests.reference.frames import frames_of
from tests.reference.strategies import random_case
from tests.shortlist.small import (
    CLOSES,
    adverts_of,
    applications_of,
    bid,
    day,
    frame,
    scheme_of,
)

if TYPE_CHECKING:
    from cbl_engine.records import Replay, RunFolder


def run_of(tmp: Path, text: str, frames: dict[str, pl.DataFrame], as_at: Any = "close") -> RunFolder:
    prepared = prepare(scheme_of(text), frames, as_at)
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames.get("homes"))
    tmp.mkdir(exist_ok=True)
    return write_run(result, frames, tmp / "run", replace=True)


def put_right(run: RunFolder, text: str) -> Replay:
    return replay_run(run, parse_document(text, "facts.yaml"))


def _oracle(case: Any, like: Replay) -> pl.DataFrame | None:
    """Where every bid stands by the oracle, as a replay has it."""
    ranking = by_oracle(case)
    if ranking is None:
        return None
    shapes = like.run.table("shortlist").schema, like.run.table("set_aside").schema
    frames = [
        pl.DataFrame([pl.Series(n, [row[n] for row in rows], t) for n, t in shape.items()])
        for rows, shape in zip((ranking.counted, ranking.set_aside), shapes, strict=True)
    ]
    return _standings(*frames)


def _breaks_a_rule(text: str, case: Any) -> bool:
    """Whether a connection is to end before it begins, which the oracle does not look at.

    A run keeps what its scheme reads: where that is one of the two days alone, none can be told.
    """
    (one,) = parse_document(text, "x").data["corrections"]
    if one["table"] != "connections" or "remove" in one:
        return False
    if not {"since", "until"} <= set(columns_read(case.scheme(), frames_of(case)[0]).get("connections", ())):
        return False
    named = one.get("add") or one["row"]
    found = [c for c in case.register["connections"]
             if all(c[n] == v for n, v in named.items())] or [named]
    right = found[0] | ({one["column"]: one["should_be"]} if "column" in one else {})
    since, until = right.get("since"), right.get("until")
    return since is not None and until is not None and until <= since


@settings(max_examples=50, deadline=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture,
                                 HealthCheck.data_too_large])
@given(st.integers(0, 10**9))
@example(11901703)  # the day a connection began is not kept: its scheme does not read it
def test_a_run_put_right_is_what_the_oracle_makes_of_the_right_facts(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    case = random_case(rng, (2, 8), (1, 5), (1, 8))
    register, adverts, bids, homes = frames_of(case)
    result = shortlist(prepare(case.scheme(), register, case.as_at), adverts, bids, homes,
                       seed=case.seed)
    run = write_run(result, {**register, "adverts": adverts, "bids": bids, "homes": homes},
                    tmp_path / "run", replace=True)
    right = None
    for _ in range(5):
        right = right or random_correction(rng, case, columns_read(case.scheme(), frames_of(case)[0]))
    if right is None:
        return
    if by_oracle(right.case) is None or _breaks_a_rule(right.text, case):
        with pytest.raises(RunError):
            put_right(run, right.text)
        return
    again = put_right(run, right.text)
    recorded = _standings(run.table("shortlist"), run.table("set_aside"))
    untouched = recorded.filter(~pl.col("advert").is_in(again.again.implode()))
    wanted = _oracle(right.case, again)
    assert wanted is not None
    keys = ["advert", "application"]
    assert_frame_equal(pl.concat([untouched, again.now]).sort(keys), wanted.sort(keys))
    assert_frame_equal(again.then, _of(recorded, again.again))


def test_random_corrections_reach_every_table_and_change_positions(tmp_path: Path) -> None:
    """The property above is about something."""
    seen: dict[str, int] = {}
    for seed in range(150):
        rng = random.Random(seed)
        case = random_case(rng, (2, 8), (1, 5), (1, 8))
        right = random_correction(rng, case, columns_read(case.scheme(), frames_of(case)[0]))
        if right is not None:
            one = parse_document(right.text, "x").data["corrections"][0]
            what = "change" if "column" in one else "add" if "add" in one else "remove"
            for name in (one["table"], what, *(["from"] if "from" in one else [])):
                seen[name] = seen.get(name, 0) + 1
    tables = {"applications", "people", "connections", "bids", "adverts", "homes", "areas"}
    assert set(seen) == tables | {"change", "add", "remove", "from"}
    assert min(seen.values()) >= 2


TEXT = """
facts:
  adults: {label: Adults, count: people, where: age >= 18, if_none: 0}
  workers: {label: x, count: connections, where: kind = 'work', if_none: 0}
criteria:
  near: {label: The household lives nearby, when: local, when_unknown: hold}
  fits: {label: The home is the size needed, when: bedroom_need = advert.bedrooms}
eligible: [near, fits]
""" + "profiles: {only: {label: x, order: [{points: points}, {points: adults}, {points: workers}, {tie: human}]}}\n"


def _frames() -> dict[str, pl.DataFrame]:
    own = {i: {"local": True, "bedroom_need": 2, "points": p}
           for i, p in (("a", 9), ("b", 7), ("c", 5), ("d", 5), ("e", 1))}
    return {
        "applications": applications_of(own),
        "people": frame("people", [
            {"id": f"p{i}", "application": i, "date_of_birth": day("1990-01-01")} for i in own
        ]),
        "connections": frame("connections", [
            {"application": "c", "person": "pc", "area": "w", "kind": "work",
             "since": day("2020-01-01")},
            {"application": "d", "area": "w", "kind": "work", "since": day("2020-01-01")},
        ]),
        "areas": frame("areas", [{"id": "w", "level": "ward"}]),
        "homes": frame("homes", [{"id": "h", "bedrooms": 2}]),
        "adverts": adverts_of({"id": "x", "home": "h", "bedrooms": None}, {"id": "y"}, {"id": "z"},
                              {"id": "off", "status": "withdrawn"}),
        "bids": frame("bids", [
            *(bid(i, 60, "x") for i in "abcde"), *(bid(i, 60, "y") for i in "abc"),
            bid("a", 60, "z"), bid("d", 60, "z", withdrawn_at=CLOSES), bid("b", 60, "off"),
        ]),
    }


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return run_of(tmp_path, TEXT, _frames())


def _change(again: Replay, advert: str, application: str) -> tuple[Any, ...]:
    (row,) = again.changes.filter(advert=advert, application=application).iter_rows(named=True)
    return row["change"], row["position_then"], row["position_now"]


def test_a_run_as_it_was_comes_out_the_same_in_rows_and_bytes(run: RunFolder) -> None:
    again = replay_run(run.path)
    assert again.reproduced
    assert again.outputs["table"].to_list() == ["shortlist", "stage_failures", "set_aside", "bits"]
    assert again.outputs["same_bytes"].all()
    assert set(again.changes["change"]) == {"same"}
    assert "The same in everything: 9 bids on 3 adverts" in again.text()


def _rewritten(run: RunFolder, monkeypatch: pytest.MonkeyPatch, **content: Any) -> None:
    """The manifest as another engine would have written it."""
    manifest = json.loads((run.path / "manifest.json").read_text()) | content
    names = run_folder._CONTENT
    manifest["run_id"] = run_folder._run_id({n: manifest[n] for n in names})
    (run.path / "manifest.json").write_text(json.dumps(manifest))


def _other_record(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that this engine would not write, under its right hash."""
    path = run.path / "shortlist.parquet"
    pl.read_parquet(path).with_columns(
        pl.when(advert="y").then(4 - pl.col("position")).otherwise("position").alias("position")
    ).write_parquet(path)
    hashes = run.manifest["outputs"] | {
        "shortlist.parquet": run_folder.sha256(path.read_bytes()).hexdigest()
    }
    _rewritten(run, monkeypatch, outputs=hashes, engine_version="0.0.9")


def test_a_record_of_another_engine_is_used_as_long_as_it_comes_out(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rewritten(run, monkeypatch, engine_version="0.0.9")
    again = replay_run(run.path)
    assert again.reproduced
    assert "written by engine 0.0.9, run again by" in again.text()
    assert put_right(read_run(run.path), LATE).counts("officer")["changed"]


LATE = """\
corrections:
  - {table: applications, row: b, column: points, was: 7, should_be: 10, reason: x}
"""


def test_a_record_that_does_not_come_out_is_said_so_and_nothing_is_put_right_in_it(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _other_record(run, monkeypatch)
    again = replay_run(run.path)
    assert not again.reproduced
    assert again.counts("officer")["changed"] == 1
    assert again.text().splitlines()[1:] == [
        "shortlist: not the same as recorded.", "Adverts that come out otherwise: 1.",
    ]
    assert "y a" in again.text("officer")
    with pytest.raises(RunError) as caught:
        put_right(read_run(run.path), LATE)
    assert str(caught.value).startswith(f"{run.path}: this engine (")
    assert "does not reproduce advert y of the run; given written by 0.0.9" in str(caught.value)


def test_a_correction_of_adverts_that_come_out_does_not_ask_for_the_others(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _other_record(run, monkeypatch)
    text = LATE.replace("row: b", "row: e").replace("was: 7, should_be: 10", "was: 1, should_be: 99")
    assert _change(put_right(read_run(run.path), text), "x", "e") == ("up", 5, 1)


def test_who_moves_up_and_who_is_displaced(run: RunFolder) -> None:
    again = put_right(run, LATE)
    assert again.again.to_list() == ["off", "x", "y"]
    assert again.counts("officer") == {"adverts": 3, "run_again": 3, "changed": 2}
    assert _change(again, "x", "b") == ("up", 2, 1)
    assert _change(again, "x", "a") == ("down", 1, 2)
    assert _change(again, "x", "c") == ("same", 3, 3)
    assert again.first().rows() == [("b", 3, 0, 2, 0)]
    assert again.first_places().rows() == [("x", ["a"], ["b"]), ("y", ["a"], ["b"])]
    officer = again.frame("officer")
    assert set(officer["application"]) == {"a", "b"}
    assert set(again.frame()["application"]) == {"b"}
    assert "b stood first, alone or jointly, on 0 of 3 adverts; with the facts put right, on 2" in (
        again.text()
    )


def test_a_tie_that_grows_is_a_loss_to_its_members(run: RunFolder) -> None:
    again = put_right(run, "corrections:\n  - {table: applications, row: b, column: points, "
                           "was: 7, should_be: 5, reason: x}\n"
                           "  - {table: connections, add: {application: b, kind: work}, "
                           "reason: x}\n")
    assert _change(again, "x", "b") == ("more_share", 2, 2)
    assert _change(again, "x", "c") == ("up", 3, 2)
    row = again.changes.filter(advert="x", application="b").row(0, named=True)
    assert (row["joint_then"], row["joint_now"]) == (0, 2)


@pytest.mark.parametrize(
    ("entry", "advert", "application", "change"),
    [
        ("{table: people, row: pe, column: date_of_birth, was: 1990-01-01, should_be: null",
         "x", "e", ("other", 5, 5)),
        ("{table: people, add: {id: q, application: d, date_of_birth: 1950-01-01}",
         "x", "d", ("fewer_share", 3, 3)),
        ("{table: people, row: pd, column: application, was: d, should_be: c",
         "x", "d", ("down", 3, 4)),
        ("{table: connections, remove: {application: c, kind: work}", "x", "c", ("down", 3, 4)),
        ("{table: connections, row: {application: c}, column: kind, was: work, should_be: family",
         "x", "d", ("fewer_share", 3, 3)),
        ("{table: bids, add: {advert: z, application: b, placed_at: 2024-05-31T10:00:00}",
         "z", "b", ("in", None, 2)),
        ("{table: bids, remove: {advert: x, application: a}", "x", "a", ("out", 1, None)),
        ("{table: bids, row: {advert: z, application: d}, column: withdrawn_at, "
         "was: 2024-05-31T12:00:00, should_be: null", "z", "d", ("in", None, 2)),
        ("{table: homes, row: h, column: bedrooms, was: 2, should_be: 3", "x", "a",
         ("out", 1, None)),
        ("{table: adverts, row: off, column: status, was: withdrawn, should_be: closed",
         "off", "b", ("in", None, 1)),
        ("{table: adverts, row: y, column: status, was: closed, should_be: withdrawn",
         "y", "b", ("out", 2, None)),
        ("{table: applications, row: a, column: local, was: true, should_be: null", "x", "a",
         ("other", 1, 1)),
    ],
)
def test_every_kind_of_fact_can_be_put_right(
    run: RunFolder, entry: str, advert: str, application: str, change: tuple[Any, ...]
) -> None:
    again = put_right(run, f"corrections:\n  - {entry}, reason: x}}\n")
    assert _change(again, advert, application) == change
    every = _standings(run.table("shortlist"), run.table("set_aside"))
    assert_frame_equal(again.then, _of(every, again.again))


def test_what_was_not_known_is_not_told_as_not_met(tmp_path: Path) -> None:
    """Of a bid that is not eligible: a criterion that failed, and one whose fact nobody recorded."""
    text = TEXT.replace("when: local, when_unknown: hold", "when: local")
    frames = _frames()
    own = {"a": {"bedroom_need": 3}, "b": {"bedroom_need": 2}, "c": {"bedroom_need": 2, "local": True}}
    frames["applications"] = applications_of(own)
    frames |= {"adverts": adverts_of({"id": "y"}), "bids": frame("bids", [bid(i, 60, "y") for i in own])}
    again = put_right(run_of(tmp_path, text, frames), """\
corrections:
  - {table: applications, row: a, column: local, was: null, should_be: false, reason: x}
  - {table: applications, row: b, column: local, was: null, should_be: true, reason: x}
""")
    near, fits = "The household lives nearby", "The home is the size needed"
    told = again.text("officer").splitlines()
    assert (f"  y a *: not eligible (not met: {fits}, and not known: {near}) then; "
            f"not eligible (not met: {near}; {fits}) now") in told
    assert f"  y b *: not eligible (not known: {near}) then; 2nd of 2 now" in told


def test_a_held_bid_is_told_with_what_it_waits_for_and_with_nothing_else_that_is_not_known(tmp_path: Path) -> None:
    """A criterion and a key that hold; points that rank last when they are not known hold nothing."""
    text = TEXT.replace("{points: points}", "{points: points, when_unknown: last}, "
                        "{date: priority_date, when_unknown: hold}")
    frames = _frames()
    own = {"a": {"bedroom_need": 2, "points": None, "priority_date": None},
           "b": {"bedroom_need": 2, "points": 3, "local": True, "priority_date": day("2020-01-01")}}
    frames["applications"] = applications_of(own)
    frames |= {"adverts": adverts_of({"id": "y"}), "bids": frame("bids", [bid(i, 60, "y") for i in own])}
    again = put_right(run_of(tmp_path, text, frames), """\
corrections:
  - {table: applications, row: a, column: points, was: null, should_be: 9, reason: x}
""")
    waits = "held (not known: The household lives nearby; priority date)"
    assert f"  y a *: 2nd of 2, {waits} then; 1st of 2, {waits} now" in again.text("officer").splitlines()
    assert f"1st of 2, {waits}" in replay_page(again)


def test_a_fact_wrong_from_a_day_on_touches_the_adverts_that_closed_since(tmp_path: Path) -> None:
    frames = _frames()
    later = CLOSES.replace(month=7)
    frames["adverts"] = adverts_of({"id": "x"}, {"id": "y", "closes_at": later})
    frames["bids"] = frame("bids", [bid(i, 60, a) for i in "ab" for a in "xy"])
    run = run_of(tmp_path, TEXT, frames)
    again = put_right(run, "corrections:\n  - {table: applications, row: b, column: points, was: 7,"
                           " should_be: 10, from: 2024-07-01, reason: x}\n")
    assert _change(again, "x", "b") == ("same", 2, 2)
    assert _change(again, "y", "b") == ("up", 2, 1)


def test_one_version_of_an_application_is_put_right_by_its_first_day(tmp_path: Path) -> None:
    frames = _frames()
    a = frames["applications"].filter(id="a")
    frames["applications"] = pl.concat([
        frames["applications"].filter(id="b").with_columns(
            valid_from=pl.lit(None, pl.Date), valid_to=pl.lit(None, pl.Date)),
        a.with_columns(valid_from=pl.lit(None, pl.Date), valid_to=pl.lit(day("2024-06-15"))),
        a.with_columns(valid_from=pl.lit(day("2024-06-15")), valid_to=pl.lit(None, pl.Date)),
    ])
    frames["adverts"] = adverts_of({"id": "x"}, {"id": "y", "closes_at": CLOSES.replace(month=7)})
    frames["bids"] = frame("bids", [bid(i, 60, v) for i in "ab" for v in "xy"])
    run = run_of(tmp_path, TEXT, frames)
    rest = "column: points, was: 9, should_be: 1, reason: x}\n"
    with pytest.raises(RunError) as caught:
        put_right(run, "corrections:\n  - {table: applications, row: a, " + rest)
    assert str(caught.value) == (
        "facts.yaml:2:32: 2 rows of applications answer to this; given a. Say which: name "
        "valid_from or valid_to too"
    )
    again = put_right(run, "corrections:\n  - {table: applications, row: {id: a, valid_from: "
                           "2024-06-15}, " + rest)
    assert _change(again, "x", "a") == ("same", 1, 1)
    assert _change(again, "y", "a") == ("down", 1, 2)


def test_a_household_that_never_bid_is_added_with_its_bid(run: RunFolder) -> None:
    again = put_right(run, """\
corrections:
  - table: applications
    add: {id: new, local: true, bedroom_need: 2, points: 99}
    reason: The application was lost.
  - table: bids
    add: {advert: x, application: new, placed_at: 2024-05-31T10:00:00}
    reason: It could not bid.
""")
    assert _change(again, "x", "new") == ("in", None, 1)
    assert again.again.to_list() == ["x"]


def test_only_the_adverts_a_correction_can_touch_are_run_again(run: RunFolder) -> None:
    text = "corrections:\n  - {{table: {}, row: {}, reason: x}}\n"
    touched = {
        ("applications", "e, column: points, was: 1, should_be: 2"): ["x"],
        ("homes", "h, column: bedrooms, was: 2, should_be: 1"): ["x"],
        ("adverts", "z, column: bedrooms, was: 2, should_be: 1"): ["z"],
    }
    for (table, rest), adverts in touched.items():
        assert put_right(run, text.format(table, rest)).again.to_list() == adverts


def test_an_applicants_form_needs_to_know_whose_it_is(run: RunFolder) -> None:
    again = put_right(run, "corrections:\n  - {table: homes, row: h, column: bedrooms, was: 2, "
                           "should_be: 1, reason: x}\n")
    with pytest.raises(BadInput, match="Name it with --application"):
        again.text()
    with pytest.raises(BadInput, match="the application did not bid in this run; given nobody"):
        again.text("applicant", "nobody")
    with pytest.raises(BadInput, match="no such audience; given neighbour"):
        again.text("neighbour")  # type: ignore[arg-type]
    assert "home h: bedrooms was 2, should be 1. x" in again.text("applicant", "c")
    assert again.frame("applicant", "c")["application"].to_list() == ["c"]
