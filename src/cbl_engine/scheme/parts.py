"""What every part of a scheme is made of: closed models, names, texts, labels, sources, unions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache
from re import fullmatch
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    WithJsonSchema,
)

NAME = r"^[a-z][a-z0-9_]*$"
BAND_NAME = r"^[A-Za-z0-9][A-Za-z0-9 _+./-]*$"
CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DAY_OF_YEAR = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
FRACTION = r"^[1-9][0-9]{0,2}/[1-9][0-9]{0,2}$"
MOST_PARTS = 999
"""The greatest denominator that a fraction is written with."""
PATTERNS = {
    NAME: ("a name that can be used", "small letters, digits and _, a letter first"),
    BAND_NAME: (
        "a name that can be used",
        "letters, digits, spaces and _ + . / -, a letter or digit first",
    ),
    CLOCK_TIME: ("a time of the clock", "HH:MM, such as 09:00"),
    DAY_OF_YEAR: ("a day of the year", "MM-DD, such as 04-01"),
    FRACTION: ("a fraction", "two whole numbers of at most three digits, such as 1/3"),
}
"""Pattern of a text -> what such a text is, and how it is written."""

Name = Annotated[str, Field(pattern=NAME, max_length=60)]
BandName = Annotated[str, Field(pattern=BAND_NAME, max_length=40)]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Sql = Annotated[str, Field(min_length=1, max_length=4_000)]


def of_fraction(value: Any) -> Any:
    """The number that a fraction in text is; anything else as it came."""
    return float(Fraction(value)) if isinstance(value, str) and fullmatch(FRACTION, value) else value


@lru_cache(maxsize=256)
def exact_share(share: float) -> Fraction:
    """A share as it was written: 0.1 is one in ten exactly, 1/3 a third, and 0.3333 is not."""
    written = Fraction(str(share))
    near = written.limit_denominator(MOST_PARTS)
    return near if float(near) == share else written


def as_fraction(**least: float) -> tuple[BeforeValidator, WithJsonSchema]:
    """What lets a share be a fraction in text too, with its lower bound as JSON Schema has it."""
    return BeforeValidator(of_fraction), WithJsonSchema({"anyOf": [
        {"type": "number", **least, "maximum": 1}, {"type": "string", "pattern": FRACTION}]})


Share = Annotated[float, Field(gt=0, le=1), *as_fraction(exclusiveMinimum=0)]
"""Part of a whole: a number, or a fraction in text such as ``1/3``."""


class Part(BaseModel):
    """A part of a scheme: frozen, and closed to names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(Part):
    """Where a rule was read."""

    title: Text = Field(description="what the page or document calls itself")
    url: Text | None = Field(None, description="its address")
    read_on: date | None = Field(None, description="the day it was read")


class InForce(Part):
    """The dates on which this version is the scheme. ``until`` is the first day it no longer is."""

    from_: date = Field(alias="from", description="the first day")
    until: date | None = Field(
        None, description="the first day it no longer is; left out: it still is"
    )
    assumed: bool = Field(False, description="true when no source gives the start")
    source: str | None = Field(None, description="where the start was read; or say assumed: true")

    def holds_on(self, on: date) -> bool:
        """Whether a date is among them."""
        return self.from_ <= on and (self.until is None or on < self.until)


class Sourced(Part):
    """A part that needs no words of its own, and says where it was read."""

    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")


class Labelled(Part):
    """A part with words for people and a source."""

    label: Text = Field(description="what it says, in words an applicant can read")
    source: str | None = Field(None, description="a name under sources, with a clause if wanted")
    illustrative: bool = Field(False, description="true when this is ours, not the council's")


def one_of(kinds: dict[str, Any], what: str) -> Discriminator:
    """Tell the members of a union apart by the one field that names the kind."""

    def kind_given(value: Any) -> str | None:
        if isinstance(value, dict):
            found = [kind for kind in kinds if kind in value]
            return found[0] if len(found) == 1 else None
        return next((kind for kind, model in kinds.items() if isinstance(value, model)), None)

    return Discriminator(
        kind_given,
        custom_error_type=f"{what}_kind",
        custom_error_message=f"every {what} names exactly one of: {', '.join(kinds)}",
    )


def kind_among(kinds: Mapping[str, type[Part]], part: Part) -> str:
    """The name of the kind that a part of a union is of."""
    for kind, model in kinds.items():
        if isinstance(part, model):
            return kind
    raise TypeError(type(part).__name__)


def as_tuples(value: Any) -> Any:
    """Plain data with tuples for lists, since the models are frozen and strict."""
    if isinstance(value, dict):
        return {key: as_tuples(item) for key, item in value.items()}
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value
