"""What the model of a simulated borough does not know, and what a comparison of it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbl_engine.compare.sides import OWN, responds_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbl_engine.compare.comparing import Comparison

LIMITS = tuple(" ".join(line.split()) for line in """
    Worlds are simulated: households bid, accept and leave by chances that are published, fitted or
    assumed, not by minds of their own. Where a value is assumed, so is what follows from it.

    The intervals say how far luck moves a figure over the worlds simulated. They say nothing of
    values that are assumed, of years that differ from these, nor of the law or rents changing.

    The scheme's own code decides eligibility, order and offers. What officers decide case by case
    is drawn by lot: the order of equals, and what becomes of a nomination.

    A bid that waits for a fact to be confirmed is offered nothing, where an officer would wait for
    the fact. Nobody withdraws a bid; duties to bid, final offers and discretion have no effect.

    Households that leave or change do so once a week.

    The first weeks begin with nobody under offer, so their figures are those of a borough whose
    officers took a week off.

    Households that were overcrowded outside the council's own homes are not seen in the figures of
    overcrowding relieved.

    Costs are rent lost, temporary accommodation, and payments to tenants who move to a smaller home where
    a scenario has them. Works, officers' time, arrears and other costs of moving are not counted.
""".strip().split("\n\n"))
"""What the model does not know, for whoever reads its figures."""


def of_these(comparison: Comparison) -> Iterator[str]:
    """What the worlds, responses and register of a comparison leave open, what was noted of its worlds,
    and the rules of its schemes that they do not go by.
    """
    scenario = comparison.sides[0].scenario
    if comparison.response == OWN:
        each = "; ".join(f"{side.name}: {side.scenario.response}" for side in comparison.sides)
        yield (f"Each scenario goes by a response of households of its own ({each}): whether a "
               "difference would change sign under another is not known.")
    elif len(comparison.responses) == 1:
        yield (f"Compared under the {comparison.response} response of households alone: whether a "
               "difference would change sign under another is not known.")
    for side in comparison.sides[1:]:
        if (on := responds_from(side, comparison.sides[0])) is not None:
            yield f"{side.name}: households respond to a change of policy from {on}."
    if scenario.replications < 30:
        yield (f"Only {scenario.replications:,} worlds were simulated; 30 and more make intervals to "
               "lean on.")
    if scenario.weeks < 52:
        yield (f"Only {scenario.weeks:,} weeks were simulated; figures a year are scaled up from them, "
               "and whatever takes a year is not seen.")
    if scenario.world.register_ is None:
        yield "The register is made up by published shares; nobody in it is a household of the council."
    yield from (f"{note.line()}." for note in comparison.notes)
    for rule, names in comparison.not_followed.items():
        yield f"Not followed in {', '.join(names)}: {rule}."
