"""Levers on a scheme: a value of its file put in another's place, by its path."""

from __future__ import annotations

import io
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme import scheme_from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.documents import Document
    from cbl_engine.scheme import Scheme


def scheme_with(scheme: Scheme, values: Mapping[str, Any]) -> Scheme:
    """A scheme with other values in each of its versions.

    Args:
        scheme: as it stands.
        values: path of a value, its parts joined by dots (``bidding.caps.weekly.bids``; a number
            for a place in a list) -> the value; null takes it out. The last part may be new, what
            stands before it may not.

    Raises:
        BadInput: paths that lead nowhere; or what the scheme's own checks say of the result.
    """
    if not values:
        return scheme
    problems: list[Problem] = []
    texts = [(d.name, text_of(put(d, values, problems))) for d in scheme.documents]
    if problems:
        raise BadInput(problems)
    return scheme_from_text(texts)


def put(document: Document, values: Mapping[str, Any], problems: list[Problem]) -> Any:
    """The data of a scheme's file with other values; a path that leads nowhere is a problem."""
    data = deepcopy(document.data)
    for path, value in values.items():
        *before, last = _parts(path)
        at: Any = data
        for part in before:
            at = _inside(at, part)
        there = _inside(at, last) is not None
        if isinstance(at, dict) and value is None and there:
            del at[last]
        elif (isinstance(at, dict) and value is not None) or (isinstance(at, list) and there):
            at[last] = value
        else:
            problems.append(Problem(
                "no_such_lever", "the path leads nowhere in the scheme", where=document.name,
                given=path, allowed=_next_parts(data, before),
                remedy="A path is the keys of the scheme's file, joined by dots"))
    return data


def value_at(data: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    for part in _parts(path):
        data = _inside(data, part)
    return data


def _parts(path: str) -> list[Any]:
    return [int(p) if p.isdigit() else p for p in path.split(".")]


def _inside(at: Any, part: Any) -> Any:
    if isinstance(at, dict):
        return at.get(part)
    if isinstance(at, list) and isinstance(part, int) and part < len(at):
        return at[part]
    return None


def _next_parts(data: Any, before: list[Any]) -> str:
    """What could stand where the path stops leading anywhere."""
    at, said = data, []
    for part in before:
        inside = _inside(at, part)
        if inside is None:
            break
        said.append(str(part))
        at = inside
    names = list(at) if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else []
    return ", ".join(".".join([*said, str(n)]) for n in list(names)[:12])


def text_of(data: Any) -> str:
    """The text of a scheme's file with this data."""
    from ruamel.yaml import YAML

    out = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    # The order of bands, awards and refusals is policy.
    yaml.representer.sort_base_mapping_type_on_output = False
    yaml.dump(data, out)
    return out.getvalue()
