"""What a column is: its name, type, unit, meaning of null, and whether it tells of a person.

Types, and the polars type each has in a frame:

==========  ==================================  =============================================
type        polars                              in CSV
==========  ==================================  =============================================
id          String, or any integer in memory    text, spaces around it trimmed
text        String                              text, spaces around it trimmed
code        String                              one of the column's codes, spaces trimmed
bool        Boolean                             true, false, yes, no, 1, 0 in any case
int         Int64                               digits
number      Float64                             digits, a full stop for decimals
date        Date                                2024-05-31, or the file's ``date_format``
datetime    Datetime("us", "Europe/London")     2024-05-31T12:00:00+01:00; no offset: London time
int_list    List(Int64)                         2|3; a lone | is the empty list
text_list   List(String)                        ramp|stairlift; a lone | is the empty list
==========  ==================================  =============================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polars.datatypes import DataTypeClass

LONDON = "Europe/London"
MOST_BEDROOMS = 20

ColumnType = Literal[
    "id",
    "text",
    "code",
    "bool",
    "int",
    "number",
    "date",
    "datetime",
    "int_list",
    "text_list",
]

DTYPES: Mapping[str, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "code": pl.String(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", LONDON),
    "int_list": pl.List(pl.Int64()),
    "text_list": pl.List(pl.String()),
}


def type_name(dtype: pl.DataType | DataTypeClass) -> str:
    """A polars type as messages name it: without an Enum's categories, which are the column's values."""
    if isinstance(dtype, pl.Enum):
        return "Enum"
    if isinstance(dtype, pl.Struct):
        fields = ", ".join(f"{f.name!r}: {type_name(f.dtype)}" for f in dtype.fields)
        return f"Struct({{{fields}}})"
    if isinstance(dtype, pl.List | pl.Array):
        return f"{type(dtype).__name__}({type_name(dtype.inner)})"
    return str(dtype)


TYPE_IN_WORDS: Mapping[str, str] = {
    "id": "an id",
    "text": "text",
    "code": "a code",
    "bool": "yes or no",
    "int": "a whole number",
    "number": "a number",
    "date": "a date",
    "datetime": "a date and time",
    "int_list": "whole numbers with | between them",
    "text_list": "texts with | between them",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: as in files and frames.
        type: one of the types in this module's docstring.
        doc: what it holds, in a phrase.
        unit: unit of a number; empty where there is none.
        null_means: what an empty cell says.
        required: the table must have the column, and no cell of it may be empty.
        personal: tells of a person or household; its values never appear in a message, but for
            slips in what officers write (:func:`cbl_engine.tables.findings.shown`).
        codes: the values a code may have.
        least: smallest value allowed, or None.
        most: largest value allowed, or None.
        recorded_without: of one that is required: rows on record from before it was may lack it, so that
            their cycles can be run again; rows that are read may not.
    """

    name: str
    type: ColumnType
    doc: str
    unit: str = ""
    null_means: str = "not known"
    required: bool = False
    personal: bool = False
    codes: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    recorded_without: bool = False


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """A column beyond the standard ones that a caller (usually a scheme) declares and reads.

    Attributes:
        name: as in files and frames.
        type: one of the column types other than ``id``.
        codes: the values a ``code`` may have; empty allows any.
        unit: unit of a number.
        label: how the column is called in sentences.
        personal: its values never appear in a message. Leave it True for applications, people
            and connections.
    """

    name: str
    type: Literal[
        "text", "code", "bool", "int", "number", "date", "datetime", "int_list", "text_list"
    ]
    codes: tuple[str, ...] = ()
    unit: str = ""
    label: str = ""
    personal: bool = True

    def column(self) -> Column:
        """The same as a :class:`Column`."""
        return Column(
            self.name,
            self.type,
            self.label or self.name,
            unit=self.unit,
            personal=self.personal,
            codes=self.codes,
        )
