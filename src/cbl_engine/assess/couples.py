"""Who is with whom: couples of a household, and who is recorded with two partners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def couples_of(
    people: pl.DataFrame,
    household: NDArray[np.int32],
    is_applicant: NDArray[np.bool_],
    is_partner: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of couples, the earlier and the later, and rows of people with two partners.

    A couple is recorded by ``partner_of`` of either or both, or is the applicant and the one
    whose relationship is partner.

    Args:
        people: rows of PEOPLE, household after household; ``partner_of`` may be absent.
        household: number of each row's household, ascending.
        is_applicant: whether each row's relationship says so.
        is_partner: the same.
    """
    n = len(household)
    points = _partner_rows(people, household)
    pointing = np.flatnonzero(points >= 0)
    at = points[pointing]
    back = points[at]
    single, mutual = back < 0, back == pointing
    astray = ~(single | mutual)
    target, times = np.unique(at[single], return_counts=True)
    astray[single] = np.isin(at[single], target[times > 1])
    wrong = [pointing[astray], at[astray]]
    paired = np.zeros(n, bool)
    paired[pointing] = paired[at] = True
    recorded = (single | (mutual & (pointing < at))) & ~astray
    one, two = pointing[recorded], at[recorded]

    said = np.flatnonzero(is_partner & ~paired)
    if len(said):
        applicant = np.full(int(household.max()) + 1, -1, np.int64)
        applicants = np.flatnonzero(is_applicant)
        applicant[household[applicants]] = applicants
        mine = applicant[household[said]]
        said, mine = said[mine >= 0], mine[mine >= 0]
        clash = paired[mine] | (np.bincount(mine, minlength=n)[mine] > 1)
        wrong += [said[clash], mine[clash]]
        one, two = np.append(one, mine[~clash]), np.append(two, said[~clash])
    contradictory = np.unique(np.concatenate(wrong))
    if len(contradictory):
        clash = np.isin(one, contradictory) | np.isin(two, contradictory)
        one, two = one[~clash], two[~clash]
    return np.minimum(one, two), np.maximum(one, two), contradictory


def _partner_rows(people: pl.DataFrame, household: NDArray[np.int32]) -> NDArray[np.int64]:
    """Row of each person's recorded partner within the household; -1 when there is none.

    Loops over how far apart two members of a household stand.
    """
    found = np.full(len(household), -1, np.int64)
    if "partner_of" not in people.columns:
        return found
    ids = people["id"]
    wanted = people["partner_of"].cast(ids.dtype, strict=False)
    rows = np.flatnonzero(wanted.is_not_null().to_numpy())
    target, own = wanted.drop_nulls(), household[rows]
    last = len(household) - 1
    step = 0
    while len(rows):
        step += 1
        reach = np.zeros(len(rows), bool)
        partner = np.full(len(rows), -1, np.int64)
        for other in (rows + step, rows - step):
            inside = (other >= 0) & (other <= last)
            other = np.where(inside, other, rows)
            here = inside & (household[other] == own)
            reach |= here
            same = ids.gather(other).eq_missing(target).to_numpy() & here
            np.copyto(partner, other, where=same)
        found[rows] = partner
        left = np.flatnonzero(reach & (partner < 0))
        rows, own, target = rows[left], own[left], target.gather(left)
    return found
