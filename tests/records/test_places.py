"""Places that several write to at once: one wins, the others are told, and nothing is half there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest

from cbl_engine.errors import RunError
from cbl_engine.records.places import folder_beside, locked, write_file
from cbl_engine.tables import write_tables
from tests.shortlist.small import applications_of

HERE = "the folder is there already"


def _fill(folder: Path, text: str) -> None:
    (folder / "first").write_text(text)
    (folder / "second").write_text(text)


def _held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_of_two_that_fill_one_place_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(RunError, match=HERE), folder_beside(out) as slower:
        (slower / "first").write_text("slower")
        with folder_beside(out) as quicker:
            _fill(quicker, "quicker")
        (slower / "second").write_text("slower")
    assert _held(out) == {"first": "quicker", "second": "quicker"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_of_two_that_replace_one_folder_at_once_the_last_stands_whole(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with folder_beside(out) as before:
        _fill(before, "before")
        (before / "manifest.json").write_text("{}")
    with folder_beside(out, replace=True) as slower:
        (slower / "first").write_text("slower")
        with folder_beside(out, replace=True) as quicker:
            _fill(quicker, "quicker")
            (quicker / "manifest.json").write_text("{}")
        (slower / "second").write_text("slower")
    assert _held(out) == {"first": "slower", "second": "slower"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_of_a_link_what_it_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    out, link = tmp_path / "run", tmp_path / "link"
    with folder_beside(out) as before:
        _fill(before, "before")
        (before / "manifest.json").write_text("{}")
    link.symlink_to(out)
    with folder_beside(link, replace=True) as after:
        _fill(after, "after")
    assert _held(out) == _held(link) == {"first": "after", "second": "after"}
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "run"]


def test_threads_that_write_to_one_place_leave_one_whole_folder(tmp_path: Path) -> None:
    out, told, together = tmp_path / "run", [], Barrier(4)

    def write(text: str) -> None:
        together.wait()
        try:
            with folder_beside(out) as partial:
                _fill(partial, text)
        except RunError as error:
            told.append(error.problems[0].message)

    threads = [Thread(target=write, args=(text,)) for text in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [HERE] * 3
    first, second = _held(out).values()
    assert first == second
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no locks on folders")
def test_what_another_container_fills_is_not_taken_for_left_over(tmp_path: Path) -> None:
    """Its process has the number of one that is no more here, or the number of this one."""
    ran = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                         capture_output=True, text=True, check=True)
    numbers = (ran.stdout.strip(), str(os.getpid()))
    filled, left = ([tmp_path / f".run.partial-{number}-{token}" for number in numbers]
                    for token in ("aaaa", "bbbb"))
    for folder in (*filled, *left):
        folder.mkdir()
    with locked(filled[0]), locked(filled[1]), folder_beside(tmp_path / "run"):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([*filled, tmp_path / "run"])


def test_of_two_that_write_one_file_at_once_one_wins_and_the_other_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, honest = tmp_path / "page.html", Path.write_bytes

    def meanwhile(self: Path, content: bytes) -> int:
        written = honest(self, content)
        if content == b"slower":
            write_file(b"quicker", out, replace=False)
        return written

    monkeypatch.setattr(Path, "write_bytes", meanwhile)
    with pytest.raises(RunError, match="the file is there already"):
        write_file(b"slower", out, replace=False)
    assert out.read_bytes() == b"quicker"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_tables_written_twice_at_once_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = applications_of({"a": {"points": 1}})
    honest, beside = Path.replace, []

    def meanwhile(self: Path, to: Path) -> Path:
        beside.append(self.name)
        if len(beside) == 1:
            write_tables({"applications": frame}, tmp_path)
        return honest(self, to)

    monkeypatch.setattr(Path, "replace", meanwhile)
    write_tables({"applications": frame}, tmp_path)
    assert len(set(beside)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["applications.csv"]


@pytest.mark.parametrize("place", ["", ".", "..", "/"])
def test_a_folder_where_a_file_is_written_is_refused(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError) as caught:
        write_file(b"x", place, replace=True)
    assert caught.value.problems[0].message == "this is a folder, where a file is written"
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_name_of_its_own_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be put beside ``.``, and it is not taken the place of."""
    (tmp_path / "manifest.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError) as caught, folder_beside(Path(), replace=True):
        pass
    assert caught.value.problems[0].line() == ".: the folder is there already. Choose another folder"
