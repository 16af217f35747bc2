"""Dated changes of a scenario: from a day on the scheme, or a value the world goes by, is another.

A change of the scheme makes a version of it that comes into force on the day, as a version in a
folder of them does; a change of a value holds from the week in which its day falls. Values that have
done their work before the first week, or that figures of the whole run are worked out by, cannot
change: ``FIXED`` says which and why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme.load import Scheme, scheme_from_text
from cbl_engine.scheme.parts import Part
from cbl_engine.simulate.levers import put, text_of, value_at
from cbl_engine.simulate.parameters import (
    Parameter,
    changes_that_do_not_fit,
    shipped_parameters,
    whole_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cbl_engine.documents import Document
    from cbl_engine.scheme.model import SchemeVersion
    from cbl_engine.simulate.parameters import Parameters

Transition = Literal["everybody", "only_new"]

_AHEAD = "what will happen to a household is drawn before the first week"
_FIGURES = "figures of the whole run are worked out by it"
FIXED: dict[str, str] = {
    "households.birth_per_year": _AHEAD, "households.partner_per_year": _AHEAD,
    "households.need_rises_per_year": _AHEAD, "accommodation.entry": _AHEAD,
    "accommodation.duty_days": _AHEAD, "accommodation.next_duty_owed": _AHEAD,
    "accommodation.exits_per_year": _AHEAD,
    "bidding.kinds": "it is of the opening register; bidding.kinds_joining is of those who join",
    "stock.new_per_year": "homes that come one by one are part of the opening world; new_homes dates "
    "schemes of them",
    "rents.weekly_loss": _FIGURES, "accommodation.nightly": _FIGURES,
    "accommodation.subsidy": _FIGURES, "accommodation.size_times": _FIGURES,
    "accommodation.least_nights": _FIGURES, "accommodation.hand_back_days": _FIGURES,
    "accommodation.backfilled": _FIGURES,
}
"""Parameters that hold for the whole of a run, and why."""


class Change(Part):
    """What is another from a day on: the scheme, values that the world goes by, or both."""

    on: date | None = Field(None, description="the day from which it holds; left out: the first day "
                            "of the figures, after the warm-up")
    title: str | None = Field(None, description="what changes, in a line")
    scheme: str | None = Field(None, description="another scheme from then on")
    scheme_set: dict[str, Any] = Field(
        default_factory=dict, description="values in place of the scheme's from then on, by path: "
        "bidding.caps.weekly.bids: 5")
    parameters: dict[str, Parameter] = Field(
        default_factory=dict, description="other values from the week of that day on")
    transition: Transition = Field(
        "everybody", description="who is assessed by the changed scheme. everybody: also those who "
        "wait already. only_new: those who join from then on; the others keep to the rules of "
        "assessment they have")
    over_weeks: int = Field(0, ge=0, le=520, description="[weeks] over which those who wait are "
                            "assessed anew, each at a time drawn for it; 0: all at once")
    why: str | None = Field(None, description="who decided it, or why it is tried")

    @property
    def of_scheme(self) -> bool:
        """Whether it changes the scheme."""
        return self.scheme is not None or bool(self.scheme_set)


@dataclass(frozen=True)
class Dated:
    """A change with its day and its place in the file."""

    on: date
    change: Change
    at: tuple[Any, ...] = ()


def in_order(changes: Iterable[Change], first: date, at: tuple[Any, ...] = ()) -> list[Dated]:
    """Changes by day, those of one day as they are written; ``first`` is the day of one without."""
    found = [Dated(c.on or first, c, (*at, "changes", n)) for n, c in enumerate(changes)]
    return sorted(found, key=lambda dated: dated.on)


def scheme_over_time(
    scheme: Scheme, changes: Sequence[Dated], named: Callable[[str], Scheme]
) -> Scheme:
    """A scheme with a version for each change of it, in force from the day on.

    A change holds from its day on, in versions that come into force later too. Another scheme takes
    the name of the first, as a version of it.

    Args:
        scheme: as at the start.
        changes: in order of their days; those that change values alone are passed over.
        named: loads another scheme by its name.

    Raises:
        BadInput: a path that leads nowhere, another scheme that is not in force on the day, or what
            the scheme's own checks say of the result.
    """
    for dated in changes:
        if dated.change.of_scheme:
            scheme = changed_scheme(scheme, dated, named)
    return scheme


def changed_scheme(scheme: Scheme, dated: Dated, named: Callable[[str], Scheme]) -> Scheme:
    """A scheme with one change more; see :func:`scheme_over_time`."""
    on, change = dated.on, dated.change
    source = scheme if change.scheme is None else named(change.scheme)
    source.in_force(on)
    problems: list[Problem] = []
    texts = [
        (f"{document.name} from {max(on, version.in_force.from_)}", text_of({
            **put(document, change.scheme_set, problems), "scheme": scheme.name,
            "in_force": _in_force(version, on)}))
        for version, document in zip(source.versions, source.documents, strict=True)
        if version.in_force.until is None or version.in_force.until > on]
    if problems:
        raise BadInput(problems)
    later = scheme_from_text(texts)
    before = [(_until(version, on), document)
              for version, document in zip(scheme.versions, scheme.documents, strict=True)
              if version.in_force.from_ < on]
    return Scheme((*(v for v, _ in before), *later.versions),
                  (*(d for _, d in before), *later.documents))


def _in_force(version: SchemeVersion, on: date) -> dict[str, Any]:
    force = version.in_force.model_dump(by_alias=True, exclude_none=True)
    return {**force, "from": max(on, version.in_force.from_)}


def _until(version: SchemeVersion, on: date) -> SchemeVersion:
    force = version.in_force
    until = on if force.until is None else min(on, force.until)
    return version.model_copy(update={"in_force": force.model_copy(update={"until": until})})


def parameters_over_time(
    parameters: Parameters, changes: Sequence[Dated]
) -> tuple[tuple[date, Parameters], ...]:
    """What the world goes by from each day on which a value changes.

    Args:
        parameters: at the start.
        changes: in order of their days.
    """
    found: dict[date, Parameters] = {}
    for dated in changes:
        if dated.change.parameters:
            parameters = parameters.with_changes(dated.change.parameters)
            found[dated.on] = parameters
    return tuple(found.items())


def changes_out_of_place(
    given: Any, document: Document, at: tuple[Any, ...]
) -> Iterator[Problem]:
    """What is wrong in changes by themselves: unknown parameters, and those that cannot change.

    Args:
        given: the list as the file has it.
        document: the file.
        at: its place.
    """
    for number, change in enumerate(given if isinstance(given, list) else ()):
        of = change.get("parameters") if isinstance(change, dict) else None
        where = (*at, number, "parameters")
        yield from changes_that_do_not_fit(whole_parameters(of), document, where)
        for name in of if isinstance(of, dict) else ():
            if name in FIXED:
                can = sorted(shipped_parameters().found.keys() - FIXED.keys())
                yield Problem("parameter_fixed", f"{name} cannot change in mid-run: {FIXED[name]}",
                              where=document.where((*where, name), key=True), given=name,
                              allowed=", ".join(can), remedy="Give it for the whole run, under "
                              "parameters of the scenario or of a variant")


def changes_that_cannot_be(
    changes: Sequence[Dated], parameters: Parameters, document: Document
) -> Iterator[Problem]:
    """What is wrong in changes beside each other, and what they leave as it is.

    Args:
        changes: in order of their days; values that no parameter has are passed over.
        parameters: at the start.
        document: the file.
    """
    for dated in changes:
        change, at = dated.change, dated.at
        if not change.of_scheme and not change.parameters:
            yield Problem("changes_nothing", "the change changes nothing", where=document.where(at),
                          remedy="Give scheme, scheme_set or parameters")
        gradual = change.transition != "everybody" or change.over_weeks
        if gradual and not change.of_scheme:
            yield Problem("no_transition", "there is no transition where the scheme stays as it is",
                          where=document.where((*at, "transition")))
        elif change.transition == "only_new" and change.over_weeks:
            yield Problem("no_transition", "nobody is assessed anew where only new applications are "
                          "assessed by the change", where=document.where((*at, "over_weeks")),
                          given=str(change.over_weeks))
        known = {n: p for n, p in change.parameters.items() if n in parameters.found}
        for name, new in known.items():
            if new.value == parameters[name]:
                yield _the_same(name, document, (*at, "parameters", name))
        parameters = parameters.with_changes(known)
    yield from _twice(changes, document)


def _the_same(name: str, document: Document, at: tuple[Any, ...]) -> Problem:
    return Problem("changes_nothing", "the value is this already on that day",
                   where=document.where(at, key=True), given=name)


def _twice(changes: Sequence[Dated], document: Document) -> Iterator[Problem]:
    """Two changes of one list and day that name one thing, or a thing and a part of it."""
    seen: list[tuple[Any, tuple[str, ...], str]] = []
    for dated in changes:
        change = dated.change
        things = [(("scheme",), "scheme", ("scheme",))] if change.scheme is not None else []
        things += [(("scheme_set", *path.split(".")), path, ("scheme_set", path))
                   for path in change.scheme_set]
        things += [(("parameters", name), name, ("parameters", name)) for name in change.parameters]
        of = dated.on, dated.at[:-1]
        for thing, name, at in things:
            if any(key == of and _overlap(thing, other) for key, other, _ in seen):
                yield Problem("changed_twice", "it is changed twice on one day",
                              where=document.where((*dated.at, *at), key=True),
                              given=f"{name} on {dated.on}", remedy="Keep one of the two")
        seen += [(of, thing, name) for thing, name, _ in things]


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    short = min(len(one), len(other))
    return one[:short] == other[:short]


def schemes_that_cannot_be(
    scheme: Scheme, changes: Sequence[Dated], named: Callable[[str], Scheme], document: Document
) -> Iterator[Problem]:
    """What is wrong in the changes of a scheme: paths that lead nowhere, values that are so already,
    and what the scheme's own checks say of it.

    Args:
        scheme: as at the start.
        changes: in order of their days.
        named: loads another scheme; may raise.
        document: the scenario's file.
    """
    for dated in changes:
        if not dated.change.of_scheme:
            continue
        at = (*dated.at, "scheme_set")
        try:
            changed = changed_scheme(scheme, dated, named)
        except BadInput as error:
            yield from in_scenario(error.problems, document, at)
            continue
        if dated.change.scheme is None:
            was = scheme.documents[scheme.index_in_force(dated.on) or 0].data
            for path, value in dated.change.scheme_set.items():
                if value is not None and text_of(value_at(was, path)) == text_of(value):
                    yield _the_same(path, document, (*at, path))
        elif _rules_from(changed, dated.on) == _rules_from(scheme, dated.on):
            yield Problem("changes_nothing", "the scheme is this already on that day",
                          where=document.where((*dated.at, "scheme")), given=dated.change.scheme)
        scheme = changed


def _rules_from(scheme: Scheme, on: date) -> list[tuple[Any, ...]]:
    """What holds from a day on: the span of each version, and its file without name and days."""
    return [(max(on, v.in_force.from_), v.in_force.until,
             text_of({k: part for k, part in d.data.items() if k not in ("scheme", "in_force")}))
            for v, d in zip(scheme.versions, scheme.documents, strict=True)
            if v.in_force.until is None or v.in_force.until > on]


def in_scenario(
    problems: Iterable[Problem], document: Document, at: tuple[Any, ...]
) -> Iterator[Problem]:
    """Problems of a scheme that levers changed, at the place of the lever in the scenario.

    Args:
        problems: of the changed scheme.
        document: the scenario's file.
        at: place of the levers in it.
    """
    for problem in problems:
        if problem.kind == "no_such_lever":
            yield replace(problem, where=document.where((*at, problem.given), key=True))
        else:
            yield replace(problem, where=document.where(at, key=True),
                          message=f"with this the scheme cannot be used: {problem.message}")


def transitions_of(changes: Sequence[Dated]) -> Mapping[date, tuple[Transition, int]]:
    """By the day of a change of the scheme: who is assessed by it, and over how many weeks."""
    return {d.on: (d.change.transition, d.change.over_weeks) for d in changes if d.change.of_scheme}
