"""The pages and the gate say what the code does."""

from __future__ import annotations

from pathlib import Path

import cbl_engine as cbl
from cbl_engine.cases import case_paths, read_cases
from cbl_engine.scheme import shipped_schemes
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables.dictionary import page

TOP = Path(__file__).parent.parent


def commands_of_the_readme() -> list[str]:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    return [block.split("```")[0].strip() for block in text.split("```sh\n")[1:]]


def test_the_data_dictionary_is_the_schemas() -> None:
    assert (TOP / "docs/data-dictionary.md").read_text(encoding="utf-8") == page()


def test_the_gate_runs_the_readmes_test_command() -> None:
    _, tests = commands_of_the_readme()
    assert f"\n{tests}\n" in (TOP / ".ci/run").read_text(encoding="utf-8")


def test_the_readmes_main_job_is_the_one_the_gate_runs() -> None:
    main, _ = commands_of_the_readme()
    job = main.split("&& cbl ")[1]
    assert f"clean/bin/cbl {job}" in (TOP / ".ci/run").read_text(encoding="utf-8")


def test_the_readmes_python_runs_as_printed(capsys) -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    (code,) = [block.split("```")[0] for block in text.split("```python\n")[1:]]
    exec(compile(code, "README.md", "exec"), {})
    assert "Held, 26th of 33" in capsys.readouterr().out


def test_the_changelog_knows_the_version() -> None:
    assert f"## {cbl.__version__} " in (TOP / "CHANGELOG.md").read_text(encoding="utf-8")


LATER_PARTS = {"assessment", "bids and offers"}


def rows_of_mechanisms() -> list[list[str]]:
    text = (TOP / "docs/mechanisms.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return rows[2:]


def test_every_mechanism_has_a_case_or_a_later_part() -> None:
    rows = rows_of_mechanisms()
    assert [int(row[0]) for row in rows] == list(range(1, 31))
    for _, mechanism, used_by, shown_by in rows:
        assert mechanism
        assert used_by
        parts = shown_by.split("<br>")
        assert all(part.startswith("`") or part in LATER_PARTS for part in parts), shown_by


def test_every_case_named_beside_a_mechanism_exists() -> None:
    folder = shipped_folder("cases")
    cases = {path.stem: {c.name for c in read_cases(path).cases} for path in case_paths(folder)}
    for *_, shown_by in rows_of_mechanisms():
        for part in shown_by.split("<br>"):
            if part.startswith("`"):
                file, name = part.removeprefix("`").split("`: ")
                assert name in cases[file], part


def test_the_readme_counts_the_shipped_schemes() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    assert len(shipped_schemes()) == 10
    assert "ten shipped schemes" in text
