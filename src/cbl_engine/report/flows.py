"""A picture of households that flow from one list of names to another, as inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _GAP, _SIDE, _BAR = 880, 380, 12, 210, 14
_LEAST = 1.5


@dataclass(frozen=True)
class Bar:
    """A name with its count at one side of the picture."""

    name: str
    count: int
    x: float
    y: float
    height: float
    words_x: float
    anchor: str


@dataclass(frozen=True)
class Ribbon:
    """Households that go from a bar to a bar."""

    path: str
    kind: str
    words: str


@dataclass(frozen=True)
class Flows:
    """What a template needs to draw the picture."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    ribbons: tuple[Ribbon, ...]


def flows_drawn(
    old: Sequence[str],
    new: Sequence[str],
    counts: Mapping[tuple[str, str], int],
    kinds: Mapping[tuple[str, str], str],
) -> Flows:
    """Lay out bars and ribbons.

    Args:
        old: names at the left, from the top.
        new: names at the right.
        counts: households from a name to a name; those of none are not drawn.
        kinds: how each flow is drawn (up, down, same, ...).
    """
    total = sum(counts.values()) or 1
    room = _HEIGHT - _GAP * (max(len(old), len(new)) - 1)

    def bars(names: Sequence[str], side: int) -> dict[str, Bar]:
        out, y = {}, 0.0
        for name in names:
            count = sum(n for pair, n in counts.items() if pair[side] == name)
            height = max(count / total * room, _LEAST)
            x = _SIDE if side == 0 else _WIDTH - _SIDE - _BAR
            words_x = x - 8 if side == 0 else x + _BAR + 8
            out[name] = Bar(name, count, x, round(y, 2), round(height, 2), words_x,
                            "end" if side == 0 else "start")
            y += height + _GAP
        return out

    left, right = bars(old, 0), bars(new, 1)
    down_left = {name: bar.y for name, bar in left.items()}
    down_right = {name: bar.y for name, bar in right.items()}
    ribbons = []
    for one in old:
        for other in new:
            n = counts.get((one, other), 0)
            if not n:
                continue
            thick = n / total * room
            ribbons.append(Ribbon(
                _curve(left[one].x + _BAR, down_left[one], right[other].x, down_right[other],
                       thick),
                kinds[one, other], f"{one} to {other}: {n:,}"))
            down_left[one] += thick
            down_right[other] += thick
    tall = max(bar.y + bar.height for bar in (*left.values(), *right.values()))
    return Flows(_WIDTH, round(tall) + 16, (*left.values(), *right.values()), tuple(ribbons))


def _curve(x0: float, y0: float, x1: float, y1: float, thick: float) -> str:
    """A ribbon between two edges, as the path of an SVG."""
    middle = (x0 + x1) / 2
    low0, low1 = y0 + max(thick, _LEAST / 2), y1 + max(thick, _LEAST / 2)
    return (f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
            f"L{x1:.1f} {low1:.1f}C{middle:.1f} {low1:.1f} {middle:.1f} {low0:.1f} "
            f"{x0:.1f} {low0:.1f}Z")
