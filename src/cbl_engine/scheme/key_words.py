"""Keys of an order in words: what each does, what it is about, and what follows when it is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.keys import kind_of_key
from cbl_engine.scheme.words import CALLED, bands_in_order, called, column_called, quoted

if TYPE_CHECKING:
    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import SchemeVersion

NEVER_UNKNOWN = frozenset({"bid_time", "lottery", "tie"})
"""Kinds of key whose value is always known."""


def _date(key: Any, version: SchemeVersion) -> str:
    if isinstance(key.date, str):
        return f"The earliest {_bare(key.date, version)} comes first"
    parts = [
        f"{_for_whom(chooser, version)} the {_bare(column, version)}"
        for chooser, column in key.date.items()
    ]
    return f"The earliest date comes first: {', '.join(parts)}"


def _bare(column: str, version: SchemeVersion) -> str:
    """What a column is called, without an article of its own."""
    return column_called(column, version).removeprefix("the ").removeprefix("The ")


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
    if value == called(value) or value in CALLED or kind == "date":
        return f"the {_bare(value, version)}"
    return named


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
