"""The bedroom standards and the overcrowding law that the package ships, as data with sources."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from cbl_engine.documents import read_document
from cbl_engine.errors import Problem, SchemeError
from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.scheme.parts import InForce, Labelled, Name, Part, Source, as_tuples
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class _Standards(Part):
    sources: dict[str, Source]
    bedroom_standards: dict[Name, BedroomStandard]


class OvercrowdingLaw(Labelled):
    """The room standard and the space standard, as the law has them from a date.

    Attributes:
        room_standard_from_age: [years] younger people are left out of the room standard.
        persons_by_age: age [years] from which it holds -> what one counts [persons].
        persons_by_rooms: number of rooms -> permitted number [persons].
        persons_for_each_room_beyond: [persons] a room, for more rooms than the table has.
        persons_by_floor_area: area [square feet] from which it holds -> [persons] for the room;
            a smaller room is no room for the space standard.
    """

    in_force: InForce
    room_standard_from_age: int
    persons_by_age: dict[int, float]
    persons_by_rooms: dict[int, float]
    persons_for_each_room_beyond: float
    persons_by_floor_area: dict[int, float]


class _Law(Part):
    sources: dict[str, Source]
    overcrowding: tuple[OvercrowdingLaw, ...] = Field(min_length=1)


@lru_cache(maxsize=1)
def shipped_standards() -> dict[str, BedroomStandard]:
    """Name -> bedroom standard, of those the package ships."""
    return dict(_standards().bedroom_standards)


def shipped_citation(name: str) -> str:
    """What a shipped standard rests on: titles of its sources, with the clauses."""
    return citation(shipped_standards()[name].source, _standards().sources)


def citation(source: str | None, sources: Mapping[str, Source]) -> str:
    """The titles behind ``P1 section 4; P2``, each with its clause."""
    said = []
    for part in (source or "").split(";"):
        name, _, clause = part.strip().partition(" ")
        title = sources[name].title if name in sources else name
        said.append(f"{title} {clause}".strip())
    return "; ".join(said)


@lru_cache(maxsize=1)
def _standards() -> _Standards:
    return read_shipped(shipped_folder("standards") / "bedrooms.yaml", _Standards)


@lru_cache(maxsize=1)
def _overcrowding() -> tuple[OvercrowdingLaw, ...]:
    return read_shipped(shipped_folder("law") / "overcrowding.yaml", _Law).overcrowding


def overcrowding_law(on: date) -> OvercrowdingLaw:
    """The law of statutory overcrowding in force on a date.

    Raises:
        SchemeError: none is on record for that date.
    """
    for law in _overcrowding():
        if law.in_force.from_ <= on and (law.in_force.until is None or on < law.in_force.until):
            return law
    raise SchemeError(
        [
            Problem(
                "law_not_in_force",
                "no law of overcrowding is on record for this date",
                given=str(on),
                allowed=", ".join(f"from {law.in_force.from_}" for law in _overcrowding()),
            )
        ]
    )


def overcrowding_changes() -> list[date]:
    """Every day on which the law of statutory overcrowding becomes another, ascending."""
    return sorted(day for law in _overcrowding()
                  for day in (law.in_force.from_, law.in_force.until) if day is not None)


_BESIDE_THE_RULE = frozenset({
    "label", "source", "illustrative", "extends", "in_force", "notes", "sizes", "extra_rooms",
})
"""Fields that a scheme may set while who needs how many rooms stays as the standard has it."""


def resolve_standard(standard: BedroomStandard | str, on: date | None = None) -> BedroomStandard:
    """A standard with what it extends filled in; a name stands for a shipped one.

    The notes of what it extends are its own only where the rule is.

    Args:
        standard: a declaration, or a shipped standard's name.
        on: the as-at date, on which it must be in force.

    Raises:
        SchemeError: it is no standard, none of that name is shipped, or it is not in force on the
            date.
    """
    if isinstance(standard, str):
        whole = _shipped(standard)
    elif not isinstance(standard, BedroomStandard):
        raise SchemeError([Problem(
            "not_a_standard", "the bedroom standard is none", where="standard",
            given=f"a {type(standard).__name__}",
            allowed="a BedroomStandard, or the name of a shipped one",
        )])
    elif standard.extends is None:
        whole = standard
    else:
        own = {field: getattr(standard, field) for field in standard.model_fields_set}
        if not own.keys() <= _BESIDE_THE_RULE:
            # Its notes say how its own words were read, and those are no longer the whole rule.
            own.setdefault("notes", ())
        whole = _shipped(standard.extends).model_copy(update=own | {"extends": None})
    force = whole.in_force
    if on is not None and force is not None and not (
        force.from_ <= on and (force.until is None or on < force.until)
    ):
        until = f" until {force.until}" if force.until else ""
        raise SchemeError(
            [
                Problem(
                    "standard_not_in_force",
                    f"the bedroom standard '{whole.label}' is not in force on this date",
                    given=str(on),
                    allowed=f"from {force.from_}{until}",
                )
            ]
        )
    return whole


def _shipped(name: str) -> BedroomStandard:
    try:
        return shipped_standards()[name]
    except KeyError:
        raise SchemeError([unknown_standard(name)]) from None


def unknown_standard(name: str, where: str = "") -> Problem:
    """The problem of a standard that is not shipped, with those that may be meant first."""
    names = list(shipped_standards())
    near = get_close_matches(name, names, cutoff=0.6)
    return Problem(
        "unknown_standard",
        f"no bedroom standard named {name} is shipped",
        where=where,
        allowed=", ".join(near or names),
    )


def read_shipped(path: Path, model: type[Any]) -> Any:
    """A file that the package ships, or one that takes its place, as a model.

    Raises:
        SchemeError: the file does not fit the model.
    """
    document = read_document(path)
    try:
        return model.model_validate(as_tuples(document.data))
    except ValidationError as error:
        raise SchemeError(field_problems(
            error, document.data, document.where, model.model_json_schema(), "file_{}")) from None
