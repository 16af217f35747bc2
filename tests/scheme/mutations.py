"""Every scheme that is shipped, and each of them with one field changed."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from hypothesis import strategies as st

from cbl_engine.documents import Document
from cbl_engine.scheme import load_scheme, shipped_schemes
from cbl_engine.shipped import shipped_folder

FILES = [
    *shipped_schemes().values(),
    *sorted((shipped_folder("cases") / "schemes").glob("*.yaml")),
    shipped_folder("templates") / "scheme.yaml",
]
SCHEMES = [load_scheme(path) for path in FILES]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    return [path] * bool(path) + [p for key, item in items for p in places(item, (*path, key))]


WORDS_OF_SCHEMES = ["fail", "pass", "hold", "last", "error", "first", "latest", "any", "amount",
                    "advert", "register", "exact_first", "fewest_spare", "largest_need", "unknown",
                    "priority_date", "registered_on", "band_from", "people", "connections", "work",
                    "residence", "applicant", "parish", "points", "no_eligible", "on_register", "X",
                    "keep", "award", "original", "restore", "never", "any_age", "counted",
                    "not_counted", "one_room", "fewest", "bed_spaces", "universal_credit",
                    "medical_high", "homeless", "homeless_from", "nights_in_shelter", "deferred",
                    "months_earlier", "since", "up", "cycle", "live", "free", "spent", "own",
                    "none", "council", "automatic", "be_listed", "bid", "invited", "offered", "let",
                    "readvertise", "first_come", "direct_let", "exhausted", "adverts", "lettings",
                    "application", "home", "bypass", "refused", "sent", "viewed", "monday", "09:00",
                    "close", "offer", "household", "closes_first", "main", "bedrooms"]


@st.composite
def mutations(draw: st.DrawFn) -> tuple[Any, Any]:
    """A scheme and itself with one field changed, taken out or put elsewhere."""
    scheme = draw(st.sampled_from(SCHEMES))
    document = scheme.documents[0]
    data = copy.deepcopy(document.data)
    *parents, last = draw(st.sampled_from(places(data)))
    holder = data
    for part in parents:
        holder = holder[part]
    value = holder[last]
    how = draw(st.sampled_from(["leaf", "leaf", "leaf", "out", "swap"]))
    if how == "out":
        del holder[last]
    elif how == "swap" and isinstance(value, list) and len(value) > 1:
        value.append(value.pop(draw(st.integers(0, len(value) - 2))))
    elif isinstance(value, bool):
        holder[last] = not value
    elif isinstance(value, (int, float)):
        holder[last] = draw(st.sampled_from([value + 1, float(value), bool(value)]))
    elif isinstance(value, dt.date):
        holder[last] = value + dt.timedelta(draw(st.sampled_from([-1, 1, 400])))
    elif isinstance(value, str):
        holder[last] = draw(st.sampled_from([
            value + " more", f"NOT ({value})", f"{value} OR band = 'A'", f"{value} AND 1 = 1",
            value.replace("1", "2").replace("A", "B"), *WORDS_OF_SCHEMES,
        ]))
    return scheme, Document(document.name, document.text, data, {(): (1, 1)}, {})


@st.composite
def misshapen(draw: st.DrawFn) -> Document:
    """A scheme file with one part of another shape: often wrong, sometimes not."""
    document = draw(st.sampled_from(SCHEMES)).documents[0]
    data = copy.deepcopy(document.data)
    *parents, last = draw(st.sampled_from(places(data)))
    holder = data
    for part in parents:
        holder = holder[part]
    value = holder[last]
    how = draw(st.sampled_from(["out", "null", "shape", "word", "another", "renamed", "empty"]))
    if how == "out":
        del holder[last]
    elif how == "null":
        holder[last] = None
    elif how == "shape":
        holder[last] = draw(st.sampled_from([[value], {"x": value}, 1, True, 0.5, "x" * 2_001]))
    elif how == "word":
        holder[last] = draw(st.sampled_from(WORDS_OF_SCHEMES))
    elif how == "empty":
        holder[last] = draw(st.sampled_from([[], {}, "", 0]))
    elif isinstance(holder, dict):
        word = draw(st.sampled_from(["tie", "prefer", "lable", "Odd Name", "max", "label", "order"]))
        holder[word] = holder.pop(last) if how == "renamed" else "human"
    return Document(document.name, document.text, data, {(): (1, 1)}, {})
