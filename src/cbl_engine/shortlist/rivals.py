"""For officers: the bids above with both values, and what each key alone would have taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from cbl_engine.assess import own_columns_read
from cbl_engine.scheme.keys import (
    BandKey,
    BedroomFitKey,
    BidTimeKey,
    ConnectionKey,
    DateKey,
    DebtKey,
    LotteryKey,
    PointsKey,
    PreferKey,
    TieKey,
)
from cbl_engine.shortlist.explanation import FirstPlace, Rival
from cbl_engine.shortlist.rows import Rows, preference
from cbl_engine.tables.values import london_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cbl_engine.scheme.keys import Key
    from cbl_engine.shortlist.compiled import OrderKey, Programme
    from cbl_engine.shortlist.plans import Work
    from cbl_engine.shortlist.result import Shortlist


def _shown(key: OrderKey, value: Any) -> Any:
    """A key's value as people know it."""
    from cbl_engine.shortlist.words import fit_in_words

    if isinstance(value, str) or value is None:
        return value
    if isinstance(key.key, BidTimeKey):
        return london_moment(int(value))
    if isinstance(key.key, BedroomFitKey):
        return fit_in_words(key.key.bedroom_fit, value)
    return value


def rivals_above(
    result: Shortlist,
    work: Work,
    programme: Programme,
    at: int,
    above: NDArray[np.int64],
    decided: list[str],
) -> list[Rival]:
    """Each bid above with its position, and both values of the key that decided between them."""
    if not len(above):
        return []
    mine, theirs = Rows(work, np.array([at]), result.bids), Rows(work, above, result.bids)
    ids = result.prepared.ordinals.take(result.bids.applications(above)).to_list()
    # Whoever is tied with the one above stands at the same place.
    tied = result.ranking.tied[above]
    positions = np.maximum.accumulate(
        np.where(tied, 0, result.ranking.position[above])
    ).tolist()
    stages = result.ranking.stage
    values: dict[str, tuple[Any, list[Any]]] = {
        "stage": (int(stages[at]) + 1, (stages[above].astype(int) + 1).tolist())
    }
    for key in programme.stages[stages[at]].keys:
        if key.name in decided:
            values.setdefault(
                key.name,
                (
                    _shown(key, mine.value(key.key)[0]),
                    [_shown(key, v) for v in theirs.value(key.key).to_list()],
                ),
            )
    return [
        Rival(ids[i], positions[i], name, values[name][0], values[name][1][i])
        for i, name in enumerate(decided)
    ]


def first_place(
    result: Shortlist, work: Work, programme: Programme, at: int, ordered: NDArray[np.int64]
) -> list[FirstPlace]:
    """Each key alone: the least change of it that would have put the bid first.

    Against the best rival: every earlier key must be equal. If the later keys are better than the
    rival's, the rival's own value is enough; if not, the next better value is needed. Where
    another key reads the same column (a date chosen by band), the change is worked through all of
    them; a key of which that cannot be said is left out.
    """
    stages = result.ranking.stage
    keys = programme.stages[stages[at]].keys
    mine = Rows(work, np.array([at]), result.bids)
    own_values = [mine.value(k.key)[0] for k in keys]
    rivals = ordered[ordered != at]

    def answers(values: list[Any]) -> list[FirstPlace]:
        return [
            FirstPlace(k.name, _shown(k, own), _shown(k, v))
            for k, own, v in zip(keys, own_values, values, strict=True)
            if not isinstance(k.key, TieKey) and v is not _UNSAID
        ]

    if not len(rivals) or result.ranking.stage[rivals[0]] != stages[at]:
        return answers([None] * len(keys))
    best = Rows(work, rivals[:1], result.bids)
    rival_values = [best.value(k.key)[0] for k in keys]
    signs = _signs(keys, mine, best)
    out: list[Any] = []
    for j, key in enumerate(keys):
        after = next((s for s in signs[j + 1 :] if s), 0)
        enough = rival_values[j] if after < 0 else _better_than(key, rival_values[j])
        least = None if any(signs[:j]) or signs[j] < 0 else enough
        if _shares(work, keys, j):
            least = _worked_through(key, keys, least, mine, best)
        out.append(least)
    return answers(out)


_UNSAID = object()
"""In place of a value: what would have put the bid first by this key is not said."""


def _signs(keys: Sequence[OrderKey], mine: Rows, best: Rows) -> list[int]:
    """For each key: below 0 where the bid is better than the rival, above 0 where it is worse."""
    return [
        _compare(preference(k, mine.value(k.key))[0], preference(k, best.value(k.key))[0])
        for k in keys
    ]


def _names_read(work: Work, key: OrderKey) -> set[str]:
    """Columns and facts of the application that a key reads, those behind its facts among them."""
    compiled = work.batch.view.compiled
    if key.condition is None:
        return set()
    reads = compiled.conditions[key.condition].reads
    names = {*reads.own, *reads.pair_facts}
    facts = [compiled.version.facts[n] for n in names if n in compiled.version.facts]
    return names | own_columns_read(facts, compiled.version)


def _shares(work: Work, keys: Sequence[OrderKey], j: int) -> bool:
    """Whether another key reads what this one does, so that it does not change alone."""
    own = _names_read(work, keys[j])
    return any(own & _names_read(work, k) for i, k in enumerate(keys) if i != j)


def _worked_through(
    key: OrderKey, keys: Sequence[OrderKey], least: Any, mine: Rows, best: Rows
) -> Any:
    """The value of a column that puts the bid first whatever else it changes; or not said."""
    def is_first(column: str, value: Any) -> bool:
        changed = replace(mine, instead={column: value})
        return next((s for s in _signs(keys, changed, best) if s), 0) < 0

    rule = key.key
    if isinstance(rule, BandKey):
        ranks = [(item,) if isinstance(item, str) else item for item in rule.band]
        listed = [band for bands in reversed(ranks) for band in bands]
        return next((band for band in listed if is_first("band", band)), None)
    column = _column_of(rule)
    if column is None or least is None or least == "any known value":
        return _UNSAID
    return least if is_first(column, least) else _UNSAID


def _column_of(rule: Key) -> str | None:
    """The column or fact whose value is the key's; None where the key has no one such."""
    if isinstance(rule, DateKey):
        return rule.date if isinstance(rule.date, str) else None
    if isinstance(rule, PointsKey):
        return rule.points
    if isinstance(rule, ConnectionKey):
        return rule.connection
    return rule.debt if isinstance(rule, DebtKey) else None


def _compare(own: Any, rival: Any) -> int:
    return int(own > rival) - int(own < rival)


def _better_than(key: OrderKey, value: Any) -> Any:
    """The least demanding value of a key that ranks strictly above ``value``; None if none."""
    rule = key.key
    if isinstance(rule, (LotteryKey, TieKey)):
        return None
    if isinstance(rule, PreferKey):
        return None if value else True
    if value is None:
        return "any known value"
    if isinstance(rule, BandKey):
        ranks = [(item,) if isinstance(item, str) else item for item in rule.band]
        at = next(i for i, bands in enumerate(ranks) if value in bands)
        return ranks[at - 1][0] if at else None
    if isinstance(rule, DateKey):
        return value - timedelta(days=1)
    if isinstance(rule, PointsKey):
        return value + 1
    if isinstance(rule, ConnectionKey):
        return value - 1 if value > 1 else None
    if isinstance(rule, DebtKey):
        if rule.compare == "any":
            return (False if isinstance(value, bool) else 0) if value and value > 0 else None
        return round(value - 0.01, 2) if isinstance(value, float) else value - 1
    if isinstance(rule, BedroomFitKey):
        if rule.bedroom_fit == "exact_first":
            return 0 if value != 0 else None
        if rule.bedroom_fit == "largest_need":
            return value + 1
        return value + 1 if value < 0 else None
    return value - 1  # bid time: one microsecond earlier
