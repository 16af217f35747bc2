"""For officers: the bids above with both values, and what each key alone would have taken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

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
    from numpy.typing import NDArray

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
    rival's, the rival's own value is enough; if not, the next better value is needed.
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
            if not isinstance(k.key, TieKey)
        ]

    if not len(rivals) or result.ranking.stage[rivals[0]] != stages[at]:
        return answers([None] * len(keys))
    best = Rows(work, rivals[:1], result.bids)
    rival_values = [best.value(k.key)[0] for k in keys]
    signs = [
        _compare(preference(k, mine.value(k.key))[0], preference(k, best.value(k.key))[0])
        for k in keys
    ]
    out: list[Any] = []
    for j, key in enumerate(keys):
        if any(signs[:j]):
            out.append(None)
            continue
        after = next((s for s in signs[j + 1 :] if s), 0)
        enough = rival_values[j] if after < 0 else _better_than(key, rival_values[j])
        out.append(None if signs[j] < 0 else enough)
    return answers(out)


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
        return value - 1
    if isinstance(rule, BedroomFitKey):
        if rule.bedroom_fit == "exact_first":
            return 0 if value != 0 else None
        if rule.bedroom_fit == "largest_need":
            return value + 1
        return value + 1 if value < 0 else None
    return value - 1  # bid time: one microsecond earlier
