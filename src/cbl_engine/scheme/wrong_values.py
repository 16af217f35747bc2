"""What pydantic found wrong in a file, in words: what belongs there, what was allowed, what to do."""

from __future__ import annotations

from datetime import date
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from cbl_engine.scheme.check_orders import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEYS = ("keys with values belong here", "Write them on lines below it, further in")
_LIST = ("a list belongs here", "Begin each item with -, or put them in [ ]")
_BELONGS = {
    "model_type": _KEYS, "model_attributes_type": _KEYS, "dict_type": _KEYS,
    "tuple_type": _LIST, "list_type": _LIST,
    "string_type": ("text belongs here", "Put it in quotes"),
    "bool_type": ("true or false belongs here", ""), "bool_parsing": ("true or false belongs here", ""),
    "float_type": ("a number belongs here", ""), "float_parsing": ("a number belongs here", ""),
    "int_type": ("a whole number belongs here", ""), "int_parsing": ("a whole number belongs here", ""),
    "int_from_float": ("a whole number belongs here", ""),
    "missing": ("this is missing", ""),
    "too_short": ("nothing is given", ""), "string_too_short": ("nothing is given", ""),
}
"""Errors that say that a value is of another kind than wanted, in words, and what to do."""
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


class Words(NamedTuple):
    """What is said of a value that is wrong."""

    message: str
    allowed: str = ""
    remedy: str = ""


def in_words(error: Mapping[str, Any], model: type[BaseModel]) -> Words:
    """One error of pydantic.

    Args:
        error: as ``ValidationError.errors`` has it.
        model: of the whole file.
    """
    kind, path, given, context = error["type"], error["loc"], error["input"], error.get("ctx", {})
    bounds = [f"{word} {context[bound]}" for bound, word in _BOUNDS.items() if bound in context]
    if kind in _BELONGS:
        message, remedy = _BELONGS[kind]
        return Words(message, remedy=remedy)
    if kind in {"extra_forbidden", "invalid_key"}:
        return Words("there is no such key", suggest(str(path[-1]), _keys_at(model, path[:-1])))
    if kind == "literal_error":
        return Words("this is none of the words that may stand here", context["expected"].replace("'", ""))
    if kind.startswith("date_"):
        return Words("this is not a day", "YYYY-MM-DD", "Leave the quotes out" if _is_day(given) else "")
    if kind == "string_too_long":
        return Words("the text is too long", f"at most {context['max_length']} letters")
    if bounds:
        return Words("this is out of bounds", " and ".join(bounds))
    said = error["msg"].removeprefix("Value error, ")
    return Words(said[:1].lower() + said[1:])


def shown(value: Any) -> str:
    """What came, as the file has it; of keys with values, or a list of such, nothing."""
    if isinstance(value, dict) or (isinstance(value, list | tuple) and any(
            isinstance(item, dict) for item in value)):
        return ""
    return "nothing" if value is None else value.isoformat() if isinstance(value, date) else repr(value)


def _keys_at(model: type[BaseModel], path: Sequence[Any]) -> list[str]:
    """The keys that may stand at a place."""
    kind: Any = model
    for step in path:
        kind = (kind.model_fields[step].annotation if _is_part(kind)
                else [inside for inside in get_args(kind) if inside is not ...][-1])
        while get_origin(kind) in {Union, UnionType, Annotated}:
            kind = get_args(kind)[0]
    return [field.alias or name for name, field in kind.model_fields.items()]


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_day(given: Any) -> bool:
    try:
        return isinstance(given, str) and date.fromisoformat(given).isoformat() == given
    except ValueError:
        return False
