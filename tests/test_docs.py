"""The pages and the gate say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cbl_engine as cbl
from cbl_engine.cli import main
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


@pytest.mark.parametrize("page", ["replay.md", "audiences.md"])
def test_what_a_page_shows_is_what_the_commands_print(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each console block, in a folder with a run and the corrections that the page writes."""
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    cbl.run_shortlist("sheffield", "riverton", out="run")
    for block in text.split("```yaml\n")[1:]:
        Path("facts.yaml").write_text(block.split("```")[0], encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```console\n$ cbl ")[1:]]
    assert blocks
    for block in blocks:
        command, _, shown = block.partition("\n")
        with pytest.raises(SystemExit):
            main(command.split())
        printed = capsys.readouterr().out
        assert _without_run_id(printed) == _without_run_id(shown)


def _without_run_id(text: str) -> str:
    """The id hangs on every byte of the scheme and the borough; the page shows one of a day."""
    return re.sub(r"\b[0-9a-f]{16}\b", "RUN", text)


def test_the_changelog_knows_the_version() -> None:
    assert f"## {cbl.__version__} " in (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
