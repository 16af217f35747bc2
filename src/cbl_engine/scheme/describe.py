"""A scheme read back in plain English, for officers, committees and applicants.

Everything said is made from the loaded scheme, and everything in the scheme is said: labels are
the scheme's own words, what the engine does is said in ours, and the expressions themselves stand
at the end, so that words and rule can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.scheme.bidding_words import advertising_section, bidding_section
from cbl_engine.scheme.criterion_words import CriterionWords
from cbl_engine.scheme.describe_assessment import (
    assessment_as_written,
    assessment_ours,
    assessment_section,
    standards_section,
)
from cbl_engine.scheme.describe_orders import orders_section, plans_section
from cbl_engine.scheme.description import Description, Line, Section, Table
from cbl_engine.scheme.fact_words import fact_in_words
from cbl_engine.scheme.key_words import key_in_words
from cbl_engine.scheme.load import refuse_not_loaded
from cbl_engine.scheme.model import SchemeVersion
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
    ROW_CALLED,
    amount,
    answer_in_words,
    as_written,
    capital,
    dates_in_words,
    day,
    deadline_in_words,
    listed,
    say,
    sentence,
    values_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from cbl_engine.scheme.load import Scheme


def describe(scheme: Scheme | SchemeVersion, as_at: date | None = None) -> Description:
    """A scheme in plain English.

    Args:
        scheme: the scheme, or one version of it.
        as_at: the version in force on this date, with the parameters' values then; None takes the
            latest version and gives every value with the day from which it holds.

    Returns:
        A document with ``text()`` and ``markdown()``. The same scheme gives the same words.

    Raises:
        SchemeError: no version is in force on the date, or the scheme is not a loaded one.
        TableError: the date is none.
    """
    return _Describer(version_of(scheme, as_at), as_at).document()


def version_of(scheme: Scheme | SchemeVersion, as_at: date | None) -> SchemeVersion:
    """The version in force on a date, or the latest without one; a version is itself.

    Raises:
        SchemeError: no version is in force on the date, or the scheme is not a loaded one.
        TableError: the date is none.
    """
    if isinstance(scheme, SchemeVersion):
        return scheme
    refuse_not_loaded(scheme)
    return scheme.versions[-1] if as_at is None else scheme.in_force(as_at)


class _Describer:
    """One version's words; each method says one part of the scheme."""

    def __init__(self, version: SchemeVersion, as_at: date | None) -> None:
        self.version = version
        self.as_at = as_at
        self.criteria = CriterionWords(version, as_at)

    def document(self) -> Description:
        sections = (
            self.eligibility(),
            self.bands(),
            standards_section(self.version),
            assessment_section(self.version, self.as_at, self.criteria.criterion),
            orders_section(self.criteria),
            self.landlords(),
            plans_section(self.criteria),
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
            tuple(self.criteria.criterion(name) for name in self.version.eligible),
        )

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

    def landlords(self) -> Section | None:
        """What landlords ask of their own on top."""
        lead = "An advert of a home of one of these landlords asks this besides:"
        return _list("What landlords ask", lead, (
            Line(landlord.label, name=name, source=landlord.source, ours=landlord.illustrative,
                 under=(*map(self.criteria.criterion, landlord.eligible),
                        *landlord_lines(landlord, self.version)) or (Line("Nothing besides."),))
            for name, landlord in self.version.landlords.items()
        ))

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


def _mark(source: str | None, *, ours: bool) -> str:
    return Line("", source=source, ours=ours).marks.strip()


def _list(title: str, lead: str, lines: Iterable[Line]) -> Section | None:
    items = tuple(lines)
    return Section(title, (Line(lead),) if lead else (), items) if items else None
