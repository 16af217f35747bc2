"""What cannot be in the lists of homes of a scenario: plans that a scheme has not, and decants of more
homes than there are.
"""

from __future__ import annotations

from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

from cbl_engine.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from cbl_engine.documents import Document
    from cbl_engine.scheme import Scheme
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Acquisitions, Decants, NewHomes


def plans_that_are_not(
    new_homes: Sequence[NewHomes], scheme: Scheme, end: date, document: Document,
    at: tuple[Any, ...],
) -> Iterator[Problem]:
    """New homes whose local lettings plan is not in force from their day to the end of the run.

    Args:
        new_homes: of the scenario or of a variant.
        scheme: they are let by, with every dated change.
        end: the day after the last.
        document: the scenario's file.
        at: place of the list in it.
    """
    for number, new in enumerate(new_homes):
        if new.plan is None:
            continue
        where = document.where((*at, number, "plan"))
        for version in scheme.versions:
            first, until = version.in_force.from_, version.in_force.until
            if first >= end or (until is not None and until <= new.on):
                continue
            plan = version.local_lettings_plans.get(new.plan)
            if plan is None:
                yield Problem(
                    "unknown_plan", "the scheme has no such local lettings plan from "
                    f"{max(first, new.on)} on", where=where, given=new.plan,
                    allowed=", ".join(version.local_lettings_plans) or "none: the scheme has no plans")
                break
            force, last = plan.in_force, min(end, until or end)
            if force is not None and (force.from_ > max(first, new.on)
                                      or (force.until is not None and force.until < last)):
                yield Problem(
                    "plan_not_in_force", "the local lettings plan is not in force for as long as its "
                    "homes may be advertised", where=where, given=f"{new.plan}, {max(first, new.on)} to {last}",
                    allowed=f"from {force.from_}" + (f" until {force.until}" if force.until else ""))
                break


def too_many_decants(
    decants: Sequence[Decants], come: Sequence[NewHomes | Acquisitions], homes: int, more: int = 0
) -> Iterator[tuple[int, Problem]]:
    """Decants of more homes than there can be on their day, each with its place in the list.

    Args:
        decants: of the scenario or of a variant.
        come: homes that are built or bought on a day.
        homes: of the stock at the start.
        more: that come one by one.
    """
    for number, decant in enumerate(decants):
        there = homes + more + sum(one.homes for one in come if one.on <= decant.on)
        gone = sum(one.homes for place, one in enumerate(decants)
                   if one.because == "demolition" and (one.on, place) < (decant.on, number))
        if decant.homes > (most := max(there - gone, 0)):
            yield number, Problem(
                "too_many_decants", "tenants must move out of more homes than there are on that day",
                where=f"decants.{number}.homes", given=f"{decant.homes} homes",
                allowed=f"{most} or fewer")


def come_one_by_one(
    homes: int, weeks: int, parameters: Parameters
) -> tuple[list[int], list[int]]:
    """The weeks in which new homes and homes bought come one by one: evenly at their rates, in the same
    weeks however long a run goes on.

    Args:
        homes: of the stock at the start.
        weeks: that are simulated.
        parameters: ``stock.new_per_year`` and ``stock.acquired_per_year``.
    """
    new, bought = (_weeks(parameters[name] * homes, weeks)
                   for name in ("stock.new_per_year", "stock.acquired_per_year"))
    return new, bought


def _weeks(a_year: float, weeks: int) -> list[int]:
    """The weeks of a run in which each of so many a year comes."""
    if a_year <= 0:
        return []
    each = (int((k + 0.5) * 52 / a_year) for k in count())
    return list(takewhile(lambda week: week < weeks, each))
