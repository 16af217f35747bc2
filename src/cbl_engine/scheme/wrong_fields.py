"""What pydantic found wrong in a file, in words: what, where, what came, what was allowed, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

from cbl_engine.documents import line_of
from cbl_engine.errors import Problem
from cbl_engine.scheme.facts import REDUCERS
from cbl_engine.scheme.keys import KEYS
from cbl_engine.scheme.parts import FRACTION, MOST_PARTS, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pydantic import ValidationError

_UNION_TAGS = frozenset(KEYS) | frozenset(REDUCERS)
_BOUNDS = {"minimum": "at least", "ge": "at least", "exclusiveMinimum": "more than", "gt": "more than",
           "maximum": "at most", "le": "at most", "exclusiveMaximum": "less than", "lt": "less than"}
"""Bounds as JSON Schema and as pydantic call them, in words."""

_LIST, _KEYS = "a list", "keys with values"
_WANTED = {
    "bool": "true or false", "int": "a whole number", "float": "a number", "date": "a date",
    "string": "text", "tuple": _LIST, "list": _LIST, "dict": _KEYS, "model": _KEYS,
}
_OF_ANOTHER_TYPE = ("_type", "_parsing", "_from_float", "_inexact")
"""How the names of errors end that say that a value is not what is wanted."""
_LONGEST = 60


@dataclass(frozen=True)
class _File:
    """What a file says, how places in it are told, and what it may hold."""

    data: Any
    where: Callable[..., str]
    schema: Mapping[str, Any]
    kind: str
    what: str


@dataclass(frozen=True)
class _Place:
    """A value of a file, or a key."""

    path: tuple[Any, ...]
    is_key: bool


def field_problems(
    error: ValidationError, data: Any, where: Callable[..., str], schema: Mapping[str, Any],
    kind: str = "bad_value", what: str = "file",
) -> list[Problem]:
    """A problem for each place: a value that may be of several types gives an error for each.

    Args:
        error: of pydantic.
        data: what was validated, as it was written.
        where: tells the place of a path in it; ``key``: that of the key itself.
        schema: the JSON Schema of what it may hold.
        kind: of the problems; ``{}`` stands for pydantic's own, or ``value`` where a type is wrong.
        what: the whole of it is.
    """
    file = _File(data, where, schema, kind, what)
    by_place: dict[_Place, list[Mapping[str, Any]]] = {}
    for found in error.errors(include_url=False):
        path = _known_path(tuple(p for p in found["loc"] if p != "[key]"), data)
        by_place.setdefault(_Place(path, "[key]" in found["loc"]), []).append(found)
    problems = []
    for place, errors in by_place.items():
        path, wanted = place.path, [word for e in errors if (word := _wanted(e))]
        further_in = not place.is_key and any(
            other.path[: len(path)] == path != other.path for other in by_place)
        if len(wanted) < len(errors):
            # Of the types it may have, the one it does have says what is wrong. Items that are
            # wrong themselves are not counted.
            problems += [_wrong_field(place, e, file) for e in errors
                         if not _wanted(e) and not (e["type"] == "too_short" and further_in)]
        elif not further_in:  # else the type it does have is wrong there
            problems.append(_wrong_type(place, list(dict.fromkeys(wanted)), file))
    return sorted(problems, key=lambda problem: line_of(problem.where))


def _wanted(error: Mapping[str, Any]) -> str:
    """What belongs at a place where something of another type stands; empty for other errors."""
    kind = error["type"]
    if kind == "literal_error":
        return error["ctx"]["expected"].replace("'", "")
    return _WANTED.get(kind.split("_")[0], "") if kind.endswith(_OF_ANOTHER_TYPE) else ""


def _wrong_type(place: _Place, words: list[str], file: _File) -> Problem:
    given = _given(place, file)
    return Problem(
        file.kind.format("value"),
        f"{_dotted(place.path, file)} must be " + " or ".join([", ".join(words[:-1]), words[-1]][-len(words):]),
        where=file.where(place.path, key=place.is_key or given is None),
        given=_shown(given),
        allowed=_allowed(place, words, file),
        remedy=_remedy(words, given),
    )


def _allowed(place: _Place, words: list[str], file: _File) -> str:
    """How a value of the one type that is wanted is written."""
    if words == ["a date"]:
        return "a day written YYYY-MM-DD, such as 2025-04-01"
    return _bounds(_schema_at(place, file)) if words in (["a number"], ["a whole number"]) else ""


def _remedy(words: list[str], given: Any) -> str:
    """What to do with a value of a wrong type."""
    one = given is not None and not isinstance(given, dict | list | tuple)
    if "text" in words:
        return "Put it in quotes" if one else ""
    if words == [_LIST]:
        return f"Write [{_shown(given)}]" if one else "Begin each item with -"
    if words == [_KEYS]:
        return "Write them on lines below it, further in"
    return "Leave the quotes out" if words == ["a date"] and _is_day(given) else ""


def _is_day(given: Any) -> bool:
    try:
        return isinstance(given, str) and date.fromisoformat(given).isoformat() == given
    except ValueError:
        return False


def _wrong_field(place: _Place, error: Mapping[str, Any], file: _File) -> Problem:
    kind, path, context = error["type"], place.path, error.get("ctx", {})
    what, value, allowed = _dotted(path, file), _given(place, file), ""
    given, of_key = _shown(value), place.is_key or value is None
    match kind:
        case "extra_forbidden" | "invalid_key":
            message = f"{_dotted(path[-1:], file)} is not a field of {_dotted(path[:-1], file)}"
            given, allowed, of_key = "", _fields_of(path, file), True
        case "missing":
            message = f"{error['loc'][-1]} is missing" + (f" from {what}" if path else "")
            given, of_key = "", True
        case "string_pattern_mismatch":
            kind_of_text, allowed = PATTERNS[context["pattern"]]
            message = f"{what} is not {kind_of_text}"
        case "too_short" | "string_too_short" if not value:
            message, given = f"{what} is empty", ""
        case "string_too_long":
            message, allowed = f"{what} is too long", f"at most {context['max_length']} letters"
        case _ if kind.startswith(("greater_than", "less_than")):
            below = kind.startswith("greater_than")
            early, small = ("early", "small") if below else ("late", "large")
            message = f"{what} is too {early if isinstance(value, date) else small}"
            allowed = _bounds(_schema_at(place, file)) or _bounds([context])
        case _:
            said = error["msg"].removeprefix("Value error, ")
            message = f"{what} {said}" if said.startswith("must ") else f"{what}: {said[:1].lower()}{said[1:]}"
    return Problem(file.kind.format(kind), message, where=file.where(path, key=of_key), given=given,
                   allowed=allowed)


def _fields_of(path: tuple[Any, ...], file: _File) -> str:
    """The fields that a part may have, those like the one it has or all of them."""
    parts = [part for part in _schema_at(_Place(path[:-1], is_key=False), file) if "properties" in part]
    keys = reduce(getitem, path[:-1], file.data).keys()
    mine = [part for part in parts if keys >= set(part.get("required", ()))] or parts
    fields = list(dict.fromkeys(field for part in mine for field in part["properties"]))
    return ", ".join(get_close_matches(str(path[-1]), fields, cutoff=0.78) or fields)


def _bounds(parts: Sequence[Mapping[str, Any]]) -> str:
    """Between what a number or a day may be."""
    said = [(word, part[bound]) for part in parts for bound, word in _BOUNDS.items() if bound in part]
    such = ""
    if ("at most", 1) in said:
        such = ", such as 0.4 for 40%"
        if any(part.get("pattern") == FRACTION for part in parts):
            such += f", or 1/3 for a third (a fraction of whole numbers up to {MOST_PARTS})"
    return " and ".join(
        f"{word} {limit if isinstance(limit, str) else format(limit, '.10g')}" for word, limit in said) + such


def _schema_at(place: _Place, file: _File) -> list[Mapping[str, Any]]:
    """What the schema for editors says of a value: one part, or several that may stand there."""
    at = [] if place.is_key else [file.schema]
    for step in place.path:
        at = [inner for part in at for inner in _inside(part, step, file)]
    return at


def _inside(part: Mapping[str, Any], step: Any, file: _File) -> Iterator[Mapping[str, Any]]:
    """The parts of the schema that may stand under a key, or in a list."""
    found = [part["properties"][step]] if step in part.get("properties", {}) else []
    if not found:
        found = [*part.get("patternProperties", {}).values(), part.get("additionalProperties"),
                 part.get("items") if isinstance(step, int) else None]
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
    return ".".join(p if isinstance(p, str) else _shown(p) for p in path) or f"the {file.what}"


def _given(place: _Place, file: _File) -> Any:
    """The value, or the key, as it was written."""
    return place.path[-1] if place.is_key else reduce(getitem, place.path, file.data)


def _shown(value: Any) -> str:
    """What came, as a file has it; of keys with values, or a list of such, nothing."""
    if isinstance(value, dict):
        return ""
    if isinstance(value, list | tuple):
        if any(isinstance(item, dict | list | tuple) for item in value):
            return ""
        text = f"[{', '.join(map(_shown, value))}]"
    elif isinstance(value, str):
        text = repr(value)
    else:
        text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _known_path(path: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    """The path as it stands in the file: without the tags that unions put into it.

    Keys that are no text or whole number pydantic reports as Python writes them.
    """
    frontier: dict[tuple[Any, ...], Any] = {(): data}
    for part in path:
        known = {(*at, step): inner for at, outer in frontier.items() for step, inner in _steps(outer)
                 if part == (step if isinstance(step, str | int) else repr(step))}
        frontier = known | (frontier if part in _UNION_TAGS or not known else {})
    return max(frontier, key=len)


def _steps(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()
