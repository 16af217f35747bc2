"""How parts of a scheme are said: dates, amounts, names, areas, the keys of an order, facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from cbl_engine.scheme.facts import Count, kind_of_fact
from cbl_engine.scheme.keys import kind_of_key
from cbl_engine.scheme.standards import shipped_standards
from cbl_engine.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbl_engine.scheme.facts import Fact
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import InForce, Parameter, Review, SchemeVersion

_CALLED = {
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
Reads = Callable[[str, str], str]
"""Says an expression over the rows of a table in words, or quotes it."""

NEVER_UNKNOWN = frozenset({"bid_time", "lottery", "tie"})
"""Kinds of key whose value is always known."""


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
    return str(value)


def amount(value: Any, unit: str | None) -> str:
    """A value with its unit: ``36 months``, ``1 month``, ``£500``, ``£120 per week``."""
    if unit is None or isinstance(value, (bool, date)):
        return say(value)
    number = f"{value:,}" if isinstance(value, (int, float)) else say(value)
    if unit == "GBP" or unit.startswith("GBP "):
        return f"£{number}{unit.removeprefix('GBP')}"
    return f"{number} {_ONE.get(unit, unit) if value == 1 else unit}"


def called(name: str) -> str:
    """A standard column's name as people say it."""
    return _CALLED.get(name, name.replace("_", " "))


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


def _date(key: Any, version: SchemeVersion) -> str:
    if isinstance(key.date, str):
        return f"The earliest {column_called(key.date, version)} comes first"
    parts = [
        f"{_for_whom(chooser, version)} the {column_called(column, version)}"
        for chooser, column in key.date.items()
    ]
    return f"The earliest date comes first: {', '.join(parts)}"


def _for_whom(chooser: str, version: SchemeVersion) -> str:
    if chooser in version.bands:
        return f"for band {chooser}"
    if chooser in version.criteria:
        return f"for those who meet {quoted(version.criteria[chooser].label)}"
    return "for everyone else"


_BEDROOM_FIT = {
    "exact_first": "Those whose bedroom need equals the home's bedrooms come before the rest",
    "fewest_spare": "Those who would leave the fewest bedrooms spare come first",
    "largest_need": "The largest bedroom need comes first",
}
_DEBT = {
    "any": "Those without debt come before those with any",
    "amount": "The smallest debt comes first",
}
_BID_TIME = {
    "first": "The earliest bid comes first; what counts is the household's first bid on the advert "
             "that was not withdrawn",
    "latest": "The earliest bid comes first; what counts is the household's latest bid on the "
              "advert",
}
_POINTS = {
    "points": "The most points come first",
    "place_in_band": "The best place among those of the band comes first",
}
_LOTTERY = {
    "advert": "Lots are drawn for each advert, in a way that can be repeated and checked",
    "register": "Lots are drawn once, one number for each household and all adverts, in a way that "
                "can be repeated and checked",
}

KEY_WORDS: dict[str, Callable[[Any, SchemeVersion], str]] = {
    "band": lambda key, _: f"By band: {bands_in_order(key.band)}",
    "date": _date,
    "points": lambda key, version: _POINTS.get(key.points)
    or f"The most points come first ({column_called(key.points, version)})",
    "prefer": lambda key, version: "Those who meet this come before the rest: "
    + quoted(version.criteria[key.prefer].label),
    "connection": lambda key, version: "The closest connection comes first ("
    + column_called(key.connection, version) + ")",
    "bedroom_fit": lambda key, _: _BEDROOM_FIT[key.bedroom_fit],
    "debt": lambda key, version: f"{_DEBT[key.compare]} ("
    + quoted(column_called(key.debt, version)) + ")",
    "bid_time": lambda key, _: _BID_TIME[key.bid_time],
    "lottery": lambda key, _: _LOTTERY[key.lottery],
    "tie": lambda *_: "People decide. Until then they are equal, and share a place such as "
    "“joint 3rd”",
}
"""Kind of key -> the sentence that says what it does."""

_KEY_NAMES: dict[str, str] = {
    "band": "the band",
    "points": "points",
    "bedroom_fit": "bedroom need",
    "bid_time": "the time of the bid",
    "lottery": "the drawing of lots",
    "tie": "the decision of people",
}


def key_in_words(key: Key, version: SchemeVersion) -> str:
    """What a key of an order does, in a sentence without a full stop."""
    return KEY_WORDS[kind_of_key(key)](key, version)


def key_called(key: Key, version: SchemeVersion) -> str:
    """What a key is about, in a few words: ``bedroom need``, ``the priority date``."""
    kind = kind_of_key(key)
    value = getattr(key, kind)
    if kind in _KEY_NAMES:
        return _KEY_NAMES[kind]
    if kind == "prefer":
        return f"the preference for {quoted(version.criteria[value].label)}"
    if isinstance(value, dict):
        return "the date"
    named = column_called(value, version)
    return f"the {named}" if value == called(value) or value in _CALLED or kind == "date" else named


def key_unknown_in_words(key: Key) -> str:
    """What follows when a key's value is not known; empty when it always is."""
    kind = kind_of_key(key)
    if kind in NEVER_UNKNOWN:
        return ""
    if key.when_unknown == "error":
        return "Where it is not known: no shortlist is made until it is put right."
    ranks = "ranks as if not met" if kind == "prefer" else "ranks below all where it is known"
    held = ", and nothing is offered until it is known" if key.when_unknown == "hold" else ""
    return f"Where it is not known: the bid {ranks}{held}."


CRITERION_UNKNOWN = {
    "fail": "Where it is not known: counts as not met.",
    "pass": "Where it is not known: counts as met.",
    "hold": "Where it is not known: the bid keeps its place, and nothing is offered until it is "
            "known.",
}
"""What a criterion's ``when_unknown`` means."""


def _held_by(rule: Any) -> str:
    return "the applicant" if rule.held_by == "applicant" else "anyone in the household"


def _kinds(rule: Any, read: Reads) -> str:
    where = f" for which {read(rule.where, 'connections')}" if rule.where is not None else ""
    return f"of kind {listed(rule.kinds, 'or')}{where}"


def _lasting(rule: Any) -> str:
    return f", held for at least {amount(rule.min_months, 'months')}" if rule.min_months else ""


def _resident(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.months_resident_in
    span = f"in the last {amount(rule.window_months, 'months')}" if rule.window_months else "in all"
    if rule.consecutive:
        window = f", looking back {amount(rule.window_months, 'months')}"
        span = "without a break until now" + (window if rule.window_months else "")
    return (f"Whole months in {area_in_words(rule.area, rule.level)}, {span}, by connections "
            f"{_kinds(rule, read)}; the most that {_held_by(rule)} has")


def _connected_months(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.months_connected
    return ("Whole months that the longest connection still held with "
            f"{area_in_words(rule.area, rule.level)} has lasted, {_kinds(rule, read)}, held by "
            f"{_held_by(rule)}")


def _connected(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.connected_to
    return (f"Yes when {_held_by(rule)} now has a connection with "
            f"{area_in_words(rule.area, rule.level)}, {_kinds(rule, read)}{_lasting(rule)}")


def _strength(fact: Any, read: Reads, _: SchemeVersion) -> str:
    rule = fact.connection_strength
    levels = [f"{n} for the same {level}" for n, level in enumerate(rule.levels, 1)]
    return (f"How near the home {_held_by(rule)} has a connection {_kinds(rule, read)}"
            f"{_lasting(rule)}: {listed([*levels, f'{len(levels) + 1} for none of these'])}")


def _if_none(fact: Any, table: str) -> str:
    answer = "not known" if fact.if_none == "unknown" else say(fact.if_none)
    rows = table if table in ("people", "connections") else ROW_CALLED[table]
    return f". For a household with no {rows} on record: {answer}"


def _reducer(says: str) -> Callable[[Any, Reads, SchemeVersion], str]:
    def words(fact: Any, read: Reads, _: SchemeVersion) -> str:
        kind = kind_of_fact(fact)
        table = fact.count if isinstance(fact, Count) else fact.of
        of = "" if isinstance(fact, Count) else read(getattr(fact, kind), table)
        person = table == "people"
        which = "for whom" if person else "for which"
        where = f", counting each {which} {read(fact.where, table)}" if fact.where else ""
        row = f"{ROW_CALLED[table]} {'in' if person else 'of'} the household"
        return says.format(row=row, of=of) + where + _if_none(fact, table)

    return words


def _since(unit: str, fact: Any, version: SchemeVersion) -> str:
    since = quoted(column_called(getattr(fact, kind_of_fact(fact)), version))
    return f"Whole {unit} since {since}; 0 before that day, and not known without one"


def standard_called(name: str, version: SchemeVersion) -> str:
    """A bedroom standard by its label in quotes, and whether the engine ships it."""
    if name in version.bedroom_standards:
        return quoted(version.bedroom_standards[name].label)
    return f"{quoted(shipped_standards()[name].label)}, as shipped"


_OVERCROWDED_BY = {
    "room_standard": "the room standard",
    "space_standard": "the space standard",
    "either": "the room standard or the space standard",
}
FACT_WORDS: dict[str, Callable[[Any, Reads, SchemeVersion], str]] = {
    "any_member": _reducer("Yes when, for any {row}: {of}"),
    "all_members": _reducer("Yes when, for every {row}: {of}"),
    "count": _reducer("How many there are: each {row}"),
    "min": _reducer("The least over every {row}: {of}"),
    "max": _reducer("The greatest over every {row}: {of}"),
    "months_resident_in": _resident,
    "months_connected": _connected_months,
    "connected_to": _connected,
    "connection_strength": _strength,
    "whole_years_since": lambda fact, _, version: _since("years", fact, version),
    "whole_months_since": lambda fact, _, version: _since("months", fact, version),
    "bedrooms": lambda fact, _, version: "Bedrooms that the household needs by the standard "
    + standard_called(fact.bedrooms, version),
    "bedrooms_now": lambda fact, _, version: "Bedrooms of the present home, those too small by the "
    f"standard {standard_called(fact.bedrooms_now, version)} left out",
    "statutory_overcrowding": lambda fact, _read, _version: "Yes when the present home is "
    f"overcrowded in law by {_OVERCROWDED_BY[fact.statutory_overcrowding]} (Housing Act 1985 Part X)",
}
"""Kind of fact -> how it is worked out; the second argument reads an expression over a table."""


def fact_in_words(fact: Fact, read: Reads, version: SchemeVersion) -> str:
    """How a fact is worked out, in a sentence without a full stop.

    Args:
        fact: the fact.
        read: (expression, table of its rows) -> words, or the expression itself in quotes.
        version: the scheme, for its labels.
    """
    return FACT_WORDS[kind_of_fact(fact)](fact, read, version)


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
        return f"{value:.10g}"
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
