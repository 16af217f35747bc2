"""Fields of a scheme, or of another file, that are wrong by themselves, in words: what, where, what was allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from cbl_engine.documents import line_of
from cbl_engine.errors import Problem
from cbl_engine.scheme.facts import REDUCERS
from cbl_engine.scheme.json_schema import json_schema
from cbl_engine.scheme.keys import KEYS
from cbl_engine.scheme.parts import FRACTION, MOST_PARTS, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbl_engine.documents import Document

_UNION_TAGS = frozenset(KEYS) | frozenset(REDUCERS)
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most",
           "exclusiveMaximum": "less than"}
_OUT_OF_BOUNDS = {"greater_than": "small", "greater_than_equal": "small",
                  "less_than": "large", "less_than_equal": "large"}

_WANTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "date_type": "a date",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""Errors that say that a value is of another type than wanted."""


@dataclass(frozen=True)
class _File:
    """What is read, and what it may hold."""

    document: Document
    schema: Mapping[str, Any]
    what: str


def field_problems(
    errors: Iterable[Mapping[str, Any]], document: Document,
    schema: Mapping[str, Any] | None = None, what: str = "scheme",
) -> list[Problem]:
    """A problem for each place: a value that may be of several types gives an error for each.

    Args:
        errors: of pydantic.
        document: the file that they were found in.
        schema: the JSON Schema of what it may hold; None: that of schemes.
        what: the file is.
    """
    file = _File(document, json_schema() if schema is None else schema, what)
    by_place: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for error in errors:
        path = _known_path(tuple(p for p in error["loc"] if p != "[key]"), document)
        by_place.setdefault(path, []).append(error)
    problems = []
    for path, found in by_place.items():
        wrong_type = [e for e in found if e["type"] in _WANTED or e["type"] == "literal_error"]
        inner = not any("[key]" in e["loc"] for e in found) and any(
            other[: len(path)] == path for other in by_place if other != path)
        if inner and len(wrong_type) == len(found):
            continue  # of the types it may have, the one it does have is wrong further in
        if len(wrong_type) == len(found):
            problems.append(_wrong_type(path, found, file))
        else:
            problems += [
                _wrong_field(path, e, file)
                for e in found
                # Of the types it may have, the one it does have says what is wrong. Items that are
                # wrong themselves are not counted.
                if e not in wrong_type and not (e["type"] == "too_short" and e["input"])
            ]
    return sorted(problems, key=lambda problem: line_of(problem.where))


def _wrong_type(
    path: tuple[Any, ...], errors: Sequence[Mapping[str, Any]], file: _File
) -> Problem:
    wanted = [_WANTED.get(e["type"]) or e["ctx"]["expected"].replace("'", "") for e in errors]
    given = errors[0].get("input")
    words = list(dict.fromkeys(wanted))
    return Problem(
        f"{file.what}_value",
        f"{_dotted(path, file)} must be " + " or ".join([", ".join(words[:-1]), words[-1]][-len(words):]),
        where=file.document.where(path, key=any("[key]" in e["loc"] for e in errors)),
        given=_shown(given),
        allowed=_allowed(path, words, file),
        remedy=_remedy(words, given),
    )


def _allowed(path: tuple[Any, ...], words: list[str], file: _File) -> str:
    """How a value of the one type that is wanted is written."""
    if words == ["a date"]:
        return "a day written YYYY-MM-DD, such as 2025-04-01"
    return _bounds(path, file) if words == ["a number"] else ""


def _remedy(words: list[str], given: Any) -> str:
    """What to do with a value of a wrong type."""
    if given is None or isinstance(given, (dict, tuple)):
        return ""
    if "text" in words:
        return "Put it in quotes"
    if words == ["a list"]:
        return f"Write [{_shown(given)}]"
    return "Leave the quotes out" if words == ["a date"] and _is_day(given) else ""


def _is_day(given: Any) -> bool:
    try:
        return isinstance(given, str) and date.fromisoformat(given).isoformat() == given
    except ValueError:
        return False


def _wrong_field(
    path: tuple[Any, ...], error: Mapping[str, Any], file: _File
) -> Problem:
    kind, name = error["type"], error["loc"][-1] if error["loc"] else ""
    given, allowed = _shown(error.get("input")), ""
    what = _dotted(path, file)
    match kind:
        case "extra_forbidden":
            message = f"{name} is not a field of {_dotted(path[:-1], file)}"
            given, allowed = "", _fields_of(path[:-1], str(name), file)
        case "missing":
            message = f"{name} is missing" + (f" from {what}" if path else "")
            given = ""
        case "string_pattern_mismatch":
            kind_of_text, allowed = PATTERNS[error["ctx"]["pattern"]]
            message = f"{what} is not {kind_of_text}"
        case "too_short" | "string_too_short":
            message = f"{what} is empty"
        case _ if kind in _OUT_OF_BOUNDS:
            message, allowed = f"{what} is too {_OUT_OF_BOUNDS[kind]}", _bounds(path, file)
        case _:
            said = error["msg"].removeprefix("Value error, ")
            message = f"{what}: {said[:1].lower()}{said[1:]}"
    return Problem(
        f"{file.what}_{kind}",
        message,
        where=file.document.where(
            path, key="[key]" in error["loc"] or kind in {"extra_forbidden", "missing"}
        ),
        given=given,
        allowed=allowed,
    )


def _fields_of(path: tuple[Any, ...], name: str, file: _File) -> str:
    """The fields of a part that are like a name, or all of them."""
    given = file.document.data
    for step in path:
        given = given[step]
    parts = [part for part in _schema_at(path, file) if "properties" in part]
    keys = set(given) if isinstance(given, dict) else set()
    mine = [part for part in parts if keys.issuperset(part.get("required", ()))] or parts
    fields = list(dict.fromkeys(field for part in mine for field in part["properties"]))
    return ", ".join(get_close_matches(name, fields, cutoff=0.78) or fields)


def _bounds(path: tuple[Any, ...], file: _File) -> str:
    """Between what a number may be."""
    said = [(word, part[bound]) for part in _schema_at(path, file) for bound, word in _BOUNDS.items()
            if bound in part]
    such = ""
    if ("at most", 1) in said:
        such = ", such as 0.4 for 40%"
        if any(part.get("pattern") == FRACTION for part in _schema_at(path, file)):
            such += f", or 1/3 for a third (a fraction of whole numbers up to {MOST_PARTS})"
    return " and ".join(f"{word} {limit:.10g}" for word, limit in said) + such


def _schema_at(path: tuple[Any, ...], file: _File) -> list[Mapping[str, Any]]:
    """What the schema for editors says of a place: one part, or several that may stand there."""
    at = [file.schema]
    for step in path:
        at = [inner for part in at for inner in _inside(part, step, file)]
    return at


def _inside(part: Mapping[str, Any], step: Any, file: _File) -> Iterator[Mapping[str, Any]]:
    """The parts of the schema that may stand under a key, or in a list."""
    found = [part["properties"][step]] if step in part.get("properties", {}) else []
    if not found:
        more = part.get("items") if isinstance(step, int) else part.get("additionalProperties")
        found = [*part.get("patternProperties", {}).values(), more]
    for inner in found:
        if isinstance(inner, dict):
            yield from _alternatives(inner, file)


def _alternatives(part: Mapping[str, Any], file: _File) -> Iterator[Mapping[str, Any]]:
    """A part of the schema, looked up where it is named, or each of those that it leaves open."""
    if "$ref" in part:
        yield file.schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
    elif "anyOf" in part or "oneOf" in part:
        for inner in part.get("anyOf", part.get("oneOf")):
            yield from _alternatives(inner, file)
    else:
        yield part


def _dotted(path: tuple[Any, ...], file: _File) -> str:
    return ".".join(str(part) for part in path) or f"the {file.what}"


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, tuple)) else str(value)[:60]


def _known_path(path: tuple[Any, ...], document: Document) -> tuple[Any, ...]:
    """The path as it stands in the file: without the tags that unions put into it.

    Keys are compared as text, which is how pydantic reports those that are no text.
    """
    by_text = {
        tuple(repr(p) if isinstance(p, date) else str(p) for p in at): at
        for at in document.positions
    }
    best: tuple[str, ...] = ()
    frontier: set[tuple[str, ...]] = {()}
    for part in map(str, path):
        known = {(*at, part) for at in frontier if (*at, part) in by_text}
        frontier = known | (frontier if part in _UNION_TAGS or not known else set())
        best = max(frontier, key=len)
    return by_text[best]
