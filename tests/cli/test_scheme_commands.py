"""Commands that read a scheme: in words, two compared, and for editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cbl_engine.scheme import describe, json_schema, load_scheme
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cbl = Callable[..., tuple[int, str, str]]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Sheffield's scheme with a rule changed."""
    text = (shipped_folder("schemes") / "sheffield.yaml").read_text(encoding="utf-8")
    file = tmp_path / "other.yaml"
    file.write_text(text.replace("status = 'active'", "status <> 'closed'"), encoding="utf-8")
    return file


def test_a_scheme_is_described_in_each_format(cbl: Cbl) -> None:
    description = describe(load_scheme("runnymede"))
    assert cbl("describe", "runnymede") == (0, description.text(), "")
    assert cbl("describe", "runnymede", "--format", "markdown") == (0, description.markdown(), "")
    code, out, _ = cbl("describe", "runnymede", "--format", "html")
    assert (code, out[:15]) == (0, "<!DOCTYPE html>")


def test_a_description_is_written_to_a_file(cbl: Cbl, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    code, out, err = cbl("describe", "southend", "--format", "html", "--out", file)
    assert (code, out, err) == (0, f"Wrote {file}\n", "")
    assert "Southend on the Move" in file.read_text(encoding="utf-8")
    code, out, err = cbl("describe", "southend", "--out", tmp_path / "nowhere" / "page.txt")
    assert (code, out) == (2, "")
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("day", "said"),
    [("2020-01-01", "is not in force on 2020-01-01"), ("soon", "the as-at date cannot be read")],
)
def test_a_date_that_cannot_be_used_is_one_line(cbl: Cbl, day: str, said: str) -> None:
    for command in (("describe", "sheffield"), ("diff", "sheffield", "sheffield")):
        code, out, err = cbl(*command, "--as-at", day)
        assert (code, out) == (2, "")
        assert said in err


def test_a_difference_of_rules_ends_with_1_and_none_with_0(cbl: Cbl, other: Path) -> None:
    code, out, err = cbl("diff", "sheffield", other)
    assert (code, err) == (1, "")
    assert "Criterion on_register: the rule changed." in out
    assert "status <> 'closed'" in out
    code, out, _ = cbl("diff", "sheffield", "sheffield")
    assert code == 0
    assert "Nothing changes." in out


def test_a_difference_of_words_ends_with_0(cbl: Cbl, other: Path) -> None:
    other.write_text(other.read_text(encoding="utf-8").replace("status <> 'closed'",
                     "status = 'active'").replace("Sheffield Property Shop", "Sheffield Homes"),
                     encoding="utf-8")
    code, out, _ = cbl("diff", "sheffield", other, "--format", "markdown")
    assert code == 0
    assert "## Words and sources only" in out


def test_differences_for_programs(cbl: Cbl, other: Path) -> None:
    code, out, _ = cbl("diff", "sheffield", other, "--format", "json")
    (change,) = json.loads(out)
    assert code == 1
    assert change["path"] == "criteria.on_register.when"
    assert change["alters_shortlist"] is True
    assert json.loads(cbl("diff", "sheffield", "sheffield", "--format", "json")[1]) == []


def test_a_scheme_that_cannot_be_read_ends_with_2(cbl: Cbl, tmp_path: Path) -> None:
    code, out, err = cbl("diff", "sheffield", tmp_path / "none.yaml")
    assert (code, out) == (2, "")
    assert "no such file" in err


def test_the_schema_is_printed_or_written(cbl: Cbl, tmp_path: Path) -> None:
    code, out, _ = cbl("schema")
    assert (code, json.loads(out)) == (0, json_schema())
    file = tmp_path / "scheme.schema.json"
    assert cbl("schema", "--out", file)[0] == 0
    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize("command", ["describe", "diff", "schema"])
def test_help_names_the_command_and_says_what_it_does(cbl: Cbl, command: str) -> None:
    _, out, _ = cbl("--help")
    line = next(line for line in out.splitlines() if f" {command} " in line)
    assert len(line.split(command, 1)[1].strip(" │")) > 10


def test_help_of_diff_says_its_exit_codes(cbl: Cbl) -> None:
    _, out, _ = cbl("diff", "--help")
    assert "1 when a rule does" in " ".join(out.split())
