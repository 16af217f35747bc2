"""Run folders: complete or not there, the same bytes for the same inputs, refused when changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cbl_engine.errors import BadInput, RunError, TableError
from cbl_engine.records import explain_run, folder, places, read_run, run_shortlist, write_run
from cbl_engine.shipped import shipped_folder
from cbl_engine.shortlist import explain, prepare, shortlist
from tests.shortlist.small import CLOSES, adverts_of, applications_of, bid, day, frame, scheme_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = """
facts:
  workers: {label: x, count: connections, where: kind = 'work', if_none: 0}
criteria:
  near: {label: The household lives nearby, when: local, when_unknown: hold}
  fits: {label: x, when: bedroom_need = advert.bedrooms}
eligible: [near, fits]
profiles: {only: {label: x, order: [{points: points}, {points: workers}, {lottery: advert}]}}
"""
OWN: dict[str, dict[str, Any]] = {
    "a": {"local": True, "bedroom_need": 2, "points": 5},
    "b": {"local": True, "bedroom_need": 2, "points": 5},
    "c": {"local": None, "bedroom_need": 2, "points": 9},
    "d": {"local": True, "bedroom_need": 1, "points": 9},
    "idle": {"local": True, "bedroom_need": 2, "points": 1},
}


def _connection(application: str, **more: Any) -> dict[str, Any]:
    return {"application": application, "area": "w", "kind": "work", "since": day("2020-01-01")} | more


def _frames() -> dict[str, pl.DataFrame]:
    return {
        "applications": applications_of(OWN),
        "connections": frame("connections", [
            _connection("a"), _connection("idle"), _connection("b"), _connection("a"),
        ]),
        "people": frame("people", [{"id": "p", "application": "a"}]),
        "homes": frame("homes", [{"id": "h", "bedrooms": 2, "address": "1 High Street"},
                                 {"id": "other", "bedrooms": 2}]),
        "adverts": adverts_of({"id": "x", "home": "h", "bedrooms": None}, {"id": "y"},
                              {"id": "z", "status": "draft"}),
        "bids": frame("bids", [
            bid("a", 60, "x"), bid("a", 5, "x"), bid("b", 60, "x"), bid("c", 60, "x"),
            bid("d", 60, "x"), bid("a", 60, "y"), bid("b", 9, "y", withdrawn_at=CLOSES),
            bid("b", 9, "z"),
        ]),
    }


def _write(out: Path, frames: Mapping[str, pl.DataFrame] | None = None, **more: Any) -> Any:
    frames = frames or _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"], seed=3)
    return write_run(result, frames, out, **more), result


def _bytes(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_run_reads_back_and_runs_again(tmp_path: Path) -> None:
    run, result = _write(tmp_path / "run")
    again = read_run(tmp_path / "run")
    assert again.manifest == run.manifest
    assert_frame_equal(again.table("shortlist"), result.frame())
    assert_frame_equal(again.table("stage_failures"), result.stage_failures())
    assert_frame_equal(again.table("bits"), result.bits())
    assert sorted(again.table("set_aside")["reason"]) == ["advert_draft", "superseded", "withdrawn"]
    assert_frame_equal(again.shortlist().frame(), result.frame())
    assert_frame_equal(again.shortlist(["y"]).frame(), result.frame(["y"]))
    assert (again.as_at, again.manifest["seed"], again.scheme.name) == ("close", 3, "small")


def test_the_manifest_has_the_hash_of_every_file(tmp_path: Path) -> None:
    run, _ = _write(tmp_path / "run")
    listed = {**run.manifest["inputs"], **run.manifest["outputs"]}
    files = _bytes(tmp_path / "run")
    assert set(files) == {*listed, "manifest.json"}
    assert all(sha256(files[name]).hexdigest() == wanted for name, wanted in listed.items())
    assert run.manifest["counts"] == {"adverts": 2, "bids_counted": 5, "bids_set_aside": 3}
    assert run.manifest["verification"] == {
        "properties": [1, 2, 3, 4, 5, 6], "extent": "full", "bids": 5, "bids_row_by_row": 5,
    }


def test_only_rows_and_columns_read_are_kept(tmp_path: Path) -> None:
    run, _ = _write(tmp_path / "run")
    assert set(run.frames) == {"applications", "connections", "homes", "adverts", "bids"}
    applications = run.frames["applications"]
    assert applications["id"].to_list() == ["a", "b", "c", "d"]
    assert set(applications.columns) == {"id", "local", "bedroom_need", "points"}
    assert run.frames["homes"]["id"].to_list() == ["h"]
    assert "address" not in run.frames["homes"].columns
    assert run.frames["connections"]["application"].to_list() == ["a", "a", "b"]


def test_what_a_run_shows_of_itself_holds_no_fact_of_a_household(tmp_path: Path) -> None:
    frames = _frames()
    frames["applications"] = frames["applications"].with_columns(points=987_654 + pl.col("points"))
    run, result = _write(tmp_path / "run", frames)
    view = result.prepared.at(CLOSES.date())
    for shown in (run, result, result.prepared, view):
        assert "98765" not in repr(shown)
        assert "small" in repr(shown)


def test_equal_inputs_in_another_row_order_give_equal_bytes(tmp_path: Path) -> None:
    _write(tmp_path / "one")
    shuffled = {n: f.sample(fraction=1, shuffle=True, seed=4) for n, f in _frames().items()}
    _write(tmp_path / "two", shuffled)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_rows_that_agree_on_what_sorts_them_are_settled_by_the_rest(tmp_path: Path) -> None:
    frames = _frames()
    frames["bids"] = frame("bids", [
        bid("a", 60, "x"),
        *(bid("b", 9, "x", withdrawn_at=CLOSES.replace(minute=m)) for m in (3, 1, 2)),
    ])
    _write(tmp_path / "one", frames)
    _write(tmp_path / "two", frames | {"bids": frames["bids"].reverse()})
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


@pytest.mark.parametrize(
    "name", ["shortlist.parquet", "inputs/bids.parquet", "scheme/scheme.yaml", "bits.parquet"]
)
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_folder_that_was_changed_is_refused_in_one_line(
    tmp_path: Path, name: str, how: str
) -> None:
    out = tmp_path / "run"
    _write(out)
    if name.startswith("scheme/"):
        name = str(next((out / "scheme").iterdir()).relative_to(out))
    if how == "changed":
        (out / name).write_bytes((out / name).read_bytes() + b" ")
        line = (f"{out}/{name}: the file has changed since the run was written. "
                "Run the shortlist again from its sources")
    else:
        (out / name).unlink()
        line = f"{out}/{name}: the file is missing"
    for act in (lambda: read_run(out), lambda: explain_run(out, "x", "a")):
        with pytest.raises(RunError) as caught:
            act()
        assert str(caught.value) == line


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"seed": 4}, "{}/manifest.json: the manifest has changed since the run was written. "
         "Run the shortlist again from its sources"),
        ({"as_at": "2024-01-01"}, "{}/manifest.json: the manifest has changed since the run was "
         "written. Run the shortlist again from its sources"),
        ({"inputs": ["x"]}, "{}: this is not a run folder (it has no manifest that can be read). "
         "cbl shortlist --out writes one"),
        ({"schema_version": 99}, "{}/manifest.json: the run was written with another version of "
         "the output tables; given 99; allowed: 1. Read it with the engine version named in the "
         "manifest"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(
    tmp_path: Path, change: dict[str, Any], line: str
) -> None:
    out = tmp_path / "run"
    _write(out)
    manifest = json.loads((out / "manifest.json").read_text()) | change
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError) as caught:
        read_run(out)
    assert str(caught.value) == line.format(out)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"inputs": {}}', "\x00"])
def test_what_is_not_a_run_folder(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(RunError, match="this is not a run folder"):
        read_run(tmp_path)


@pytest.mark.parametrize(("kind", "said"), [
    ("state", "this is a state folder, and no run folder. cbl shortlist --out writes one; results of a "
     "state are written by cbl results --out"),
    ("assessment", "this is an assessment folder, and no run folder. cbl shortlist --out writes one"),
])
def test_a_folder_of_another_kind_is_called_what_it_is(tmp_path: Path, kind: str, said: str) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": kind}))
    with pytest.raises(RunError, match=said):
        read_run(tmp_path)


def test_a_run_in_the_way_is_kept_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    out = tmp_path / "run"
    _write(out)
    before = _bytes(out)
    with pytest.raises(RunError) as caught:
        _write(out)
    assert str(caught.value) == (
        f"{out}: the folder is there already. Choose another folder, or replace the run that is "
        "there with --replace"
    )
    assert _bytes(out) == before
    fewer = _frames()
    fewer["bids"] = fewer["bids"].head(2)
    _write(out, fewer, replace=True)
    assert _bytes(out) != before
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_place_with_letters_that_stand_for_others_is_a_place_like_any(tmp_path: Path) -> None:
    out = tmp_path / "w[1] *" / "run?"
    _write(out)
    _write(tmp_path / "run")
    assert _bytes(out) == _bytes(tmp_path / "run")
    assert_frame_equal(read_run(out).shortlist().frame(), read_run(tmp_path / "run").shortlist().frame())


def test_a_folder_that_is_no_run_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "letters.txt").write_text("mine")
    for replace in (False, True):
        with pytest.raises(RunError) as caught:
            _write(out, replace=replace)
        assert str(caught.value) == f"{out}: the folder is there already. Choose another folder"
    assert (out / "letters.txt").read_text() == "mine"


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("kind", [OSError, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("fails_at", ["frame", "bits", "_manifest", "rename"])
def test_nothing_half_written_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool, kind: type, fails_at: str
) -> None:
    out = tmp_path / "run"
    if replace:
        _write(out)
    before = _bytes(tmp_path)
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"], seed=8)

    def fail(*_: Any, **__: Any) -> None:
        raise kind(28, "No space left on device")

    if fails_at == "_manifest":
        monkeypatch.setattr(folder, "_manifest", fail)
    elif fails_at == "rename":
        honest = Path.rename
        monkeypatch.setattr(
            Path, "rename",
            lambda self, to: fail() if "partial" in self.name else honest(self, to),
        )
    else:
        monkeypatch.setattr(type(result), fails_at, fail)
    with pytest.raises(RunError if kind is OSError else kind) as caught:
        write_run(result, frames, out, replace=replace)
    monkeypatch.undo()
    if kind is OSError:
        assert str(caught.value) == (
            f"{out}: the run folder cannot be written: No space left on device"
        )
    assert _bytes(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == (["run"] if replace else [])


def _dead() -> str:
    """The number of a process that is no more."""
    ran = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                         capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell which processes are no more")
def test_a_run_taken_away_by_one_that_was_killed_is_put_back_or_replaced(tmp_path: Path) -> None:
    """Killed between the renames: the earlier run stands beside the place, and nothing in it."""
    out = tmp_path / "run"
    _write(out)
    before = _bytes(out)
    out.rename(tmp_path / f".run.old-{_dead()}")
    with pytest.raises(RunError, match="the folder is there already"):
        _write(out)
    assert _bytes(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    out.rename(tmp_path / f".run.old-{_dead()}")
    _write(out, replace=True)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell which processes are no more")
def test_a_replaced_run_that_one_killed_did_not_remove_is_removed_by_the_next(tmp_path: Path) -> None:
    out = tmp_path / "run"
    _write(out)
    shutil.copytree(out, tmp_path / f".run.old-{_dead()}")
    live = tmp_path / f".run.old-{os.getppid()}"
    shutil.copytree(out, live)
    _write(out, replace=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([live.name, "run"])


def test_a_replaced_run_that_cannot_be_removed_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    _write(out)
    monkeypatch.setattr(places.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(RunError) as caught:
        _write(out, replace=True)
    left = next(p for p in tmp_path.iterdir() if p != out)
    assert str(caught.value) == (
        f"{left}: the new folder is written, and the one it replaced cannot be removed. "
        "Remove it by hand: it holds facts about households")
    assert read_run(out)


@pytest.mark.parametrize("lost", ["applications", "adverts", "bids", "homes", "connections"])
def test_a_record_without_a_table_that_was_judged_is_refused(tmp_path: Path, lost: str) -> None:
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"])
    with pytest.raises(TableError) as caught:
        write_run(result, {n: t for n, t in frames.items() if n != lost}, tmp_path / "run")
    assert str(caught.value) == (
        f"{lost}: the run was made from a table {lost}, and it is not among those given. "
        "Give prepared.tables and the adverts, bids and homes of the shortlist"
    )
    assert not list(tmp_path.iterdir())


def test_a_table_that_the_scheme_does_not_read_need_not_be_kept(tmp_path: Path) -> None:
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"])
    run = write_run(result, {n: t for n, t in frames.items() if n != "people"}, tmp_path / "run")
    assert_frame_equal(run.shortlist().frame(), result.frame())


@pytest.mark.parametrize("lost", ["applications", "adverts", "bids"])
def test_a_record_that_was_written_without_a_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    kept = folder.rows_and_columns_read

    def without(*given: Any, **more: Any) -> dict[str, pl.DataFrame]:
        return {name: table for name, table in kept(*given, **more).items() if name != lost}

    monkeypatch.setattr(folder, "rows_and_columns_read", without)
    with pytest.raises(RunError, match=f"the run was written without its table {lost}"):
        _write(tmp_path / "run")
    with pytest.raises(RunError, match=f"the run was written without its table {lost}"):
        explain_run(tmp_path / "run", "x", "a")


def _where(id_: str, **other: Any) -> list[pl.Expr]:
    return [pl.when(pl.col("id") == id_).then(pl.lit(value)).otherwise(name).alias(name)
            for name, value in other.items()]


OTHERS = {
    "bids that are gone": ("bids", lambda f: f.head(3)),
    "bids of another moment": ("bids", lambda f: f.with_columns(
        pl.col("placed_at") - pl.duration(seconds=1))),
    "ids of another type": ("bids", lambda f: f.with_columns(application=pl.lit(7))),
    "a fact that changed": ("applications", lambda f: f.with_columns(_where("a", points=0))),
    "an application that is gone": ("applications", lambda f: f.filter(pl.col("id") != "a")),
    "connections that are gone": ("connections", lambda f: f.head(0)),
    "an advert that is gone": ("adverts", lambda f: f.filter(pl.col("id") != "z")),
    "an advert of another status": ("adverts", lambda f: f.with_columns(_where("z", status="open"))),
    "an advert that closed later": ("adverts", lambda f: f.with_columns(
        pl.col("closes_at") + pl.duration(seconds=1))),
    "a lottery of another seed": ("adverts", lambda f: f.with_columns(_where("x", lottery_seed=9))),
    "another home": ("homes", lambda f: f.with_columns(_where("h", bedrooms=1))),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_record_of_other_tables_than_those_judged_is_refused(tmp_path: Path, case: str) -> None:
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"])
    table, change = OTHERS[case]
    others = frames | {table: change(frames[table])}
    with pytest.raises(TableError) as caught:
        write_run(result, others, tmp_path / "run")
    (problem,) = caught.value.problems
    words = "adverts and homes" if table in ("adverts", "homes") else table
    assert problem.message == f"these are not the {words} that the shortlist was made from"
    assert problem.remedy == "Give prepared.tables and the adverts, bids and homes of the shortlist"
    assert not list(tmp_path.iterdir())


def test_rows_in_another_order_and_what_was_not_read_may_differ(tmp_path: Path) -> None:
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"])
    others = {n: f.sample(fraction=1, shuffle=True, seed=4) for n, f in frames.items()}
    others["applications"] = others["applications"].with_columns(
        *_where("idle", points=0), band=pl.lit("C"))
    write_run(result, frames, tmp_path / "run")
    write_run(result, others, tmp_path / "again")
    assert _bytes(tmp_path / "again") == _bytes(tmp_path / "run")


def test_the_register_is_that_of_the_last_update(tmp_path: Path) -> None:
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close").update(
        {"applications": frames["applications"].head(1).with_columns(points=0)})
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"])
    with pytest.raises(TableError, match="applications: these are not the applications"):
        write_run(result, frames, tmp_path / "run")
    run = write_run(result, frames | prepared.tables, tmp_path / "run")
    assert_frame_equal(run.reproduced().frame(), result.frame())


def test_a_record_that_holds_other_tables_than_those_judged_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = _frames()
    prepared = prepare(scheme_of(TEXT), frames, "close")
    result = shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"])
    others = frames | {"applications": frames["applications"].with_columns(_where("a", points=0))}
    monkeypatch.setattr(folder, "other_than_judged", lambda *_: [])
    write_run(result, others, tmp_path / "run")
    with pytest.raises(RunError) as caught:
        explain_run(tmp_path / "run", "x", "a")
    assert caught.value.problems[0].remedy == (
        "The version is the same, so the tables kept in it are not those that were judged: write "
        "the run again with prepared.tables and the adverts, bids and homes of the shortlist"
    )


def test_explaining_from_the_folder_agrees_with_the_record(tmp_path: Path) -> None:
    _, result = _write(tmp_path / "run")
    for advert, application in result.frame().select("advert", "application").rows():
        for audience in ("applicant", "officer"):
            told = explain_run(tmp_path / "run", advert, application, audience)
            assert told == explain(result, advert, application, audience)
    assert explain_run(tmp_path / "run", "z", "b").set_aside == "advert_draft"
    assert explain_run(tmp_path / "run", "y", "b").set_aside == "withdrawn"
    with pytest.raises(TableError) as caught:
        explain_run(tmp_path / "run", "nowhere", "a")
    assert str(caught.value) == (
        f"{tmp_path}/run: there is no such advert in the run; given nowhere"
    )
    with pytest.raises(TableError, match="application idle has no bid that counts on advert x"):
        explain_run(tmp_path / "run", "x", "idle")


def test_a_record_that_this_engine_does_not_reproduce_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    _write(out)
    table = pl.read_parquet(out / "shortlist.parquet").with_columns(
        position=pl.col("position") % 2 + 1
    )
    table.write_parquet(out / "shortlist.parquet")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["outputs"]["shortlist.parquet"] = sha256(
        (out / "shortlist.parquet").read_bytes()
    ).hexdigest()
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="does not reproduce advert x of the run"):
        explain_run(out, "x", "a")


@pytest.fixture
def borough(tmp_path: Path) -> Path:
    """A copy of the shipped borough."""
    return Path(shutil.copytree(shipped_folder("boroughs") / "riverton", tmp_path / "borough"))


def test_strict_refuses_bad_rows_and_lenient_leaves_them_out(borough: Path) -> None:
    path = borough / "applications.csv"
    header, *lines = path.read_text().splitlines()
    at = header.split(",").index("registered_on")
    bidders = set(pl.read_csv(borough / "bids.csv")["application"])
    number = next(n for n, line in enumerate(lines) if line.split(",")[0] in bidders)
    cells = lines[number].split(",")
    cells[at] = "yesterday"
    path.write_text("\n".join([header, *lines[:number], ",".join(cells), *lines[number + 1 :]]) + "\n")
    out = borough.parent / "run"
    with pytest.raises(BadInput) as caught:
        run_shortlist("sheffield", borough, out=out)
    assert "registered_on" in str(caught.value)
    assert not out.exists()
    told: list[Any] = []
    result = run_shortlist("sheffield", borough, out=out, strict=False, on_problems=told.extend)
    assert cells[0] not in set(result.frame()["application"])
    assert any("registered_on" in p.where for p in told)
    kept = pl.read_parquet(borough.parent / "run.problems.parquet")
    assert kept.height >= 1
    assert read_run(out).table("shortlist").equals(result.frame())


def test_every_problem_of_scheme_and_tables_comes_at_once(borough: Path, tmp_path: Path) -> None:
    scheme = tmp_path / "bad.yaml"
    scheme.write_text("scheme: bad\ntitle: Bad\nprofile: {}\n")
    (borough / "bids.csv").write_text("advert,application\n")
    with pytest.raises(BadInput) as caught:
        run_shortlist(scheme, borough)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(str(scheme)) or "bad.yaml" in line for line in lines)
    assert any("placed_at" in line for line in lines)
