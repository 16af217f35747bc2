"""A picture of how time grows with size, both on scales of powers of ten."""

from __future__ import annotations

from math import ceil, floor, log10
from pathlib import Path

PICTURE = Path(__file__).parents[2] / "docs" / "assets" / "growth.svg"
_WIDTH, _HEIGHT, _LEFT, _BELOW, _ABOVE, _RIGHT = 560, 300, 64, 46, 16, 24


def drawn(points: list[tuple[int, float]]) -> str:
    """An SVG of the points, with the line on which time is in proportion to size.

    Args:
        points: households waiting, and seconds a simulated year.
    """
    sizes, times = [log10(n) for n, _ in points], [log10(s) for _, s in points]
    # In proportion, from the first point on.
    last = times[0] + sizes[-1] - sizes[0]
    low, high = floor(min(times) * 2 - 0.5) / 2, ceil(max(last, *times) * 2) / 2
    left, right = min(sizes) - 0.1, max(sizes) + 0.1

    def across(size: float) -> float:
        return _LEFT + (size - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)

    def up(time: float) -> float:
        return _ABOVE + (high - time) / (high - low) * (_HEIGHT - _ABOVE - _BELOW)

    floor_ = _HEIGHT - _BELOW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-labelledby="t" font-family="sans-serif" font-size="12">',
        '<title id="t">Seconds a simulated year by households waiting, beside growth in proportion'
        "</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for power in range(ceil(low), floor(high) + 1):
        y = up(power)
        lines.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
                     f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    lines.append(f'<path d="M{_LEFT} {floor_}H{_WIDTH - _RIGHT}" stroke="#333"/>')
    for (households, seconds), size, time in zip(points, sizes, times, strict=True):
        x, y = across(size), up(time)
        lines.append(
            f'<text x="{x:.1f}" y="{floor_ + 18}" text-anchor="middle">{households:,}</text>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#00539f"/>'
            f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle" fill="#00539f">'
            f"{seconds:.1f} s</text>")
    path = "L".join(f"{across(s):.1f} {up(t):.1f}" for s, t in zip(sizes, times, strict=True))
    lines += [
        f'<path d="M{path}" fill="none" stroke="#00539f" stroke-width="2"/>',
        f'<path d="M{across(sizes[0]):.1f} {up(times[0]):.1f}L{across(sizes[-1]):.1f} {up(last):.1f}" '
        'stroke="#666" stroke-dasharray="5 4"/>',
        f'<text x="{across(sizes[-1]) - 8:.1f}" y="{up(last) + 4:.1f}" text-anchor="end" '
        'fill="#555">in proportion</text>',
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">'
        "households waiting</text>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
