"""Scheme files -> :class:`Scheme`, with every error of every file in one report.

A scheme is a YAML file (one version), or a folder of them (versions with dates that do not
overlap). A name without a path is looked for among the schemes the package ships; a path wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cbl_engine.documents import (
    BadDocument,
    Document,
    line_of,
    parse_document,
    read_document,
    yaml_files,
)
from cbl_engine.errors import Problem, SchemeError, TableError
from cbl_engine.scheme.check import check_version
from cbl_engine.scheme.json_schema import json_schema
from cbl_engine.scheme.model import SchemeVersion
from cbl_engine.scheme.parts import as_tuples
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import as_at_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date


_LONGEST_PATH = 1_000


def hash_of_files(files: Iterable[tuple[str, bytes]]) -> str:
    """SHA-256 over name and content of each file of a scheme, in order of name."""
    whole = sha256()
    for name, content in sorted(dict(files).items()):
        whole.update(f"{len(name.encode())}:{name}{len(content)}:".encode() + content)
    return whole.hexdigest()


@dataclass(frozen=True)
class Scheme:
    """An allocation scheme: its versions, in order of the date each came into force.

    Attributes:
        versions: at least one; the dates never overlap.
        documents: the files they were read from, in the same order.
    """

    versions: tuple[SchemeVersion, ...]
    documents: tuple[Document, ...]

    @property
    def name(self) -> str:
        """The scheme's name, the same in every version."""
        return self.versions[0].scheme

    @property
    def text_hash(self) -> str:
        """The hash of the scheme's text, as :func:`hash_of_files` has it."""
        return hash_of_files((d.name, d.text.encode()) for d in self.documents)

    def index_in_force(self, on: date) -> int | None:
        """Position of the version in force on a date; None when there is none.

        Raises:
            TableError: the date is none.
        """
        if wrong := list(as_at_problems(on)):
            raise TableError(wrong)
        for index, version in enumerate(self.versions):
            force = version.in_force
            if force.from_ <= on and (force.until is None or on < force.until):
                return index
        return None

    def in_force(self, on: date) -> SchemeVersion:
        """The version in force on a date.

        Raises:
            SchemeError: no version is in force on that date.
            TableError: the date is none.
        """
        index = self.index_in_force(on)
        if index is None:
            spans = "; ".join(
                f"from {v.in_force.from_}"
                + (f" until {v.in_force.until}" if v.in_force.until else "")
                for v in self.versions
            )
            raise SchemeError(
                [
                    Problem(
                        "scheme_not_in_force",
                        f"the scheme {self.name} is not in force on {on}",
                        where=self.documents[0].where(("in_force",)),
                        allowed=spans,
                        remedy="Choose another as-at date, or add the version in force then",
                    )
                ]
            )
        return self.versions[index]


def not_loaded(scheme: object) -> Iterator[Problem]:
    """What is given as a scheme and is none: its name, or a path, has not been loaded yet."""
    if not isinstance(scheme, Scheme):
        yield Problem("not_a_scheme", "the scheme is not a loaded one", where="scheme",
                      given=f"a {type(scheme).__name__}", allowed="a cbl_engine.Scheme",
                      remedy="Load it first, with load_scheme")


def refuse_not_loaded(scheme: object) -> None:
    """Raise what :func:`not_loaded` finds.

    Raises:
        SchemeError: the scheme is not a loaded one.
    """
    if wrong := list(not_loaded(scheme)):
        raise SchemeError(wrong)


def load_scheme(scheme: str | Path) -> Scheme:
    """Load a scheme from a file, a folder of versions, or by the name of a shipped one.

    Args:
        scheme: path, or a shipped scheme's name such as ``sheffield``.

    Raises:
        SchemeError: it is not there, or anything in it is wrong; all problems of all files.
    """
    path = _find(scheme)
    files = yaml_files(path) if path.is_dir() else [path]
    if not files:
        raise SchemeError(
            [Problem("scheme_empty", "the folder holds no .yaml or .yml file", where=str(path))]
        )
    return _assemble([partial(read_document, file) for file in files])


def scheme_from_text(texts: str | Iterable[tuple[str, str]]) -> Scheme:
    """Load a scheme from YAML text, or from (file name, text) pairs, one a version.

    Raises:
        SchemeError: as :func:`load_scheme`.
    """
    pairs = [("scheme.yaml", texts)] if isinstance(texts, str) else list(texts)
    if not pairs:
        raise SchemeError([Problem("scheme_empty", "there is no text of a scheme")])
    return _assemble([partial(parse_document, text, name) for name, text in pairs])


def shipped_schemes() -> dict[str, Path]:
    """Name -> path of every scheme the package ships."""
    folder = shipped_folder("schemes")
    found = {p.stem: p for p in sorted(folder.glob("*.yaml"))}
    found |= {p.name: p for p in sorted(folder.iterdir()) if p.is_dir()}
    return found


def _shortly(path: str) -> str:
    """A path as given; text that cannot be one is cut to its beginning."""
    line = path.split("\n", maxsplit=1)[0]
    return line if len(line) <= _LONGEST_PATH else line[:60]


def _find(scheme: str | Path) -> Path:
    path = Path(scheme)
    named = bool(str(scheme).strip())  # as a path, an empty text would be the working folder
    try:
        if named and path.exists():
            return path
    except (OSError, ValueError):  # too long to be a path, or not one at all
        pass
    shipped = shipped_schemes()
    if str(scheme) in shipped:
        return shipped[str(scheme)]
    raise SchemeError([Problem(
        "scheme_missing",
        "there is no such file, and no scheme of that name is shipped" if named else "no scheme is named",
        where=_shortly(str(scheme)) if named else "", given="" if named else repr(scheme),
        allowed="a path, or one of " + ", ".join(shipped))])


def _assemble(readings: Iterable[Callable[[], Document]]) -> Scheme:
    problems: list[Problem] = []
    loaded: list[tuple[SchemeVersion, Document]] = []
    for read in readings:
        try:
            document = read()
        except BadDocument as error:
            problems.extend(_with_its_shape(error))
            continue
        version, found = _version(document)
        problems.extend(found)
        if version is not None:
            loaded.append((version, document))
    loaded.sort(key=lambda pair: pair[0].in_force.from_)
    problems.extend(_between_versions(loaded))
    if problems:
        raise SchemeError(problems)
    return Scheme(tuple(v for v, _ in loaded), tuple(d for _, d in loaded))


def _with_its_shape(error: BadDocument) -> list[Problem]:
    """What is refused in a file, and what is wrong with its fields elsewhere.

    What its parts say of one another is left until the file can be read whole.
    """
    if error.document is None or not isinstance(error.document.data, dict):
        return list(error.problems)
    told = {problem.where for problem in error.problems}
    _, found = _shaped(error.document)
    more = [problem for problem in found if problem.where not in told]
    return sorted((*error.problems, *more), key=lambda problem: line_of(problem.where))


def _version(document: Document) -> tuple[SchemeVersion | None, list[Problem]]:
    if not isinstance(document.data, dict):
        return None, [
            Problem(
                "not_a_scheme",
                "a scheme file is a mapping that begins with scheme:",
                where=document.where(()),
                remedy="cbl init writes a commented one to start from",
            )
        ]
    version, found = _shaped(document)
    return version, check_version(version, document) if version is not None else found


def _shaped(document: Document) -> tuple[SchemeVersion | None, list[Problem]]:
    """The version that a mapping says, or every field of it that is wrong by itself."""
    try:
        return SchemeVersion.model_validate(as_tuples(document.data)), []
    except ValidationError as error:
        return None, field_problems(
            error, document.data, document.where, json_schema(), "scheme_{}", "scheme")


def _between_versions(loaded: list[tuple[SchemeVersion, Document]]) -> Iterable[Problem]:
    for (earlier, first), (later, second) in pairwise(loaded):
        if later.scheme != earlier.scheme:
            yield Problem(
                "scheme_names_differ",
                "the versions of a scheme share one name",
                where=second.where(("scheme",)),
                given=later.scheme,
                allowed=earlier.scheme,
            )
        until = earlier.in_force.until
        if until is None or until > later.in_force.from_:
            yield Problem(
                "versions_overlap",
                f"this version begins {later.in_force.from_} while the one in {first.name} is "
                "still in force",
                where=second.where(("in_force", "from")),
                remedy=f"Give in_force.until in {first.name}",
            )
