"""A report as one picture to share: drawn here as SVG, turned into PNG by resvg.

Names are drawn in the fonts of the server, whatever their script; without a font for a script
(Debian: fonts-noto-core, fonts-noto-cjk) its signs are empty boxes. Covers stay at Spotify.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

import resvg_py
from markupsafe import Markup, escape

from audiospective.stats.cache import Cache
from audiospective.web.figures import words
from audiospective.web.figures.chart import Chart
from audiospective.web.panels import Failed
from audiospective.web.reports.report import Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # of the picture by itself
WIDTH, HEIGHT = 1080, 1350
MARGIN = 72
SHOWN = 5
INK, MUTED, PAPER, ACCENT, BAR = "#1c1b1a", "#57534e", "#fbfaf7", "#0b5c6b", "#3a8f9c"
SERIF = "'Noto Serif Display', 'Noto Serif', 'DejaVu Serif', Georgia, serif"
SANS = "'Noto Sans', 'DejaVu Sans', system-ui, sans-serif"

_pngs = Cache(24 * 1024 * 1024)


def svg(report: Report) -> str:
    """The picture of a report; everything in it stands on its page."""
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img">'
        ),
        f"<title>{_plain(report.title)}: {_plain(report.headline)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        _text(MARGIN, 168, report.title, 104 if len(report.title) < 14 else 72, SERIF, ACCENT),
    ]
    out += [
        _text(MARGIN, 252 + 56 * n, line, 44, SERIF, INK)
        for n, line in enumerate(_wrapped(report.headline, 42)[:2])
    ]
    out += _skyline(report, 360, 150)
    numbers = (
        (f"{report.now.plays:,}", "plays"),
        (words.hours(report.now.heard), "listened" + (", about" if report.now.guessed else "")),
        (f"{report.now.artists:,}", "artists"),
        (f"{report.knowledge.percent} %", "of the time known"),
    )
    for n, (value, label) in enumerate(numbers):
        x = MARGIN + n * 240
        out += [_text(x, 606, value, 46, SERIF, INK), _text(x, 642, label, 24, SANS, MUTED)]
    charts = () if isinstance(report.charts, Failed) else report.charts
    shown = [chart for chart in charts if chart.kind in ("artist", "track")]
    for n, chart in enumerate(shown):
        out += _list(chart, MARGIN + n * 486, 730)
    out += [
        f'<path d="M{MARGIN} 1262H{WIDTH - MARGIN}" stroke="{INK}" stroke-width="2"/>',
        _text(MARGIN, 1306, f"Audiospective · {report.dates}", 24, SANS, MUTED),
        _text(WIDTH - MARGIN, 1306, "Names from Spotify", 24, SANS, MUTED, anchor="end"),
        "</svg>",
    ]
    return "".join(out)


def png(drawing: str) -> bytes:
    """The same as PNG; kept, since drawing takes a moment."""
    key = hashlib.sha256(drawing.encode()).hexdigest()
    found: bytes | None = _pngs.get(key)
    if found is None:
        found = bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=WIDTH))
        _pngs.put(key, found, len(found))
    return found


def _skyline(report: Report, top: int, height: int) -> list[str]:
    chart = report.ribbon
    across, up = (WIDTH - 2 * MARGIN) / chart.width, height / chart.height
    place = f'transform="translate({MARGIN} {top}) scale({across:.4f} {up:.4f})"'
    return [
        f'<path {place} d="{chart.unknown}" fill="#f1e3cd"/>' if chart.unknown else "",
        f'<path {place} d="{chart.bars}" fill="{BAR}"/>' if chart.bars else "",
        f'<path {place} d="{chart.peak}" fill="{ACCENT}"/>' if chart.peak else "",
        f'<path d="M{MARGIN} {top + height}H{WIDTH - MARGIN}" stroke="{MUTED}"/>',
    ]


def _list(chart: Chart, x: int, y: int) -> list[str]:
    out = [_text(x, y, chart.title, 32, SERIF, INK)]
    for n, row in enumerate(chart.rows[:SHOWN]):
        at = y + 62 + n * 92
        by = ", ".join(name for name, _ in row.line.by) or row.note
        out += [
            _text(x, at, f"{row.rank}", 30, SERIF, ACCENT),
            _text(x + 44, at, cut(row.line.title, 24), 30, SANS, INK, weight=600),
            _text(x + 44, at + 34, cut(f"{row.value} · {by}", 34), 22, SANS, MUTED),
        ]
    return out


def _text(
    x: int, y: int, words_: str, size: int, family: str, ink: str, *,
    weight: int = 400, anchor: str = "start",
) -> str:  # fmt: skip
    return (
        f'<text x="{x}" y="{y}" font-family="{escape(family)}" font-size="{size}" '
        f'font-weight="{weight}" fill="{ink}" text-anchor="{anchor}">{_plain(words_)}</text>'
    )


def _plain(text: str) -> Markup:
    """A text for XML, without the signs that no document may hold."""
    return escape("".join(sign for sign in text if sign.isprintable()))


def width(text: str) -> int:
    """About how many Latin letters wide a text is."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def cut(text: str, most: int) -> str:
    """A text that is at most so many letters wide; what is cut off is said by three dots."""
    if width(text) <= most:
        return text
    kept: list[str] = []
    for sign in text:
        if width("".join(kept)) + width(sign) > most - 1:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def _wrapped(text: str, most: int) -> Sequence[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and width(lines[-1]) + 1 + width(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    lines = [cut(line, most) for line in lines]
    return lines if len(lines) <= 2 else [lines[0], cut(f"{lines[1]} {lines[2]}", most)]
