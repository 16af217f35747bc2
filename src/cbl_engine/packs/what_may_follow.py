"""Findings of a simulated comparison in the pack for a change of scheme, with the schemes they are of.

A comparison may be of other schemes than the pack. What is simulated is held against both by its
rules, so that one under another name, or made of levers, is known for what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbl_engine.compare import findings
from cbl_engine.errors import BadInput
from cbl_engine.report.page import day
from cbl_engine.simulate.scenario import rules_differ, rules_in_turn, scheme_of
from cbl_engine.simulate.scenario_file import scenario_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from cbl_engine.compare import Comparison
    from cbl_engine.compare.sides import Side
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.simulate.scenario import Rules


@dataclass(frozen=True)
class Followed:
    """A variant beside the base.

    Attributes:
        name: with its title.
        scheme: what it is let by, in words.
        of_these: whether base and variant have the old scheme and the new one of the pack; None: a
            scheme cannot be read again.
        lines: findings.
    """

    name: str
    scheme: str
    of_these: bool | None
    lines: list[str]


@dataclass(frozen=True)
class WhatMayFollow:
    """The part of the pack.

    Attributes:
        base: its title.
        scheme: of the base, in words.
        variants: in order.
    """

    base: str
    scheme: str
    variants: tuple[Followed, ...]

    @property
    def of_these(self) -> bool | None:
        """Whether some variant is the change of the pack; None: not known."""
        told = {variant.of_these for variant in self.variants}
        return True if True in told else None if None in told else False


def what_may_follow(comparison: Comparison, old: SchemeVersion, new: SchemeVersion) -> WhatMayFollow:
    """Findings by variant, each with its scheme, and whether it is the change from old to new.

    Args:
        comparison: from :func:`cbl_engine.compare.compare` or ``open_comparison``. Schemes of files
            are read again from beside the scenarios as they were named.
        old: the version of the scheme that is left.
        new: of the one to come.
    """
    base, *variants = comparison.sides
    named = comparison.named
    places = named if len(named) > 1 else named * len(comparison.sides)
    rules = [_rules(side, place) for side, place in zip(comparison.sides, places, strict=True)]
    said = findings(comparison)
    left = _has(rules[0], old)
    return WhatMayFollow(base.scenario.title, _scheme(base), tuple(
        Followed(f"{side.name}: {side.scenario.title}", _scheme(side),
                 _both(left, _has(theirs, new)), said[side.name])
        for side, theirs in zip(variants, rules[1:], strict=True)))


def _rules(side: Side, place: str) -> Rules | None:
    """What holds in a side; None where its scheme cannot be read again."""
    if side.rules:
        return side.rules
    try:
        beside = scenario_path(place).parent
    except BadInput:  # the scenario is gone; a shipped scheme is not
        beside = None
    try:
        return rules_in_turn(side.scenario, scheme_of(side.scenario, beside))
    except BadInput:
        return None


def _has(rules: Rules | None, version: SchemeVersion) -> bool | None:
    if rules is None:
        return None
    return any(not rules_differ(version, theirs) for _, theirs in rules)


def _both(one: bool | None, other: bool | None) -> bool | None:
    return False if False in (one, other) else None if None in (one, other) else True


def _scheme(side: Side) -> str:
    """``scheme coventry; from 2 April 2027 other values at offers.viewing``."""
    scenario = side.scenario
    changes = (f"from {day(dated.on)} {_called(dated.change.scheme, dated.change.scheme_set)}"
               for dated in scenario.dated if dated.change.of_scheme)
    return "; ".join([_called(scenario.scheme, scenario.scheme_set), *changes])


def _called(scheme: str | None, values: Mapping[str, Any]) -> str:
    return " with ".join(_parts(scheme, values))


def _parts(scheme: str | None, values: Mapping[str, Any]) -> Iterator[str]:
    if scheme is not None:
        yield f"scheme {scheme}"
    if values:
        yield "other values at " + ", ".join(values)
