"""What becomes of a nomination: by who placed the bid, whose home it is and what kind of household.

The shares of a route (own, assisted, automatic, direct) are those of all its nominations. Odds of
each failure against acceptance, relative to them, tell landlords and kinds of households apart; the
wish for the home moves refusals at viewing alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cbl_engine.simulate.parameters import happens, picked
from cbl_engine.simulate.setup import ACCEPTED, FAILED, LANDLORDS, OUTCOMES, REFUSED, ROUTES
from cbl_engine.tables.days import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cbl_engine.simulate.lives import Lives
    from cbl_engine.simulate.parameters import Parameters
    from cbl_engine.simulate.setup import Setup

HOUSEHOLDS = ("homeless", "transfer", "family", "older", "other")
"""Kinds of households; the first that fits."""
OLDER = 60
"""[years] at registration."""
_MOST = 700.0
"""Log odds beyond which what they are against never happens; their exponential is a finite number."""


def household_kinds(lives: Lives) -> NDArray[np.int8]:
    """The kind of each life, a number in ``HOUSEHOLDS``: owed a homelessness duty, else a tenant who
    asks for a transfer, else with a child, else an applicant of 60 or more, else another.
    """
    age = (lives.registered.astype(np.int64) - lives.born) / YEAR
    older = (lives.born != 0) & (age >= OLDER)
    return np.select(
        [lives.homeless, lives.tenant, lives.children, older], range(4), 4).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Chances:
    """Chances by route, landlord and kind of household; the last landlord is one not known.

    Attributes:
        shares: route, landlord, household, outcome: what becomes of a nomination.
        edges: upper edges of the failures on the scale of draws of 52 bits.
        days_times: route, landlord, household: factor on the days.
    """

    shares: NDArray[np.float64]
    edges: NDArray[np.uint64]
    days_times: NDArray[np.float64]


def chances(p: Parameters) -> Chances:
    """The tables of chances that parameters make."""
    base = np.array([[p[f"nominations.{route}"].get(o, 0.0) for o in OUTCOMES] for route in ROUTES])
    base[:, ACCEPTED] = 1 - base[:, :ACCEPTED].sum(axis=1)

    def odds(name: str, groups: tuple[str, ...], more: int = 0) -> NDArray[np.float64]:
        out = np.ones((len(groups) + more, len(OUTCOMES)))
        out[: len(groups), :ACCEPTED] = [[p[name][g][o] for o in FAILED] for g in groups]
        return out

    of_landlord = odds("nominations.landlord_odds", LANDLORDS, 1)
    of_household = odds("nominations.household_odds", HOUSEHOLDS)
    shares = base[:, None, None] * of_landlord[None, :, None] * of_household[None, None]
    total = shares.sum(axis=-1, keepdims=True)
    shares = shares / np.where(total > 0, total, 1.0)
    edges = np.minimum(np.rint(np.cumsum(shares[..., :ACCEPTED], axis=-1) * 2.0**52), 2.0**52)
    times = p["nominations.days_times"]
    route, landlord, household = (
        np.array([times[name] for name in names]) for names in (ROUTES, LANDLORDS, HOUSEHOLDS))
    landlord = np.append(landlord, 1.0)
    return Chances(shares, edges.astype(np.uint64),
                   route[:, None, None] * landlord[None, :, None] * household[None, None])


def outcomes(
    setup: Setup, key: tuple, route: NDArray[np.int8], home: NDArray[np.int64],
    life: NDArray[np.int64], utility: NDArray[np.float64],
) -> NDArray[np.int64]:
    """What becomes of each nomination, a number in ``OUTCOMES``.

    Args:
        setup: what worlds share.
        key: whose draw it is: the household's for this void, so that it is the same under another
            scheme.
        route: number in ``ROUTES``.
        home: its number in the world.
        life: of the household.
        utility: of the home to it [log odds].
    """
    theory = setup.theory
    if theory.accepts == "always":
        return np.full(len(route), ACCEPTED)
    draws = setup.luck.draws("nomination", *key)
    if theory.accepts == "coin":
        return np.where(happens(theory.refusal, draws), REFUSED[0], ACCEPTED)
    at = _place(setup, route, home, life)
    out = (setup.chances.edges[at] <= (draws >> np.uint64(12))[:, None]).sum(axis=1)
    shares = setup.chances.shares[at]
    viewed = shares[:, REFUSED[0]], shares[:, ACCEPTED] + shares[:, REFUSED[1]]
    taste = float(setup.parameters["nominations.taste"])
    some = np.flatnonzero((np.minimum(*viewed) > 0) & np.isin(out, (*REFUSED, ACCEPTED)))
    if taste and len(some):
        odds = np.log(viewed[0][some] / viewed[1][some]) - taste * utility[some]
        again = setup.luck.draws("nomination/taste", *(k[some] for k in key))
        refuses = happens(1 / (1 + np.exp(np.minimum(-odds, _MOST))), again)
        late = out[some] == REFUSED[1]
        out[some] = np.where(refuses, REFUSED[0], np.where(late, REFUSED[1], ACCEPTED))
    return out


def days_taken(
    setup: Setup, key: tuple, route: NDArray[np.int8], home: NDArray[np.int64],
    life: NDArray[np.int64], outcome: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Days from each nomination to what becomes of it; the landlord's own days come on top."""
    draws = setup.luck.draws("nomination/days", *key)
    takes = np.zeros(len(outcome), np.int64)
    for number, name in enumerate(OUTCOMES):
        mine = outcome == number
        takes[mine] = picked(setup.days[f"nominations.days/{name}"], draws[mine])
    times = setup.chances.days_times[_place(setup, route, home, life)]
    return np.rint(takes * times).astype(np.int64)


def _place(
    setup: Setup, route: NDArray[np.int8], home: NDArray[np.int64], life: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8]]:
    """Where the chances of each nomination stand."""
    return route, setup.homes.landlord[home], setup.household_kinds[life]
