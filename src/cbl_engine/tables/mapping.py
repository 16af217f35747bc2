"""``tables.yaml``: how a folder's files differ from the standard ones.

::

    bids:
      file: BIDS_EXPORT.csv        # default: bids.csv or bids.parquet
      encoding: cp1252             # default utf-8; a byte-order mark is accepted
      delimiter: ";"               # default ,
      quote: none                  # quotation marks mean nothing; default: they quote
      date_format: "%d/%m/%Y"      # default 2024-05-31
      datetime_format: "%d/%m/%Y %H:%M"
      columns: {PropRef: advert}   # theirs: ours
      codes: {placed_by: {W: applicant, O: officer}}   # column: {theirs: ours}
      yes_words: [J]               # besides true, yes and 1
      no_words: [N]

The file is read as a stream of YAML events, and only plain mappings, lists and text are taken:
nothing is constructed, aliases and tags are refused, so a hostile file costs one line of report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cbl_engine.errors import Problem
from cbl_engine.tables.findings import quoted
from cbl_engine.tables.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_BYTES = 1_000_000
MOST_DEPTH = 4
MAPPING_NAME = "tables.yaml"

_DATE_PARTS = frozenset("dmYbBej%")
_TIME_PARTS = frozenset("HMSIpfzTRF:") | _DATE_PARTS
_TEXT_KEYS = ("file", "encoding", "delimiter", "quote", "date_format", "datetime_format")
_WORD_KEYS = ("yes_words", "no_words")
KEYS = (*_TEXT_KEYS, "columns", "codes", *_WORD_KEYS)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one table's file is to be read; the keys of ``tables.yaml``."""

    file: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    date_format: str = ""
    datetime_format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    yes_words: tuple[str, ...] = ()
    no_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Node:
    value: Any
    line: int
    column: int


class _RefusedError(Exception):
    """A file or a value that cannot be used; carries the one problem to report."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.line())


def _refuse(kind: str, message: str, line: int, column: int, **words: Any) -> _RefusedError:
    where = f"{MAPPING_NAME}:{line}:{column}"
    return _RefusedError(Problem(kind, message, where=where, **words))


def read_mapping(path: Path) -> tuple[dict[str, FileMapping], tuple[Problem, ...]]:
    """Read ``tables.yaml``: a mapping for each table named, and every problem found."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        return {}, (Problem("unreadable_file", f"cannot be read: {reason}", where=path.name),)
    if len(raw) > MOST_BYTES:
        message = f"is larger than {MOST_BYTES:,} bytes"
        return {}, (Problem("bad_yaml", message, where=path.name),)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start})"
        return {}, (Problem("bad_yaml", message, where=path.name, remedy="Save it as UTF-8"),)
    try:
        root = _tree(text)
    except _RefusedError as refused:
        return {}, (refused.problem,)
    return _mappings(root)


def _tree(text: str) -> _Node:
    """The document as nodes of dict, list and str. A loop over the events of the file."""
    from ruamel.yaml import YAML, YAMLError

    root = _Node({}, 1, 1)
    # Open collections, innermost last: the node, and for a mapping the key that waits for a value.
    open_nodes: list[tuple[_Node, list[_Node]]] = []
    documents = 0

    def add(node: _Node) -> None:
        nonlocal root
        if not open_nodes:
            root = node
            return
        parent, waiting = open_nodes[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif waiting:
            parent.value[waiting.pop().value] = node
        elif not isinstance(node.value, str):
            raise _refuse("bad_yaml", "a key must be text", node.line, node.column)
        elif node.value in parent.value:
            message = f"the key {quoted(node.value)} is given twice"
            raise _refuse("bad_yaml", message, node.line, node.column)
        else:
            waiting.append(node)

    try:
        for event in YAML(typ="rt", pure=True).parse(text):
            name = type(event).__name__
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            documents += name == "DocumentStartEvent"
            if documents > 1:
                raise _refuse("bad_yaml", "more than one document", line, column)
            if name == "AliasEvent" or getattr(event, "anchor", None):
                raise _refuse("bad_yaml", "anchors and aliases are not allowed", line, column)
            if getattr(event, "tag", None):
                raise _refuse("bad_yaml", "tags are not allowed", line, column)
            if name == "ScalarEvent":
                add(_Node(event.value, line, column))
            elif name in ("MappingStartEvent", "SequenceStartEvent"):
                if len(open_nodes) >= MOST_DEPTH:
                    message = f"nested more than {MOST_DEPTH} deep"
                    raise _refuse("bad_yaml", message, line, column)
                node = _Node({} if name == "MappingStartEvent" else [], line, column)
                add(node)
                open_nodes.append((node, []))
            elif name in ("MappingEndEvent", "SequenceEndEvent"):
                open_nodes.pop()
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or "not YAML").splitlines()[0]
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _refuse("bad_yaml", reason[:120], line, column) from None
    return root


def _mappings(root: _Node) -> tuple[dict[str, FileMapping], tuple[Problem, ...]]:
    problems: list[Problem] = []
    found: dict[str, FileMapping] = {}
    if root.value == "":
        return {}, ()
    if not isinstance(root.value, dict):
        refused = _refuse("wrong_value", "must be a mapping of tables", root.line, root.column)
        return {}, (refused.problem,)
    for table, node in root.value.items():
        if table not in TABLES:
            refused = _refuse(
                "unknown_key",
                f"no table is called {quoted(table)}",
                node.line,
                node.column,
                allowed=", ".join(TABLES),
            )
            problems.append(refused.problem)
            continue
        values: dict[str, Any] = {}
        if not isinstance(node.value, dict):
            message = f"{table} must be a mapping"
            refused = _refuse("wrong_value", message, node.line, node.column)
            problems.append(refused.problem)
            continue
        for key, value in node.value.items():
            try:
                values[key] = _setting(key, value)
            except _RefusedError as refused_value:
                problems.append(refused_value.problem)
                values.pop(key, None)
        found[table] = FileMapping(**values)
    return found, tuple(problems)


def _setting(key: str, node: _Node) -> Any:
    """The value of one key, checked. Raises _RefusedError."""
    if key not in KEYS:
        message = f"no setting is called {quoted(key)}"
        raise _refuse("unknown_key", message, node.line, node.column, allowed=", ".join(KEYS))
    if key in _TEXT_KEYS:
        return _text_setting(key, _text(key, node), node)
    if key in _WORD_KEYS:
        if not isinstance(node.value, list):
            raise _refuse("wrong_value", f"{key} must be a list", node.line, node.column)
        return tuple(_text(key, item).strip().lower() for item in node.value)
    pairs = _pairs(key, node)
    if key == "columns":
        return {theirs: _text(key, ours).strip() for theirs, ours in pairs.items()}
    return {
        column: {theirs: _text(key, ours).strip() for theirs, ours in _pairs(key, codes).items()}
        for column, codes in pairs.items()
    }


def _text(key: str, node: _Node) -> str:
    if not isinstance(node.value, str):
        raise _refuse("wrong_value", f"{key} must be text", node.line, node.column)
    return node.value


def _pairs(key: str, node: _Node) -> dict[str, _Node]:
    if not isinstance(node.value, dict):
        raise _refuse("wrong_value", f"{key} must be a mapping", node.line, node.column)
    return {theirs.strip(): ours for theirs, ours in node.value.items()}


def _text_setting(key: str, text: str, node: _Node) -> str:
    wrong = ""
    allowed = ""
    if key == "file":
        if re.search(r"[/\\\0]", text) or text in ("", ".", ".."):
            wrong, allowed = "names no file of this folder", "a file name without a folder"
        elif not text.lower().endswith((".csv", ".txt", ".parquet")):
            wrong, allowed = "has no known ending", ".csv, .txt, .parquet"
    elif key == "delimiter":
        text = {"tab": "\t", "\\t": "\t"}.get(text, text)
        if len(text) != 1 or not text.isascii() or text.isalnum() or text in '"\r\n':
            wrong, allowed = "is not a delimiter", "one character such as , ; | or tab"
    elif key == "quote":
        if text not in ('"', "none"):
            wrong, allowed = "is not a way to quote", "none or a quotation mark"
    elif key == "encoding":
        if not is_text_encoding(text):
            wrong, allowed = "is not an encoding", "utf-8, cp1252, latin-1, utf-16, ..."
    else:
        wrong, allowed = wrong_format(text, with_time=key == "datetime_format")
    if wrong:
        message = f"{key} {wrong}"
        raise _refuse(
            "wrong_value", message, node.line, node.column, allowed=allowed, given=quoted(text)
        )
    return text


def is_text_encoding(name: str) -> bool:
    """Whether Python can decode text in an encoding of that name."""
    if "escape" in name:
        # These give backslashes a meaning, and are no encoding of any export.
        return False
    try:
        return b"".decode(name) == "" and "a,1\n".encode(name).decode(name) == "a,1\n"
    except (LookupError, UnicodeError, ValueError):
        return False


def wrong_format(text: str, *, with_time: bool) -> tuple[str, str]:
    """What is wrong with a strptime format, and what is allowed; two empty texts when nothing."""
    parts = re.findall(r"%(.?)", text)
    if "y" in parts:
        return "has a two-digit year", "%Y, the year in four digits"
    known = _TIME_PARTS if with_time else _DATE_PARTS
    if not set(parts) <= known:
        return "has an unknown part", "%d %m %Y %b %B" + (" %H %M %S %f %p %I %z" * with_time)
    has_day = {"Y", "d"} <= set(parts) or {"Y", "e"} <= set(parts) or "F" in parts
    if "F" not in parts and not (has_day and set(parts) & set("mbB")):
        return "does not give day, month and year", "for example %d/%m/%Y"
    if with_time and not (set("HTRI") & set(parts)):
        return "does not give the time", "for example %d/%m/%Y %H:%M"
    return "", ""
