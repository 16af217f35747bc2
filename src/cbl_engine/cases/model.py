"""What a file of golden cases may say. Columns, types and names are checked in ``read``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cbl_engine.cases import short
from cbl_engine.cases.short import Row

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Names = dict[str, tuple[str, ...]]
Groups = tuple[tuple[str, ...], ...]
Rows = Annotated[tuple[Row, ...] | dict[str, tuple[Row, ...]], BeforeValidator(short.rows)]
"""Rows with an ``application`` each, or listed under it."""
Each = Annotated[Names | None, BeforeValidator(short.each)]
EachOfEach = Annotated[dict[str, Names] | None, BeforeValidator(short.each_of_each)]

_OF_A_LIST = ("order", "not_eligible", "held", "not_known", "decided_by")


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

    The others speak of a cycle from bids to lettings, and are in
    :data:`cbl_engine.cases.cycle.PARTS`, but for lists, waiting (open proposals, as rows) and
    clashes (number of the outcome -> what it clashes as). One that is given holds all there is,
    lists and the ledger of the adverts that are named; one left out, or null, is not compared.
    """

    order: Annotated[Groups, BeforeValidator(short.order)] = ()
    not_eligible: Names = Field(default_factory=dict)
    held: Names = Field(default_factory=dict)
    not_known: Names = Field(default_factory=dict)
    decided_by: dict[str, str] = Field(default_factory=dict)
    assessed: dict[str, Row] = Field(default_factory=dict)
    lists: Annotated[dict[str, Groups] | None, BeforeValidator(short.lists)] = None
    set_aside: EachOfEach = None
    placed: Each = None
    held_back: Each = None
    profiles: Each = None
    ledger: Each = None
    offered: Each = None
    offers: EachOfEach = None
    passed_over: EachOfEach = None
    holds: EachOfEach = None
    let: Each = None
    unlet: Each = None
    rungs: Each = None
    consequences: Annotated[dict[str, Names] | None, BeforeValidator(short.ends)] = None
    duties_may_end: Each = None
    not_permitted: Each = None
    waiting: Annotated[tuple[Row, ...] | None, BeforeValidator(short.proposed)] = None
    clashes: dict[int, str] | None = None

    @property
    def ranks(self) -> bool:
        """Whether a shortlist must come out; a case may speak of something else alone."""
        told = (getattr(self, name) for name in _OF_A_LIST)
        return any(told) or not (self.assessed or self.of_cycle)

    @property
    def of_cycle(self) -> bool:
        """Whether a cycle must be run."""
        parts = (name for name in Expected.model_fields if name not in (*_OF_A_LIST, "assessed"))
        return any(getattr(self, name) is not None for name in parts)


class WrittenCase(_Part):
    """One case as it is written. What is left out here is taken from the file's own level."""

    name: Text
    source: Text | None = None
    reading: Text | None = Field(None, description="which reading of unclear words was chosen")
    as_at: Annotated[Any, BeforeValidator(short.a_day)] = None
    seed: int = Field(0, ge=0)
    unattended: bool | None = None
    advert: Row = Field(default_factory=dict)
    adverts: Annotated[dict[str, Row] | None, BeforeValidator(short.adverts)] = Field(
        None, description="several by name, or none; left out: one"
    )
    defaults: Row = Field(default_factory=dict)
    applications: Annotated[
        dict[str, Annotated[tuple[Row, ...], BeforeValidator(short.versions)]],
        BeforeValidator(short.some),
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
    bids: Annotated[tuple[Row, ...] | None, BeforeValidator(short.bids)] = None
    preferences: Annotated[Rows, BeforeValidator(short.preferences)] = ()
    wishes: Rows = ()
    checks: Annotated[Rows, BeforeValidator(short.checks)] = ()
    tenancies: tuple[Row, ...] = ()
    direct_lets: Rows = ()
    outcomes: Annotated[tuple[Row, ...], BeforeValidator(short.happened)] = ()
    expect: Expected


class WrittenFile(_Part):
    """A file of cases as it is written; ``scheme`` is a shipped name or a path beside the file."""

    scheme: Text
    source: Text | None = None
    as_at: Annotated[Any, BeforeValidator(short.a_day)] = None
    unattended: bool = True
    advert: Row = Field(default_factory=dict)
    defaults: Row = Field(default_factory=dict)
    areas: tuple[Row, ...] = ()
    cases: Annotated[tuple[WrittenCase, ...], BeforeValidator(short.some)]
