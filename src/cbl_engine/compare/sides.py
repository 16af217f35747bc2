"""The sides of a comparison: scenarios as they are read, and why their worlds cannot be paired."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbl_engine.documents import read_document
from cbl_engine.errors import BadInput, Problem
from cbl_engine.simulate.changes import transitions_of
from cbl_engine.simulate.scenario import (
    World,
    near,
    rules_differ,
    rules_in_turn,
    scheme_of,
    variant_of,
    with_counts,
)
from cbl_engine.simulate.scenario_file import (
    after_the_end,
    no_scenario,
    read_scenario,
    scenario_path,
)
from cbl_engine.simulate.summary import BY_NAME, KPIS, group_it_has_not
from cbl_engine.tables.needs import list_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.scenario import Response, Rules, Scenario

BASE = "base"
RESPONSES: tuple[Response, ...] = ("low", "central", "high")
OWN = "own"
"""What sides that go by different responses of their own are compared under."""
FEWEST_WORLDS = 3


@dataclass(frozen=True)
class Side:
    """One scenario of a comparison.

    Attributes:
        name: ``base``, or that of the variant or of the file.
        scenario, parameters: what it says, and what it goes by.
        beside: where its paths begin; of a kept comparison its folder.
        bands: names of the bands of its scheme, of every version, from the highest.
        rules: what holds of its scheme, each with its day; of a kept comparison none, for the scheme
            may be gone.
        after_the_end: notes on what its file dates after the end of a run that is shorter than it says.
    """

    name: str
    scenario: Scenario
    parameters: Parameters
    beside: Path
    bands: tuple[str, ...]
    rules: Rules = field(default=(), repr=False)
    after_the_end: tuple[Problem, ...] = ()


def read_sides(
    named: Sequence[str | Path], replications: int | None = None, weeks: int | None = None
) -> list[Side]:
    """The base, then the variants of its file or the other scenarios.

    Households respond to another scheme from the first day where it holds on that day, and no other
    day is given.

    Args:
        named: as of :func:`cbl_engine.compare.compare`.
        replications: worlds, in place of the scenarios'.
        weeks: horizon, in place of the scenarios'.

    Raises:
        BadInput: what is wrong in the files, or with the numbers; none is named.
    """
    if not named:
        raise no_scenario("compare")
    sides: list[Side] = []
    problems: dict[Problem, None] = {}
    for number, name in enumerate(named):
        try:
            path = scenario_path(name)
            scenario, parameters = read_scenario(path)
            scenario = with_counts(scenario, replications=replications, weeks=weeks)
        except BadInput as error:
            problems |= dict.fromkeys(error.problems)
            continue
        alone = len(named) == 1
        own = BASE if alone or number == 0 else path.stem
        plain = scenario.model_copy(update={"variants": {}})
        later = after_the_end(path, scenario)
        sides.append(_side(own, plain, parameters, path.parent, later.get("", ())))
        if alone:
            sides += [_side(v, *variant_of(scenario, parameters, variant), path.parent, later.get(v, ()))
                      for v, variant in scenario.variants.items()]
    if problems:
        raise BadInput(list(problems))
    return [sides[0], *(_responding(side, sides[0]) for side in sides[1:])]


def _side(
    name: str, scenario: Scenario, parameters: Parameters, beside: Path, later: Sequence[Problem]
) -> Side:
    scheme = scheme_of(scenario, beside)
    bands = dict.fromkeys(band for version in scheme.versions for band in version.bands)
    return Side(name, scenario, parameters, beside, tuple(bands), rules_in_turn(scenario, scheme),
                tuple(later))


def _responding(side: Side, base: Side) -> Side:
    """The side with the day from which households respond, where its scheme is another at the start."""
    scenario = side.scenario
    if scenario.policy_changes_on is not None or _same_rules(side.rules[:1], base.rules[:1]):
        return side
    return replace(side, scenario=scenario.model_copy(update={"policy_changes_on": scenario.start}))


def responds_from(side: Side, base: Side) -> date | None:
    """The day from which households respond to a side's policy; None where it is the base's or none."""
    on = side.scenario.policy_changes_on
    return None if on == base.scenario.policy_changes_on else on


def _same_rules(one: Rules, other: Rules) -> bool:
    return [on for on, _ in one] == [on for on, _ in other] and not any(
        rules_differ(mine, theirs) for (_, mine), (_, theirs) in zip(one, other, strict=True))


def own_response(sides: Sequence[Side]) -> str:
    """The response that all sides go by of their own; ``own`` where they differ in it."""
    found = {side.scenario.response for side in sides}
    return found.pop() if len(found) == 1 else OWN


def outcomes_of(scenario: Scenario) -> dict[str, list[str]]:
    """The figures that a comparison looks at, each with its groups; none stands for all of them."""
    found: dict[str, list[str]] = {}
    whole = [kpi.name for kpi in KPIS] if not scenario.outcomes else []
    for outcome in (*scenario.outcomes, *whole):
        kpi, _, group = outcome.partition(":")
        found.setdefault(kpi, []).append(group)
    return {kpi: [] if "" in groups else groups for kpi, groups in found.items()}


def not_comparable(
    sides: Sequence[Side], until: tuple[str, str, float] | None, responses: Sequence[str] | None,
    named: Sequence[str | Path] = (),
) -> Iterator[Problem]:
    """What keeps sides from being compared, before anything is simulated.

    Args:
        sides: the base, then the others.
        until: figure, group and half width that worlds are added for.
        responses: asked for in place of each side's own.
        named: the files of the sides.
    """
    base, *others = sides
    if not others:
        yield Problem("nothing_to_compare", "there is one scenario and no variant", where=BASE,
                      remedy="Add variants: to the file, or name a second scenario")
    if base.scenario.replications < FEWEST_WORLDS:
        yield Problem("too_few_worlds", "no interval can be told from so few worlds",
                      where="replications", given=str(base.scenario.replications),
                      allowed=f"{FEWEST_WORLDS} or more; 30 and more for intervals to lean on")
    if responses is not None:
        yield from _bad_responses(responses)
        yield from _responses_of_their_own(named)
    yield from _names_twice([s.name for s in sides], named)
    for other in others:
        for part in ("world", "start", "warm_up", "weeks", "seed", "replications"):
            mine, theirs = _placed(base, part), _placed(other, part)
            if mine != theirs:
                yield Problem(
                    "worlds_differ", f"its {part} is not the base's, so worlds cannot be paired",
                    where=other.name, given=_in_words(theirs), allowed=_in_words(mine))
        if _what_counts(base) == _what_counts(other) and _same_rules(base.rules, other.rules):
            yield _differs_in_nothing(other)
    if until is not None:
        yield from _bad_until(base.scenario, until)


def _differs_in_nothing(side: Side) -> Problem:
    if not side.after_the_end:
        return Problem("differs_in_nothing", "the variant differs from the base in nothing",
                       where=side.name,
                       remedy="Change its scheme, scheme_set, parameters, response or changes; "
                       "titles, labels, notes, reviews and upkeep change no world")
    return Problem(
        "differs_in_nothing", "the variant differs from the base in nothing before the end: what is another "
        "comes after it", where=side.name,
        given=", ".join(f"{note.given} ({note.where})" for note in side.after_the_end),
        allowed=side.after_the_end[0].allowed, remedy="Simulate more weeks")


def _names_twice(names: Sequence[str], named: Sequence[str | Path]) -> Iterator[Problem]:
    """Sides of one name: the names of files, or that of the base."""
    for name in sorted({n for n in names if names.count(n) > 1}):
        if name != BASE:
            yield Problem("name_twice", "two scenarios have one name", where=name,
                          remedy="Give one of the files another name")
        elif len(named) == 1:
            document = read_document(scenario_path(named[0]))
            yield Problem("name_of_base", "the scenario itself goes by this name",
                          where=document.where(("variants", name), key=True), given=name,
                          remedy="Give the variant another name")
        else:
            yield Problem("name_of_base", "the first scenario goes by this name", where=name,
                          remedy="Give the other file another name")


def _bad_responses(responses: Sequence[str]) -> Iterator[Problem]:
    allowed = ", ".join(RESPONSES)
    if wrong := [*list_problems(responses, "responses", "responses")]:
        yield from wrong
        return
    if not responses:
        yield Problem("no_response", "no response to compare under", where="responses",
                      allowed=allowed)
    for name in dict.fromkeys(responses):
        if name not in RESPONSES:
            yield Problem("bad_response", "there is no such response", where="responses",
                          given=name, allowed=allowed)
        elif list(responses).count(name) > 1:
            yield Problem("response_twice", "the response is named twice", where="responses",
                          given=name, remedy="Name it once")


def _responses_of_their_own(named: Sequence[str | Path]) -> Iterator[Problem]:
    """Places where a file says how strongly households respond."""
    for name in named:
        document = read_document(scenario_path(name))
        given = document.data
        variants = given.get("variants") if len(named) == 1 else None
        sides = {(): given, **{("variants", n): v for n, v in (variants or {}).items()}}
        for at, side in sides.items():
            if (response := side.get("response")) is not None:
                yield Problem(
                    "response_of_its_own", "the file says the response itself, so none can be asked "
                    "for in its place", where=document.where((*at, "response")), given=response,
                    remedy="Leave --responses out, and each scenario keeps its own; or take this out")


def _bad_until(scenario: Scenario, until: tuple[str, str, float]) -> Iterator[Problem]:
    kinds = (str, str, int | float)
    if not isinstance(until, tuple | list) or len(until) != len(kinds) or not all(
            isinstance(part, kind) for part, kind in zip(until, kinds, strict=True)):
        yield Problem("bad_until", "this is not a figure, its group and half a width", where="until",
                      given=repr(until)[:40], allowed="three, as in ('lettings', 'band A', 2.5)")
        return
    kpi, group, half = until
    outcomes = outcomes_of(scenario)
    if kpi not in BY_NAME:
        yield Problem("unknown_figure", "there is no such figure", where="until", given=kpi,
                      allowed=", ".join(BY_NAME))
    elif kpi not in outcomes or (outcomes[kpi] and group not in outcomes[kpi]):
        yield Problem("not_an_outcome", "it is not among the scenario's outcomes, so it is not "
                      "compared", where="until", given=f"{kpi}:{group}",
                      allowed="; ".join(scenario.outcomes))
    elif not BY_NAME[kpi].may_have(group):
        yield group_it_has_not(kpi, group, "until")
    if not (half > 0 and isfinite(half)):
        yield Problem("bad_width", "half a width is above 0", where="until", given=str(half),
                      allowed="a number above 0")


def _placed(side: Side, part: str) -> Any:
    """A part of a scenario; the folders of a world as they are found from its file."""
    value = getattr(side.scenario, part)
    if not isinstance(value, World):
        return value
    return value.model_copy(update={
        name: _place(side, named) for name in ("register_", "stock")
        if (named := getattr(value, name)) is not None})


def _place(side: Side, named: str) -> str:
    """Where a path of a scenario leads, however it is written; a shipped name as it is."""
    path = Path(near(side.beside, named))
    return str(path.resolve()) if path.exists() else named


def _in_words(value: Any) -> str:
    """A value of a scenario as its file would have it."""
    if not isinstance(value, World):
        return str(value)
    return ", ".join(f"{name}: {v}" for name, v in value.model_dump(
        by_alias=True, exclude_none=True).items())


def _what_counts(side: Side) -> tuple[Any, ...]:
    """All that can make a simulation differ, but for what its schemes say."""
    s = side.scenario
    transitions = transitions_of(s.dated)
    return (*([one for one in lot if one.on < s.end] for lot in (s.new_homes, s.acquisitions, s.decants)),
            s.simple, s.response, s.assess_every,
            *(None if on is not None and on >= s.end else on
              for on in (s.policy_changes_on, s.register_again_on)), s.warm_up,
            [transitions.get(on) for on, _ in side.rules],
            [(d.on, {n: p.value for n, p in d.change.parameters.items()})
             for d in s.dated if d.change.parameters and d.on < s.end],
            {n: p.value for n, p in side.parameters.found.items()})
