"""Parameters drawn from their intervals: what is not known of a fit goes into every prediction.

Each world goes by fitted values of its own. An interval is read as normal, with a spread of its own
on either side: of a rate or weight on the scale of logarithms, of a share on that of log odds, of
days on their own. Names of one set of shares are drawn by themselves and made to add up to 1, each
with the spread that it then has, as in a Dirichlet distribution. A table of days moves as a whole. A
number (bids at most, a weekday) stays as it was fitted, and so does what has no interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cbl_engine.compare.calibrate.run import bounds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.simulate.luck import Luck
    from cbl_engine.simulate.parameters import Parameter

_Z = 1.959963984540054
_EVEN = 2.0**-53
_LEAST = 1e-9


def drawn(
    fitted: Mapping[str, Parameter], luck: Luck, world: int
) -> dict[str, Parameter]:
    """The fitted parameters of one world.

    Args:
        fitted: with their intervals of 95%.
        luck: draws; they go by the parameter, its part and the world.
        world: its number.
    """
    return {name: _one(name, parameter, luck, world) for name, parameter in fitted.items()}


def _one(name: str, parameter: Parameter, luck: Luck, world: int) -> Parameter:
    bounds = bounds_of(parameter)
    if not bounds or parameter.kind == "number":
        return parameter

    def z(part: str) -> float:
        draw = luck.draws(f"backtest/{name}/{part}", np.array([world]))
        return _normal(draw)

    value: Any
    if parameter.kind == "rate":
        value = _on_logs(parameter.value, bounds[""], z(""))
    elif parameter.kind == "share":
        value = _on_odds(parameter.value, bounds[""], z(""))
    elif parameter.kind == "weights":
        value = {part: _on_logs(one, bounds[part], z(part)) if part in bounds else one
                 for part, one in parameter.value.items()}
    elif parameter.kind == "shares":
        value = _together(parameter.value, bounds, z)
    elif parameter.kind == "days":
        value = _moved(parameter.value, bounds, "", z(""))
    else:
        value = {part: _moved(table, bounds, f"{part} ", z(part))
                 for part, table in parameter.value.items()}
    return parameter.model_copy(update={parameter.kind: value})


def _normal(draw: Any) -> float:
    """A standard normal value by a draw of 64 bits."""
    from scipy.special import ndtri

    return float(ndtri(((draw >> np.uint64(11)).astype(np.float64) + 0.5) * _EVEN)[0])


def _spread(at: float, low: float, high: float, z: float) -> float:
    """How far a draw moves: a part of the way to the bound on its side."""
    return z * (high - at if z > 0 else at - low) / _Z


def _on_logs(value: float, bounds: tuple[float, float], z: float) -> float:
    at, low, high = (float(np.log(max(v, _LEAST))) for v in (value, *bounds))
    return 0.0 if value <= 0 else float(np.exp(at + _spread(at, low, high, z)))


def _odds(share: float) -> float:
    share = min(max(share, _LEAST), 1 - _LEAST)
    return float(np.log(share / (1 - share)))


def _on_odds(value: float, bounds: tuple[float, float], z: float) -> float:
    at, low, high = (_odds(v) for v in (value, *bounds))
    return float(1 / (1 + np.exp(-(at + _spread(at, low, high, z)))))


def _together(
    shares: Mapping[str, float], bounds: Mapping[str, tuple[float, float]], z: Any
) -> dict[str, float]:
    """Shares of one whole: weights whose spread is what is left of it once they add up to 1."""
    whole = sum(shares.values())
    weights = {}
    for part, share in shares.items():
        weights[part] = share
        if part in bounds and share > 0:
            at, low, high = (_odds(v) for v in (share, *bounds[part]))
            moved = _spread(at, low, high, z(part)) * np.sqrt(1 - min(share, 1.0))
            weights[part] = share * float(np.exp(moved))
    found = {part: whole * weight / sum(weights.values()) for part, weight in weights.items()}
    # The greatest takes what rounding leaves, so that they add up to what they did.
    greatest = max(found, key=lambda part: found[part])
    return found | {greatest: whole - sum(v for k, v in found.items() if k != greatest)}


def _moved(
    table: Mapping[int, float], bounds: Mapping[str, tuple[float, float]], prefix: str, z: float
) -> dict[int, float]:
    """A table of days, each percentile moved by as much of its interval; it does not fall."""
    told = {int(part.removeprefix(prefix)): pair for part, pair in bounds.items()
            if part.startswith(prefix) and part.removeprefix(prefix).isdigit()}
    if not told:
        return dict(table)
    percents = sorted(table)
    values = np.array([table[p] for p in percents])
    known = sorted(told)
    at = np.interp(known, percents, values)
    moves = [_spread(v, told[p][0], told[p][1], z) for p, v in zip(known, at, strict=True)]
    moved = np.maximum.accumulate(np.maximum(values + np.interp(percents, known, moves), 0))
    return {p: float(v) for p, v in zip(percents, moved, strict=True)}
