"""A file of a scenario read and checked: everything wrong in it, in one report."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.scheme import shipped_schemes
from cbl_engine.scheme.wrong_fields import field_problems
from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate.bounds import BACK, COST, more_back_than_paid
from cbl_engine.simulate.changes import (
    changes_out_of_place,
    changes_that_cannot_be,
    in_order,
    in_scenario,
    scheme_over_time,
    schemes_that_cannot_be,
)
from cbl_engine.simulate.dated_homes import (
    come_one_by_one,
    plans_that_are_not,
    too_many_decants,
)
from cbl_engine.simulate.levers import scheme_with
from cbl_engine.simulate.parameters import (
    Parameter,
    Parameters,
    by_place,
    changes_that_do_not_fit,
    read_as_far_as_it_goes,
    read_parameters,
    shipped_parameters,
    whole_parameters,
)
from cbl_engine.simulate.scenario import Scenario, Variant, loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbl_engine.documents import Document


_FILE_NAME = re.compile(r"\w(?:[\w +.-]*\w)?")
_LONGEST_NAME = 100


def scenario_path(named: str | Path) -> Path:
    """The file of a scenario: a path, or the name of a shipped one.

    Raises:
        BadInput: there is none.
    """
    if not isinstance(named, str | Path):
        raise BadInput([Problem("not_named", "a scenario is named by its path, or as a shipped one", where="scenario",
                                given=f"a {type(named).__name__}", allowed=_scenarios())])
    path = Path(named)
    if path.is_file():
        return path
    found = shipped_folder("simulations") / f"{named}.yaml"
    if found.is_file():
        return found
    raise BadInput([Problem("scenario_missing", "there is no such scenario", where=str(named),
                            allowed=_scenarios())])


def no_scenario(where: str) -> BadInput:
    """What is raised where none is named."""
    return BadInput([Problem("no_scenario", "a scenario is needed", where=where, allowed=_scenarios())])


def _scenarios() -> str:
    names = sorted(p.stem for p in shipped_folder("simulations").glob("*.yaml"))
    return f"a file, or one of {', '.join(names)}"


def read_scenario(named: str | Path) -> tuple[Scenario, Parameters]:
    """A scenario and the parameters it goes by.

    Raises:
        BadInput: with everything wrong in the file.
    """
    path = scenario_path(named)
    document, refused = read_as_far_as_it_goes(path)
    problems: list[Problem] = []
    scenario = None
    try:
        scenario = Scenario.model_validate(document.data)
    except ValidationError as error:
        problems += field_problems(error, document.data, document.where, Scenario.model_json_schema())
    given = document.data if isinstance(document.data, dict) else {}
    if isinstance(given.get("parameters"), str):
        problems = [replace(p, remedy="A file of them goes under parameters_from")
                    if p.where == document.where(("parameters",)) else p for p in problems]
    changes = whole_parameters(given.get("parameters"))
    problems += changes_that_do_not_fit(changes, document, ("parameters",))
    problems += _places(given, document, path.parent)
    problems += _changes(given, (), document, path.parent)
    problems += _variants(given.get("variants"), document, path.parent)
    theirs: dict[str, Parameter] = {}
    if isinstance(named_file := given.get("parameters_from"), str):
        try:
            theirs = read_parameters(path.parent / named_file)
        except BadInput as error:
            problems += error.problems
    parameters = shipped_parameters().with_changes(theirs)
    if scenario is not None:
        parameters = parameters.with_changes(_known(scenario.parameters))
        problems += [p for theirs in outside_horizon(scenario, document).values() for p in theirs]
        problems += _unknown_outcomes(scenario, document)
        problems += _too_many_decants(scenario, parameters, document)
        problems += _more_back_than_paid(scenario, parameters, document)
        problems += _dated(scenario, parameters, document, path.parent)
    if refused or problems or scenario is None:
        raise BadInput(by_place(refused, problems))
    return scenario, parameters


def _known(given: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {name: p for name, p in given.items() if name in shipped_parameters().found}


def _places(given: Mapping[str, Any], document: Document, beside: Path) -> Iterator[Problem]:
    """A scheme and folders that are not there."""
    yield from _no_scheme(given.get("scheme"), document, ("scheme",), beside)
    world = given.get("world")
    for name in ("register", "stock"):
        folder = world.get(name) if isinstance(world, dict) else None
        if isinstance(folder, str) and not _there(folder, beside):
            yield Problem("folder_missing", f"there is no such folder for the {name}",
                          where=document.where(("world", name)), given=repr(folder),
                          allowed="a data folder, beside the scenario or from where you are")


def _variants(given: Any, document: Document, beside: Path) -> Iterator[Problem]:
    """What variants name that is not there, or cannot be as it is given."""
    for name, variant in given.items() if isinstance(given, dict) else ():
        at, written = ("variants", name), str(name)
        if len(written) > _LONGEST_NAME:
            yield Problem("bad_name", "a variant's name is that of a folder too, and this is too long",
                          where=document.where(at, key=True),
                          given=f"{len(written):,} signs that begin with {written[:20]}",
                          allowed=f"at most {_LONGEST_NAME}")
        elif not _FILE_NAME.fullmatch(written):
            yield Problem("bad_name", "a variant's name is that of a folder too, and this is no plain "
                          "name", where=document.where(at, key=True), given=written,
                          allowed="letters, digits, spaces and the signs _ - + . of which the first and "
                          "the last is a letter, a digit or _")
        if isinstance(variant, dict):
            yield from _no_scheme(variant.get("scheme"), document, (*at, "scheme"), beside)
            yield from changes_that_do_not_fit(
                whole_parameters(variant.get("parameters")), document, (*at, "parameters"))
            yield from _changes(variant, at, document, beside)


def _changes(
    given: Mapping[str, Any], at: tuple[str, ...], document: Document, beside: Path
) -> Iterator[Problem]:
    """What is wrong in dated changes by themselves."""
    changes, where = given.get("changes"), (*at, "changes")
    yield from changes_out_of_place(changes, document, where)
    for number, change in enumerate(changes if isinstance(changes, list) else ()):
        if isinstance(change, dict):
            yield from _no_scheme(change.get("scheme"), document, (*where, number, "scheme"), beside)


def _dated(
    scenario: Scenario, parameters: Parameters, document: Document, beside: Path
) -> Iterator[Problem]:
    """What is wrong with levers on the scheme, and with dated changes beside each other; a scheme
    that is not there is said where it is named.
    """
    named = cache(loader(beside))
    with_own = cache(lambda name: scheme_with(named(name), scenario.scheme_set))
    own = scenario.dated
    for at, side in _sides(scenario):
        both, goes_by, values, place = own, parameters, {}, ("scheme_set",)
        if isinstance(side, Variant):
            theirs = in_order(side.changes, scenario.figures_from, at)
            both = sorted([*own, *theirs], key=lambda dated: dated.on)
            goes_by, values = parameters.with_changes(_known(side.parameters)), side.scheme_set
        yield from changes_that_cannot_be(both, goes_by, document)
        name = side.scheme or scenario.scheme
        if not _is_scheme(name, beside):
            continue
        both = [d for d in both if d.change.scheme is None or _is_scheme(d.change.scheme, beside)]
        try:
            named(name)
        except BadInput as error:
            yield from error.problems
            continue
        try:
            scheme, place = with_own(name), (*at, "scheme_set")
            scheme = scheme_with(scheme, values)
        except BadInput as error:
            yield from in_scenario(error.problems, document, place)
            continue
        wrong = list(schemes_that_cannot_be(scheme, both, named, document))
        yield from wrong
        if not wrong:
            new_homes, place = _of(side, at, scenario, "new_homes")
            yield from plans_that_are_not(new_homes, scheme_over_time(scheme, both, named),
                                          scenario.end, document, place)


def _of(
    side: Scenario | Variant, at: tuple[str, ...], scenario: Scenario, name: str
) -> tuple[Any, tuple[str, ...]]:
    """A list of a side, or the scenario's where a variant leaves it as it is, and its place."""
    own = getattr(side, name)
    return (getattr(scenario, name), (name,)) if own is None else (own, (*at, name))


def _sides(scenario: Scenario) -> list[tuple[tuple[str, ...], Scenario | Variant]]:
    """The scenario and its variants, each with its place in the file."""
    return [((), scenario), *((("variants", n), v) for n, v in scenario.variants.items())]


def _more_back_than_paid(
    scenario: Scenario, parameters: Parameters, document: Document
) -> Iterator[Problem]:
    """Subsidies above the cost, said where one of the two is given."""
    for at, side in _sides(scenario):
        place = next((name for name in (BACK, COST) if name in side.parameters), BACK)
        goes_by = parameters.with_changes(_known(side.parameters))
        if not at or place in side.parameters:
            for problem in more_back_than_paid(goes_by):
                yield replace(problem, where=document.where((*at, "parameters", place), key=True))


def _too_many_decants(
    scenario: Scenario, parameters: Parameters, document: Document
) -> Iterator[Problem]:
    """Decants of more homes than a made-up stock has; of a council's own the run says so."""
    if scenario.world.stock is not None:
        return
    homes = scenario.world.homes
    for at, side in _sides(scenario):
        goes_by = parameters if not at else parameters.with_changes(_known(side.parameters))
        decants, place = _of(side, at, scenario, "decants")
        come = [one for name in ("new_homes", "acquisitions")
                for one in _of(side, at, scenario, name)[0]]
        more = sum(map(len, come_one_by_one(homes, scenario.all_weeks, goes_by)))
        for number, problem in too_many_decants(decants, come, homes, more):
            yield replace(problem, where=document.where((*place, number, "homes")))


def _unknown_outcomes(scenario: Scenario, document: Document) -> Iterator[Problem]:
    if not scenario.outcomes:
        return
    from cbl_engine.simulate.summary import BY_NAME, group_it_has_not

    for number, outcome in enumerate(scenario.outcomes):
        where = document.where(("outcomes", number))
        kpi, _, group = outcome.partition(":")
        if kpi not in BY_NAME:
            yield Problem("unknown_figure", "there is no such figure", where=where, given=outcome,
                          allowed=", ".join(BY_NAME))
        elif group and not BY_NAME[kpi].may_have(group):
            yield group_it_has_not(kpi, group, where)
        elif outcome in scenario.outcomes[:number]:
            yield Problem("figure_twice", "the figure is named twice", where=where, given=outcome,
                          remedy="Keep one of the two")


def _no_scheme(
    scheme: Any, document: Document, at: tuple[Any, ...], beside: Path
) -> Iterator[Problem]:
    if isinstance(scheme, str) and not _is_scheme(scheme, beside):
        yield Problem("scheme_missing", "there is no such scheme", where=document.where(at),
                      given=repr(scheme),
                      allowed=f"a file, a folder of versions, or one of "
                      f"{', '.join(shipped_schemes())}")


def _is_scheme(named: str, beside: Path) -> bool:
    return named in shipped_schemes() or _there(named, beside)


def _there(named: str, beside: Path) -> bool:
    try:
        return (beside / named).exists() or Path(named).exists()
    except (OSError, ValueError):
        return False


def after_the_end(path: Path, scenario: Scenario) -> dict[str, list[Problem]]:
    """What a file dates after the end of a run that is shorter than it says: noted, not refused, for a
    short run tries a scenario out.

    Args:
        path: the file.
        scenario: what it says, with the weeks of the run.

    Returns:
        Notes as of :func:`outside_horizon`.
    """
    return {
        name: [replace(p, remedy="The run is shorter than its file says, and leaves it out")
               for p in by_place((), found)]
        for name, found in outside_horizon(scenario, read_document(path)).items()}


def outside_horizon(scenario: Scenario, document: Document) -> dict[str, list[Problem]]:
    """Days of the scenario and of its variants that are not simulated.

    Args:
        scenario: what the file says.
        document: the file.

    Returns:
        A list for each variant that has some, by its name; of the scenario itself under ''.
    """
    found = {at[-1] if at else "": list(_not_simulated(side, at, scenario, document))
             for at, side in _sides(scenario)}
    return {name: problems for name, problems in found.items() if problems}


def _not_simulated(
    side: Scenario | Variant, at: tuple[str, ...], scenario: Scenario, document: Document
) -> Iterator[Problem]:
    what = {"new_homes": "homes complete", "acquisitions": "homes are bought",
            "decants": "tenants must move out"}
    days: list[tuple[date, str, tuple[Any, ...]]] = [
        (one.on, f"{words} outside the horizon", (*at, name, number, "on"))
        for name, words in what.items() for number, one in enumerate(getattr(side, name) or ())]
    for name, words in (("policy_changes_on", "the policy changes"),
                        ("register_again_on", "everybody registers again")):
        if (on := getattr(side, name)) is not None:
            days.append((on, f"{words} outside the horizon", (*at, name)))
    days += [(dated.on, "the change is on a day that is not simulated", (*dated.at, "on"))
             for dated in in_order(side.changes, scenario.figures_from, at)]
    last = scenario.end - timedelta(days=1)
    for on, said, place in days:
        if not scenario.start <= on <= last:
            yield Problem("outside_horizon", said, where=document.where(place), given=str(on),
                          allowed=f"{scenario.start} to {last}")
