"""The pages and the gate say what the code does."""

from __future__ import annotations

from pathlib import Path

import cbl_engine as cbl
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


def test_the_mapping_in_the_page_on_data_loads(tmp_path) -> None:
    from cbl_engine.tables.mapping import read_mapping
    from cbl_engine.tables.settings import SETTINGS

    text = (TOP / "docs/data.md").read_text(encoding="utf-8")
    (shown,) = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    (tmp_path / "mapping.yaml").write_text(shown, encoding="utf-8")
    mapping, problems = read_mapping(tmp_path / "mapping.yaml")
    assert problems == ()
    assert len(mapping.of("people")) == 3
    assert all(f"`{setting}`" in text for setting in SETTINGS)
