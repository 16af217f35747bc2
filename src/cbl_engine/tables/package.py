"""What a workbook's values do not tell: hidden sheets, rows and columns, merged cells, formulas.

An ``.xlsx`` file is a zip of XML. Nothing in it is trusted: sizes are checked before anything is
unpacked and again while it is, document types (and so entities) are refused, and a sheet is
bounded by the box of its filled cells before the values are asked for.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from array import array
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 200_000_000
MOST_UNPACKED = 1_000_000_000
MOST_CELLS = 60_000_000
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
ROW_STEP = 1 << 15

_LOCAL_HEADER = struct.Struct("<26xHH")
_LETTERS = re.compile(r"\$?[A-Za-z]{1,3}\$?", re.ASCII)


class UnusableWorkbookError(Exception):
    """The workbook, or a sheet of it, cannot be used; the arguments are kind, message, remedy."""


def _refuse(kind: str, message: str, remedy: str = "") -> UnusableWorkbookError:
    return UnusableWorkbookError(kind, message, remedy)


@dataclass(frozen=True, slots=True)
class Area:
    """A range of cells, ends included, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        """As Excel writes it: ``B3:D5``."""
        first, last = f"{letters(self.left)}{self.top}", f"{letters(self.right)}{self.bottom}"
        return first if first == last else f"{first}:{last}"


@dataclass(slots=True)
class SheetFacts:
    """What the XML of one sheet says.

    Attributes:
        filled: the box around all cells with a value; None for an empty sheet.
        merged: merged ranges.
        hidden_rows: their numbers.
        hidden_columns: spans of their numbers, ends included.
        n_formulas, formulas: how many cells hold a formula, and the first few of them.
        uncalculated: cells with a formula and no value, as (row, column).
        errors: cells that hold an error such as #N/A.
        numbers: cells that hold a number, be it shown as a date: each its row times
            ``ROW_STEP`` plus its column.
        truths: cells that hold true or false, in the same way.
    """

    filled: Area | None = None
    merged: list[Area] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    n_formulas: int = 0
    formulas: list[tuple[int, int]] = field(default_factory=list)
    uncalculated: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    numbers: array[int] = field(default_factory=lambda: array("q"))
    truths: array[int] = field(default_factory=lambda: array("q"))


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A sheet's name, whether it is hidden, and where its XML is."""

    name: str
    hidden: bool
    member: str


class Package:
    """The zip of one workbook.

    Attributes:
        content: its bytes.
        sheets: in the workbook's order.
    """

    def __init__(self, content: bytes) -> None:
        """Look at the directory and the list of sheets; nothing else is unpacked.

        Raises:
            UnusableWorkbookError: not a workbook, or one that is too large or made to do harm.
        """
        if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            remedy = "Take the password off, or save it again as .xlsx"
            raise _refuse("unreadable_workbook", "is locked with a password, or an old .xls", remedy)
        self.content = content
        try:
            members = zipfile.ZipFile(BytesIO(content)).infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise _refuse("unreadable_workbook", "is not an Excel workbook (.xlsx)") from None
        self._members = {member.filename.lower(): member for member in members}
        if len(self._members) < len(members):
            raise _refuse("unreadable_workbook", "names a part of itself twice")
        if sum(member.file_size for member in members) > MOST_UNPACKED:
            message = f"unpacks to more than {MOST_UNPACKED:,} bytes"
            raise _refuse("workbook_too_large", message, "Give its tables as CSV or Parquet")
        if "xl/workbook.xml" not in self._members:
            raise _refuse("unreadable_workbook", "is not an Excel workbook (.xlsx)")
        self.sheets = tuple(self._listed())

    def member(self, name: str) -> bytes:
        """A part of the zip, unpacked no further than its directory says.

        Raises:
            UnusableWorkbookError: missing, encrypted, damaged, or larger than it says.
        """
        info = self._members.get(name.lower())
        damaged = _refuse("unreadable_workbook", "is damaged", "Open it in Excel and save it again")
        if info is None or info.flag_bits & 1:
            raise damaged
        at = info.header_offset
        try:
            lengths = _LOCAL_HEADER.unpack_from(self.content, at)
        except struct.error:
            raise damaged from None
        start = at + _LOCAL_HEADER.size + sum(lengths)
        packed = self.content[start : start + info.compress_size]
        if info.compress_type == zipfile.ZIP_STORED:
            text = packed
        elif info.compress_type == zipfile.ZIP_DEFLATED:
            try:
                text = zlib.decompressobj(-15).decompress(packed, info.file_size + 1)
            except zlib.error:
                raise damaged from None
        else:
            raise damaged
        if len(text) != info.file_size or zlib.crc32(text) != info.CRC:
            raise damaged
        return text

    def check(self) -> None:
        """Unpack what reading values will unpack, to know that it is what it says.

        Raises:
            UnusableWorkbookError: a part is damaged or larger than the directory says.
        """
        for name in self._members:
            if name.startswith("xl/") and name.endswith((".xml", ".rels")):
                self.member(name)

    def _listed(self) -> list[SheetEntry]:
        targets: dict[str, str] = {}
        found: list[tuple[str, bool, str]] = []

        def relation(name: str, attributes: dict[str, str]) -> None:
            if _local(name) == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(name: str, attributes: dict[str, str]) -> None:
            if _local(name) == "sheet":
                own = next((v for k, v in attributes.items() if _local(k) == "id"), "")
                hidden = attributes.get("state", "visible") != "visible"
                found.append((attributes.get("name", ""), hidden, own))

        _parse(self.member("xl/_rels/workbook.xml.rels"), relation)
        _parse(self.member("xl/workbook.xml"), sheet)
        return [
            SheetEntry(name, hidden, _resolved(targets.get(own, ""))) for name, hidden, own in found
        ]

    def facts(self, sheet: SheetEntry) -> SheetFacts:
        """What the XML of a sheet says.

        Raises:
            UnusableWorkbookError: it is damaged, or its cells lie too far apart.
        """
        facts = SheetFacts()
        reader = _SheetReader(facts)
        _parse(self.member(sheet.member), reader.start, reader.end, reader)
        if reader.bottom:
            box = Area(reader.top, reader.left, reader.bottom, reader.right)
            cells = box.bottom * (box.right - box.left + 1)
            if cells > MOST_CELLS or box.bottom > MOST_ROWS or box.right > MOST_COLUMNS:
                raise _refuse(
                    "workbook_too_large",
                    f"has cells as far apart as {box}",
                    "Delete what stands far from the table, or give it as CSV or Parquet",
                )
            facts.filled = box
        return facts


def _resolved(target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    return f"xl/{target.removeprefix('./')}"


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parse(
    xml: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    reader: _SheetReader | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def doctype(*_: object) -> None:
        raise _refuse("hostile_workbook", "has a document type in its XML, which no workbook needs")

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if reader is not None:
        reader.parser = parser
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, RecursionError):
        remedy = "Open it in Excel and save it again"
        raise _refuse("unreadable_workbook", "has XML that cannot be read", remedy) from None


class _SheetReader:
    """Takes the events of a sheet's XML; state only while one sheet is read."""

    def __init__(self, facts: SheetFacts) -> None:
        self.facts = facts
        self.top = self.left = 1 << 30
        self.bottom = self.right = 0
        self.row = self.column = 0
        self.formula = self.value = self.error = self.text_result = False
        self.places: array[int] | None = None
        self.kinds = {None: facts.numbers, "n": facts.numbers, "d": facts.numbers, "b": facts.truths}
        self.parser: expat.XMLParserType

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = _local(name)
        if name == "c":
            place = attributes.get("r")
            if place is None:
                self.column += 1
            else:
                self.row, self.column = _row_and_column(place)
            kind = attributes.get("t")
            self.error, self.text_result = kind == "e", kind == "str"
            self.places = self.kinds.get(kind)
            self.formula = self.value = False
        elif name in ("v", "is"):
            if self.places is not None or (self.formula and not self.text_result):
                # A number may have an empty value, and so may a formula that was never worked out.
                self.parser.CharacterDataHandler = self._filled
            else:
                self.value = True
        elif name == "f":
            self.formula = True
        elif name == "row":
            number = attributes.get("r")
            self.row = _number(number) if number is not None else self.row + 1
            self.column = 0
            if attributes.get("hidden") in ("1", "true"):
                self.facts.hidden_rows.append(self.row)
        elif name == "col":
            if attributes.get("hidden") in ("1", "true"):
                span = _number(attributes.get("min", "")), _number(attributes.get("max", ""))
                self.facts.hidden_columns.append(span)
        elif name == "mergeCell":
            self.facts.merged.append(_area(attributes.get("ref", "")))

    def _filled(self, text: str) -> None:
        self.value = self.value or bool(text.strip())

    def end(self, name: str) -> None:
        if ":" in name:
            name = _local(name)
        if name in ("v", "is"):
            self.parser.CharacterDataHandler = None
        elif name == "c":
            if self.formula:
                self.facts.n_formulas += 1
                if len(self.facts.formulas) < 5:
                    self.facts.formulas.append((self.row, self.column))
                if not self.value:
                    self.facts.uncalculated.append((self.row, self.column))
            if self.error and self.value:
                self.facts.errors.append((self.row, self.column))
            if self.value and self.places is not None:
                self.places.append(self.row * ROW_STEP + self.column)
            if self.value or self.formula:
                self.top, self.bottom = min(self.top, self.row), max(self.bottom, self.row)
                self.left, self.right = min(self.left, self.column), max(self.right, self.column)


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _row_and_column(place: str) -> tuple[int, int]:
    """Row and column of ``B7``, or of ``$B$7``."""
    name = place.rstrip("0123456789")
    column = _column(name)
    return int(place[len(name):]), column


@cache
def _column(name: str) -> int:
    if not _LETTERS.fullmatch(name):
        raise ValueError(name)
    column = 0
    for letter in name.replace("$", "").upper():
        column = column * 26 + ord(letter) - 64
    return column


def _area(text: str) -> Area:
    first, _, last = text.partition(":")
    top, left = _row_and_column(first)
    bottom, right = _row_and_column(last or first)
    return Area(top, left, bottom, right)


def letters(column: int) -> str:
    """A column as Excel names it: 1 is A, 27 is AA."""
    text = ""
    while column > 0:
        column, digit = divmod(column - 1, 26)
        text = chr(65 + digit) + text
    return text
