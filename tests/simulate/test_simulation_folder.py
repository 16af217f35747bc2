"""A simulation folder: whole, or begun and gone on with to the same bytes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cbl_engine.errors import RunError
from cbl_engine.simulate import run, run_folder, simulate
from cbl_engine.simulate.kept import open_simulation
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.run_folder import finished_spans
from tests.commands import exit_code
from tests.simulate.small_scenario import set_up_once, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        set_up_once(patch)
        yield written(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def whole(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    simulate(scenario, out)
    return out


class Stopped(Exception):
    pass


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stopped_after(scenario: Path, out: Path, weeks: int, **options) -> None:
    def said(what, done, of):
        if what == "weeks" and done >= weeks:
            raise Stopped

    with pytest.raises(Stopped):
        simulate(scenario, out, said=said, **options)


def test_a_folder_has_every_table_the_figures_and_a_hash_of_each(whole: Path) -> None:
    manifest = json.loads((whole / "manifest.json").read_text())
    assert set(manifest["files"]) == {p.name for p in whole.iterdir()} - {
        "begun.json", "manifest.json"}
    assert pl.read_parquet(whole / "summary.parquet").height == len(
        (whole / "summary.csv").read_text().splitlines()) - 1
    assert not (whole / "parts").exists()


@pytest.mark.parametrize(("first", "then"), [(2, 2), (2, 1), (1, 3), (3, 25)])
def test_an_interrupted_run_goes_on_to_the_same_bytes_with_any_batch(
    scenario: Path, whole: Path, tmp_path: Path, first: int, then: int
) -> None:
    out = tmp_path / "out"
    stopped_after(scenario, out, 26 + 5, batch=first)
    assert [p.name for p in (out / "parts").iterdir()] == [f"000000-{first - 1:06d}"]
    simulated = []
    simulate(scenario, out, batch=then, said=lambda what, done, of: simulated.append((done, of)))
    assert bytes_of(out) == bytes_of(whole)


def test_finished_worlds_are_not_simulated_again(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, seen, step = tmp_path / "out", [], run.run_batch
    stopped_after(scenario, out, 26 + 5, batch=2)
    monkeypatch.setattr(run, "run_batch", lambda setup, worlds, said: (
        seen.extend(worlds.tolist()) or step(setup, worlds, said)))
    simulate(scenario, out, batch=2)
    assert seen == [2, 3, 4]
    simulate(scenario, out, batch=2)
    assert seen == [2, 3, 4]


def test_a_file_that_was_changed_is_made_anew(scenario: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    simulate(scenario, out)
    (out / "voids.parquet").write_bytes(b"")
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


@pytest.mark.parametrize("file", ["manifest.json", "voids.parquet"])
def test_a_file_that_was_cut_off_is_said_and_made_anew_by_the_same_command(
    scenario: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    out = shutil.copytree(whole, tmp_path / "out")
    (out / file).write_bytes((out / file).read_bytes()[:100])
    assert exit_code("trace", out, "--home", "H1") == 2
    said = capsys.readouterr().err
    assert f"{file}: the {'table' if file.endswith('parquet') else 'file'} is" in said
    assert "Give the command that made the folder again" in said
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


@pytest.mark.parametrize("files", [{}, [], None])
def test_a_table_that_was_changed_is_made_anew_whatever_the_manifest_says_of_it(
    scenario: Path, whole: Path, tmp_path: Path, files: object
) -> None:
    out = shutil.copytree(whole, tmp_path / "out")
    told = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps(told | {"files": files}))
    shutil.copy(out / "weeks.parquet", out / "voids.parquet")
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


@pytest.mark.parametrize("left", [None, 500])
def test_a_finished_batch_of_which_a_table_is_lost_or_cut_off_is_made_anew(
    scenario: Path, whole: Path, tmp_path: Path, left: int | None
) -> None:
    out = tmp_path / "out"
    stopped_after(scenario, out, 2 * 26 + 5, batch=1)
    table = out / "parts" / "000000-000000" / "voids.parquet"
    content = table.read_bytes()
    table.unlink()
    if left is not None:
        table.write_bytes(content[:left])
    assert finished_spans(out) == [(1, 1)]
    simulate(scenario, out, batch=1)
    assert bytes_of(out) == bytes_of(whole)


@pytest.mark.parametrize("text", ["", '{"kind": "simul', "[]"])
def test_a_run_of_which_nobody_can_tell_how_it_began_is_refused(
    scenario: Path, tmp_path: Path, text: str
) -> None:
    out = tmp_path / "out"
    stopped_after(scenario, out, 26 + 5, batch=1)
    (out / "begun.json").write_text(text)
    with pytest.raises(RunError, match=r"begun\.json: the file is cut off or damaged\. Give another --out"):
        simulate(scenario, out)
    assert finished_spans(out) == [(0, 0)]


def test_workers_give_the_same_bytes(scenario: Path, whole: Path, tmp_path: Path) -> None:
    simulate(scenario, tmp_path / "out", workers=2)
    assert bytes_of(tmp_path / "out") == bytes_of(whole)


def test_another_scenario_or_another_folder_is_refused(
    scenario: Path, whole: Path, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="the folder holds the run of another scenario"):
        simulate(scenario, whole, weeks=25)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="there is something else in the folder"):
        simulate(scenario, tmp_path)


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_is_said_and_the_same_command_goes_on(
    scenario: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write, written_so_far = tmp_path / "out", pl.DataFrame.write_parquet, []

    def half_way(frame: pl.DataFrame, file: Path) -> None:
        written_so_far.append(file)
        if len(written_so_far) > 15:
            raise pl.exceptions.ComputeError(
                "parquet: File out of specification: underlying IO error: No space left on device "
                "(os error 28)")
        write(frame, file)

    with monkeypatch.context() as patch:
        patch.setattr(pl.DataFrame, "write_parquet", half_way)
        with pytest.raises(RunError, match=r"out: the folder cannot be written: No space left on device\. "
                           "Finished worlds are kept; once it can be, the same command goes on"):
            simulate(scenario, out, batch=1)
    assert sorted(p.name for p in (out / "parts").iterdir()) == ["000000-000000",
                                                                 "000001-000001.partial"]
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "_whole", full)
        with pytest.raises(RunError, match="the folder cannot be written: No space left on device"):
            simulate(scenario, out)
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


def test_a_run_that_could_not_even_begin_leaves_nothing_in_its_own_way(
    scenario: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "_whole", full)
        with pytest.raises(RunError, match=r"the folder cannot be written: No space left on device\. "
                           r"No world is kept yet\. Make room or give the right to write there"):
            simulate(scenario, out)
    (out / "begun.json.partial").write_text("{")
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


def test_a_second_run_into_the_same_folder_is_refused_while_the_first_writes(
    scenario: Path, whole: Path, tmp_path: Path
) -> None:
    out, refused = tmp_path / "out", []

    def said(what: str, done: int, of: int) -> None:
        if what == "weeks" and not refused:
            with pytest.raises(RunError) as caught:
                simulate(scenario, out)
            refused.extend(p.line() for p in caught.value.problems)

    simulate(scenario, out, said=said)
    assert refused == [f"{out}: another run is writing to the folder. Wait until it is over, or give "
                       "another --out"]
    assert bytes_of(out) == bytes_of(whole)


def test_what_a_system_puts_among_the_finished_worlds_is_no_world(
    scenario: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    stopped_after(scenario, out, 26 + 5, batch=1)
    (out / "parts" / ".DS_Store").write_bytes(b"")
    (out / "parts" / "000001-copies").mkdir()
    assert finished_spans(out) == [(0, 0)]
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


def test_a_kept_simulation_is_read_as_it_was(scenario: Path, whole: Path) -> None:
    again, fresh = open_simulation(whole).read(), simulate(scenario)
    assert again.scenario == fresh.scenario
    assert again.parameters.found == fresh.parameters.found
    assert all(again.frames[name].equals(frame) for name, frame in fresh.frames.items())


def test_a_kept_simulation_with_tables_of_days_is_read_as_it_was(tmp_path: Path) -> None:
    by_kind = shipped_parameters()["voids.works_days"]
    path = written(tmp_path, "parameters:\n"
                   "  voids.inspection_days: {days: {0: 0, 100: 5}, assumed: a test}\n"
                   f"  voids.works_days: {{days_by: {by_kind}, assumed: a test}}\n")
    made = simulate(path, tmp_path / "out", replications=1, weeks=1)
    again = open_simulation(tmp_path / "out")
    assert again.scenario == made.scenario
    assert again.parameters["voids.inspection_days"] == {0: 0, 100: 5}


def test_a_folder_that_is_not_finished_or_none_is_said(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no simulation in the folder"):
        open_simulation(tmp_path)
    stopped_after(scenario, tmp_path / "out", 5)
    with pytest.raises(RunError, match=r"not finished\. Give the command that began it again"):
        open_simulation(tmp_path / "out")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(
    scenario: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "cbl_engine.cli", "simulate", str(scenario), "--out", str(out),
               "--batch", "1", "--format", "csv"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        while process.poll() is None and not (out / "parts" / "000000-000000").is_dir():
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "finished worlds are kept in" in said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    simulate(scenario, out)
    assert bytes_of(out) == bytes_of(whole)


def test_a_tenant_who_moves_gives_notice_when_the_other_home_is_accepted(whole: Path) -> None:
    moves = pl.read_parquet(whole / "lettings.parquet").filter("transfer").select(
        "world", pl.col("left_home").alias("home"), "accepted_on",
        pl.col("let_on").alias("tenancy_ended_on"))
    voids = pl.read_parquet(whole / "voids.parquet").drop("accepted_on").join(
        moves, on=["world", "home", "tenancy_ended_on"])
    assert voids.height > 5
    assert (voids["notice_given_on"] >= voids["accepted_on"]).all()
    assert (voids["notice_given_on"] <= voids["tenancy_ended_on"]).all()


def test_tenancies_that_end_otherwise_than_by_leaving_or_moving_end_without_notice(whole: Path) -> None:
    voids = pl.read_parquet(whole / "voids.parquet")
    told = voids.filter(pl.col("notice_given_on") < pl.col("tenancy_ended_on"))
    assert set(told["cause"]) == {"left", "moved"}
    assert {"died", "evicted"} < set(voids["cause"])


def test_a_run_whose_tables_are_of_another_version_is_not_read(whole: Path, tmp_path: Path) -> None:
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**told, "schema_version": 1}))
    with pytest.raises(RunError, match="of another version of the engine"):
        open_simulation(tmp_path)


def test_a_run_without_a_parameter_that_there_is_now_is_not_read(whole: Path, tmp_path: Path) -> None:
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = json.loads((tmp_path / "manifest.json").read_text())
    del told["parameters"]["downsizing.payment"]
    (tmp_path / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(RunError, match=r"without downsizing\.payment"):
        open_simulation(tmp_path)
