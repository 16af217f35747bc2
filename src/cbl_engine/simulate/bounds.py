"""What a value of a parameter may be: by its unit, and for rates and counts that have bounds of their own."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from cbl_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.simulate.parameters import Parameter, Parameters

NESTED = ("weights_by", "days_by")
"""Kinds of values with names in names."""
_WHOLE = {
    "bidding.most_bids": (1, 1_000), "nominations.starting_weekday": (0, 7),
    "voids.advert_weeks": (1, 5_200), "voids.advertised_days_before": (0, 36_500),
    "voids.offers_per_week": (0, 1_000_000_000), "voids.works_teams": (0, 1_000_000_000),
}
"""Parameters that are whole numbers, and the least and the most that each may be."""
_EXPLODES = {
    "arrivals.per_year": (20, "the register would grow twentyfold in a year"),
    "tenancies.end_per_year": (12, "tenancies would last a month or less"),
    "stock.new_per_year": (1, "the stock would more than double in a year"),
    "stock.acquired_per_year": (1, "the stock would more than double in a year"),
    "stock.decants_per_year": (12, "every tenant would move out for works each month or oftener"),
}
"""The most that a rate may be, and what would become of a world beyond it."""
_INSTEAD = {
    "bidding.most_bids": "Nobody bids where never is 1 in bidding.kinds and in bidding.kinds_joining",
    "accommodation.kinds": "Nobody is placed where accommodation.placed is 0",
}
"""What to do where 0 was given and cannot be."""
_ANY = ("log odds", "rise of")
"""How the units of numbers begin that may be below 0 too."""


def values_that_cannot_be(parameters: Parameters) -> Iterator[Problem]:
    """Values that cannot be, by themselves or beside each other, wherever they are from."""
    for name, parameter in parameters.found.items():
        for _, problem in beyond_bounds(name, parameter, parameter.unit or ""):
            yield replace(problem, where="parameters")
    yield from more_back_than_paid(parameters)


COST, BACK = "accommodation.nightly", "accommodation.subsidy"


def more_back_than_paid(parameters: Parameters) -> Iterator[Problem]:
    """Kinds of temporary accommodation of which more comes back than they cost."""
    cost, back = (numbers_of(parameters.found[name]) for name in (COST, BACK))
    over = [path for path in back if back[path] > cost.get(path, inf)]
    if over:
        yield Problem(
            "subsidy_above_cost", f"{BACK} is more than {COST}", where="parameters",
            given=", ".join(f"{' '.join(path)}: {back[path]:g} of {cost[path]:g}" for path in over),
            allowed=f"at most the cost [{parameters.found[BACK].unit}]")


def numbers_of(parameter: Parameter) -> dict[tuple[Any, ...], float]:
    """The numbers of a value by their place in it: empty, a name, a percentile, or a name and one in it."""
    value = parameter.value
    if not isinstance(value, dict):
        return {(): float(value)}
    if parameter.kind not in NESTED:
        return {(part,): float(one) for part, one in value.items()}
    return {(name, part): float(one) for name, table in value.items() for part, one in table.items()}


def beyond_bounds(
    name: str, parameter: Parameter, unit: str
) -> Iterator[tuple[tuple[Any, ...], Problem]]:
    """Numbers that cannot be, each with its place in the value.

    A share is at most 1, but one a year is a rate and may be more. Nothing is below 0 but log odds and
    rises, and of weights among others one is above 0.
    """
    numbers = numbers_of(parameter)
    if name in _WHOLE:
        least, most = _WHOLE[name]
        if numbers[()] % 1 != 0 or not least <= numbers[()] <= most:
            yield (), Problem("parameter_number", f"{name} is counted", given=f"{numbers[()]:g}",
                              allowed=f"a whole number, {least} to {most:,} [{unit}]",
                              remedy=_INSTEAD.get(name, "") if numbers[()] == 0 else "")
        return
    is_share = unit.startswith("share") and " a year" not in unit
    most, beyond = (1, "above 1") if is_share else _EXPLODES.get(name, (inf, ""))
    least = -inf if unit.startswith(_ANY) else 0
    allowed = f"0 to {most}" if is_share else f"{most} or less" if beyond else "0 or more"
    for path, number in numbers.items():
        if not least <= number <= most:
            kind, what = ("below_0", "below 0") if number < 0 else (
                "above_1" if is_share else "rate_explodes", beyond)
            of = f"{' '.join(map(str, path))}: " if path else ""
            yield path, Problem(kind, f"{name}: {what}", given=f"{of}{number:g}",
                                allowed=f"{allowed} [{unit}]")
    if unit.startswith("weight"):
        for group in dict.fromkeys(path[:-1] for path in numbers):
            if not any(one > 0 for path, one in numbers.items() if path[:-1] == group):
                yield group, Problem("weights_of_nothing", f"{name}: no weight is above 0",
                                     given=f"{' '.join(group)}: none", allowed=f"one or more [{unit}]",
                                     remedy=_INSTEAD.get(name, ""))
