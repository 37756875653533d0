"""Charts as SVG without a style: shapes with their own colours, so that the console's content policy lets them be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from ivr_engine.reports.model import Chart

_COLOURS = ("#17324d", "#0066cc", "#cc7a00")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 900, 300, 60, 60, 40
_LONGEST_LABEL = 14


def svg(chart: Chart) -> str:
    """Bars side by side by label, with a legend and the highest value; the table beside it has every number."""
    highest = max((value for _label, values in chart.bars for value in values), default=0.0) or 1.0
    plot, slot = _HEIGHT - _BOTTOM - _TOP, (_WIDTH - _LEFT) / max(1, len(chart.bars))
    width = slot * 0.8 / max(1, len(chart.series))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"',
        f' aria-label="{_attribute(chart.title)}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(chart.title)}</title>",
        f'<line x1="{_LEFT}" y1="{_HEIGHT - _BOTTOM}" x2="{_WIDTH}" y2="{_HEIGHT - _BOTTOM}" stroke="#17324d"/>',
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end" fill="#17324d">{highest:g}</text>',
        f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end" fill="#17324d">0</text>',
    ]
    every = max(1, round(20 * len(chart.bars) / _WIDTH) * 2)  # labels that would run into each other are left out
    for place, (label, values) in enumerate(chart.bars):
        left = _LEFT + place * slot + slot * 0.1
        for number, value in enumerate(values):
            height = plot * value / highest
            x, y = left + number * width, _HEIGHT - _BOTTOM - height
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{_colour(number)}">'
                f"<title>{escape(label)}: {value:g}</title></rect>"
            )
        if place % every == 0:
            short = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
            y = _HEIGHT - _BOTTOM + (18 if place // every % 2 == 0 or len(chart.bars) > 12 else 34)
            parts.append(f'<text x="{left + slot * 0.4:.1f}" y="{y}" text-anchor="middle" fill="#17324d">{escape(short)}</text>')
    for number, name in enumerate(chart.series):
        x = _LEFT + number * 280
        parts.append(f'<rect x="{x}" y="8" width="14" height="14" fill="{_colour(number)}"/>')
        parts.append(f'<text x="{x + 20}" y="20" fill="#17324d">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _attribute(words: str) -> str:
    return escape(words, {'"': "&quot;"})


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]
