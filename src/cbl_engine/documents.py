"""YAML documents that remember where everything stands, and refuse what no policy file needs.

A document is plain data (dict, list, str, int, float, bool, date, None) plus the line and column
of every key and value. Refused, each with one clear line: anchors, aliases and merge keys, explicit
tags and directives, keys that are lists or mappings, duplicate keys, nesting deeper than 40,
integers longer than 18 digits, numbers that are not finite, days that never were, files over 4 MB,
and text that is not UTF-8.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from cbl_engine.errors import BadInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_DIGITS = 18

_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9_]+)", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:$|[Tt \t])", re.ASCII)

Path_ = tuple[Any, ...]


@dataclass(frozen=True)
class Document:
    """The content of one YAML file and where each part of it stands.

    Attributes:
        name: file name for messages.
        text: the file's text.
        data: plain Python data.
        positions: path of keys and indices -> (line, column) of the value, counted from 1.
        key_positions: the same for the keys of mappings.
    """

    name: str
    text: str
    data: Any
    positions: dict[Path_, tuple[int, int]] = field(repr=False)
    key_positions: dict[Path_, tuple[int, int]] = field(repr=False)

    def where(self, path: Path_, *, key: bool = False, offset: int = 0) -> str:
        """``file:line:column`` of the value (or key) at ``path`` or its nearest known parent.

        Args:
            path: keys and indices from the top.
            key: point at the key instead of the value.
            offset: characters into a string value, however its lines are folded.
        """
        if key and path in self.key_positions:
            line, column = self.key_positions[path]
            return f"{self.name}:{line}:{column}"
        full = len(path)
        while path and path not in self.positions:
            path = path[:-1]
        line, column = self.positions.get(path, (1, 1))
        if len(path) == full:
            line, column = self._inside(path, line, column, offset)
        return f"{self.name}:{line}:{column}"

    def _inside(self, path: Path_, line: int, column: int, offset: int) -> tuple[int, int]:
        """Line and column of the character at ``offset`` of a string that stands at a position.

        Folding changes only the blanks of a text, so the characters that are not blank are counted
        off in the file.
        """
        value = self.data
        for part in path:
            value = value[part]
        if not offset or not isinstance(value, str):
            return line, column
        before = sum(not c.isspace() for c in value[:offset])
        lines = _LINE_END.split(self.text)
        row, at = line - 1, column - 1
        style = lines[row][at : at + 1]
        if style in ("|", ">"):
            row, at = row + 1, 0
        elif style in ("'", '"'):
            at += 1
        while row < len(lines):
            text = lines[row]
            while at < len(text):
                if not text[at].isspace():
                    if not before:
                        return row + 1, at + 1
                    before -= 1
                    # Two characters of the file that stand for one of the value.
                    at += (style == "'" and text[at : at + 2] == "''") or (
                        style == '"' and text[at] == "\\"
                    )
                at += 1
            row, at = row + 1, 0
        return line, column


def read_document(path: Path, *, as_text: bool = False) -> Document:
    """Read one YAML file.

    Args:
        path: the file.
        as_text: leave every scalar as the text that is written: 01 stays ``01``, yes ``yes``.

    Raises:
        BadInput: the file is missing, too large, not UTF-8, not YAML, or holds what is refused.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadInput(
                [
                    Problem(
                        "file_too_large",
                        "the file is too large for a policy file",
                        where=path.name,
                        given=f"{size} bytes",
                        allowed=f"at most {MAX_BYTES} bytes",
                        remedy="Keep tables in CSV or Parquet",
                    )
                ]
            )
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(
            [
                Problem(
                    "file_unreadable",
                    f"the file cannot be read: {error.strerror or error}",
                    where=str(path),
                )
            ]
        ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            [
                Problem(
                    "wrong_encoding",
                    f"the file is not UTF-8 (byte {error.start})",
                    where=path.name,
                    remedy="Save it as UTF-8",
                )
            ]
        ) from None
    return parse_document(text, path.name, as_text=as_text)


def parse_document(text: str, name: str, *, as_text: bool = False) -> Document:
    """Parse YAML text; ``name`` stands for the file in messages, ``as_text`` as above.

    Raises:
        BadInput: as :func:`read_document`.
    """
    refused = list(_refusals(text, name, as_text=as_text))
    if refused:
        raise BadInput(refused)
    positions: dict[Path_, tuple[int, int]] = {(): (1, 1)}
    keys: dict[Path_, tuple[int, int]] = {}
    try:
        yaml = YAML(typ="rt", pure=True)
        if as_text:
            node = yaml.compose(io.StringIO(text))
            data = _texts(node, (), name, positions, keys)
            return Document(name, text, data, positions, keys)
        loaded = yaml.load(io.StringIO(text))
    except DuplicateKeyError as error:
        mark = error.problem_mark
        raise BadInput(
            [
                Problem(
                    "duplicate_key",
                    (error.problem or "duplicate key").split(" with value")[0],
                    where=f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name,
                    remedy="Keep one of the two",
                )
            ]
        ) from None
    except (YAMLError, ValueError) as error:
        raise BadInput([_syntax_problem(error, name, text)]) from None
    try:
        data = _plain(loaded, (), positions, keys)
    except _KeyIsNoScalar as error:
        raise BadInput([_no_key(name, *error.args)]) from None
    return Document(name, text, data, positions, keys)


def line_of(where: str) -> tuple[int, ...]:
    """Line and column in ``file:line:column``, to sort by; (0, 0) when there are none."""
    place = re.search(r":(\d+):(\d+)", where)
    return tuple(map(int, place.groups())) if place else (0, 0)


def _no_key(name: str, line: int, column: int) -> Problem:
    return Problem(
        "yaml_key",
        "a key must be one word, number or date, not a list or a mapping",
        where=f"{name}:{line}:{column}",
        remedy="Put a text that begins with [ or { in quotes",
    )


def _texts(node: Any, path: Path_, name: str, positions: dict, keys: dict) -> Any:
    """The data of a node, every scalar the text that is written.

    Raises:
        BadInput: a key is given twice, or is a list or a mapping.
    """
    if isinstance(node, ScalarNode):
        return str(node.value)
    if isinstance(node, SequenceNode):
        for at, item in enumerate(node.value):
            positions[(*path, at)] = _place(item)
        return [
            _texts(item, (*path, at), name, positions, keys) for at, item in enumerate(node.value)
        ]
    out: dict[str, Any] = {}
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise BadInput([_no_key(name, *_place(key))])
            child = (*path, str(key.value))
            if child in keys:
                line, column = _place(key)
                message = f'found duplicate key "{key.value}"'
                where = f"{name}:{line}:{column}"
                remedy = "Keep one of the two"
                raise BadInput([Problem("duplicate_key", message, where=where, remedy=remedy)])
            keys[child], positions[child] = _place(key), _place(value)
            out[child[-1]] = _texts(value, child, name, positions, keys)
    return out


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _syntax_problem(error: Exception, name: str, text: str) -> Problem:
    where = name
    message = str(error).splitlines()[0] if str(error) else "not YAML"
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            where = f"{name}:{mark.line + 1}:{mark.column + 1}"
        message = error.problem or message
    elif isinstance(error, ReaderError):
        before = _LINE_END.split(text[: error.position])
        where = f"{name}:{len(before)}:{len(before[-1]) + 1}"
    return Problem("yaml_syntax", f"this is not YAML: {message}", where=where)


def _refusals(text: str, name: str, *, as_text: bool) -> Iterator[Problem]:
    depth = 0
    yaml = YAML(typ="rt", pure=True)
    try:
        for event in yaml.parse(io.StringIO(text)):
            mark = event.start_mark
            where = f"{name}:{mark.line + 1}:{mark.column + 1}"
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                yield Problem(
                    "yaml_anchor",
                    "anchors and aliases are not allowed here",
                    where=where,
                    remedy="Write the value out",
                )
                return
            if getattr(event, "tag", None) and not _is_core_tag(event):
                yield Problem(
                    "yaml_tag",
                    "tags are not allowed here",
                    where=where,
                    given=str(event.tag)[:60],
                    remedy="Write plain YAML: text, numbers, dates, lists and mappings",
                )
                return
            if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
                yield Problem(
                    "yaml_directive",
                    "directives (lines that begin with %) are not allowed here",
                    where=where,
                    remedy="Leave the line out",
                )
                return
            if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                depth += 1
                if depth > MAX_DEPTH:
                    yield Problem(
                        "yaml_depth",
                        "the file is nested too deeply",
                        where=where,
                        allowed=f"at most {MAX_DEPTH} levels",
                    )
                    return
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                depth -= 1
            elif isinstance(event, ScalarEvent) and event.style is None:
                problem = _plain_scalar_problem(event.value, where)
                if problem is not None and not (as_text and event.value != "<<"):
                    yield problem
                    return
    except (YAMLError, ValueError) as error:
        yield _syntax_problem(error, name, text)


def _plain_scalar_problem(text: str, where: str) -> Problem | None:
    """What is wrong with an unquoted scalar, if anything."""
    if text == "<<":
        return Problem(
            "yaml_anchor",
            "merge keys (<<) are not allowed here",
            where=where,
            remedy="Write the values out",
        )
    if _is_no_day(text):
        return Problem(
            "yaml_date",
            "there is no such day",
            where=where,
            given=text[:60],
            remedy="Correct the date, or put it in quotes if it is text",
        )
    if _INTEGER.fullmatch(text) and len(text.lstrip("+-").replace("_", "")) > MAX_DIGITS:
        return Problem(
            "yaml_integer",
            "the number is too large",
            where=where,
            allowed=f"at most {MAX_DIGITS} digits",
        )
    if _FLOAT.fullmatch(text) and _is_endless(text):
        return Problem(
            "yaml_number",
            "this is not a finite number",
            where=where,
            given=text[:60],
            remedy="Write a number, or put it in quotes if it is text",
        )
    return None


def _is_endless(text: str) -> bool:
    """Whether what YAML reads as a decimal number is infinite, or no number at all."""
    return text[-3:].lower() in ("inf", "nan") or not isfinite(float(text.replace("_", "")))


def _is_no_day(text: str) -> bool:
    """Whether this looks like a date, or a date and time, of a day that never was."""
    match = _DAY.match(text)
    if match is None:
        return False
    try:
        date(*(int(part) for part in match.groups()))
    except ValueError:
        return True
    return False


def _is_core_tag(event: Any) -> bool:
    """Whether the tag is one the parser fills in by itself."""
    implicit = getattr(event, "implicit", None)
    return implicit is True or (isinstance(implicit, tuple) and any(implicit))


class _KeyIsNoScalar(Exception):
    """A list or mapping used as a key; the arguments are its line and column."""


def _plain(value: Any, path: Path_, positions: dict, keys: dict) -> Any:
    if isinstance(value, CommentedMap):
        out = {}
        for key in value:
            line, column, value_line, value_column = value.lc.data[key][:4]
            if isinstance(key, (tuple, Mapping)):
                raise _KeyIsNoScalar(line + 1, column + 1)
            child = (*path, _plain(key, (), {}, {}))
            keys[child] = (line + 1, column + 1)
            positions[child] = (value_line + 1, value_column + 1)
            out[child[-1]] = _plain(value[key], child, positions, keys)
        return out
    if isinstance(value, CommentedSeq):
        out_list = []
        for index, item in enumerate(value):
            child = (*path, index)
            line, column = value.lc.data[index][:2]
            positions[child] = (line + 1, column + 1)
            out_list.append(_plain(item, child, positions, keys))
        return out_list
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return datetime.fromisoformat(value.isoformat())
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value)
