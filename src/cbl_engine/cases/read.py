"""Files of golden cases -> :class:`CaseFile`, with every error of a file in one report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cbl_engine.cases.build import Case, CaseBuilder
from cbl_engine.cases.model import WrittenFile
from cbl_engine.documents import line_of, read_document, yaml_files
from cbl_engine.errors import BadInput, CaseError, Problem
from cbl_engine.scheme.load import Scheme, load_scheme, shipped_schemes
from cbl_engine.scheme.parts import as_tuples
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cbl_engine.documents import Document


@dataclass(frozen=True)
class CaseFile:
    """A file of cases and the scheme they are about."""

    path: Path
    scheme: Scheme
    cases: tuple[Case, ...]


def case_paths(path: str | Path, read: Callable[[Path], Document] = read_document) -> list[Path]:
    """The files of cases at a path: the file itself, or every YAML file of a folder with cases.

    Args:
        path: a file or folder; or the name of a shipped scheme, for the cases shipped with it.
        read: reads a file; one that remembers what it read spares those who read it next.

    Raises:
        CaseError: there is nothing there, or a folder without any.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.exists() and (shipped := _shipped_with(str(path))):
        return shipped
    if not path.is_dir():
        raise CaseError([Problem(
            "cases_missing", "there is no such file, and no scheme of that name is shipped",
            where=str(path), allowed="a path, or one of " + ", ".join(shipped_schemes()))])
    found = [file for file in yaml_files(path) if _has_cases(file, read)]
    if not found:
        problem = Problem("cases_missing", "no .yaml or .yml file here has cases:", where=str(path))
        raise CaseError([problem])
    return found


def _shipped_with(scheme: str) -> list[Path]:
    """The files of cases that are shipped with a shipped scheme: called after it."""
    if scheme not in shipped_schemes():
        return []
    return [file for file in yaml_files(shipped_folder("cases"))
            if file.stem == scheme or file.stem.startswith(f"{scheme}_")]


def _has_cases(file: Path, read: Callable[[Path], Document]) -> bool:
    try:
        data = read(file).data
    except BadInput:
        return True  # reading it again reports what is wrong
    return isinstance(data, dict) and "cases" in data


def read_cases(
    path: str | Path,
    read: Callable[[Path], Document] = read_document,
    load: Callable[[str | Path], Scheme] = load_scheme,
) -> CaseFile:
    """Read one file of cases.

    Args:
        path: the file.
        read: reads it.
        load: loads its scheme.

    Raises:
        CaseError: everything wrong in the file or in its scheme.
    """
    path = Path(path)
    try:
        document = read(path)
        written = _written(document)
        scheme = load(_scheme(written, path, document))
    except CaseError:
        raise
    except BadInput as error:
        raise CaseError(error.problems) from None
    problems: list[Problem] = []
    cases = []
    for index, case in enumerate(written.cases):
        builder = CaseBuilder(written, case, ("cases", index), scheme, document)
        built = builder.build()
        problems += builder.check.problems
        cases += [built] if built is not None else []
    problems += _names_twice(written, document)
    if problems:
        problems = list(dict.fromkeys(problems))  # a file's own defaults are met once a case
        raise CaseError(sorted(problems, key=lambda problem: line_of(problem.where)))
    return CaseFile(path, scheme, tuple(cases))


def _written(document: Document) -> WrittenFile:
    if not isinstance(document.data, dict):
        raise CaseError(
            [
                Problem(
                    "not_cases",
                    "a file of cases is a mapping with scheme: and cases:",
                    where=document.where(()),
                )
            ]
        )
    try:
        return WrittenFile.model_validate(as_tuples(document.data))
    except ValidationError as error:
        raise CaseError(field_problems(
            error, document.data, document.where, WrittenFile.model_json_schema(), "case_{}")) from None


def _scheme(written: WrittenFile, path: Path, document: Document) -> str | Path:
    """What the file names as its scheme: a path beside it, or a shipped one."""
    beside = path.parent / written.scheme
    if written.scheme not in shipped_schemes() and not beside.exists():
        raise CaseError(
            [
                Problem(
                    "scheme_missing",
                    f"there is no scheme {written.scheme}",
                    where=document.where(("scheme",)),
                    allowed="a path beside this file, or one of " + ", ".join(shipped_schemes()),
                )
            ]
        )
    return beside if beside.exists() else written.scheme


def _names_twice(written: WrittenFile, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, case in enumerate(written.cases):
        if case.name in seen:
            yield Problem(
                "case_name_twice",
                "two cases have this name",
                where=document.where(("cases", index, "name")),
                remedy="Give each case a name of its own",
            )
        seen.add(case.name)
