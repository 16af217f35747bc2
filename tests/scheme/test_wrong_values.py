"""What is wrong with a value of a file, in words: what belongs there, what came, what was allowed."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
from pydantic import Field, ValidationError

from cbl_engine.scheme.parts import Part
from cbl_engine.scheme.wrong_values import in_words, shown


class Inner(Part):
    homes: int = Field(1, ge=1, le=9)
    share: float = 0.5


class Outer(Part):
    title: str = Field(max_length=8)
    on: date | None = None
    kind: Literal["low", "high"] = "low"
    done: bool = False
    inner: Inner | None = None
    parts: tuple[Inner, ...] = Field((), strict=False)
    named: dict[str, Inner] = Field(default_factory=dict)
    own: str | None = Field(None, alias="register")


@pytest.mark.parametrize(("given", "said"), [
    ({}, ("this is missing", "", "")),
    ({"title": 5}, ("text belongs here", "", "Put it in quotes")),
    ({"title": "a", "registr": "b"}, ("there is no such key", "register", "")),
    ({"title": "a", "inner": {"hoems": 2}}, ("there is no such key", "homes", "")),
    ({"title": "a", "parts": [{}, {"zz": 2}]}, ("there is no such key", "homes, share", "")),
    ({"title": "a", "named": {"title": {"shares": 2}}}, ("there is no such key", "share", "")),
    ({"title": "a", "inner": {date(2026, 1, 1): 2}}, ("there is no such key", "homes, share", "")),
    ({"title": "a" * 9}, ("the text is too long", "at most 8 letters", "")),
    ({"title": "a", "inner": {"homes": 0}}, ("this is out of bounds", "at least 1", "")),
    ({"title": "a", "inner": {"homes": 10}}, ("this is out of bounds", "at most 9", "")),
    ({"title": "a", "inner": {"homes": 1.5}}, ("a whole number belongs here", "", "")),
    ({"title": "a", "inner": {"share": "x"}}, ("a number belongs here", "", "")),
    ({"title": "a", "done": "maybe"}, ("true or false belongs here", "", "")),
    ({"title": "a", "kind": "middling"}, ("this is none of the words that may stand here", "low or high", "")),
    ({"title": "a", "on": "2026-04-06"}, ("this is not a day", "YYYY-MM-DD", "Leave the quotes out")),
    ({"title": "a", "on": "soon"}, ("this is not a day", "YYYY-MM-DD", "")),
    ({"title": "a", "parts": 3}, ("a list belongs here", "", "Begin each item with -, or put them in [ ]")),
    ({"title": "a", "inner": 3},
     ("keys with values belong here", "", "Write them on lines below it, further in")),
])
def test_a_wrong_value_is_told_with_what_belongs_there(given: dict, said: tuple[str, str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(given)
    assert [tuple(in_words(error, Outer)) for error in caught.value.errors()] == [said]


def test_what_came_is_shown_as_the_file_has_it() -> None:
    assert [shown(value) for value in ("a", 5, None, date(2026, 4, 6), {"a": 1}, [{"a": 1}], [1])] == [
        "'a'", "5", "nothing", "2026-04-06", "", "", "[1]"]
