"""Closed forms that a simulator of lettings is held against.

The queue: homes of one kind come up as a Poisson process, households apply as another, everyone
bids for every home, nobody refuses or leaves, and a home that nobody waits for is lost. A home goes
to the best band, and in a band to the earliest date. *Cycle* is the time between two closes: those
who came before a close can be housed at it. Rates are per cycle and waits in cycles, unless said
otherwise; any unit of time does for the continuous forms.

Every formula is checked in ``tests/simulate/test_theory.py`` against that very queue, simulated one
household at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-9
TERMS = 1 << 18
"""Terms of the series that are added at most, in about a minute."""
EQUATIONS = 4000
"""Equations that are solved at most."""
BLOCK = 1 << 16


def left_waiting(arrivals: float, homes: float, tolerance: float = TOLERANCE) -> float:
    """Mean number still waiting after a close, A and B being what came in the cycle: E[X].

    X after a close is max(X + A - B, 0), a random walk reflected at nought, with A ~ Poisson(a) and
    B ~ Poisson(b). By Spitzer's identity E[X] = sum over n >= 1 of E[max(S_n, 0)] / n, where S_n is
    the sum of n steps, A - B of Poisson numbers with means na and nb. Since k P(A = k) =
    na P(A = k - 1), E[max(S_n, 0)] = na P(S_n >= 0) - nb P(S_n >= 2), and so

        E[X] = sum over n of a P(S_n >= 0) - b P(S_n >= 2).

    By Chernoff's bound P(S_n >= 0) <= exp(-n (sqrt b - sqrt a)^2), which says where to stop.

    Args:
        arrivals: a, households a cycle.
        homes: b, homes a cycle.
        tolerance: what is left out of the sum is less than this, in households.

    Returns:
        Households; infinite where ``arrivals >= homes``.

    Raises:
        ValueError: the homes are so nearly all used that the sum would be too long.

    References:
        F. Spitzer, A Combinatorial Lemma and its Application to Probability Theory, Transactions of
        the American Mathematical Society 82 (1956), 323-339.
    """
    if arrivals >= homes:
        return float("inf")
    if arrivals == 0:
        return 0.0
    fall = (homes**0.5 - arrivals**0.5) ** 2
    terms = int(np.ceil(np.log(arrivals / (tolerance * -np.expm1(-fall))) / fall)) + 1
    if terms > TERMS:
        raise ValueError(
            f"{arrivals:g} arrivals for {homes:g} homes a cycle: {terms:,} terms, at most {TERMS:,}"
        )
    total = 0.0
    for first in range(1, terms + 1, BLOCK):
        n = np.arange(first, min(first + BLOCK, terms + 1), dtype=float)
        none_short, two_short = (_at_least(least, n * arrivals, n * homes) for least in (0, 2))
        total += float((arrivals * none_short - homes * two_short).sum())
    return total


def _at_least(least: ArrayLike, arrivals: ArrayLike, homes: ArrayLike) -> NDArray[np.float64]:
    """P(A - B >= least) for Poisson A and B: a non-central chi-squared distribution function.

    References:
        N. L. Johnson, On an Extension of the Connexion between Poisson and chi-squared
        Distributions, Biometrika 46 (1959), 352-363.
    """
    from scipy.special import chndtr

    k, a, b = np.asarray(least), 2 * np.asarray(arrivals), 2 * np.asarray(homes)
    above = chndtr(a, 2 * np.maximum(k, 1), b)
    below = chndtr(b, 2 * np.maximum(1 - k, 1), a)
    return np.where(k > 0, above, 1 - below)


def waiting_after_close(
    arrivals: float, homes: float, tolerance: float = TOLERANCE
) -> NDArray[np.float64]:
    """P(X = 0), P(X = 1), ... of the number still waiting after a close.

    The balance equations of the walk in :func:`left_waiting`, cut off where by Kingman's bound
    P(X >= k) <= (a / b)^k what lies beyond is less than the tolerance, and solved as they stand.

    Raises:
        ValueError: ``arrivals >= homes``, or the homes are so nearly all used that the equations
            would be too many.

    References:
        J. F. C. Kingman, Inequalities in the Theory of Queues, Journal of the Royal Statistical
        Society B 32 (1970), 102-110; with z = b / a, for which E[z^(A - B)] = 1.
    """
    if not 0 < arrivals < homes:
        raise ValueError(f"{arrivals:g} arrivals for {homes:g} homes a cycle: no steady state")
    last = int(np.ceil(np.log(tolerance) / np.log(arrivals / homes))) + 1
    if last > EQUATIONS:
        raise ValueError(
            f"{arrivals:g} arrivals for {homes:g} homes a cycle: {last:,} equations, at most "
            f"{EQUATIONS:,}"
        )
    before, after = np.ogrid[: last + 1, : last + 1]
    reach = _at_least(np.arange(-last, last + 2), arrivals, homes)
    moves = -np.diff(reach)[after - before + last]
    moves[:, 0] = 1 - reach[last + 1 - before[:, 0]]
    moves[:, last] = reach[2 * last - before[:, 0]]
    balance = moves.T - np.eye(last + 1)
    balance[-1] = 1  # the equations say one thing twice; instead, all shares add up to 1
    return np.linalg.solve(balance, np.eye(last + 1)[-1])


def cycle_wait(
    arrivals: float, homes: float, before_close: float = 0.5, tolerance: float = TOLERANCE
) -> float:
    """Mean wait from arrival to letting with a close every cycle: E[X] / a + before_close.

    By Little's law: on average E[X] wait over from earlier cycles, and each of the a that arrive in
    a cycle waits ``before_close`` of it for its first close.

    Args:
        arrivals: a, households a cycle.
        homes: homes a cycle.
        before_close: mean time from arrival to the next close [cycles]: 0.5 where households arrive
            evenly through the cycle, 1 where all arrive as it begins.
        tolerance: as in :func:`left_waiting`.

    Returns:
        Cycles; infinite where ``arrivals >= homes``.
    """
    return left_waiting(arrivals, homes, tolerance) / arrivals + before_close


def cycle_waits(
    arrivals: Sequence[float], homes: float, before_close: float = 0.5,
    tolerance: float = TOLERANCE,
) -> NDArray[np.float64]:
    """Mean wait by band, best band first, with a close every cycle [cycles].

    What bands 1 to k are together does not depend on the bands below, nor on the order among them.
    So bands 1 to k are one queue, and band k is what it has more than bands 1 to k - 1:
    T_k = (E[X_1..k] - E[X_1..k-1]) / a_k + before_close.

    Returns:
        One for each band; infinite from the first band that homes do not suffice for.
    """
    return _by_band([left_waiting(a, homes, tolerance) for a in np.cumsum(arrivals)],
                    arrivals) + before_close


def number_waiting(arrivals: float, homes: float) -> float:
    """Mean number waiting when homes are let as they come: rho / (1 - rho), rho = a / b.

    Infinite where ``arrivals >= homes``.

    References:
        The queue M/M/1: L. Kleinrock, Queueing Systems, volume 1 (Wiley, 1975), section 3.2. Homes
        that find nobody waiting are lost, as are the ends of service of an idle server.
    """
    used = arrivals / homes
    return used / (1 - used) if used < 1 else float("inf")


def wait(arrivals: float, homes: float) -> float:
    """Mean wait when homes are let as they come: 1 / (b - a), in the unit of time of the rates.

    Infinite where ``arrivals >= homes``. The wait is exponential (Kleinrock, as above).
    """
    return 1 / (homes - arrivals) if arrivals < homes else float("inf")


def waits(arrivals: Sequence[float], homes: float) -> NDArray[np.float64]:
    """Mean wait by band, best band first, when homes are let as they come.

    T_k = (1 / b) / ((1 - s_k-1) (1 - s_k)), s_k = (a_1 + ... + a_k) / b, in the unit of time of the
    rates; infinite from the first band that homes do not suffice for.

    References:
        Pre-emptive priority in M/M/1: L. Kleinrock, Queueing Systems, volume 2 (Wiley, 1976),
        section 3.4.
    """
    return _by_band([number_waiting(a, homes) for a in np.cumsum(arrivals)], arrivals)


def _by_band(together: Sequence[float], arrivals: Sequence[float]) -> NDArray[np.float64]:
    """Waits by band, from the mean numbers waiting in bands 1 to k together."""
    waiting = np.array([0.0, *together])
    full = np.isinf(waiting[1:])
    more = np.where(full, np.inf, waiting[1:] - np.where(full, 0.0, waiting[:-1]))
    return more / np.asarray(arrivals, float)


def list_with_drop_out(arrivals: float, homes: float, drop_out: float) -> float:
    """Households waiting where more come than homes, and some give up: (a - b) / theta.

    The fluid limit: of a large list, to which the square root of its length is small.

    Args:
        arrivals: a, households per unit of time.
        homes: b, homes per unit of time, fewer than that.
        drop_out: theta, leavers per household waiting and unit of time.

    References:
        W. Whitt, Fluid Models for Multiserver Queues with Abandonments, Operations Research 54
        (2006), 37-54.
    """
    return (_overloaded(arrivals, homes) - homes) / drop_out


def wait_with_drop_out(arrivals: float, homes: float, drop_out: float) -> float:
    """Wait of those housed in the fluid limit of :func:`list_with_drop_out`: ln(a / b) / theta.

    Whoever applied this long ago is at the head: of those who came with them the share
    exp(-theta x wait) still waits, and is as many as the homes.
    """
    return float(np.log(_overloaded(arrivals, homes) / homes)) / drop_out


def share_housed(arrivals: float, homes: float) -> float:
    """Share of those who apply that are housed in the end, where more come than homes: b / a."""
    return homes / _overloaded(arrivals, homes)


def _overloaded(arrivals: float, homes: float) -> float:
    if arrivals <= homes:
        raise ValueError(f"{arrivals:g} arrivals for {homes:g} homes: no overload")
    return arrivals


def little_gap(waiting: ArrayLike, arrivals: ArrayLike, mean_time: ArrayLike) -> NDArray:
    """How far figures are from Little's law, L = a T, as a share of L: a T / L - 1.

    Nought in any steady state, band by band, whoever is served first.

    Args:
        waiting: L, mean number waiting over time.
        arrivals: a, arrivals per unit of time.
        mean_time: T, mean time on the list of all who leave it, housed or not.

    References:
        J. D. C. Little, A Proof for the Queuing Formula: L = lambda W, Operations Research 9
        (1961), 383-387.
    """
    return np.asarray(arrivals) * np.asarray(mean_time) / np.asarray(waiting) - 1


def offers_per_letting(refused: float) -> float:
    """Mean offers until one is taken, each refused with the same chance: 1 / (1 - r)."""
    return 1 / (1 - refused)


def no_taker(refused: float, called: int) -> float:
    """Chance that of so many households called together nobody takes the home: r^n."""
    return refused**called


def chain_moves(moves: ArrayLike) -> NDArray[np.float64]:
    """Moves that follow from one vacancy, by its kind: row sums of (I - Q)^-1.

    Args:
        moves: Q, from row to column: the chance that a vacancy of this kind is filled by a
            household that leaves a vacancy of that kind; what a row lacks of 1 ends the chain.

    Returns:
        Moves by kind, the first one counted; 1 / (1 - p) where there is one kind.

    Raises:
        ValueError: a chance is below 0, a row above 1, or some chains never end.

    References:
        H. C. White, Chains of Opportunity (Harvard University Press, 1970), chapter 2.
    """
    q = np.atleast_2d(np.asarray(moves, float))
    if (q < 0).any() or (q.sum(1) > 1 + 1e-12).any():
        raise ValueError("chances of what a vacancy is followed by: 0 or more, at most 1 in a row")
    if np.abs(np.linalg.eigvals(q)).max() >= 1 - 1e-12:
        raise ValueError("some chains never end")
    return np.linalg.solve(np.eye(len(q)) - q, np.ones(len(q)))


def homes_void(voids_a_year: float, days: float) -> float:
    """Homes void at any time: homes that fall void in a year x mean days void / 365."""
    return voids_a_year * days / 365
