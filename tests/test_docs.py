"""The pages and the gate say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cbl_engine as cbl
from cbl_engine.cases import case_paths, read_cases
from cbl_engine.cli import reference
from cbl_engine.scheme import shipped_schemes
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables.dictionary import page
from tests.examples import agrees, examples, run_page
from tests.offline_site import missing

TOP = Path(__file__).parent.parent
MADE = ("command-line.md", "data-dictionary.md", "benchmarks.md")
PAGES = [TOP / "README.md",
         *sorted(p for p in (TOP / "docs").glob("*.md") if p.name not in MADE and examples(p))]


def commands_of_the_readme() -> list[str]:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    return [block.split("```")[0].strip() for block in text.split("```sh\n")[1:]]


def test_the_data_dictionary_is_the_schemas() -> None:
    assert (TOP / "docs/data-dictionary.md").read_text(encoding="utf-8") == page()


def test_the_command_line_page_is_the_commands_help() -> None:
    assert (TOP / "docs/command-line.md").read_text(encoding="utf-8") == reference.page()


def test_the_python_page_has_every_public_name() -> None:
    said = (TOP / "docs/python.md").read_text(encoding="utf-8")
    said += (TOP / "docs/errors.md").read_text(encoding="utf-8")
    names = {name for name in cbl.__all__ if not name.startswith("__")}
    assert {name for name in names if re.search(rf"\b{name}\b", said)} == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_come_out_as_shown(page: Path, tmp_path: Path) -> None:
    assert run_page(page, tmp_path) > 0


@pytest.mark.parametrize(
    ("wanted", "came", "same"),
    [
        ("one\ntwo", "one\ntwo", True),
        ("one\ntwo", "one\nthree", False),
        ("one\n...\ntwo", "one\nand\nthen\ntwo", True),
        ("one\n...\ntwo", "one\ntwo", True),
        ("in ... ms", "in 12 ms", True),
        ("in ... ms", "in 12 s", False),
        ("one", "one\ntwo", False),
    ],
)
def test_what_comes_is_compared_with_what_is_shown(wanted: str, came: str, same: bool) -> None:
    assert agrees(wanted, came) is same


def test_a_wrong_example_is_found(tmp_path: Path) -> None:
    wrong = {
        "console": "$ cbl --version\n9.9.9\n",
        "python": ">>> 1 + 1\n3\n",
        "yaml": "- bands: [A, B]\n",
    }
    for language, text in wrong.items():
        path = tmp_path / f"{language}.md"
        path.write_text(f"```{language}\n{text}```\n", encoding="utf-8")
        with pytest.raises((pytest.fail.Exception, AssertionError)):
            run_page(path, tmp_path)


def test_a_titled_block_is_a_file_for_the_commands_after_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '```yaml title="a/mapping.yaml"\napplications: {file: apps.csv}\n```\n'
        "<!-- by hand: cp a/mapping.yaml b.yaml -->\n"
        "<!-- not run: it is not there -->\n```console\n$ no_such_program\nhello\n```\n"
        "```console\n$ cat b.yaml\napplications: {file: apps.csv}\n```\n",
        encoding="utf-8",
    )
    assert run_page(page, tmp_path) == 3


def test_what_a_site_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "own.js").write_text("")
    (tmp_path / "own.css").write_text("a { background: url(https://example.org/a.png) }")
    (tmp_path / "page.html").write_text(
        '<link rel="stylesheet" href="own.css"><script src="own.js?v=1"></script>'
        '<a href="https://example.org">elsewhere</a><link rel="canonical" href="https://a.org">'
        '<script src="https://example.org/a.js"></script><img src="gone.png">'
    )
    assert missing(tmp_path) == [
        "own.css: https://example.org/a.png",
        "page.html: https://example.org/a.js",
        "page.html: gone.png",
    ]


def test_the_gate_runs_the_readmes_test_command() -> None:
    _, tests = commands_of_the_readme()
    # In brackets, so that an install that fails is a gate that fails: bash goes on after "false && x".
    assert f"\n({tests})\n" in (TOP / ".ci/run").read_text(encoding="utf-8")


def test_the_readmes_main_job_is_the_one_the_gate_runs() -> None:
    main, _ = commands_of_the_readme()
    job = main.split("&& cbl ")[1]
    assert f"clean/bin/cbl {job}" in (TOP / ".ci/run").read_text(encoding="utf-8")


def test_the_changelog_knows_the_version() -> None:
    assert f"## {cbl.__version__} " in (TOP / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_mapping_in_the_page_on_data_loads(tmp_path) -> None:
    from cbl_engine.tables.mapping import read_mapping
    from cbl_engine.tables.settings import SETTINGS

    text = (TOP / "docs/data.md").read_text(encoding="utf-8")
    (shown,) = [block.split("```")[0] for block in text.split('```yaml title="mapping.yaml"\n')[1:]]
    (tmp_path / "mapping.yaml").write_text(shown, encoding="utf-8")
    mapping, problems = read_mapping(tmp_path / "mapping.yaml")
    assert problems == ()
    assert len(mapping.of("people")) == 3
    assert all(f"`{setting}`" in text for setting in SETTINGS)


def rows_of_mechanisms() -> list[list[str]]:
    text = (TOP / "docs/mechanisms.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if "---" not in row and row[-1] != "shown by"]


def test_every_mechanism_has_a_case() -> None:
    rows = rows_of_mechanisms()
    numbered = [row for row in rows if row[0].isdigit()]
    assert [int(row[0]) for row in numbered] == list(range(1, 31))
    assert all(all(row) for row in rows)
    assert all(part.startswith("`") for row in rows for part in row[-1].split("<br>"))


def test_every_case_named_beside_a_mechanism_exists() -> None:
    folder = shipped_folder("cases")
    cases = {path.stem: {c.name for c in read_cases(path).cases} for path in case_paths(folder)}
    for *_, shown_by in rows_of_mechanisms():
        for part in shown_by.split("<br>"):
            file, name = part.removeprefix("`").split("`: ")
            assert name in cases[file], part


def test_the_readme_counts_the_shipped_schemes() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    assert len(shipped_schemes()) == 10
    assert "ten shipped schemes" in text
