"""The staffing curve as an SVG picture, and as rows for tables and files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.reports.staffing_curve import Curve, Point

COLUMNS = (
    "minutes", "shrinkage", "on_duty", "erlangs", "level", "level_c", "day_level", "wait_s", "abandoned", "occupancy", "needed",
    "to_employ", "enough",
)  # fmt: skip
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 760, 420, 62, 24, 180, 52
# Told apart by dashes and marks too, not by colour alone.
_STYLES = (
    ("#0066cc", "", "circle"),
    ("#a61e0e", "8 4", "square"),
    ("#006a4e", "2 4", "diamond"),
    ("#5c3c92", "12 4 2 4", "cross"),
)


def rows(curve: Curve) -> list[dict[str, float | int | bool]]:
    """A dictionary for each point, in the curve's order; shares between 0 and 1, rounded to six places."""
    return [{name: _rounded(getattr(point, name)) for name in COLUMNS} for point in curve.points]


def svg(curve: Curve, title: str, across: str, up: str, shrinkage: str, goal: str) -> str:
    """Service level over the handling time, a line for each shrinkage. The words are the caller's: title, the two axes, what the
    lines are, the name of the goal's line."""
    question = curve.question
    first, last = question.minutes[0], question.minutes[-1]
    span = (last - first) or 1

    def x(minutes: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (minutes - first) / span

    def y(level: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - level)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
            ' aria-labelledby="staffing-title"'
            ' font-family="sans-serif" font-size="13">'
        ),
        f'<title id="staffing-title">{escape(title)}</title><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        *_grid(curve, x, y),
        (
            f'<line x1="{x(first):.1f}" x2="{x(last):.1f}" y1="{y(question.goal.share):.1f}" y2="{y(question.goal.share):.1f}"'
            ' stroke="#17324d" stroke-width="2"/>'
        ),
        # To the right of the lines is the legend.
        f'<text x="{x(first) + 8:.1f}" y="{y(question.goal.share) - 6:.1f}" fill="#17324d">{escape(goal)}</text>',
        f'<text x="{(x(first) + x(last)) / 2:.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
        (
            f'<text transform="translate(16 {(_TOP + _HEIGHT - _BOTTOM) / 2:.1f}) rotate(-90)"'
            f' text-anchor="middle">{escape(up)}</text>'
        ),
    ]
    for place, share in enumerate(question.shrinkages):
        parts += _line(curve.of(share), place, x, y, f"{shrinkage} {share:.0%}")
    return "".join((*parts, "</svg>"))


def _grid(curve: Curve, x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    minutes = curve.question.minutes
    left, right = x(minutes[0]), x(minutes[-1])
    levels = [
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y(tenth / 10):.1f}" y2="{y(tenth / 10):.1f}" stroke="#ddd"/>'
        f'<text x="{left - 8:.1f}" y="{y(tenth / 10) + 4:.1f}" text-anchor="end">{tenth * 10} %</text>'
        for tenth in range(0, 11, 2)
    ]
    marks = [f'<text x="{x(minute):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{minute:g}</text>' for minute in minutes]
    return [*levels, *marks]


def _line(points: list[Point], place: int, x: Callable[[float], float], y: Callable[[float], float], name: str) -> list[str]:
    colour, dashes, mark = _STYLES[place % len(_STYLES)]
    path = " ".join(f"{x(point.minutes):.1f},{y(point.level):.1f}" for point in points)
    ends, legend = x(points[-1].minutes), _TOP + 14 + 20 * place
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>',
        *(_mark(mark, x(point.minutes), y(point.level), colour) for point in points),
        (
            f'<line x1="{ends + 24:.1f}" x2="{ends + 54:.1f}" y1="{legend}" y2="{legend}" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dashes}"/>'
        ),
        _mark(mark, ends + 39, legend, colour),
        f'<text x="{ends + 60:.1f}" y="{legend + 4}">{escape(name)}</text>',
    ]


def _mark(kind: str, x: float, y: float, colour: str) -> str:
    match kind:
        case "circle":
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        case "square":
            return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
        case "diamond":
            return f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" fill="{colour}"/>'
    return f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke="{colour}" stroke-width="2"/>'


def _rounded(value: float | bool) -> float | int | bool:
    return round(value, 6) if isinstance(value, float) else value
