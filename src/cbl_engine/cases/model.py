"""What a file of golden cases may say. Columns, types and names are checked in ``read``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

Row = dict[str, Any]
"""Column name -> value as the file has it."""

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Names = dict[str, tuple[str, ...]]


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("case_value", "{words}", {"words": message})


def _as_at(value: Any) -> Any:
    plain_date = isinstance(value, date) and not isinstance(value, datetime)
    if value is None or value == "close" or plain_date:
        return value
    raise _wrong("must be a date, or close")


def _some(value: Any) -> Any:
    if not value:
        raise _wrong("must not be empty")
    return value


def _versions(value: Any) -> Any:
    """One mapping, or a list of them: versions of one application."""
    rows = value if isinstance(value, tuple) else (value,)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise _wrong("must be the application's columns, or a list of its dated versions")
    return rows


def _rows(value: Any) -> Any:
    """A list of rows, or application -> its rows; one row may stand alone."""
    if isinstance(value, dict):
        listed = {name: row if isinstance(row, tuple) else (row,) for name, row in value.items()}
        rows = [row for given in listed.values() for row in given]
    else:
        listed, rows = value, value
    if not isinstance(rows, (tuple, list)) or not all(isinstance(row, dict) for row in rows):
        raise _wrong("must be a list of rows, or give each application a list of its rows")
    return listed


def _order(value: Any) -> Any:
    if not isinstance(value, tuple):
        raise _wrong("must be a list of applications, with those that tie in a list of their own")
    groups = tuple(item if isinstance(item, tuple) else (item,) for item in value)
    if not all(group and all(isinstance(name, str) for name in group) for group in groups):
        raise _wrong("must name applications; put a number in quotes")
    return groups


def _bids(value: Any) -> Any:
    """``{X: moment}`` and a list of rows, both as a tuple of rows."""
    if isinstance(value, dict):
        return tuple({"application": k, "placed_at": v} for k, v in value.items())
    if value is None or (isinstance(value, tuple) and all(isinstance(v, dict) for v in value)):
        return value
    raise _wrong("must give each application the moment of its bid, or be a list of bids")


Rows = Annotated[tuple[Row, ...] | dict[str, tuple[Row, ...]], BeforeValidator(_rows)]
"""Rows with an ``application`` each, or listed under it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Expected(_Part):
    """What must come out.

    Attributes:
        order: applications from first to last, eligible and held ones; a group of several ties.
        not_eligible: application -> exactly the criteria it fails.
        held: application -> exactly what is not known about it; nothing may be offered to it.
        not_known: application that is eligible all the same -> exactly what is not known.
        decided_by: application -> the key that puts it below the one directly above.
        assessed: application -> what its assessment finds, by the names of
            :data:`cbl_engine.cases.assessed.FIELDS`; only what is named is compared.
    """

    order: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_order)] = ()
    not_eligible: Names = Field(default_factory=dict)
    held: Names = Field(default_factory=dict)
    not_known: Names = Field(default_factory=dict)
    decided_by: dict[str, str] = Field(default_factory=dict)
    assessed: dict[str, Row] = Field(default_factory=dict)

    @property
    def ranks(self) -> bool:
        """Whether a shortlist must come out; a case may speak of the assessment alone."""
        told = (self.order, self.not_eligible, self.held, self.not_known, self.decided_by)
        return any(told) or not self.assessed


class WrittenCase(_Part):
    """One case as it is written. What is left out here is taken from the file's own level."""

    name: Text
    source: Text | None = None
    reading: Text | None = Field(None, description="which reading of unclear words was chosen")
    as_at: Annotated[Any, BeforeValidator(_as_at)] = None
    seed: int = Field(0, ge=0)
    advert: Row = Field(default_factory=dict)
    defaults: Row = Field(default_factory=dict)
    applications: Annotated[
        dict[str, Annotated[tuple[Row, ...], BeforeValidator(_versions)]], BeforeValidator(_some)
    ]
    people: Rows = ()
    connections: Rows = ()
    band_history: Rows = ()
    status_history: Rows = ()
    duties: Rows = ()
    rooms: Rows = ()
    ta_placements: Rows = ()
    officer_decisions: Rows = ()
    overrides: Rows = ()
    areas: tuple[Row, ...] = ()
    homes: tuple[Row, ...] = Field((), description="for an advert that names a home or a group")
    bids: Annotated[tuple[Row, ...] | None, BeforeValidator(_bids)] = None
    expect: Expected


class WrittenFile(_Part):
    """A file of cases as it is written; ``scheme`` is a shipped name or a path beside the file."""

    scheme: Text
    source: Text | None = None
    as_at: Annotated[Any, BeforeValidator(_as_at)] = None
    advert: Row = Field(default_factory=dict)
    defaults: Row = Field(default_factory=dict)
    areas: tuple[Row, ...] = ()
    cases: Annotated[tuple[WrittenCase, ...], BeforeValidator(_some)]
