"""Commands about a whole register: its upkeep, and who moves under a new scheme."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cbl_engine.shipped import shipped_folder
from tests.assess.test_movers import EXTRA, ILL, NEW, OLD, SHORT, register
from tests.reference.frames import frame_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Cbl = Callable[..., tuple[int, str, str]]

WITHOUT = shipped_folder("cases") / "schemes/redditch.yaml"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two schemes and a register."""
    for name, text in (("old", OLD), ("new", NEW)):
        text = text.replace("  size: twenty_one_year\n", "")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    tables = register({"ward": "east"}, SHORT | {"ward": "east"}, ILL)
    tables["overrides"] = frame_of("overrides", [
        {"id": "o1", "application": "P0", "field": "band", "value": "A",
         "until": date(2026, 12, 1)}])
    assert "ward" in EXTRA
    (tmp_path / "data").mkdir()
    for name, frame in tables.items():
        frame.write_parquet(tmp_path / "data" / f"{name}.parquet")
    return tmp_path


def test_the_lists_of_a_register(cbl: Cbl, place: Path) -> None:
    given = (place / "old.yaml", "--data", place / "data", "--as-at", "2026-11-20")
    code, out, err = cbl("register", *given)
    assert (code, err) == (0, "")
    assert "Reviews due: 3" in out
    assert "Officers' values about to end, or in conflict: 1" in out
    assert "Ask whether anything has changed; proposed: suspended" in out
    assert "Nothing on: evidence, non_bidders," in out
    assert "nothing was done to the register" in out
    code, out, _ = cbl("register", *given, "--list", "overrides", "--format", "json")
    assert [(r["list"], r["application"], r["due_on"], r["rows"]) for r in json.loads(out)] == [
        ("overrides", "P0", "2026-12-01", ["o1"])]
    code, out, _ = cbl("register", *given, "--list", "overrides", "--within", 3, "--format", "csv")
    assert out == "list,application,about,rows,owner,began_on,due_on,follows,proposes,source,note\n"


def test_lists_that_a_scheme_says_nothing_of_are_named(cbl: Cbl) -> None:
    code, out, _ = cbl("register", WITHOUT, "--data", "riverton", "--as-at", "2026-02-01")
    assert code == 0
    assert "says nothing under upkeep" in out
    assert "does not say how households are assessed" in out


def test_who_moves(cbl: Cbl, place: Path) -> None:
    given = (place / "old.yaml", place / "new.yaml", "--data", place / "data", "--as-at",
             "2026-11-20")
    given = (*given, "--audience", "officer")
    code, out, err = cbl("movers", *given, "--by", "ward", "--out", place / "page.html")
    assert (code, err) == (0, "")
    assert "By ward" in out
    assert "3 households. Priority dates: 3 kept." in out
    page = (place / "page.html").read_text(encoding="utf-8")
    assert "For officers." in page
    assert page.count("<svg") >= 2
    assert "B to Gold: 1" in page
    assert "http" not in page.replace("http-equiv", "")
    code, out, _ = cbl("movers", *given, "--format", "csv")
    assert out.splitlines()[0].startswith("application,move,band_old,band_new,points_old")
    again = place / "again.html"
    cbl("movers", *given, "--by", "ward", "--out", again)
    assert again.read_bytes() == (place / "page.html").read_bytes()


def test_the_public_is_told_no_household_and_no_small_count(cbl: Cbl, place: Path) -> None:
    given = (place / "old.yaml", place / "new.yaml", "--data", place / "data", "--as-at",
             "2026-11-20")
    code, out, err = cbl("movers", *given, "--out", place / "public.html")
    assert (code, err) == (0, "")
    assert "│ all │    * │ * │ * │   * │" in out
    page = (place / "public.html").read_text(encoding="utf-8")
    assert "For publication: no household can be told from it." in page
    assert "<svg" not in page
    assert not re.search(r"P\d|[1-9]\d* households", page.split("<body")[1])
    code, out, _ = cbl("movers", *given, "--by", "ward", "--format", "csv")
    assert out == "ward,up,not_comparable,all\nothers,,,\nall,,,\n"
    code, _, err = cbl("movers", *given, "--by", "ward", "household")
    assert code == 2
    assert "the public is shown one table" in err


@pytest.mark.parametrize("command", ["register", "movers"])
def test_bad_input_ends_with_two(cbl: Cbl, place: Path, command: str) -> None:
    schemes = [place / "old.yaml", place / "new.yaml"][: 1 + (command == "movers")]
    code, _, err = cbl(command, *schemes, "--data", place / "data", "--as-at", "soon")
    assert code == 2
    assert "the as-at date cannot be read" in err
    code, _, err = cbl(command, *schemes, "--data", place / "none", "--as-at", "2026-11-20")
    assert code == 2
    assert "there is no such folder or file" in err


def test_a_scheme_without_assessment_cannot_be_compared(cbl: Cbl, place: Path) -> None:
    code, _, err = cbl("movers", WITHOUT, place / "new.yaml", "--data", place / "data",
                       "--as-at", "2026-11-20", "--by", "ward")
    assert code == 2
    assert "does not say how households are assessed" in err
