"""YAML documents that remember where everything stands, and refuse what no policy file needs.

A document is plain data (dict, list, str, int, float, bool, date, None) plus the line and column
of every key and value. Refused, each with one clear line and all of them at once (the first 100):
anchors, aliases and merge keys, explicit tags and directives, keys that are lists or mappings,
duplicate keys, nesting deeper than 40, integers longer than 18 digits, numbers that are not finite,
days that never were, files over 4 MB, and text that is not UTF-8.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
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
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tag import Tag

from cbl_engine.errors import BadInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_DIGITS = 18
MAX_PROBLEMS = 100

_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9_]+)", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:$|[Tt \t])", re.ASCII)

_COLON = "Text that holds a colon and a blank goes in quotes"
_QUOTES = {"mapping values are not allowed": _COLON, "but got ':'": _COLON,
           r"'\t'": "Indent with blanks, not with tabs",
           "cannot start any token": "Text that begins with a sign goes in quotes"}
"""What the parser says of text that lacks quotes -> what to do."""

_TEXT = Tag(suffix="tag:yaml.org,2002:str")

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


class BadDocument(BadInput):
    """A file that is not a document, or holds what is refused.

    Attributes:
        document: what can be read all the same, without what is refused or with its text in its
            place, for those who look for what else is wrong; None where reading stopped.
    """

    def __init__(self, problems: Iterable[Problem], document: Document | None = None) -> None:
        super().__init__(problems)
        self.document = document


def read_document(path: Path, *, as_text: bool = False) -> Document:
    """Read one YAML file.

    Args:
        path: the file.
        as_text: leave every scalar as the text that is written: 01 stays ``01``, yes ``yes``.

    Raises:
        BadDocument: the file is missing, too large, not UTF-8, not YAML, or holds what is refused.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadDocument([Problem(
                "file_too_large", "the file is too large for a policy file", where=path.name,
                given=f"{size} bytes", allowed=f"at most {MAX_BYTES} bytes",
                remedy="Keep tables in CSV or Parquet",
            )])
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
        raise BadDocument([Problem("file_unreadable", message, where=str(path))]) from None
    except UnicodeDecodeError as error:
        raise BadDocument([Problem(
            "wrong_encoding", f"the file is not UTF-8 (byte {error.start})", where=path.name,
            remedy="Save it as UTF-8",
        )]) from None
    return parse_document(text, path.name, as_text=as_text)


def parse_document(text: str, name: str, *, as_text: bool = False) -> Document:
    """Parse YAML text; ``name`` stands for the file in messages, ``as_text`` as above.

    Raises:
        BadDocument: as :func:`read_document`.
    """
    reading = _Reading(name, as_text=as_text)
    document = None
    try:
        data = reading.whole(text)
        if data is None and as_text:
            data = {}  # a file of comments alone
        document = Document(name, text, data, reading.positions, reading.keys)
    except (YAMLError, ValueError) as error:
        reading.problems.append(_syntax_problem(error, name, text))
    except _ReadNoFurther:
        pass
    if reading.problems:
        raise BadDocument(reading.problems, document)
    assert document is not None
    return document


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder, ``.yaml`` or ``.yml``, by name."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in (".yaml", ".yml"))


def line_of(where: str) -> tuple[int, ...]:
    """Line and column in ``file:line:column``, to sort by; (0, 0) when there are none."""
    place = re.search(r":(\d+):(\d+)", where)
    return tuple(map(int, place.groups())) if place else (0, 0)


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
    remedy = next((remedy for said, remedy in _QUOTES.items() if said in message), "")
    return Problem("yaml_syntax", f"this is not YAML: {message}", where=where, remedy=remedy)


class _ReadNoFurther(Exception):
    """What follows is not worth reading: too deep, or too much is wrong already."""


class _Reading:
    """One pass over a file: its data and where they stand, and everything that is refused.

    What is refused is left out of the data, or stands there as its text, so that the rest can be
    read on.
    """

    def __init__(self, name: str, *, as_text: bool) -> None:
        self.name = name
        self.as_text = as_text
        self.positions: dict[Path_, tuple[int, int]] = {(): (1, 1)}
        self.keys: dict[Path_, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self.yaml = YAML(typ="safe", pure=True)
        self.events: Iterator[Any] = iter(())

    def whole(self, text: str) -> Any:
        """The data of the file.

        Raises:
            _ReadNoFurther: it is nested too deeply, or MAX_PROBLEMS are found.
            YAMLError, ValueError: it is not YAML.
        """
        self.events = self.yaml.parse(io.StringIO(text))
        data, begun = None, False
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if event.version or event.tags:
                    self.refuse("yaml_directive",
                                "directives (lines that begin with %) are not allowed here", event,
                                remedy="Leave the line out")
                if begun:
                    self.refuse("yaml_syntax", "this is not YAML: but found another document", event)
                    break
                data, begun = self.value(next(self.events), ()), True
        return data

    def refuse(
        self, kind: str, message: str, event: Any, *, given: str = "", allowed: str = "",
        remedy: str = "",
    ) -> None:
        """Note a problem at an event."""
        where = ":".join(map(str, (self.name, *_place(event))))
        self.problems.append(Problem(kind, message, where, allowed, given, remedy))
        if len(self.problems) == MAX_PROBLEMS:
            raise _ReadNoFurther

    def value(self, event: Any, path: Path_) -> Any:
        """The value that begins with an event and stands at a path."""
        if isinstance(event, AliasEvent) or event.anchor:
            self.refuse("yaml_anchor", "anchors and aliases are not allowed here", event,
                        remedy="Write the value out")
        elif event.tag and not _is_core_tag(event):
            self.refuse("yaml_tag", "tags are not allowed here", event, given=str(event.tag)[:60],
                        remedy="Write plain YAML: text, numbers, dates, lists and mappings")
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, AliasEvent):
            return None
        if len(path) == MAX_DEPTH:
            self.refuse("yaml_depth", "the file is nested too deeply", event,
                        allowed=f"at most {MAX_DEPTH} levels")
            raise _ReadNoFurther
        return self.items(path) if isinstance(event, SequenceStartEvent) else self.entries(path)

    def items(self, path: Path_) -> list[Any]:
        """The items of a list, up to its end."""
        out: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            child = (*path, len(out))
            self.positions[child] = _place(event)
            out.append(self.value(event, child))
        return out

    def entries(self, path: Path_) -> dict[Any, Any]:
        """The entries of a mapping, up to its end; of a key given twice the first."""
        out: dict[Any, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                self.refuse("yaml_key",
                            "a key must be one word, number or date, not a list or a mapping",
                            event, remedy="Put a text that begins with [ or { in quotes")
                self.value(event, (*path, None))
                self.value(next(self.events), (*path, None))
                continue
            child = (*path, self.value(event, (*path, None)))
            value = next(self.events)
            if child[-1] in out:
                self.refuse("duplicate_key", f'found duplicate key "{child[-1]}"', event,
                            remedy="Keep one of the two")
                self.value(value, (*path, None))
                continue
            self.keys[child], self.positions[child] = _place(event), _place(value)
            out[child[-1]] = self.value(value, child)
        return out

    def scalar(self, event: ScalarEvent) -> Any:
        """What a scalar says: its text where that is wanted, or where it is refused."""
        text = str(event.value)
        if event.style is None and (not self.as_text or text == "<<"):
            refused = _plain_scalar_problem(text)
            if refused is not None:
                self.refuse(event=event, **refused)
                return text
        tag = event.ctag
        if self.as_text or (event.tag and not _is_core_tag(event)):
            tag = _TEXT
        elif tag is None or str(tag) == "!":
            tag = self.yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        node = ScalarNode(tag, event.value, event.start_mark, event.end_mark, style=event.style,
                          comment=event.comment)
        try:
            value = self.yaml.constructor.construct_object(node)
        except ValueError as error:
            self.refuse("yaml_syntax", f"this is not YAML: {error}", event, given=text[:60])
            return text
        # The offset from UTC as Python has it, without the name that the parser gives it.
        return datetime.fromisoformat(value.isoformat()) if isinstance(value, datetime) else value


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _plain_scalar_problem(text: str) -> dict[str, str] | None:
    """What is wrong with an unquoted scalar, if anything, as fields of a problem."""
    if text == "<<":
        return {"kind": "yaml_anchor", "message": "merge keys (<<) are not allowed here",
                "remedy": "Write the values out"}
    if _is_no_day(text):
        return {"kind": "yaml_date", "message": "there is no such day", "given": text[:60],
                "remedy": "Correct the date, or put it in quotes if it is text"}
    if _INTEGER.fullmatch(text) and len(text.lstrip("+-").replace("_", "")) > MAX_DIGITS:
        return {"kind": "yaml_integer", "message": "the number is too large",
                "allowed": f"at most {MAX_DIGITS} digits"}
    if _FLOAT.fullmatch(text) and _is_endless(text):
        return {"kind": "yaml_number", "message": "this is not a finite number",
                "given": text[:60], "remedy": "Write a number, or put it in quotes if it is text"}
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
