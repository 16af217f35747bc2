"""A criterion in words: its label, when it is met as far as words are exact, and what if not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.assessment_words import TESTS
from cbl_engine.scheme.description import Line
from cbl_engine.scheme.law import exempted_from
from cbl_engine.scheme.readings import read_expression
from cbl_engine.scheme.words import CRITERION_UNKNOWN, capital, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.scheme.readings import Reading


class CriterionWords:
    """The words of one version's criteria, with the parameters' values on a day or all of them."""

    def __init__(self, version: SchemeVersion, as_at: date | None) -> None:
        self.version = version
        self.as_at = as_at

    def criterion(self, name: str, unknown: Mapping[str, str] = CRITERION_UNKNOWN) -> Line:
        """A criterion: its label, when it is met as far as words are exact, and what if unknown."""
        criterion = self.version.criteria[name]
        exempted = " Whom the law exempts meets it, whatever it says." if exempted_from(
            self.version, name) else ""
        tests = (Line(f"It is a test {TESTS[criterion.tests]}.{exempted}"),) if criterion.tests else ()
        return Line(
            criterion.label,
            source=criterion.source,
            ours=criterion.illustrative,
            under=(
                self.met(name),
                Line(unknown[criterion.when_unknown]),
                *tests,
            ),
        )

    def met(self, name: str) -> Line:
        """When a criterion is met."""
        reading = read_expression(
            self.version.criteria[name].when, self.version, as_at=self.as_at
        )
        if reading is None:
            return Line("When it is met is said by its rule, under The rules as written.")
        if not reading.parts:
            return Line(sentence(f"Met when: {reading.words}"))
        return Line(_when(reading), under=tuple(map(_part, reading.parts)))

    def also(self, names: Iterable[str], lead: str) -> tuple[Line, ...]:
        """What a profile, stage or plan asks beyond what is common."""
        lines = tuple(self.criterion(name) for name in names)
        return (Line(lead, under=lines),) if lines else ()


def _when(reading: Reading) -> str:
    return f"Met when {reading.words} hold{'s' if reading.joined == 'or' else ''}:"


def _part(reading: Reading) -> Line:
    if not reading.parts:
        return Line(capital(reading.words))
    return Line(f"{capital(reading.words)}:", under=tuple(map(_part, reading.parts)))
