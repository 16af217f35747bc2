"""A scenario read back in plain English: which world, which scheme, which levers, for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbl_engine.scheme.description import Description, Line, Section, Table
from cbl_engine.simulate.bounds import NESTED
from cbl_engine.simulate.changes import in_order
from cbl_engine.simulate.parameters import shipped_parameters
from cbl_engine.simulate.scenario import Scenario, Variant
from cbl_engine.simulate.scenario_file import read_scenario
from cbl_engine.simulate.words import as_written, time_told, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from cbl_engine.simulate.changes import Change, Dated
    from cbl_engine.simulate.parameters import Parameter, Parameters

_RESPONSE = {
    "low": "Households respond to policy little.",
    "central": "Households respond to policy as seems likeliest.",
    "high": "Households respond to policy much.",
}
_SHARES = {
    "england": "England as a whole", "london_borough": "London boroughs",
    "metropolitan_district": "metropolitan districts", "unitary": "unitary authorities",
    "shire_district": "shire districts",
}


def describe_scenario(named: str | Path) -> Description:
    """A scenario in words, each variant by what it changes.

    Args:
        named: a scenario file, or the name of a shipped one.

    Raises:
        BadInput: with everything wrong in the file.
    """
    return described(*read_scenario(named))


def described(scenario: Scenario, parameters: Parameters) -> Description:
    """A scenario that was read, in words."""
    sections = [
        Section("The world", items=tuple(Line(text) for text in _world(scenario))),
        Section("How it is run", items=tuple(Line(text) for text in _run(scenario))),
    ]
    if levers := tuple(_levers(scenario)):
        sections.append(Section("Levers", items=levers))
    if dated := tuple(changes_in_words(scenario.dated, parameters)):
        sections.append(Section("What changes, and when", items=dated))
    if (changed := _parameters_changed(parameters)).rows:
        sections.append(Section("Values that are not the shipped ones", table=changed))
    if scenario.variants:
        sections.append(Section(
            "What it is compared with", sections=tuple(
                Section(f"{name}: {variant.title}",
                        items=tuple(_of_variant(scenario, parameters, variant)))
                for name, variant in scenario.variants.items())))
    return Description(scenario.title, (Line(f"Scheme {scenario.scheme}."),), tuple(sections))


def _world(scenario: Scenario) -> Iterator[str]:
    world = scenario.world
    register, stock = world.register_, world.stock
    yield (f"The register at the start is that of {register}." if register else
           f"A made-up register of {_many(world.households, 'household')}, by the published shares "
           f"of {_SHARES[world.authority_type]}.")
    yield (f"The stock is that of {stock}." if stock else
           f"A made-up stock of {_many(world.homes, 'home')}.")
    yield from _stock_moves(scenario)


def _run(scenario: Scenario) -> Iterator[str]:
    yield f"{time_told(scenario, _day)}."
    differ = "differs" if scenario.replications == 1 else "differ"
    yield (f"{_many(scenario.replications, 'world')} that {differ} by luck alone, from seed "
           f"{scenario.seed}.")
    every = "week" if scenario.assess_every == 1 else f"{scenario.assess_every} weeks"
    yield f"Households are assessed anew every {every}, where something happened or is due."
    yield _RESPONSE[scenario.response]
    yield from _days_of_policy(scenario)
    if scenario.outcomes:
        yield f"A comparison looks at: {'; '.join(_outcome(o) for o in scenario.outcomes)}."
    if scenario.simple is not None:
        yield "Simple models stand in for the usual ones, to hold the world against formulas."


def _outcome(named: str) -> str:
    from cbl_engine.simulate.summary import BY_NAME

    kpi, _, group = named.partition(":")
    label = BY_NAME[kpi].label
    return f"{label[0].lower()}{label[1:]}{f' ({group})' if group else ''}"


def _days_of_policy(of: Scenario | Variant) -> Iterator[str]:
    if of.policy_changes_on is not None:
        yield f"They respond from {_day(of.policy_changes_on)}."
    if of.register_again_on is not None:
        yield f"Everybody must register again by {_day(of.register_again_on)}."


def _of_variant(scenario: Scenario, base: Parameters, variant: Variant) -> Iterator[Line]:
    """What a variant sets from the start, then what it changes later."""
    yield from _levers(variant, base)
    dated = in_order(variant.changes, scenario.figures_from)
    yield from changes_in_words(dated, base.with_changes(variant.parameters), scenario.dated)


def changes_in_words(
    changes: Sequence[Dated], base: Parameters, others: Sequence[Dated] = ()
) -> Iterator[Line]:
    """Dated changes, each with what it puts in another's place under it.

    Args:
        changes: in order of their days.
        base: values at the start.
        others: changes that are made beside them, and not told.
    """
    every = sorted([*others, *changes], key=lambda dated: dated.on)
    for dated in every:
        change = dated.change
        if dated in changes:
            title = f": {change.title}" if change.title else ""
            why = f" {change.why}" if change.why else ""
            yield Line(f"From {_day(dated.on)}{title}.{why}", under=tuple(_change(change, base)))
        base = base.with_changes(change.parameters)


def _change(change: Change, base: Parameters) -> Iterator[Line]:
    if change.scheme is not None:
        yield Line(f"Scheme {change.scheme}.")
    yield from _set(change.scheme_set)
    if change.transition == "only_new":
        yield Line("Only those who join from then on are assessed by it.")
    elif change.over_weeks:
        weeks = _many(change.over_weeks, "week")
        yield Line(f"Those who wait already are assessed by it over {weeks}.")
    yield from _changed(change.parameters, base)


def _set(values: Mapping[str, Any]) -> Iterator[Line]:
    for path, wanted in values.items():
        said = "taken out" if wanted is None else as_written(wanted)
        yield Line(f"In the scheme, {path} is {said}.")


def _levers(of: Scenario | Variant, base: Parameters | None = None) -> Iterator[Line]:
    """What a scenario or variant sets; a variant's values with what they are put in place of."""
    if isinstance(of, Variant):
        if of.scheme is not None:
            yield Line(f"Scheme {of.scheme}.")
        if of.response is not None:
            yield Line(_RESPONSE[of.response])
        for text in _days_of_policy(of):
            yield Line(text)
        for text in _stock_moves(of):
            yield Line(text)
        for name in ("new_homes", "acquisitions", "decants"):
            if getattr(of, name) == ():
                yield Line(f"No {name.replace('_', ' ')}.")
    yield from _set(of.scheme_set)
    if base is not None:
        yield from _changed(of.parameters, base)


def _changed(parameters: Mapping[str, Parameter], base: Parameters) -> Iterator[Line]:
    for name, new in parameters.items():
        old = base.found[name]
        here, before = _apart(new, old)
        yield Line(f"{old.label}: {here}, in place of {before} ({old.unit}).", name)


def _apart(new: Parameter, old: Parameter) -> tuple[str, str]:
    """Both values in words; of names in names only those that differ."""
    if new.kind == old.kind and new.kind in NESTED:
        kinds = [kind for kind in new.value if new.value[kind] != old.value.get(kind)]
        new, old = (p.model_copy(update={p.kind: {k: p.value[k] for k in kinds if k in p.value}})
                    for p in (new, old))
    return value(new) or "the same", value(old) or "the same"


def _parameters_changed(parameters: Parameters) -> Table:
    shipped = shipped_parameters().found
    rows = tuple(
        (name, value(parameter), value(shipped[name]),
         parameter.source or f"assumed: {parameter.assumed}")
        for name, parameter in parameters.found.items() if parameter.value != shipped[name].value)
    return Table(("name", "value", "shipped", "from"), rows)


def _stock_moves(of: Scenario | Variant) -> Iterator[str]:
    """Homes that are built or bought, and those whose tenants must move out."""
    for new in of.new_homes or ():
        plan = f", let by the plan {new.plan}" if new.plan else ""
        yield f"{new.homes:,} new {_size(new.bedrooms)} on {_day(new.on)}{plan}."
    for bought in of.acquisitions or ():
        how = "with their tenants" if bought.tenanted else "empty"
        yield f"{bought.homes:,} {_size(bought.bedrooms)} are bought {how} on {_day(bought.on)}."
    for decant in of.decants or ():
        back = "works, and come back" if decant.because == "works" else "demolition"
        yield (f"On {_day(decant.on)} the tenants of {_many(decant.homes, 'home')} must move out for "
               f"{back}.")


def _size(bedrooms: int) -> str:
    return "bedsits" if bedrooms == 0 else f"homes with {_many(bedrooms, 'bedroom')}"


def _many(n: int, of: str) -> str:
    return f"{n:,} {of}{'' if n == 1 else 's'}"


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"
