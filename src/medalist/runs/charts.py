"""Inline SVG for reports: plain functions from numbers to markup, all on one time axis so that they align.

Colours come from the page's CSS classes, so that a chart follows light and dark. Nothing is loaded
from outside; ``<title>`` elements serve as tooltips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 880
LEFT, RIGHT = 64, 16

NAMES = 240
"""The width that names take on a chart of intervals."""

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Mark:
    """A scored candidate on the score chart; ``kind`` is "submitted", "kept" or "clipped" (drawn at the edge)."""

    seconds: float
    value: float
    label: str
    submitted: bool


@dataclass(frozen=True)
class Bar:
    """A job on the lanes chart; ``kind`` is "ok", "failed" or "stopped"."""

    start: float
    end: float
    label: str
    kind: str


@dataclass(frozen=True)
class Interval:
    """A line on the intervals chart; ``kind`` is "better", "worse" or "even". Without bounds, the middle alone."""

    label: str
    middle: float
    low: float | None
    high: float | None
    kind: str


def time_scale(seconds: float) -> Scale:
    """Seconds to pixels, over the width all charts share."""
    span = max(seconds, 1.0)
    return lambda t: LEFT + (WIDTH - LEFT - RIGHT) * min(max(t, 0.0), span) / span


def score_chart(marks: Sequence[Mark], *, seconds: float, best_is_high: bool, height: int = 240) -> str:
    """Every candidate's validation score as a dot, the best so far as a step line; better is up.

    A minimised metric is drawn upside down, so that the line always climbs. Scores far worse than
    the rest are drawn on the lower edge instead of squeezing all others together.
    """
    if not marks:
        return _empty("No candidate has been scored.")
    x, top, bottom = time_scale(seconds), 14, height - 28
    low, high = _range([mark.value for mark in marks], best_is_high)

    def y(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return bottom - (bottom - top) * (share if best_is_high else 1 - share)

    parts = [_grid(low, high, y), _time_axis(seconds, x, bottom)]
    submitted = sorted((mark for mark in marks if mark.submitted), key=lambda mark: mark.seconds)
    if submitted:
        path = f"M{x(submitted[0].seconds):.1f} {y(submitted[0].value):.1f}"
        for mark in submitted[1:]:
            path += f"H{x(mark.seconds):.1f}V{y(mark.value):.1f}"
        path += f"H{x(seconds):.1f}"
        parts.append(f'<path class="area" d="{path}V{bottom}H{x(submitted[0].seconds):.1f}Z"/>')
        parts.append(f'<path class="line" d="{path}"/>')
    for mark in marks:
        outside = not low <= mark.value <= high
        kind = "clipped" if outside else "submitted" if mark.submitted else "kept"
        parts.append(
            f'<circle class="dot {kind}" cx="{x(mark.seconds):.1f}" cy="{y(mark.value):.1f}" r="4.5">'
            f"<title>{escape(mark.label)}: {mark.value:.5g}</title></circle>"
        )
    return _svg(height, parts)


def lanes_chart(bars: Sequence[Bar], *, seconds: float) -> str:
    """Jobs over time, packed into as few lanes as they need."""
    if not bars:
        return ""
    x = time_scale(seconds)
    free: list[float] = []
    parts = []
    for bar in sorted(bars, key=lambda bar: bar.start):
        lane = next((i for i, end in enumerate(free) if end <= bar.start + 1e-6), len(free))
        free[lane : lane + 1] = [bar.end]
        left, width = x(bar.start), max(2.0, x(bar.end) - x(bar.start) - 1)
        top = 6 + lane * 24
        text = bar.label if width > 7 * len(bar.label) + 8 else ""
        parts.append(
            f'<g><rect class="bar {bar.kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="19" rx="3">'
            f"<title>{escape(bar.label)}: {bar.start:.1f}–{bar.end:.1f} s</title></rect>"
            f'<text class="inbar" x="{left + 6:.1f}" y="{top + 13.5}">{escape(text)}</text></g>'
        )
    bottom = 12 + 24 * len(free)
    parts.append(_time_axis(seconds, x, bottom))
    return _svg(bottom + 26, parts)


def area_chart(
    points: Sequence[tuple[float, float]], *, seconds: float, ceiling: float, unit: str, height: int = 110
) -> str:
    """One quantity over time from zero to ``ceiling`` (or its own peak where that is higher)."""
    if len(points) < 2:
        return ""
    x, top, bottom = time_scale(seconds), 12, height - 26
    high = max(ceiling, *(value for _, value in points)) or 1.0

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / high

    line = " ".join(f"{x(t):.1f},{y(value):.1f}" for t, value in thinned(points))
    first, last = x(points[0][0]), x(points[-1][0])
    return _svg(
        height,
        [
            _grid(0.0, high, y, count=2, unit=unit),
            _time_axis(seconds, x, bottom),
            f'<polygon class="area" points="{first:.1f},{bottom} {line} {last:.1f},{bottom}"/>',
            f'<polyline class="line thin" points="{line}"/>',
        ],
    )


def intervals_chart(intervals: Sequence[Interval], *, left: str, right: str) -> str:
    """Differences with their intervals around zero, one below the other; ``left`` and ``right`` name the sides.

    What reaches further than three times the largest middle is cut off at the edge.
    """
    if not intervals:
        return ""
    reach = 3 * max(0.1, *(abs(each.middle) for each in intervals))
    widest = max(
        abs(bound) for each in intervals for bound in (each.low, each.high, each.middle) if bound is not None
    )
    reach = min(reach, 1.1 * widest) or 1.0
    bottom = 28 + 26 * len(intervals)

    def x(value: float) -> float:
        return NAMES + (WIDTH - RIGHT - NAMES) * (min(max(value, -reach), reach) + reach) / (2 * reach)

    zero = x(0.0)
    parts = [
        f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="20" y2="{bottom}"/>',
        f'<text class="tick" x="{zero - 10:.1f}" y="13" text-anchor="end">← {escape(left)}</text>',
        f'<text class="tick" x="{zero + 10:.1f}" y="13">{escape(right)} →</text>',
    ]
    for number, each in enumerate(intervals):
        y = 36 + 26 * number
        low, high = (
            each.low if each.low is not None else each.middle,
            each.high if each.high is not None else each.middle,
        )
        parts.append(
            f'<g class="interval {each.kind}"><title>{escape(each.label)}: {each.middle:.3g} [{low:.3g}, {high:.3g}]</title>'
            f'<text x="{NAMES - 14}" y="{y + 4}" text-anchor="end">{escape(each.label)}</text>'
            f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle cx="{x(each.middle):.1f}" cy="{y}" r="4.5"/></g>'
        )
    parts.append(_grid_of(-reach, reach, x, bottom))
    return _svg(bottom + 24, parts)


def ratios_chart(intervals: Sequence[Interval], *, target: float) -> str:
    """How many times as fast each is, with its interval, by powers; a line marks the ``target``. All are above zero."""
    if not intervals:
        return ""
    bounds = [
        bound for each in intervals for bound in (each.low, each.middle, each.high) if bound is not None
    ]
    low, high = 0.8 * min(1.0, target, *bounds), 1.25 * max(target, *bounds)
    bottom = 28 + 26 * len(intervals)

    def x(value: float) -> float:
        share = math.log(value / low) / math.log(high / low)
        return NAMES + (WIDTH - RIGHT - NAMES) * share

    mark = x(target)
    anchor = "start" if mark < WIDTH / 2 else "end"
    parts = [
        f'<line class="target" x1="{mark:.1f}" x2="{mark:.1f}" y1="6" y2="{bottom}"/>',
        f'<text class="tick" x="{mark + (8 if anchor == "start" else -8):.1f}" y="14" text-anchor="{anchor}">'
        f"{target:g}x asked for</text>",
    ]
    for number, each in enumerate(intervals):
        y = 36 + 26 * number
        ends = each.low or each.middle, each.high or each.middle
        parts.append(
            f'<g class="interval {each.kind}"><title>{escape(each.label)}: {each.middle:.1f}x '
            f"({ends[0]:.1f}x to {ends[1]:.1f}x)</title>"
            f'<text x="{NAMES - 14}" y="{y + 4}" text-anchor="end">{escape(each.label)}</text>'
            f'<line x1="{x(ends[0]):.1f}" x2="{x(ends[1]):.1f}" y1="{y}" y2="{y}"/>'
            f'<circle cx="{x(each.middle):.1f}" cy="{y}" r="4.5"/></g>'
        )
    for tick in (step * 10**power for power in range(-3, 7) for step in (1, 2, 5)):
        if low <= tick <= high:
            parts.append(
                f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="20" y2="{bottom}"/>'
                f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}x</text>'
            )
    return _svg(bottom + 24, parts)


def thinned(points: Sequence[tuple[float, float]], most: int = 400) -> list[tuple[float, float]]:
    """At most ``most`` points, evenly taken, the last one among them."""
    step = math.ceil(len(points) / most)
    return [*points[:-1:step], points[-1]] if points else []


def _range(values: Sequence[float], best_is_high: bool) -> tuple[float, float]:
    """Bounds that hold the better four fifths of the values, with some air."""
    ordered = sorted(values, reverse=best_is_high)
    best, worst = ordered[0], ordered[max(0, math.ceil(len(ordered) * 0.8) - 1)]
    air = max(abs(best - worst) * 0.12, abs(best) * 1e-4, 1e-9)
    low, high = min(best, worst) - air, max(best, worst) + air
    return low, high


def _grid(low: float, high: float, y: Scale, *, count: int = 5, unit: str = "") -> str:
    """Horizontal lines with their values."""
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text class="tick" x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{_tick(value, high - low)}{unit}</text>'
        for value in _nice(low, high, count)
    )


def _grid_of(low: float, high: float, x: Scale, bottom: float) -> str:
    """Values along the bottom."""
    return "".join(
        f'<text class="tick" x="{x(value):.1f}" y="{bottom + 14}" text-anchor="middle">{_tick(value, high - low)}</text>'
        for value in _nice(low, high, 6)
    )


def _time_axis(seconds: float, x: Scale, bottom: float) -> str:
    step = next(
        s for s in (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 1e9) if seconds / s <= 9
    )
    axis = f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>'
    for i in range(int(seconds // step) + 1):
        minutes, rest = divmod(int(i * step), 60)
        place = f'x="{x(i * step):.1f}" y="{bottom + 18}" text-anchor="middle"'
        axis += f'<text class="tick" {place}>{minutes}:{rest:02d}</text>'
    return axis


def _nice(low: float, high: float, count: int) -> list[float]:
    """About ``count`` round values within the bounds."""
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _tick(value: float, span: float) -> str:
    digits = max(0, 2 - math.floor(math.log10(span))) if span < 50 else 0
    return f"{value:.{min(digits, 6)}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def _svg(height: float, parts: Iterable[str]) -> str:
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _empty(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'
