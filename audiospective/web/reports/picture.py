"""A report as one picture to share: drawn here as SVG, turned into PNG by resvg.

Names are drawn in the fonts of the server, whatever their script; without a font for a script
(Debian: fonts-noto-core, fonts-noto-cjk) its signs are empty boxes. Covers stay at Spotify.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

from audiospective.policy.in_words import duration
from audiospective.stats.cache import Cache
from audiospective.web.charts.bars import Bars
from audiospective.web.figures.ranked_list import RankedList
from audiospective.web.panels import Failed
from audiospective.web.reports import drawing
from audiospective.web.reports.report import Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # of the picture by itself
WIDTH, HEIGHT = 1080, 1350
MARGIN = 72
SHOWN = 5
AXIS = 584  # where the bars of the days stand, whatever is above it
TITLES = ((5, 250), (8, 190), (12, 140), (16, 108))  # (most characters, size of type)
LINE = 38  # characters of the headline; wide ones of other scripts count twice
NAMES = 16  # that stand under the bars side by side
INK, MUTED, PAPER, ACCENT, BAR = "#1c1b1a", "#57534e", "#fbfaf7", "#0b5c6b", "#3a8f9c"
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="6" height="6" fill="#fbf4e8"/>'
    '<path d="M0 0V6" stroke="#a8783a" stroke-width="2.4"/></pattern></defs>'
)
SERIF = "'Noto Serif Display', 'Noto Serif', 'DejaVu Serif', Georgia, serif"
SANS = "'Noto Sans', 'DejaVu Sans', system-ui, sans-serif"

_pngs = Cache(24 * 1024 * 1024)


def svg(report: Report) -> str:
    """The picture of a report; everything in it stands on its page."""
    size = next((size for most, size in TITLES if len(report.title) <= most), 72)
    base = MARGIN + round(size * 0.73)
    lines = wrapped(report.headline, LINE)
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img">'
        ),
        f"<title>{_plain(report.title)}: {_plain(report.headline)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        HATCH,
        # The air beside a first figure lies outside, so that it stands on the margin.
        _text(
            MARGIN - round(size * 0.035 * report.title[0].isdigit()),
            base,
            report.title,
            size,
            SERIF,
            ACCENT,
        ),
    ]
    out += [_text(MARGIN, base + 80 + 54 * n, line, 44, SERIF, INK) for n, line in enumerate(lines)]
    top = base + 80 + 54 * (len(lines) - 1) + 44
    out += _day_bars(report, top, AXIS - top)
    numbers = (
        (f"{report.now.plays:,}", "plays"),
        (
            duration(report.now.heard),
            "listened" + (", about" if report.now.guessed else ""),
        ),
        (f"{report.now.artists:,}", "artists"),
        (f"{report.knowledge.percent} %", "of the time known"),
    )
    for n, (value, label) in enumerate(numbers):
        x = MARGIN + n * 240
        out += [_figure(x, 684, value), _text(x, 720, label, 24, SANS, MUTED)]
    lists = () if isinstance(report.ranked_lists, Failed) else report.ranked_lists
    shown = [one for one in lists if one.kind in ("artist", "track")]
    for n, one in enumerate(shown):
        out += _list(one, MARGIN + n * 486, 792)
    out += [
        f'<path d="M{MARGIN} 1262H{WIDTH - MARGIN}" stroke="{INK}" stroke-width="2"/>',
        _text(MARGIN, 1306, f"Audiospective · {report.dates}", 24, SANS, MUTED),
        _text(WIDTH - MARGIN, 1306, "Names from Spotify", 24, SANS, MUTED, anchor="end"),
        "</svg>",
    ]
    return "".join(out)


def png(picture: str) -> bytes:
    """The same as PNG; kept, since drawing takes a moment. Raises drawing.DrawingError."""
    key = hashlib.sha256(picture.encode()).hexdigest()
    found: bytes | None = _pngs.get(key)
    if found is None:
        found = drawing.png(picture, WIDTH)
        _pngs.put(key, found, len(found))
    return found


def _day_bars(report: Report, top: int, height: int) -> list[str]:
    chart = report.days
    room = WIDTH - 2 * MARGIN
    across, up = room / chart.width, height / chart.height
    place = f'transform="translate({MARGIN} {top}) scale({across:.4f} {up:.4f})"'
    return [
        *(
            f'<rect x="{MARGIN + start / 100 * room:.1f}" y="{top}" '
            f'width="{max(4.0, share / 100 * room):.1f}" height="{height}" fill="url(#hatch)"/>'
            for start, share in chart.hatched
        ),
        f'<path {place} d="{chart.bars}" fill="{BAR}"/>' if chart.bars else "",
        f'<path {place} d="{chart.peak}" fill="{ACCENT}"/>' if chart.peak else "",
        f'<path d="M{MARGIN} {top + height}H{WIDTH - MARGIN}" stroke="{MUTED}"/>',
        *_names(chart, top + height, room),
    ]


def _names(chart: Bars, y: int, room: int) -> list[str]:
    """The words under the bars: in their middle, or behind a stroke where bars are narrow."""
    pitch = room / max(1, len(chart.labels))
    shown = [(n, name) for n, (name, here) in enumerate(chart.labels) if here]
    out = []
    for n, name in shown[:: max(1, -(-len(shown) // NAMES))]:
        if pitch > 60:
            at = round(MARGIN + (n + 0.5) * pitch)
            out.append(_text(at, y + 28, name, 20, SANS, MUTED, anchor="middle"))
        else:
            at = round(MARGIN + n * pitch)
            out.append(f'<path d="M{at} {y}v28" stroke="{MUTED}"/>')
            out.append(_text(at + 6, y + 26, name, 20, SANS, MUTED))
    return out


def _list(ranked: RankedList, x: int, y: int) -> list[str]:
    out = [_text(x, y, ranked.title, 32, SERIF, INK)]
    for n, row in enumerate(ranked.rows[:SHOWN]):
        at = y + 60 + n * 86
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


def _figure(x: int, y: int, value: str) -> str:
    """A large number, its units small beside it."""
    parts = [
        str(_plain(part))
        if part[0].isdigit()
        else f'<tspan font-family="{escape(SANS)}" font-size="24">{_plain(part)}</tspan>'
        for part in value.split()
    ]
    return (
        f'<text x="{x}" y="{y}" font-family="{escape(SERIF)}" font-size="46" fill="{INK}">'
        f"{' '.join(parts)}</text>"
    )


def _plain(text: str) -> Markup:
    """A text for XML, without the signs that no document may hold."""
    return escape("".join(sign for sign in text if sign.isprintable()))


def width(text: str) -> int:
    """About how many Latin characters wide a text is."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def cut(text: str, most: int) -> str:
    """A text that is at most so many characters wide; what is cut off is said by three dots."""
    if width(text) <= most:
        return text
    kept: list[str] = []
    for sign in text:
        if width("".join(kept)) + width(sign) > most - 1:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def wrapped(text: str, room: int) -> Sequence[str]:
    """One line or two, at most so many characters wide; two are about as long as each other."""
    lines = _filled(text, room)
    most = room
    while most > 1 and len(lines) == 2 and len(shorter := _filled(text, most - 1)) == 2:
        lines, most = shorter, most - 1
    if len(lines) > 2:
        lines = [lines[0], " ".join(lines[1:])]
    return [cut(line, room) for line in lines]


def _filled(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and width(lines[-1]) + 1 + width(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
