"""What is wrong with a value of a file is told in the words of all files: what, where, what was allowed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from cbl_engine.documents import parse_document
from cbl_engine.scheme.parts import Name, Part
from cbl_engine.scheme.wrong_fields import field_problems


class Inner(Part):
    homes: int = Field(1, ge=1, le=9)
    share: float = Field(0.5, le=1)


class Outer(Part):
    title: str = Field("a", max_length=8)
    on: date | None = Field(None, le=date(2200, 1, 1))
    kind: Literal["low", "high"] = "low"
    done: bool = False
    inner: Inner | None = None
    parts: tuple[Inner, ...] = Field((), strict=False)
    two: tuple[int, ...] = Field((1, 2), min_length=2, strict=False)
    named: dict[Name, Inner] = Field(default_factory=dict)
    days: dict[Annotated[int, Field(le=100)], Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    own: str | None = Field(None, alias="register")


A_DAY = "allowed: a day written YYYY-MM-DD, such as 2025-04-01"
FURTHER_IN = "Write them on lines below it, further in"
ALL = "title, on, kind, done, inner, parts, two, named, days, register"


@pytest.mark.parametrize(("text", "said"), [
    ("title: 5", "1:8: title must be text; given 5. Put it in quotes"),
    ("title:", "1:1: title must be text; given nothing"),
    ("registr: b", "1:1: registr is not a field of the file; allowed: register"),
    ("true: b", f"1:1: true is not a field of the file; allowed: {ALL}"),
    ("inner: {hoems: 2}", "1:9: hoems is not a field of inner; allowed: homes"),
    ("parts: [{}, {zz: 2}]", "1:14: zz is not a field of parts.1; allowed: homes, share"),
    ("named: {title: {shares: 2}}", "1:17: shares is not a field of named.title; allowed: share"),
    ("inner: {2026-01-01: 2}", "1:9: 2026-01-01 is not a field of inner; allowed: homes, share"),
    ("title: aaaaaaaaa", "1:8: title is too long; given 'aaaaaaaaa'; allowed: at most 8 letters"),
    ("inner: {homes: 0}", "1:16: inner.homes is too small; given 0; allowed: at least 1 and at most 9"),
    ("inner: {homes: 10}", "1:16: inner.homes is too large; given 10; allowed: at least 1 and at most 9"),
    ("inner: {homes: 1.5}", "1:16: inner.homes must be a whole number; given 1.5; allowed: at least 1 and at most 9"),
    ("inner: {share: '1'}", "1:16: inner.share must be a number; given '1'; allowed: at most 1, such as 0.4 for 40%"),
    ("done: maybe", "1:7: done must be true or false; given 'maybe'"),
    ("kind: middling", "1:7: kind must be low or high; given 'middling'"),
    ("on: '2026-04-06'", f"1:5: on must be a date; given '2026-04-06'; {A_DAY}. Leave the quotes out"),
    ("on: soon", f"1:5: on must be a date; given 'soon'; {A_DAY}"),
    ("on: 2200-01-02", "1:5: on is too late; given 2200-01-02; allowed: at most 2200-01-01"),
    ("parts: 3", "1:8: parts must be a list; given 3. Write [3]"),
    ("parts: {homes: 3}", "1:8: parts must be a list. Begin each item with -"),
    ("two: [1]", "1:6: two: tuple should have at least 2 items after validation, not 1; given [1]"),
    ("inner: 3", f"1:8: inner must be keys with values; given 3. {FURTHER_IN}"),
    ("inner: [3]", f"1:8: inner must be keys with values; given [3]. {FURTHER_IN}"),
    ("3", f"1:1: the file must be keys with values; given 3. {FURTHER_IN}"),
    ("named: {true: {}}", "1:9: named.true must be text; given true. Put it in quotes"),
    ("days: {101: 1.0}", "1:8: days.101 is too large; given 101; allowed: at most 100"),
    ("days: {x: 1.0}", "1:8: days.x must be a whole number; given 'x'"),
    ("days: {1: x}", "1:11: days.1 must be a number; given 'x'; allowed: at least 0"),
])
def test_a_wrong_value_is_told_with_its_place_and_what_belongs_there(text: str, said: str) -> None:
    assert _told(text) == [f"f.yaml:{said}"]


def test_a_key_and_its_value_that_are_both_wrong_are_told_apart() -> None:
    assert _told("named: {1: 2}") == [
        "f.yaml:1:9: named.1 must be text; given 1. Put it in quotes",
        f"f.yaml:1:12: named.1 must be keys with values; given 2. {FURTHER_IN}"]


def test_a_long_text_is_told_on_one_line_and_cut_with_a_sign_that_it_is() -> None:
    (line,) = _told(f'kind: "{"a" * 9}\\n{"b" * 99}"')
    assert line == f"f.yaml:1:7: kind must be low or high; given 'aaaaaaaaa\\n{'b' * 48}..."


def test_what_was_read_from_no_file_is_told_with_the_path_that_a_caller_gives() -> None:
    def where(path: tuple[Any, ...], *, key: bool = False) -> str:
        return f"{'key' if key else 'value'} {path}"

    given = {"titel": "x", "inner": {"homes": 0}}
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(given)
    found = field_problems(caught.value, given, where, Outer.model_json_schema(), "our_{}", "mapping")
    assert [(p.kind, p.where, p.message) for p in found] == [
        ("our_greater_than_equal", "value ('inner', 'homes')", "inner.homes is too small"),
        ("our_extra_forbidden", "key ('titel',)", "titel is not a field of the mapping")]


def _told(text: str) -> list[str]:
    document = parse_document(f"{text}\n", "f.yaml")
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(document.data)
    return [p.line() for p in field_problems(
        caught.value, document.data, document.where, Outer.model_json_schema())]
