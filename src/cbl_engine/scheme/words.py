"""How parts of a scheme are said: dates, amounts, names, areas, and parts as they are written."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cbl_engine.scheme.parts import MOST_PARTS, exact_share
from cbl_engine.scheme.standards import shipped_standards
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbl_engine.scheme.model import Parameter, Review, SchemeVersion
    from cbl_engine.scheme.parts import InForce

CALLED = {
    "registered_on": "date of registration",
    "submitted_on": "date of submission",
    "band_from": "date on which the band was awarded",
    "access_need": "access category needed",
    "sizes": "sizes that may be let",
}
"""Standard columns whose names are not plain English by themselves."""

ROW_CALLED = {
    "applications": "application",
    "people": "person",
    "connections": "connection",
    "homes": "home",
    "adverts": "advert",
    "band_history": "spell in a band",
    "status_history": "spell in a status",
    "duties": "duty",
    "rooms": "room",
    "ta_placements": "temporary placement",
    "officer_decisions": "officer's decision",
    "overrides": "officer's override",
}
"""What a row of a table is."""

_ONE = {"people": "person", "months": "month", "years": "year", "days": "day", "weeks": "week",
        "bedrooms": "bedroom", "points": "point", "steps": "step", "bids": "bid", "bands": "band",
        "households": "household", "attempts": "attempt", "channels": "channel",
        "refusals": "refusal", "working days": "working day", "hours": "hour"}


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text with a capital and a full stop, unless it ends a sentence itself."""
    return capital(text) + ("" if text.endswith((".", "?", "!", ":")) else ".")


def listed(items: Iterable[str], last: str = "and") -> str:
    """A, B and C."""
    *before, end = list(items) or [""]
    return f"{', '.join(before)} {last} {end}" if before else end


def quoted(text: str) -> str:
    """A text in quotation marks."""
    return f"“{text}”"


def day(value: date) -> str:
    """A date as people write it."""
    return f"{value.day} {value:%B %Y}"


def say(value: Any) -> str:
    """A value of a scheme file as people write it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, (list, tuple)):
        return listed(map(say, value)) if value else "none"
    return (isinstance(value, float) and _as_fraction(value)) or str(value)


def amount(value: Any, unit: str | None) -> str:
    """A value with its unit: ``36 months``, ``1 month``, ``£500``, ``£120 per week``."""
    if unit is None or isinstance(value, (bool, date)):
        return say(value)
    number = f"{value:,}" if isinstance(value, (int, float)) else say(value)
    if unit == "GBP" or unit.startswith("GBP "):
        return f"£{number}{unit.removeprefix('GBP')}"
    return f"{number} {_ONE.get(unit, unit) if value == 1 else unit}"


def share_in_words(share: float) -> str:
    """A share as it was set, no digit of it lost: ``12.5%``, and ``1/3``."""
    return _as_fraction(share) or f"{share * 100:.10g}%"


def _as_fraction(value: float) -> str | None:
    """A number that was written as a fraction, ``1/3``; None for one that a decimal writes."""
    exact = exact_share(value)
    told = exact.denominator > MOST_PARTS or Fraction(f"{value:.10g}") == exact
    return None if told else str(exact)


def called(name: str) -> str:
    """A standard column's name as people say it."""
    return CALLED.get(name, name.replace("_", " "))


def owner_of(name: str) -> str:
    """Whose a standard column of adverts is: the home's where homes have it."""
    return "home" if name in {c.name for c in TABLES["homes"]} else "advert"


def column_called(name: str, version: SchemeVersion) -> str:
    """A column of the application or a fact: its label, or the standard column's name in words."""
    declared = version.declared("applications").get(name) or version.facts.get(name)
    return declared.label.removeprefix("whether ") if declared else called(name)


def values_in_words(parameter: Parameter, as_at: date | None = None) -> str:
    """A parameter's value: the one in force, or, without a date, all of them with their days."""
    values = sorted(parameter.values.items())
    if as_at is not None:
        held = [value for start, value in values if start <= as_at]
        return amount(held[-1], parameter.unit) if held else "no value yet"
    if len(values) == 1:
        return amount(values[0][1], parameter.unit)
    return listed(f"{amount(v, parameter.unit)} from {day(start)}" for start, v in values)


def dates_in_words(force: InForce) -> str:
    """From when until when, and whether anybody says so."""
    text = f"from {day(force.from_)}"
    if force.until is not None:
        text += f" until {day(force.until - timedelta(1))}"
    return text + (" (the start is assumed: no source gives it)" if force.assumed else "")


def deadline_in_words(review: Review, lacking: str = "({}: not known)") -> str | None:
    """Until when an applicant may ask for a review; None where no source says.

    Args:
        review: what the scheme says of reviews.
        lacking: how to say what it does not.

    >>> from cbl_engine.scheme.model import Review
    >>> deadline_in_words(Review(within_days=21, counted="calendar", starts="received"))
    'Ask within 21 calendar days of the day on which you received the letter.'
    """
    if review.within_days is None:
        return None
    begins = {"sent": "the letter was sent", "received": "you received the letter",
              None: lacking.format("the letter was sent or received")}[review.starts]
    count = _days(review.within_days, review.counted, lacking)
    return f"Ask within {count} of the day on which {begins}."


def answer_in_words(review: Review, lacking: str = "({}: not known)") -> str | None:
    """By when a review is answered; None where no source says."""
    if review.answer_days is None:
        return None
    return f"We answer within {_days(review.answer_days, review.answer_counted, lacking)}."


def _days(number: int, counted: str | None, lacking: str) -> str:
    kind = counted or lacking.format("calendar or working")
    return f"{number} {kind} {'day' if number == 1 else 'days'}"


def bands_in_order(bands: Iterable[str | tuple[str, ...]]) -> str:
    """Bands as an order has them, with those that rank equal together."""
    parts = [b if isinstance(b, str) else f"{listed(b)} as equals" for b in bands]
    return ", then ".join(parts)


def area_in_words(area: str | tuple[str, ...], level: str | None = None) -> str:
    """An area of a fact: the home's own or the one of a level around it, or those named by id."""
    if area == "advert.area":
        return f"the {level.replace('_', ' ') if level else 'area'} of the home"
    areas = [area] if isinstance(area, str) else area
    return f"the area{'s'[: len(areas) > 1]} {listed(map(quoted, areas), 'or')}"


CRITERION_UNKNOWN = {
    "fail": "Where it is not known: counts as not met.",
    "pass": "Where it is not known: counts as met.",
    "hold": "Where it is not known: the bid keeps its place, and nothing is offered until it is "
            "known.",
}
"""What a criterion's ``when_unknown`` means."""


def standard_called(name: str, version: SchemeVersion) -> str:
    """A bedroom standard by its label in quotes, and whether the engine ships it."""
    if name in version.bedroom_standards:
        return quoted(version.bedroom_standards[name].label)
    return f"{quoted(shipped_standards()[name].label)}, as shipped"


def as_written(part: BaseModel, *skip: str) -> str:
    """A part as its file has it, a line for each field given; its label and sources left out.

    Args:
        part: a fact, an award, a bedroom standard, ...
        skip: further fields to leave out.
    """
    unsaid = {"label", "source", "illustrative", "notes", *skip}
    own_first = dict.fromkeys((*type(part).__annotations__, *type(part).model_fields))
    given = {n: getattr(part, n) for n in own_first if n in part.model_fields_set - unsaid}
    lines: list[str] = []
    for name, value in given.items():
        if isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
            lines += [f"{name}:", *(f"- {_plain(item)}" for item in value)]
        else:
            lines.append(f"{name.rstrip('_')}: {_plain(value)}")
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _as_fraction(value) or f"{value:.10g}"
    if value in ("yes", "no"):  # a text, which YAML would take for true or false
        return f'"{value}"'
    if isinstance(value, BaseModel):
        value = {n.rstrip("_"): getattr(value, n) for n in type(value).model_fields
                 if n in value.model_fields_set}
    if isinstance(value, dict):
        return "{" + ", ".join(f"{n}: {_plain(v)}" for n, v in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return " ".join(str(value).split())
