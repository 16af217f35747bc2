"""The shipped schemes, the template and the examples of the page on schemes all load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from cbl_engine.documents import parse_document
from cbl_engine.scheme.keys import Key
from cbl_engine.scheme.load import load_scheme, shipped_schemes
from cbl_engine.scheme.model import SchemeVersion
from cbl_engine.scheme.parts import Part, as_tuples
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = Path(__file__).parents[2] / "docs" / "scheme.md"
_BLOCKS = re.findall(
    r"^```yaml\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


_FILES = [
    *shipped_schemes().values(),
    *sorted((shipped_folder("cases") / "schemes").glob("*.yaml")),
    shipped_folder("templates") / "scheme.yaml",
]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_scheme_loads(path: Path) -> None:
    assert load_scheme(path).versions


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_rule_has_a_source_or_is_marked_as_ours(path: Path) -> None:
    for version in load_scheme(path).versions:
        parts: dict[str, Any] = {}
        for kind in (
            "bands",
            "parameters",
            "facts",
            "bedroom_standards",
            "criteria",
            "profiles",
            "local_lettings_plans",
        ):
            parts |= {f"{kind}.{name}": part for name, part in getattr(version, kind).items()}
        parts |= {".".join(map(str, place)): part for place, part in _rules(version)}
        unsourced = [n for n, part in parts.items() if not (part.source or part.illustrative)]
        assert not unsourced


def _rules(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every part of bidding, adverts and offers that may name a source."""
    if isinstance(value, SchemeVersion):
        for name in ("advertising", "bidding", "checks", "nominations", "offers", "consequences",
                     "direct_lets"):
            yield from _rules(getattr(value, name), (name,))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _rules(item, (*place, name))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _rules(item, (*place, number))
    elif isinstance(value, Part):
        if "source" in type(value).model_fields and value.model_fields_set:
            yield place, value
        for name in value.model_fields_set:
            yield from _rules(getattr(value, name), (*place, name))


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_a_shipped_scheme_can_run_a_whole_cycle(name: str) -> None:
    for version in load_scheme(name).versions:
        assert version.bidding is not None
        assert version.bidding.cycle is not None
        assert version.offers is not None
        assert version.offers.answer is not None
        assert version.offers.viewing is not None


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_a_shipped_scheme_says_what_is_not_known(name: str) -> None:
    for version in load_scheme(name).versions:
        assert version.unknown
        assert any(source.url for source in version.sources.values())
        assert version.in_force.source or version.in_force.assumed


@pytest.mark.parametrize("block", _BLOCKS)
def test_an_example_of_the_page_is_well_formed(block: str) -> None:
    content = as_tuples(parse_document(block, "docs/scheme.md").data)
    if isinstance(content, tuple):
        for key in content:
            TypeAdapter(Key).validate_python(key)
        return
    for name, part in content.items():
        field = SchemeVersion.model_fields[name]
        TypeAdapter(field.annotation).validate_python(part)
