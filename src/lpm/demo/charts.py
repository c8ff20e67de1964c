"""The report's charts: inline SVG that takes its colours from the page, and HTML for all words.

Words stay outside the SVG, so that they keep their size on a phone; only the axis numbers of the
loss curves are inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 480.0, 220.0, 44.0, 30.0
NUM_LINE_COLOURS = 4


def clean(text: str) -> str:
    """Escape a text for HTML; control characters, which no document may hold, become a sign."""
    shown = "".join(
        c if c.isprintable() or c in "\n\t " else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return escape(shown)


def megabytes(size_bytes: float) -> str:
    """Write a size in MB with three digits that count."""
    return f"{size_bytes / 1e6:.3g} MB"


def bar_rows(rows: Sequence[tuple[str, float, str, str]]) -> str:
    """Draw one bar a row; a row is a label, a share of the width (0 to 1), its text and a class."""
    return '<div class="bars">' + "".join(_bar(*row) for row in rows) + "</div>"


def _bar(label: str, share: float, text: str, kind: str) -> str:
    width = 100 * min(1.0, max(0.0, share))
    return (
        f'<div class="bar-row"><span class="label">{clean(label)}</span>'
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/>'
        f'<rect class="{kind}" width="{width:.2f}" height="10"/></svg>'
        f'<span class="value">{clean(text)}</span></div>'
    )


def log_shares(values: Sequence[float]) -> tuple[list[float], str]:
    """Return the share of the width of each value on a log scale, and the scale in words.

    The scale starts at the power of ten below the smallest positive value, or a power lower where
    that would leave nothing to draw.
    """
    positive = [value for value in values if value > 0]
    if not positive:
        return [0.0] * len(values), "nothing to draw"
    low = math.ceil(math.log10(min(positive))) - 1
    high = max(low + 1, math.ceil(math.log10(max(positive))))
    shares = [(math.log10(value) - low) / (high - low) if value > 0 else 0.0 for value in values]
    return shares, f"log scale from {megabytes(10.0**low)} to {megabytes(10.0**high)}"


def heat_map(rows: Sequence[tuple[str, Sequence[float], int]]) -> str:
    """Draw one strip of slots a row; a row is a label, the weights by slot and the slot to mark.

    The darkest cell of the map is its greatest weight.
    """
    greatest = max((weight for _, weights, _ in rows for weight in weights), default=0.0) or 1.0
    strips = "".join(_strip(*row, greatest) for row in rows)
    count = len(rows[0][1]) if rows else 0
    return (
        f'<div class="heat">{strips}</div>'
        f'<p class="note">Slots 0 to {count - 1}, left to right; empty is 0, full is '
        f"{greatest:.2f}. The most used slot is underlined.</p>"
    )


def _strip(label: str, weights: Sequence[float], marked: int, greatest: float) -> str:
    cells = "".join(
        f'<rect class="cell" x="{slot + 0.06:.2f}" width="0.88" height="10" '
        f'fill-opacity="{0.06 + 0.94 * max(0.0, weight) / greatest:.3f}">'
        f"<title>slot {slot}: {weight:.3f}</title></rect>"
        for slot, weight in enumerate(weights)
    )
    mark = f'<rect class="mark" x="{marked + 0.06:.2f}" y="11" width="0.88" height="1.6"/>'
    return (
        f'<div class="heat-row"><span class="label">{clean(label)}</span>'
        f'<svg class="strip" viewBox="0 0 {len(weights)} 13" preserveAspectRatio="none" '
        f'role="img" aria-label="attention over {len(weights)} slots">{cells}{mark}</svg></div>'
    )


def line_chart(curves: Sequence[tuple[str, Sequence[float]]], across: str, up: str) -> str:
    """Draw curves over steps counted from 1; values that are not finite are left out."""
    finite = [value for _, curve in curves for value in curve if math.isfinite(value)]
    top = _round_up(max(finite, default=1.0))
    last = max(2, *(len(curve) for _, curve in curves))
    lines = "".join(
        f'<polyline class="line line-{number % NUM_LINE_COLOURS}" '
        f'points="{_points(curve, last, top)}"/>'
        for number, (_, curve) in enumerate(curves)
    )
    legend = "".join(
        f'<span class="key key-{number % NUM_LINE_COLOURS}">{clean(name)}</span>'
        for number, (name, _) in enumerate(curves)
    )
    return (
        f'<p class="legend">{legend}</p><svg class="chart" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" '
        f'role="img" aria-label="{clean(up)} over {clean(across)}s">{_grid(last, top)}{lines}</svg>'
        f'<p class="note">{clean(up)} (up) over {clean(across)}s (across)</p>'
    )


def _points(curve: Sequence[float], last: int, top: float) -> str:
    return " ".join(
        f"{_x(step, last):.1f},{_y(value, top):.1f}"
        for step, value in enumerate(curve, start=1)
        if math.isfinite(value)
    )


def _grid(last: int, top: float) -> str:
    parts = []
    for part in range(5):
        value = top * part / 4
        height = _y(value, top)
        parts.append(f'<path class="grid" d="M{_LEFT} {height:.1f}H{_WIDTH - 8}"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        )
    parts += [
        f'<text x="{_x(step, last):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{step}</text>'
        for step in sorted({1, (1 + last) // 2, last})
    ]
    return "".join(parts)


def _x(step: int, last: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - 20) * (step - 1) / (last - 1)


def _y(value: float, top: float) -> float:
    return 10 + (_HEIGHT - _BOTTOM - 10) * (1 - min(max(value / top, 0.0), 1.0))


def _round_up(value: float) -> float:
    """Return 1, 2, 4 or 8 times a power of ten, at least `value`."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return unit * next(step for step in (1, 2, 4, 8, 10) if step * unit >= value * (1 - 1e-9))
