"""The examples on a page of documentation, run as a reader would: in order, in one folder.

- ``console``: lines that begin with ``$`` are run; what follows is what comes out, but for the
  number of blanks; ``...`` stands for anything, on a line of its own for any lines.
- ``python``: run, with the names of the blocks before; ``>>>`` compares what comes out.
- ``yaml``: cases are run and must pass; a scheme is loaded; a part of one is loaded with the rest
  put beside it, and may only lack names that it would declare elsewhere.
- A block with a ``title`` is written to the file of that name first; ``yaml`` that is neither a
  whole scheme nor cases, such as a scenario, is then left to the commands that read it.
- ``<!-- by hand: COMMAND -->`` does what the text asks the reader to do in an editor.
- ``<!-- not run: REASON -->`` before a block excuses it.

Other languages, and blocks without one, show something and are not run.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cbl_engine import SchemeError, run_cases, scheme_from_text
from cbl_engine.cli import main
from cbl_engine.documents import parse_document

RUN = ("console", "python", "yaml")
PART = re.compile(
    r"<!-- (?P<mark>by hand|not run): (?P<said>.+?) -->"
    r"|^```(?P<language>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
ELSEWHERE = {
    "unknown_name", "unknown_criterion", "unknown_source", "unknown_band", "band_missing",
    "key_column", "not_a_strength",
}
REST = {
    "scheme": "scheme: page",
    "title": "title: A page",
    "authority": "authority: nobody",
    "in_force": "in_force: {from: 2020-01-01, assumed: true}",
    "bands": "bands: {A: {label: A, illustrative: true}}",
    "profiles": "profiles: {all: {label: All, illustrative: true, order: [{tie: human}]}}",
}


@dataclass(frozen=True)
class Example:
    """One block, or something done by hand; ``line`` is where it stands on the page."""

    page: Path
    line: int
    language: str
    text: str
    title: str | None = None
    excuse: str | None = None

    @property
    def where(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples(page: Path) -> list[Example]:
    """Every block of a page that is run, excused or done by hand, in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Example] = []
    excuse = None
    for part in PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["mark"] == "not run":
            excuse = part["said"]
        elif part["mark"]:
            found.append(Example(page, line, "by hand", part["said"]))
        else:
            if part["language"] in RUN or part["title"]:
                found.append(
                    Example(page, line, part["language"], part["text"], part["title"], excuse)
                )
            excuse = None
    return found


def run_page(page: Path, folder: Path) -> int:
    """Run a page's examples in a folder; the number that were run."""
    names: dict[str, Any] = {}
    ran = [example for example in examples(page) if not example.excuse]
    with contextlib.chdir(folder):
        for example in ran:
            if example.title:
                path = Path(example.title)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(example.text, encoding="utf-8")
            if example.language == "by hand":
                by_shell(example.text).check_returncode()
            elif example.language == "console":
                run_console(example)
            elif example.language == "python":
                run_python(example, names)
            elif example.language == "yaml":
                run_yaml(example, folder)
    return len(ran)


def run_console(example: Example) -> None:
    for command, wanted in commands(example.text):
        came = output_of(command)
        if not agrees(wanted, came):
            pytest.fail(f"{example.where}: {command}\n\nwanted\n{wanted}\n\ncame\n{came}")


def commands(text: str) -> list[tuple[str, str]]:
    """Each command of a console block, and what is printed under it."""
    first, *others = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not first.strip(), "a console block begins with a command"
    found = []
    for other in others:
        command, _, wanted = re.sub(r"\\\n\s*", "", other).partition("\n")
        found.append((command, wanted))
    return found


def output_of(command: str) -> str:
    """What a command prints on both streams; ``cbl`` is run here, others by a shell."""
    if not command.startswith("cbl ") or set(command) & set("|<>&;"):
        return by_shell(command).stdout
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), \
            contextlib.suppress(SystemExit):
        main(shlex.split(command)[1:])
    return out.getvalue()


def by_shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run by a shell that knows ``cbl``."""
    with tempfile.TemporaryDirectory() as programs:
        cbl = Path(programs) / "cbl"
        cbl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cbl_engine.cli "$@"\n')
        cbl.chmod(0o755)
        ours = {
            "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        return subprocess.run(command, shell=True, check=False, text=True, env=os.environ | ours,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def agrees(wanted: str, came: str) -> bool:
    """Whether what came is what the page shows, but for elisions and space at the end of lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..."
        else r" ?.* ?".join(re.escape(bit.strip()) for bit in " ".join(line.split()).split("...")) + r"\n"
        for line in wanted.strip("\n").split("\n")
    )
    text = "".join(" ".join(line.split()) + "\n" for line in came.strip("\n").split("\n"))
    return not wanted.strip() or re.fullmatch(pattern, text) is not None


def run_python(example: Example, names: dict[str, Any]) -> None:
    if not example.text.startswith(">>>"):
        exec(compile(example.text, example.where, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(
        example.text, names, example.where, str(example.page), example.line
    )
    said = io.StringIO()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.DocTestRunner(optionflags=flags).run(test, out=said.write, clear_globs=False)
    names.update(test.globs)
    if found.failed:
        pytest.fail(said.getvalue())


def run_yaml(example: Example, folder: Path) -> None:
    content = parse_document(example.text, example.where).data
    if isinstance(content, dict) and "cases" in content:
        path = Path(example.title) if example.title else folder / "cases-of-the-page.yaml"
        path.write_text(example.text, encoding="utf-8")
        results = run_cases(path)
        failed = [d for r in results for d in r.differences]
        assert results, f"{example.where}: no case was run"
        assert not failed, f"{example.where}: {failed}"
        return
    if example.title and ("scheme" not in content or "world" in content):
        return
    text = example.text
    if isinstance(content, list):
        text = "profiles:\n  page:\n    label: A page\n    illustrative: true\n    order:\n" + (
            "".join(f"      {line}\n" for line in text.splitlines())
        )
        content = {"profiles": content}
    rest = [line for name, line in REST.items() if name not in content]
    try:
        scheme_from_text("\n".join([text, *rest]))
    except SchemeError as error:
        wrong = [p.line() for p in error.problems if not (rest and p.kind in ELSEWHERE)]
        assert not wrong, f"{example.where}: {wrong}"
