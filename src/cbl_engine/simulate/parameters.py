"""What a simulated world goes by: named values, each with a unit and a source or marked assumed.

The shipped ``scenarios/parameters/england.yaml`` is the catalogue: a file of a council's own, or a
scenario, gives other values for the same names, of the same kind. Durations are percentiles, and
between them straight lines, so that a table of whole days says them and a draw picks one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from cbl_engine.documents import BadDocument, line_of, read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme.parts import Part, Source
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate.bounds import beyond_bounds, numbers_of
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cbl_engine.documents import Document

KINDS = ("rate", "share", "number", "shares", "weights", "weights_by", "days", "days_by")
_SUM = 1e-6

AtLeast0 = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
MOST_DAYS = 36_525
"""A hundred years: no stage takes longer."""
Percentiles = dict[Annotated[int, Field(ge=0, le=100)], Annotated[float, Field(ge=0, le=MOST_DAYS)]]


class Parameter(Part):
    """One value. Exactly one kind of value is given.

    Attributes:
        rate: events for each one at risk in a year, 0 or more.
        share: of a whole, 0 to 1.
        number: any number.
        shares: name -> share; they add up to 1, or to less where the catalogue's do and the rest is
            nothing, as of ``chains.leakage``.
        weights: name -> number.
        weights_by: name -> name -> number.
        days: percentile -> whole or part days, at most ``MOST_DAYS``; 0 and 100 are given.
        days_by: name -> percentiles of days.
        source: name of a source of the file, or words.
        assumed: why the value is assumed, where it has no source.
        low, high: bounds of a fitted single value.
        intervals: of what was fitted with several values: name, percentile, or name and percentile
            (``standard 50``) -> lower and upper bound.
        fitted_from: rows it was fitted from.
    """

    label: str | None = Field(None, description="what it is")
    unit: str | None = Field(None, description="unit of the value")
    rate: AtLeast0 | None = Field(None, description="events a year for each one at risk")
    share: Fraction | None = Field(None, description="of a whole, 0 to 1")
    number: float | None = Field(None, description="a number in the unit")
    shares: dict[str, Fraction] | None = Field(None, description="name -> share, at most 1 in all")
    weights: dict[str, float] | None = Field(None, description="name -> number in the unit")
    weights_by: dict[str, dict[str, float]] | None = Field(
        None, description="name -> name -> number in the unit")
    days: Percentiles | None = Field(None, description="percentile -> days")
    days_by: dict[str, Percentiles] | None = Field(None, description="name -> percentiles of days")
    source: str | None = Field(None, description="where the value is from")
    assumed: str | None = Field(None, description="why it is assumed, where there is no source")
    note: str | None = Field(None, description="what to know about it")
    low: float | None = Field(None, description="lower bound of what was fitted")
    high: float | None = Field(None, description="upper bound of what was fitted")
    intervals: dict[str, list[float]] | None = Field(None, description="part -> [low, high], fitted")
    fitted_from: int | None = Field(None, description="rows it was fitted from")

    @property
    def kind(self) -> str:
        """Which kind of value it has."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def value(self) -> Any:
        """The value."""
        return getattr(self, self.kind)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(KINDS)} is given")
        if self.source is None and self.assumed is None:
            raise ValueError("a source, or assumed: why")
        if self.shares is not None and sum(self.shares.values()) > 1 + _SUM:
            raise ValueError(f"shares add up to {sum(self.shares.values()):g}, at most 1")
        for points in [self.days] if self.days else (self.days_by or {}).values():
            if {0, 100} - points.keys():
                raise ValueError("days need the percentiles 0 and 100")
            ordered = [points[at] for at in sorted(points)]
            if ordered != sorted(ordered):
                raise ValueError("days do not fall from one percentile to the next")
        return self


class ParameterFile(Part):
    """A file of parameters."""

    sources: dict[str, Source] = Field(default_factory=dict, description="what values are from")
    parameters: dict[str, Parameter] = Field(description="name -> parameter")
    not_fitted: dict[str, str] = Field(
        default_factory=dict, description="name -> why it was not fitted; its value stays as it was"
    )


class Parameters:
    """Named values; ``parameters["voids.works_days"]`` is the value itself."""

    def __init__(self, found: Mapping[str, Parameter]) -> None:
        self.found = dict(found)

    def __getitem__(self, name: str) -> Any:
        """The value of a parameter."""
        return self.found[name].value

    def with_changes(self, changes: Mapping[str, Parameter]) -> Parameters:
        """The same with other values for some names; labels and units stay, and so does the order of
        shares, by which a draw picks one.
        """
        kept = {}
        for name, new in changes.items():
            old = self.found[name]
            shares = new.shares
            if shares is not None and old.shares is not None:
                shares = {part: shares[part] for part in old.shares if part in shares} | shares
            kept[name] = new.model_copy(
                update={"label": old.label, "unit": old.unit, "shares": shares})
        return Parameters(self.found | kept)


@cache
def _shipped() -> ParameterFile:
    document = read_document(shipped_folder("parameters") / "england.yaml")
    return ParameterFile.model_validate(document.data)


@cache
def shipped_parameters() -> Parameters:
    """The catalogue with the values the package ships."""
    return Parameters(_shipped().parameters)


def shipped_sources() -> Mapping[str, Source]:
    """What the shipped values are from, by the name that ``source`` gives."""
    return _shipped().sources


def read_parameters(path: Path) -> dict[str, Parameter]:
    """Values of a file of a council's own.

    Raises:
        BadInput: with everything wrong in the file.
    """
    document, refused = read_as_far_as_it_goes(path)
    given = document.data if isinstance(document.data, dict) else {}
    found, problems = whole_parameters(given.get("parameters")), []
    try:
        ParameterFile.model_validate(document.data)
    except ValidationError as error:
        problems += field_problems(error, document.data, document.where, ParameterFile.model_json_schema())
    problems += changes_that_do_not_fit(found, document, ("parameters",))
    if refused or problems:
        raise BadInput(by_place(refused, problems))
    return found


def read_as_far_as_it_goes(path: Path) -> tuple[Document, list[Problem]]:
    """A file and what is refused in it, so that what else is wrong can be told beside it.

    Raises:
        BadDocument: reading stopped.
    """
    try:
        return read_document(path), []
    except BadDocument as error:
        if error.document is None:
            raise
        return error.document, list(error.problems)


def by_place(refused: Sequence[Problem], problems: Sequence[Problem]) -> list[Problem]:
    """Problems as a reader meets them; where something was refused, nothing else is told of its place."""
    told = {line_of(problem.where) for problem in refused}
    others = (problem for problem in problems if line_of(problem.where) not in told)
    return sorted(dict.fromkeys((*refused, *others)), key=lambda problem: line_of(problem.where))


def whole_parameters(given: Any) -> dict[str, Parameter]:
    """Of what a file gives, the parameters that are right in themselves."""
    found = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        try:
            found[str(name)] = Parameter.model_validate(value)
        except ValidationError:
            continue
    return found


def changes_that_do_not_fit(
    changes: Mapping[str, Parameter], document: Document, at: tuple[Any, ...]
) -> Iterator[Problem]:
    """Names that the catalogue has not, and values of another kind, with other names in them, shares of
    less than the whole, or numbers that cannot be.
    """
    from difflib import get_close_matches

    known = shipped_parameters().found
    for name, new in changes.items():
        where = document.where((*at, name), key=True)
        if name not in known:
            near = get_close_matches(name, known, 1)
            yield Problem("unknown_parameter", "there is no such parameter", where=where,
                          given=name, remedy=f"Did you mean {near[0]}?" if near else
                          "cbl simulate --parameters lists them")
            continue
        old = known[name]
        if new.kind != old.kind:
            yield Problem("parameter_kind", f"{name} is given as {new.kind}", where=where,
                          given=new.kind, allowed=f"{old.kind} [{old.unit}]")
            continue
        if isinstance(old.value, dict) and old.kind != "days":
            given, may = _names(new), _names(old)
            lacks = [part for part in may if part not in given]
            beside = [part for part in given if part not in may]
            if lacks or beside:
                yield Problem(
                    "parameter_names", f"{name} needs each of its names and no other",
                    where=where, allowed=f"each of {', '.join(may)}",
                    given="; ".join([*([f"without {', '.join(lacks)}"] if lacks else []),
                                     *([f"{', '.join(beside)} besides"] if beside else [])]),
                    remedy="What never happens has the share 0" if lacks and new.kind == "shares" else "")
            elif _less_than_whole(new) and not _less_than_whole(old):
                yield Problem("parameter_shares", f"shares of {name} are not of the whole", where=where,
                              given=f"shares that add up to {sum(new.value.values()):g}",
                              allowed="shares that add up to 1")
        for path, problem in beyond_bounds(name, new, old.unit or ""):
            yield replace(problem, where=document.where((*at, name, new.kind, *path)))


def _less_than_whole(parameter: Parameter) -> bool:
    return parameter.shares is not None and sum(parameter.shares.values()) < 1 - _SUM


def parts_of(parameter: Parameter) -> dict[str, float]:
    """The numbers of a value by part: empty, a name, a percentile, or a name and one in it."""
    return {" ".join(map(str, path)): number for path, number in numbers_of(parameter).items()}


def _names(parameter: Parameter) -> dict[str, None]:
    """The names of a value, those in names too (``council no_show``), in their order."""
    if parameter.kind != "weights_by":
        return dict.fromkeys(map(str, parameter.value))
    return {f"{name} {one}": None for name, inner in parameter.value.items() for one in inner}


GRAIN = 4096
"""Steps of a table of days, or of shares: a draw of 12 bits picks one."""


def days_table(percentiles: Mapping[int, float]) -> NDArray[np.int32]:
    """Whole days by draw: the inverse of the distribution at the middle of each of its steps."""
    at = np.array(sorted(percentiles), float) / 100
    days = np.array([percentiles[p] for p in sorted(percentiles)], float)
    middles = (np.arange(GRAIN) + 0.5) / GRAIN
    return np.rint(np.interp(middles, at, days)).astype(np.int32)


def picked(table: NDArray[np.int32], draws: NDArray[np.uint64]) -> NDArray[np.int32]:
    """The value that each draw picks from a table."""
    return table[(draws >> np.uint64(52)).astype(np.int64)]


def share_edges(shares: Mapping[str, float]) -> NDArray[np.uint64]:
    """Upper edges of each share on the scale of draws; what lies above the last is none of them."""
    totals = np.cumsum(list(shares.values()))
    return np.minimum(np.rint(totals * 2.0**52), 2.0**52).astype(np.uint64)


def sorted_out(edges: NDArray[np.uint64], draws: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Which share each draw falls in; the number of shares where in none."""
    return np.searchsorted(edges, draws >> np.uint64(12), side="right")


def happens(share: float | NDArray, draws: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether what has this chance comes about."""
    return (draws >> np.uint64(12)) < _edges(share)


def happens_by_kind(
    shares: NDArray[np.float64], kind: NDArray[np.integer], draws: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Whether what has the chance of its kind comes about."""
    return (draws >> np.uint64(12)) < _edges(shares)[kind]


def _edges(share: float | NDArray) -> NDArray[np.uint64]:
    return np.rint(np.clip(share, 0.0, 1.0) * 2.0**52).astype(np.uint64)


_LEAST_RATE = 1e-12
_NEVER = 1_000_000_000


def days_until(
    rate_per_year: float | NDArray[np.float64], draws: NDArray[np.uint64]
) -> NDArray[np.int32]:
    """Whole days to the next event of a steady rate, rounded down: 0 where it comes within a day, as
    3 in 1,000 do of a rate of one a year.

    Args:
        rate_per_year: events a year, of each or of all; 0 or less: never.
        draws: one for each.

    Returns:
        [days], at most 1,000,000,000, which stands for never.
    """
    rate = np.maximum(np.asarray(rate_per_year, np.float64), _LEAST_RATE)
    even = ((draws >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    days = -np.log(even) * (YEAR / rate)
    days = np.where(rate > _LEAST_RATE, days, _NEVER)
    return np.minimum(days, _NEVER).astype(np.int32)


def day_reached(
    rates: Sequence[tuple[int, float | NDArray[np.float64]]], since: NDArray[np.integer],
    draws: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """Day of the next event of a rate that is another from known days on.

    What is left on such a day, when the event is still to come, is as much longer as the new rate is
    lower; so an event before it comes on the same day as if nothing changed.

    Args:
        rates: first day and rate from then on [events a year, of each or of all], in order; the first
            holds before its day too.
        since: day from which each is at risk.
        draws: one for each.
    """
    day = since + days_until(rates[0][1], draws).astype(np.int64)
    for (_, before), (on, after) in pairwise(rates):
        old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
        whole = days_until(new, draws).astype(np.int64)
        left = np.rint(np.clip((day - on) * (old / np.maximum(new, _LEAST_RATE)), 0, _NEVER))
        left = np.where(old > _LEAST_RATE, left.astype(np.int64), whole)
        later = np.where(since >= on, since + whole, np.where(day > on, on + left, day))
        day = np.where(old == new, day, later)
    return day
