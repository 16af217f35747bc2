"""A scheme read back in plain English, for officers, committees and applicants.

Everything said is made from the loaded scheme, and everything in the scheme is said: labels are
the scheme's own words, what the engine does is said in ours, and the expressions themselves stand
at the end, so that words and rule can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.assessment_words import TESTS
from cbl_engine.scheme.bidding_words import advertising_section, bidding_section
from cbl_engine.scheme.describe_assessment import (
    assessment_as_written,
    assessment_ours,
    assessment_section,
    standards_section,
)
from cbl_engine.scheme.description import Description, Line, Section, Table
from cbl_engine.scheme.keys import LotteryKey, PreferKey, TieKey
from cbl_engine.scheme.load import Scheme
from cbl_engine.scheme.offers_words import (
    checks_section,
    consequences_section,
    direct_lets_section,
    landlord_lines,
    nominations_section,
    offers_as_written,
    offers_ours,
    offers_section,
)
from cbl_engine.scheme.readings import read_expression
from cbl_engine.scheme.upkeep_words import upkeep_section
from cbl_engine.scheme.words import (
    CRITERION_UNKNOWN,
    ROW_CALLED,
    amount,
    answer_in_words,
    as_written,
    capital,
    dates_in_words,
    day,
    deadline_in_words,
    fact_in_words,
    key_in_words,
    key_unknown_in_words,
    listed,
    quoted,
    say,
    sentence,
    values_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cbl_engine.scheme.keys import Key
    from cbl_engine.scheme.model import LocalLettingsPlan, Profile, SchemeVersion, Stage, Target
    from cbl_engine.scheme.readings import Reading

_NEXT_STAGE = {
    "no_eligible": "Stage {next} is turned to when nobody in this stage is eligible.",
    "no_letting": "Stage {next} is turned to when nobody in this stage took the home.",
}


def describe(scheme: Scheme | SchemeVersion, as_at: date | None = None) -> Description:
    """A scheme in plain English.

    Args:
        scheme: the scheme, or one version of it.
        as_at: the version in force on this date, with the parameters' values then; None takes the
            latest version and gives every value with the day from which it holds.

    Returns:
        A document with ``text()`` and ``markdown()``. The same scheme gives the same words.

    Raises:
        SchemeError: no version is in force on the date.
    """
    return _Describer(version_of(scheme, as_at), as_at).document()


def version_of(scheme: Scheme | SchemeVersion, as_at: date | None) -> SchemeVersion:
    """The version in force on a date, or the latest without one; a version is itself.

    Raises:
        SchemeError: no version is in force on the date.
    """
    if not isinstance(scheme, Scheme):
        return scheme
    return scheme.versions[-1] if as_at is None else scheme.in_force(as_at)


class _Describer:
    """One version's words; each method says one part of the scheme."""

    def __init__(self, version: SchemeVersion, as_at: date | None) -> None:
        self.version = version
        self.as_at = as_at

    def document(self) -> Description:
        sections = (
            self.eligibility(),
            self.bands(),
            standards_section(self.version),
            assessment_section(self.version, self.as_at, self.criterion),
            self.orders(),
            self.landlords(),
            self.plans(),
            bidding_section(self.version),
            advertising_section(self.version),
            checks_section(self.version),
            nominations_section(self.version),
            offers_section(self.version),
            consequences_section(self.version),
            direct_lets_section(self.version),
            self.parameters(),
            self.facts(),
            self.columns(),
            self.review(),
            upkeep_section(self.version),
            self.unknown(),
            self.notes(),
            self.ours(),
            self.sources(),
            self.as_written(),
        )
        return Description(
            self.version.title, self.head(), tuple(s for s in sections if s is not None)
        )

    def head(self) -> tuple[Line, ...]:
        force = self.version.in_force
        then = f" Read as at {day(self.as_at)}." if self.as_at is not None else ""
        return (
            Line(
                f"{self.version.authority.rstrip('.')}. In force {dates_in_words(force)}.{then}",
                source=force.source,
            ),
            Line(
                "These words are made from the rules that the engine applies. They are not the "
                "council's own text, which is to be found in the sources."
            ),
        )

    def eligibility(self) -> Section:
        if not self.version.eligible:
            return Section(
                "Who is eligible",
                (Line("The scheme asks nothing of every bid alike; what stands below may."),),
            )
        return Section(
            "Who is eligible",
            (Line("Every bid, on every advert, must meet all of these. A bid that fails is told "
                  "each of those it fails."),),
            tuple(self.criterion(name) for name in self.version.eligible),
        )

    def criterion(self, name: str, unknown: Mapping[str, str] = CRITERION_UNKNOWN) -> Line:
        """A criterion: its label, when it is met as far as words are exact, and what if unknown."""
        criterion = self.version.criteria[name]
        tests = (Line(f"It is a test {TESTS[criterion.tests]}."),) if criterion.tests else ()
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

    def bands(self) -> Section | None:
        if not self.version.bands:
            return None
        return Section(
            "Bands",
            (Line("From the greatest need down."),),
            tuple(
                Line(band.label if name.lower() in band.label.lower().replace(",", " ").split()
                     else f"{name}: {band.label}", source=band.source, ours=band.illustrative)
                for name, band in self.version.bands.items()
            ),
            numbered=True,
        )

    def orders(self) -> Section:
        profiles = self.version.profiles
        default = self.version.profile_for(None)
        says = "The order belongs to the advert, which names one of these."
        if len(profiles) == 1:
            says = "There is one order, for every advert."
        elif default is not None:
            says += f" An advert that names none has {quoted(profiles[default].label)}."
        return Section(
            "How bids are put in order",
            (Line(f"{says} The first step that tells two bids apart decides between them."),),
            sections=tuple(map(self.profile, profiles.values())),
        )

    def profile(self, profile: Profile) -> Section:
        also = self.also(profile.eligible, "Beyond what every bid must meet, this order asks:")
        stages = profile.all_stages()
        staged = len(stages) > 1 or bool(stages[0].label or stages[0].eligible)
        lead = Line(
            "A bid stands in the first stage whose conditions it does not fail. Everyone in one "
            "stage comes before everyone in the next." if staged else "Bids are put in this order.",
            source=profile.source, ours=profile.illustrative,
        )
        if not staged:
            return Section(profile.label, (*also, lead), self.keys(stages[0].order), numbered=True)
        return Section(
            profile.label,
            (lead, *also),
            sections=tuple(
                self.stage(stage, number, last=number == len(stages))
                for number, stage in enumerate(stages, 1)
            ),
        )

    def stage(self, stage: Stage, number: int, *, last: bool) -> Section:
        then = () if last else (Line(_NEXT_STAGE[stage.next_stage_when].format(next=number + 1)),)
        return Section(
            f"Stage {number}" + (f": {stage.label}" if stage.label else ""),
            (*self.also(stage.eligible, "This stage asks:"), *then,
             Line("Bids are put in this order.", source=stage.source, ours=stage.illustrative)),
            self.keys(stage.order),
            numbered=True,
        )

    def keys(self, keys: tuple[Key, ...], *, whole: bool = True) -> tuple[Line, ...]:
        """The steps of an order; ``whole`` when no other order follows them."""
        lines = [self.key(key, first=not at) for at, key in enumerate(keys)]
        if whole and not isinstance(keys[-1], (TieKey, LotteryKey)):
            lines.append(Line("If still equal: They share a place; the scheme names nothing "
                              "further that would settle it."))
        return tuple(lines)

    def key(self, key: Key, *, first: bool) -> Line:
        lead = "First" if first else "If still equal"
        does = key_in_words(key, self.version)
        under = [Line(f"{does}.")] if key.label else []
        if isinstance(key, PreferKey):
            under.append(self.met(key.prefer))
        unknown = key_unknown_in_words(key)
        under += [Line(unknown)] if unknown else []
        return Line(sentence(f"{lead}: {key.label or does}"), source=key.source,
                    ours=key.illustrative, under=tuple(under))

    def landlords(self) -> Section | None:
        """What landlords ask of their own on top."""
        lead = "An advert of a home of one of these landlords asks this besides:"
        return _list("What landlords ask", lead, (
            Line(landlord.label, name=name, source=landlord.source, ours=landlord.illustrative,
                 under=(*map(self.criterion, landlord.eligible),
                        *landlord_lines(landlord, self.version)))
            for name, landlord in self.version.landlords.items()
        ))

    def plans(self) -> Section | None:
        plans = self.version.local_lettings_plans
        if not plans:
            return None
        return Section(
            "Local lettings plans",
            (Line("An advert may name a plan. What the plan asks joins what every bid must meet, "
                  "and its steps go ahead of the order's own."),),
            sections=tuple(map(self.plan, plans.values())),
        )

    def plan(self, plan: LocalLettingsPlan) -> Section:
        dates = "In force for as long as the scheme is."
        if plan.in_force is not None:
            read = f" [{plan.in_force.source}]" if plan.in_force.source else ""
            dates = f"In force {dates_in_words(plan.in_force)}{read}."
        head = Line(dates, source=plan.source, ours=plan.illustrative)
        aims = tuple(map(self.target, plan.targets))
        return Section(
            plan.label,
            (
                head,
                *self.also(plan.eligible, "Beyond what every bid must meet, the plan asks:"),
                *((Line("Aims that are counted over lettings and never change an order:",
                        under=aims),) if aims else ()),
                *((Line("Ahead of the order's own steps:"),) if plan.order else ()),
            ),
            self.keys(plan.order, whole=False) if plan.order else (),
            numbered=True,
        )

    def target(self, target: Target) -> Line:
        """An aim of a plan."""
        parts = [f"{target.share * 100:.10g}% of lettings"] if target.share is not None else []
        parts += [f"{target.number:,} lettings"] if target.number is not None else []
        to_whom = quoted(self.version.criteria[target.criterion].label)
        homes = ""
        if target.homes is not None:
            homes = f", of the homes that meet {quoted(self.version.criteria[target.homes].label)},"
        return Line(
            f"{target.label}: {listed(parts) or 'lettings'}{homes} to those who meet {to_whom}",
            source=target.source, ours=target.illustrative,
        )

    def parameters(self) -> Section | None:
        if not self.version.parameters:
            return None
        rows = []
        for parameter in self.version.parameters.values():
            started = [d for d in sorted(parameter.values) if self.as_at is None or d <= self.as_at]
            shown = started if self.as_at is None else started[-1:]
            for start in shown:
                rows.append((parameter.label, amount(parameter.values[start], parameter.unit),
                             day(start), _mark(parameter.source, ours=parameter.illustrative)))
            if not shown:
                rows.append((parameter.label, "no value yet", "",
                             _mark(parameter.source, ours=parameter.illustrative)))
        return Section("Numbers in the rules",
                       table=Table(("What", "Value", "From", "Source"), tuple(rows)))

    def facts(self) -> Section | None:
        if not self.version.facts:
            return None
        lines = tuple(
            Line(fact.label, source=fact.source, ours=fact.illustrative,
                 under=(Line(sentence(fact_in_words(fact, self.rows_read, self.version))),))
            for fact in self.version.facts.values()
        )
        return Section("What is worked out about a household", items=lines)

    def rows_read(self, text: str, table: str) -> str:
        """An expression of a fact in words, or as it is written."""
        reading = read_expression(text, self.version, table, self.as_at)
        if reading is not None:
            return reading.inline()
        return self.value_read(text, table)

    def value_read(self, text: str, table: str) -> str:
        """What a fact takes the least or greatest of: a column by its name, or as written."""
        named = f"the {ROW_CALLED[table]}'s {text.replace('_', ' ')}"
        return named if text.isidentifier() else text

    def columns(self) -> Section | None:
        rows = tuple(
            (
                capital(column.label),
                ROW_CALLED[table],
                (f"one of {listed(column.codes, 'or')}" if column.codes
                 else {"bool": "yes or no", "int": "a whole number", "int_list": "whole numbers",
                       "text_list": "texts"}.get(column.type, f"a {column.type}"))
                + (f", in {column.unit}" if column.unit else ""),
                "not known" if column.if_null == "unknown" else say(column.if_null),
            )
            for table, columns in self.version.columns.items()
            for column in columns.values()
        )
        if not rows:
            return None
        return Section(
            "What must be on record",
            (Line("Beside what every register holds. Nothing recorded is not the same as no, "
                  "unless the last column says so."),),
            table=Table(("What", "For each", "Value", "Nothing recorded means"), rows),
        )

    def review(self) -> Section | None:
        """The right to a review, in the words of a letter."""
        review = self.version.review
        if review is None:
            return None
        said = (deadline_in_words(review) or "The time to ask for one is not known.",
                review.ask, answer_in_words(review))
        return _list("Review of a decision", "", (
            Line(text, source=review.source, ours=review.illustrative) for text in said if text
        ))

    def unknown(self) -> Section | None:
        return _list("What is not known", "No source says:", map(Line, self.version.unknown))

    def notes(self) -> Section | None:
        return _list("Notes on how the scheme was read", "", map(Line, self.version.notes))

    def ours(self) -> Section | None:
        version = self.version
        kinds = (
            ("band", version.bands),
            ("number", version.parameters),
            ("worked out", version.facts),
            ("bedroom standard", version.bedroom_standards),
            ("condition", version.criteria),
            ("order", version.profiles),
            ("landlord", version.landlords),
            ("plan", version.local_lettings_plans),
        )
        found = [
            Line(f"{capital(kind)}: {part.label}")
            for kind, parts in kinds
            for part in parts.values()
            if part.illustrative
        ]
        found += [
            Line(f"Aim: {target.label}")
            for plan in version.local_lettings_plans.values()
            for target in plan.targets
            if target.illustrative
        ]
        found += map(Line, [*assessment_ours(version), *offers_ours(version)])
        stages = [stage for p in version.profiles.values() for stage in p.all_stages()]
        orders = [stage.order for stage in stages]
        orders += [plan.order for plan in version.local_lettings_plans.values()]
        found += [Line(f"Stage: {s.label or 'without a label'}") for s in stages if s.illustrative]
        found += [Line(f"Step: {key.label or key_in_words(key, version)}")
                  for order in orders for key in order if key.illustrative]
        return _list("What is ours, not the council's",
                     "These stand in for what no source gives, so that the scheme can be run:",
                     found)

    def sources(self) -> Section | None:
        return _list("Sources", "", (
            Line(source.title + (f", read on {day(source.read_on)}" if source.read_on else ""),
                 name=name, url=source.url)
            for name, source in self.version.sources.items()
        ))

    def as_written(self) -> Section | None:
        """Everything that has a name in the file: words and rule side by side."""
        version = self.version
        criteria = tuple(
            Line(c.label, name=name, rule=c.when.strip()) for name, c in version.criteria.items()
        )
        facts = tuple(
            Line(f.label, name=name, rule=as_written(f, "unit")) for name, f in version.facts.items()
        )
        numbers = tuple(
            Line(f"{p.label} ({values_in_words(p, self.as_at)})", name=f"param.{name}")
            for name, p in version.parameters.items()
        )
        columns = tuple(
            Line(column.label, name=f"advert.{name}" if table in ("homes", "adverts") else name)
            for table, declared in version.columns.items()
            for name, column in declared.items()
        )
        sections = tuple(
            section
            for section in (
                _list("Conditions", "", criteria),
                _list("Worked out", "", facts),
                *(_list(title, "", lines)
                  for title, lines in (assessment_as_written(version)
                                       | offers_as_written(version)).items()),
                _list("Numbers", "", numbers),
                _list("Recorded", "", columns),
            )
            if section is not None
        )
        if not sections:
            return None
        return Section(
            "The rules as written",
            (Line("What the engine applies, under the name that the scheme file gives it. A "
                  "condition is met when its expression is true, failed when it is false, and not "
                  "known when a fact that would decide it is missing."),),
            sections=sections,
        )


def _when(reading: Reading) -> str:
    return f"Met when {reading.words} hold{'s' if reading.joined == 'or' else ''}:"


def _part(reading: Reading) -> Line:
    if not reading.parts:
        return Line(capital(reading.words))
    return Line(f"{capital(reading.words)}:", under=tuple(map(_part, reading.parts)))


def _mark(source: str | None, *, ours: bool) -> str:
    return Line("", source=source, ours=ours).marks.strip()


def _list(title: str, lead: str, lines: Iterable[Line]) -> Section | None:
    items = tuple(lines)
    return Section(title, (Line(lead),) if lead else (), items) if items else None
