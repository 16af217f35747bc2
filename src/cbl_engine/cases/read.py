"""Files of golden cases -> :class:`CaseFile`, with every error of a file in one report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cbl_engine.cases.build import Case, CaseBuilder
from cbl_engine.cases.model import Expected, WrittenCase, WrittenFile
from cbl_engine.cases.rows import suggest
from cbl_engine.documents import line_of, read_document, yaml_files
from cbl_engine.errors import BadInput, CaseError, Problem
from cbl_engine.scheme.load import Scheme, load_scheme, shipped_schemes
from cbl_engine.scheme.parts import as_tuples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.documents import Document

Place = tuple[Any, ...]


@dataclass(frozen=True)
class CaseFile:
    """A file of cases and the scheme they are about."""

    path: Path
    scheme: Scheme
    cases: tuple[Case, ...]


def case_paths(path: str | Path) -> list[Path]:
    """The files of cases at a path: the file itself, or every YAML file of a folder with cases.

    Raises:
        CaseError: there is nothing there, or a folder without any.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CaseError([Problem("cases_missing", "there is no such file", where=str(path))])
    found = [file for file in yaml_files(path) if _has_cases(file)]
    if not found:
        problem = Problem("cases_missing", "no .yaml or .yml file here has cases:", where=str(path))
        raise CaseError([problem])
    return found


def _has_cases(file: Path) -> bool:
    try:
        data = read_document(file).data
    except BadInput:
        return True  # reading it again reports what is wrong
    return isinstance(data, dict) and "cases" in data


def read_cases(path: str | Path) -> CaseFile:
    """Read one file of cases.

    Raises:
        CaseError: everything wrong in the file or in its scheme.
    """
    path = Path(path)
    try:
        document = read_document(path)
        written = _written(document)
        scheme = _scheme(written, path, document)
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
        found = [_shape_problem(e, document) for e in error.errors(include_url=False)]
        raise CaseError(found) from None


def _shape_problem(error: Mapping[str, Any], document: Document) -> Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    at_key = "[key]" in error["loc"] or error["type"] == "extra_forbidden"
    what = ".".join(str(part) for part in path)
    allowed = remedy = ""
    match error["type"]:
        case "extra_forbidden":
            message = f"{path[-1]} is not a part of {_part_name(path[:-1])}"
            allowed = suggest(str(path[-1]), _fields(path[:-1]))
        case "missing":
            message = f"{path[-1]} is missing"
        case "string_type":
            message, remedy = f"{what} must be text", "Put it in quotes"
        case "case_value":
            message = f"{what} {error['msg']}"
        case _:
            message = f"{what}: {error['msg'][:1].lower()}{error['msg'][1:]}"
    where = document.where(path, key=at_key)
    return Problem(f"case_{error['type']}", message, where=where, allowed=allowed, remedy=remedy)


def _part_name(path: Place) -> str:
    if not path:
        return "a file of cases"
    return "what a case expects" if path[-1] == "expect" else "a case"


def _fields(path: Place) -> list[str]:
    if not path:
        return list(WrittenFile.model_fields)
    if path[-1] == "expect":
        return list(Expected.model_fields)
    return list(WrittenCase.model_fields)


def _scheme(written: WrittenFile, path: Path, document: Document) -> Scheme:
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
    return load_scheme(beside if beside.exists() else written.scheme)


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
