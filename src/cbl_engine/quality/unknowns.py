"""Which criteria and keys of a scheme cannot be judged, for how many, and for want of what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cbl_engine.assess.outcomes import UNKNOWN
from cbl_engine.errors import BadInput
from cbl_engine.shortlist.words import key_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cbl_engine.shortlist import Shortlist
    from cbl_engine.shortlist.compiled import Compiled, Condition
    from cbl_engine.shortlist.register import RegisterAt


@dataclass(frozen=True, slots=True)
class NotKnown:
    """One criterion or key that cannot be judged for some.

    Attributes:
        name: as the scheme has it.
        label: in words.
        effect: what follows: fail, pass or hold; last or error for a key, not_met for a preference.
        applications: [applications] of the whole register for which it is not known; None where
            the advert has a say.
        out_of: [applications] on the register.
        bids: [bids] that count for which it was not known.
        bids_out_of: [bids] that count.
        columns: what it reads, with how many of the register's applications (or of the adverts)
            are empty there, the emptiest first, those without empty cells left out; None for a fact
            of an application and an advert together.
    """

    name: str
    label: str
    effect: str
    applications: int | None
    out_of: int
    bids: int
    bids_out_of: int
    columns: tuple[tuple[str, int | None], ...]


def not_known(result: Shortlist, on: date) -> tuple[NotKnown, ...]:
    """Criteria and keys not known for any application or bid, the commonest first.

    Args:
        result: a shortlist of the data.
        on: day on which the whole register is judged.
    """
    bids = result.frame().select(pl.col("unknown")).explode("unknown", empty_as_null=False)
    counts = dict(bids.drop_nulls()["unknown"].value_counts().iter_rows())
    try:
        view = result.prepared.at(on)
    except BadInput:
        return ()
    found: dict[str, NotKnown] = {}
    for condition in view.compiled.conditions:
        register = _on_register(condition, view)
        n = counts.get(condition.name, 0)
        # Two keys of one name, such as two orders of bands, are one to people.
        if condition.name in found or not (n or register):
            continue
        is_criterion = condition.kind == "criterion"
        found[condition.name] = NotKnown(
            condition.name,
            view.compiled.version.criteria[condition.name].label if is_criterion
            else key_in_words(condition.name),
            _effect(condition, view.compiled, result),
            register,
            int(view.in_force.sum()),
            n,
            len(result),
            tuple(_empty(condition, view, result)),
        )
    return tuple(sorted(found.values(), key=lambda one: (-one.bids, -(one.applications or 0), one.name)))


def _on_register(condition: Condition, view: RegisterAt) -> int | None:
    """Applications for which it is not known; None where the advert has a say."""
    outcomes = view.application_outcomes().get(condition.bit)
    if outcomes is not None:
        return int(np.count_nonzero((outcomes == UNKNOWN) & view.in_force))
    own = condition.reads.own
    if condition.kind == "key" and condition.reads.side == "application" and len(own) == 1:
        return int((view.frame[own[0]].is_null().to_numpy() & view.in_force).sum())
    return None


def _effect(condition: Condition, compiled: Compiled, result: Shortlist) -> str:
    """What follows when it is not known: the gravest of its uses on these adverts."""
    found: set[str] = set()
    works = [w for w in result.ranking.works if w.batch.view.compiled is compiled]
    for programme in (p for work in works for p in work.batch.adverts.programmes):
        criteria = {*programme.common, *(bit for stage in programme.stages for bit in stage.criteria)}
        if condition.bit in criteria:
            found.add(condition.when_unknown)
        for key in (key for stage in programme.stages for key in stage.keys):
            if key.condition == condition.bit:
                rule = getattr(key.key, "when_unknown", "last")
                found.add("not_met" if condition.kind == "criterion" and rule == "last" else rule)
    gravity = ("error", "fail", "hold", "last", "not_met", "pass")
    return min(found, key=gravity.index, default=condition.when_unknown)


def _empty(
    condition: Condition, view: RegisterAt, result: Shortlist
) -> Iterator[tuple[str, int | None]]:
    own = [n for n in condition.reads.own if n in view.frame.columns]
    found = [(name, view.frame[name].null_count()) for name in own]
    sides = [work.batch.adverts.frame for work in result.ranking.works]
    for name in condition.reads.advert:
        empty = sum(frame[name].null_count() for frame in sides if name in frame.columns)
        found.append((f"advert.{name}", empty))
    yield from sorted((one for one in found if one[1]), key=lambda one: (-one[1], one[0]))
    yield from ((name, None) for name in condition.reads.pair_facts)
