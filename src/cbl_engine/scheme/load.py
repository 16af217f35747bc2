"""Scheme files -> :class:`Scheme`, with every error of every file in one report.

A scheme is a YAML file (one version), or a folder of them (versions with dates that do not
overlap). A name without a path is looked for among the schemes the package ships; a path wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cbl_engine.documents import Document, parse_document, read_document
from cbl_engine.errors import BadInput, Problem, SchemeError
from cbl_engine.scheme.check import check_version
from cbl_engine.scheme.model import KEYS, REDUCERS, SchemeVersion
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterable


_UNION_TAGS = frozenset(KEYS) | frozenset(REDUCERS)


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

    def index_in_force(self, on: date) -> int | None:
        """Position of the version in force on a date; None when there is none."""
        for index, version in enumerate(self.versions):
            force = version.in_force
            if force.from_ <= on and (force.until is None or on < force.until):
                return index
        return None

    def in_force(self, on: date) -> SchemeVersion:
        """The version in force on a date.

        Raises:
            SchemeError: no version is in force on that date.
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


def load_scheme(scheme: str | Path) -> Scheme:
    """Load a scheme from a file, a folder of versions, or by the name of a shipped one.

    Args:
        scheme: path, or a shipped scheme's name such as ``sheffield``.

    Raises:
        SchemeError: it is not there, or anything in it is wrong; all problems of all files.
    """
    path = _find(scheme)
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise SchemeError(
            [Problem("scheme_empty", "the folder holds no .yaml file", where=str(path))]
        )
    problems: list[Problem] = []
    documents: list[Document] = []
    for file in files:
        try:
            documents.append(read_document(file))
        except BadInput as error:
            problems.extend(error.problems)
    return _assemble(documents, problems)


def scheme_from_text(texts: str | Iterable[tuple[str, str]]) -> Scheme:
    """Load a scheme from YAML text, or from (file name, text) pairs, one a version.

    Raises:
        SchemeError: as :func:`load_scheme`.
    """
    pairs = [("scheme.yaml", texts)] if isinstance(texts, str) else list(texts)
    problems: list[Problem] = []
    documents: list[Document] = []
    for name, text in pairs:
        try:
            documents.append(parse_document(text, name))
        except BadInput as error:
            problems.extend(error.problems)
    return _assemble(documents, problems)


def shipped_schemes() -> dict[str, Path]:
    """Name -> path of every scheme the package ships."""
    folder = shipped_folder("schemes")
    found = {p.stem: p for p in sorted(folder.glob("*.yaml"))}
    found |= {p.name: p for p in sorted(folder.iterdir()) if p.is_dir()}
    return found


def _find(scheme: str | Path) -> Path:
    path = Path(scheme)
    if path.exists():
        return path
    shipped = shipped_schemes()
    if str(scheme) in shipped:
        return shipped[str(scheme)]
    raise SchemeError(
        [
            Problem(
                "scheme_missing",
                "there is no such file, and no scheme of that name is shipped",
                where=str(scheme),
                allowed="a path, or one of " + ", ".join(shipped),
            )
        ]
    )


def _assemble(documents: list[Document], problems: list[Problem]) -> Scheme:
    loaded: list[tuple[SchemeVersion, Document]] = []
    for document in documents:
        version, found = _version(document)
        problems.extend(found)
        if version is not None:
            loaded.append((version, document))
    loaded.sort(key=lambda pair: pair[0].in_force.from_)
    problems.extend(_between_versions(loaded))
    if problems:
        raise SchemeError(problems)
    return Scheme(tuple(v for v, _ in loaded), tuple(d for _, d in loaded))


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
    try:
        version = SchemeVersion.model_validate(_tuples(document.data))
    except ValidationError as error:
        return None, [_from_pydantic(e, document) for e in error.errors(include_url=False)]
    return version, check_version(version, document)


def _tuples(value: Any) -> Any:
    """Lists to tuples, since the models are frozen and strict."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return value


def _from_pydantic(error: Mapping[str, Any], document: Document) -> Problem:
    path = tuple(p for p in error["loc"] if p != "[key]")
    at_key = "[key]" in error["loc"] or error["type"] in {"extra_forbidden", "missing"}
    known = _known_path(path, document)
    message, remedy = error["msg"], ""
    what = ".".join(str(p) for p in known)
    match error["type"]:
        case "extra_forbidden":
            message = f"{path[-1]} is not a field of {'.'.join(map(str, known[:-1])) or 'a scheme'}"
            known = known if known else path
        case "missing":
            message = f"{path[-1]} is missing" + (f" from {what}" if what else "")
        case "string_type":
            message = f"{what} must be text"
            remedy = "Put it in quotes"
        case _:
            message = f"{what}: {message[:1].lower()}{message[1:]}"
    given = error.get("input")
    shown = "" if isinstance(given, (dict, tuple)) or given is None else repr(given)[:60]
    return Problem(
        f"scheme_{error['type']}",
        message,
        where=document.where(known, key=at_key),
        given="" if error["type"] in {"extra_forbidden", "missing"} else shown,
        allowed=_allowed(error),
        remedy=remedy,
    )


def _allowed(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    return str(context.get("expected", "")) or str(context.get("pattern", ""))


def _known_path(path: tuple[Any, ...], document: Document) -> tuple[Any, ...]:
    """The path as it stands in the file: without the tags that unions put into it."""
    best: tuple[Any, ...] = ()
    frontier: set[tuple[Any, ...]] = {()}
    for part in path:
        known = {(*at, part) for at in frontier if (*at, part) in document.positions}
        frontier = known | (frontier if part in _UNION_TAGS or not known else set())
        best = max(frontier, key=len)
    return best


def _between_versions(loaded: list[tuple[SchemeVersion, Document]]) -> Iterable[Problem]:
    for (earlier, first), (later, second) in zip(loaded, loaded[1:], strict=False):
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


@lru_cache(maxsize=1)
def json_schema() -> dict[str, Any]:
    """JSON Schema of a scheme file, for editors."""
    return SchemeVersion.model_json_schema()
