"""Small charts as inline SVG: where each line, bar and tick stands, for the templates to draw."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _BELOW, _ABOVE = 540, 230, 52, 26, 10
_LABEL, _ROOM, _ROW, _BAR = 128, 118, 26, 16


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    words: str


@dataclass(frozen=True)
class Fan:
    """A line with the band around it, over time."""

    width: int
    height: int
    left: int
    bottom: int
    band: str
    line: str
    up: tuple[Tick, ...]
    along: tuple[Tick, ...]


@dataclass(frozen=True)
class Piece:
    """A part of a bar."""

    x: float
    width: float
    kind: int
    words: str


@dataclass(frozen=True)
class Row:
    """A bar of pieces, with its interval where it has one."""

    label: str
    y: float
    pieces: tuple[Piece, ...]
    value: str
    end: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bars:
    """Bars one under another."""

    width: int
    height: int
    left: int
    thick: int
    rows: tuple[Row, ...]
    legend: tuple[str, ...]


def fan(
    low: Sequence[float], middle: Sequence[float], high: Sequence[float],
    marks: Sequence[tuple[int, str]],
) -> Fan:
    """Lay out a line with a band, from 0 up.

    Args:
        low: lower edge of the band by step of time.
        middle: the line.
        high: upper edge.
        marks: steps that are named under the chart.
    """
    top, step = _scale(max(high, default=0.0))
    bottom = _HEIGHT - _BELOW
    wide = _WIDTH - _LEFT - 12

    def x(at: int) -> float:
        return _LEFT + wide * at / max(len(middle) - 1, 1)

    def y(value: float) -> float:
        return bottom - (bottom - _ABOVE) * value / top

    def path(values: Sequence[float], steps: Sequence[int]) -> str:
        return "L".join(f"{x(i):.1f} {y(values[i]):.1f}" for i in steps)

    forth = range(len(middle))
    ticks = [Tick(y(n * step), f"{n * step:,g}") for n in range(round(top / step) + 1)]
    return Fan(
        _WIDTH, _HEIGHT, _LEFT, bottom,
        f"M{path(high, forth)}L{path(low, forth[::-1])}Z", f"M{path(middle, forth)}",
        tuple(ticks), tuple(Tick(x(at), words) for at, words in marks),
    )


def bars(
    rows: Sequence[tuple[str, Mapping[str, float]]], said: Callable[[float], str],
    intervals: Sequence[tuple[float | None, float | None]] | None = None, unit: str = "",
    shown: Callable[[Mapping[str, float]], str] | None = None, label: int = _LABEL,
) -> Bars:
    """Lay out bars of one or more pieces, from 0 to the right.

    Args:
        rows: label, and name of each piece -> value.
        said: a value in words.
        intervals: of each row's whole, in its own unit.
        unit: added to the words of a piece.
        shown: what stands after a bar; left out, its whole.
        label: room for labels [pixels].
    """
    reach = [high or 0.0 for _, high in intervals or ()]
    most = max([sum(parts.values()) for _, parts in rows] + reach, default=0.0) or 1.0
    wide = _WIDTH - label - min(_ROOM, (_WIDTH - label) // 2)
    names = list(dict.fromkeys(name for _, parts in rows for name in parts))

    def x(value: float) -> float:
        return round(label + wide * value / most, 1)

    out = []
    for number, (words_of, parts) in enumerate(rows):
        before, pieces = 0.0, []
        for name, value in parts.items():
            words = f"{words_of}, {name}: {said(value)} {unit}".strip()
            pieces.append(Piece(x(before), round(x(before + value) - x(before), 1),
                                names.index(name), words))
            before += value
        low, high = intervals[number] if intervals else (None, None)
        ends = x(max(before, high or 0.0))
        out.append(Row(words_of, number * _ROW + 4, tuple(pieces),
                       shown(parts) if shown else said(before), ends + 6,
                       None if low is None else x(low), None if high is None else x(high)))
    return Bars(_WIDTH, len(rows) * _ROW + 4, label, _BAR, tuple(out),
                tuple(names) if len(names) > 1 else ())


def grouped(
    groups: Sequence[tuple[str, Mapping[str, tuple[float | None, str]]]], room: int = _LABEL,
) -> Bars:
    """Lay out a bar for each side of each group, the sides of a group close together.

    Args:
        groups: label, and name of each side -> value and what is written after its bar; a side
            without a value has the words alone.
        room: for labels [pixels].
    """
    most = max((value or 0.0 for _, sides in groups for value, _ in sides.values()), default=0.0)
    wide, thick = _WIDTH - room - _ROOM, 13
    names = list(dict.fromkeys(name for _, sides in groups for name in sides))
    rows, y = [], 4
    for label, sides in groups:
        for number, (name, (value, words)) in enumerate(sides.items()):
            width = round(wide * max(value or 0.0, 0.0) / (most or 1.0), 1)
            piece = Piece(room, width, names.index(name), f"{label}, {name}: {words}")
            rows.append(Row(label if number == 0 else "", y, (piece,), words, room + width + 6))
            y += thick + 4
        y += 9
    return Bars(_WIDTH, y, room, thick, tuple(rows), tuple(names))


@dataclass(frozen=True)
class Dot:
    """An interval with its middle, and a mark beside or in it; all on an axis of its own."""

    label: str
    group: str
    y: float
    low: float
    middle: float
    high: float
    at: float
    inside: bool
    words: str
    value: str


@dataclass(frozen=True)
class Dots:
    """Intervals one under another, each row on its own scale."""

    width: int
    height: int
    left: int
    right: int
    rows: tuple[Dot, ...]


def dots(rows: Sequence[tuple[str, str, tuple[float, float, float], float, str, str]]) -> Dots:
    """Lay out intervals, each from its own least to its own greatest number.

    Rows are of different units, so that nothing can be compared from one row to another but on
    which side of its interval a mark lies, and how far beside the interval's width.

    Args:
        rows: label (empty: as the row before), group, low with middle and high, the mark, words of
            the whole row, and what stands at its end.
    """
    left, room = 210, 124
    right = _WIDTH + 160 - room
    out, y = [], 14.0
    for label, group, (low, middle, high), mark, words, value in rows:
        y += 10 if label and out else 0
        least, most = min(low, mark), max(high, mark)
        wide = most - least

        def x(v: float, least: float = least, wide: float = wide) -> float:
            share = (v - least) / wide if wide else 0.5
            return round(left + 10 + (right - left - 20) * share, 1)

        slack = 1e-9 * max(1.0, abs(mark))
        out.append(Dot(label, group, y, x(low), x(middle), x(high), x(mark),
                       low - slack <= mark <= high + slack, words, value))
        y += 20
    return Dots(_WIDTH + 160, round(y), left, right, tuple(out))


def _scale(most: float) -> tuple[float, float]:
    """Top of an axis and its step: 1, 2 or 5 times a power of ten, four or five of them."""
    if most <= 0:
        return 1.0, 1.0
    rough = most / 4
    power = 10 ** floor(log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    return ceil(most / step) * step, step
