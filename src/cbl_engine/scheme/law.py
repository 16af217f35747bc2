"""The law that stands above every scheme, as dated data: ``scenarios/law/allocation.yaml``."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.facts import EligibleInLaw, ExemptByLaw, Fact, expressions_of
from cbl_engine.scheme.model import Criterion, Tests
from cbl_engine.scheme.parts import InForce, Labelled, Name, Part, Source, Sql, Text
from cbl_engine.scheme.standards import citation, read_shipped
from cbl_engine.scheme.upkeep import DecisionDue, DutyDue
from cbl_engine.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cbl_engine.scheme.model import SchemeVersion

OF_THE_DAY = frozenset({"age", "born", "months", "current", "as_at"})
"""Names whose values change with the as-at date."""


class LegalTest(Labelled):
    """A test of eligibility: every one in force must be met."""

    in_force: InForce
    confirmed: bool = Field(description="false: not checked in the text of the law")
    when: Sql = Field(description="SQL over columns of applications and the law's own facts")
    unless: Sql | None = Field(None, description="SQL that is true of whom the test spares")
    spared: Text | None = Field(None, description="who that is, in words")

    @property
    def met_when(self) -> str:
        """SQL that is true when it is met, or spares the household."""
        return self.when if self.unless is None else f"({self.when}) OR ({self.unless})"

    def holds_on(self, on: date) -> bool:
        """Whether it is in force on a date."""
        return self.in_force.holds_on(on)


class Exemption(LegalTest):
    """A group that qualifying tests of some kinds may not shut out."""

    tests: tuple[Tests, ...] = Field(min_length=1)


class Notice(Labelled):
    """What a letter must tell, in words for an applicant."""

    in_force: InForce
    confirmed: bool = Field(description="false: not checked in the text of the law")
    adverse: bool = Field(description="true: only where somebody is not eligible or not qualifying")


class AllocationLaw(Part):
    """Eligibility and exemptions, each with its dates and source.

    Attributes:
        sources: statutes and regulations.
        facts: what the tests read of a household's rows.
        eligible: name -> test; nobody may be let to who fails one.
        exempt: name -> group.
        notices: name -> what a decision letter must tell.
    """

    sources: dict[str, Source]
    facts: dict[Name, Fact]
    eligible: dict[Name, LegalTest]
    exempt: dict[Name, Exemption]
    notices: dict[Name, Notice]

    def citation(self, test: Labelled) -> str:
        """The title of what a test rests on, with the clause."""
        return citation(test.source, self.sources)

    def notices_on(self, on: date, *, adverse: bool) -> list[Notice]:
        """What a letter of a date must tell; ``adverse`` for those who may not join."""
        return [
            n for n in self.notices.values()
            if n.in_force.holds_on(on) and (adverse or not n.adverse)
        ]

    def moves(self, name: str, since: date) -> bool:
        """Whether the answer of a test of eligibility depends on the date, from a day on."""
        test = self.eligible[name]
        asked = (self.facts[n] for n in parse_expression(test.met_when).own_names if n in self.facts)
        texts = [test.met_when, *(t for fact in asked for t in expressions_of(fact).values())]
        return bool(OF_THE_DAY & {n for text in texts for n in parse_expression(text).names}) or any(
            day is not None and day > since for day in (test.in_force.from_, test.in_force.until))

    def changes(self) -> list[date]:
        """Every day on which a test begins or ends, ascending."""
        tests: Mapping[str, LegalTest] = {**self.eligible, **self.exempt}
        days = {day for test in tests.values() for day in (test.in_force.from_,
                                                           test.in_force.until) if day}
        return sorted(days)


class OfferNotice(Labelled):
    """What a final offer must tell, in words for an applicant."""

    in_force: InForce
    confirmed: bool = Field(description="false: not checked in the text of the law")
    duty: Name | None = Field(None, description="kind of duty it is told of; left out: every kind")


class FinalOfferLaw(Part):
    """What is to be told in writing of an offer whose refusal may end a homelessness duty.

    Attributes:
        sources: statutes.
        notices: name -> what is told.
    """

    sources: dict[str, Source]
    notices: dict[Name, OfferNotice]

    def citation(self, notice: Labelled) -> str:
        """The title of what a notice rests on, with the clause."""
        return citation(notice.source, self.sources)

    def notices_on(self, on: date, duty: str | None) -> list[OfferNotice]:
        """What is told on a date of one kind of duty; None: of every kind."""
        return [n for n in self.notices.values() if n.duty == duty and n.in_force.holds_on(on)]


class DutyClock(DutyDue):
    """How long a duty runs before the law asks for a decision."""

    in_force: InForce
    confirmed: bool = Field(description="false: not checked in the text of the law")


class DecisionClock(DecisionDue):
    """How long the law allows for a decision, or for asking for its review."""

    in_force: InForce
    confirmed: bool = Field(description="false: not checked in the text of the law")


class Clocks(Part):
    """Times that the law allows, each with its dates and source.

    Attributes:
        sources: statutes and regulations.
        duties: name -> clock of a homelessness duty.
        decisions: subject of a decision -> its clock.
    """

    sources: dict[str, Source]
    duties: dict[Name, DutyClock]
    decisions: dict[Name, DecisionClock]

    def duties_on(self, on: date) -> dict[str, DutyClock]:
        """The clocks of duties in force on a date."""
        return {name: c for name, c in self.duties.items() if c.in_force.holds_on(on)}

    def decisions_on(self, on: date) -> dict[str, DecisionClock]:
        """The clocks of decisions in force on a date."""
        return {name: c for name, c in self.decisions.items() if c.in_force.holds_on(on)}

    def citations(self) -> dict[str, str]:
        """Name -> the title of what the clock rests on, with the clause."""
        every: dict[str, Labelled] = {**self.duties, **self.decisions}
        return {name: citation(clock.source, self.sources) for name, clock in every.items()}


@lru_cache(maxsize=1)
def clocks_of_law() -> Clocks:
    """The times that the law of England allows for homelessness duties and their reviews.

    References:
        Housing Act 1996 Part 7; SI 2018/223, as the file cites them.
    """
    return read_shipped(shipped_folder("law") / "clocks.yaml", Clocks)


@lru_cache(maxsize=1)
def final_offer_law() -> FinalOfferLaw:
    """What the law of England wants told of a final offer.

    References:
        Housing Act 1996 ss.193(7), 193A and 202, as the file cites them.
    """
    return read_shipped(shipped_folder("law") / "final_offers.yaml", FinalOfferLaw)


@lru_cache(maxsize=1)
def allocation_law() -> AllocationLaw:
    """The law of eligibility and qualification in England.

    References:
        Housing Act 1996 s.160ZA; SI 2012/1869; SI 2015/967; SI 2025/706, as the file cites them.
    """
    return read_shipped(shipped_folder("law") / "allocation.yaml", AllocationLaw)


def exempted_from(version: SchemeVersion, name: str) -> bool:
    """Whether the law exempts anybody from a criterion: by the kind of test it says it is."""
    tests = version.criteria[name].tests
    return any(tests in group.tests for group in allocation_law().exempt.values())


def with_exemptions(version: SchemeVersion) -> SchemeVersion:
    """The version as a bid is judged by it: whom the law exempts from a criterion meets it.

    A criterion that says which test it is, of a kind that the law exempts groups from, is met too
    by whoever is of such a group; whether a household is may not be known, and then it is not.
    The scheme's own fact for that is read where it has one. The version itself where no criterion
    is of such a kind.
    """
    mine = [name for name in version.criteria if exempted_from(version, name)]
    if not mine:
        return version
    facts, criteria = dict(version.facts), dict(version.criteria)
    for name in mine:
        rule = version.criteria[name]
        fact = next((n for n, f in facts.items()
                     if isinstance(f, ExemptByLaw) and f.exempt_by_law == rule.tests), None)
        if fact is None:
            fact = f"exempt_by_law_from_{rule.tests}"
            facts[fact] = ExemptByLaw.model_validate({
                "label": f"The law exempts the household from tests of {str(rule.tests).replace('_', ' ')}",
                "exempt_by_law": rule.tests,
            })
        criteria[name] = rule.model_copy(
            update={"when": f"({rule.when}) OR COALESCE({fact}, FALSE)"})
    return version.model_copy(update={"facts": facts, "criteria": criteria})


def bid_criteria(version: SchemeVersion) -> Mapping[str, Criterion]:
    """The criteria by which bids and offers are judged: the scheme's, then the law's own.

    A household for which one of the law's is not known is held: nothing may be offered to it until
    it is.
    """
    return {**version.criteria, **_criteria_of_law()}


@lru_cache(maxsize=1)
def names_of_law() -> Mapping[str, str]:
    """Test of eligibility in law -> name of the criterion that it is of every scheme."""
    return {name: f"{name}_in_law" for name in allocation_law().eligible}


@lru_cache(maxsize=1)
def _criteria_of_law() -> dict[str, Criterion]:
    law = allocation_law()
    return {
        criterion: Criterion(
            label=law.eligible[test].label, when=f"meets_{criterion}", when_unknown="hold",
            source=law.citation(law.eligible[test]),
        )
        for test, criterion in names_of_law().items()
    }


@lru_cache(maxsize=1)
def facts_of_law() -> Mapping[str, EligibleInLaw]:
    """The facts that the law's criteria read, by name."""
    law = allocation_law()
    return {
        f"meets_{criterion}": EligibleInLaw(law.eligible[test].label, test)
        for test, criterion in names_of_law().items()
    }


def in_law(criterion: str) -> str:
    """What the law asks by one of its criteria, with its section, for a message."""
    rule = _criteria_of_law()[criterion]
    return f"the law asks: {rule.label} ({rule.source})"


def with_law(version: SchemeVersion) -> SchemeVersion:
    """The version as a bid is judged by it: exemptions put in, and who may be let to at all.

    The law's criteria can be asked by name of any version, and every bid must meet them where the
    version ranks bids: where it has a profile.
    """
    version = with_exemptions(version)
    asked = names_of_law().values() if version.profiles else ()
    return version.model_copy(update={
        "facts": {**version.facts, **facts_of_law()}, "criteria": bid_criteria(version),
        "eligible": (*version.eligible, *asked),
    })
