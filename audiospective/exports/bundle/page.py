"""The page of a bundle: opens by itself, from a disk, without network, and shows the archive.

Everything it needs is inside: style, script, the readers of Parquet and Zstandard, and the plays. A
policy lets the two pieces of code run that are named by their hash, and forbids every connection.
What is put inside and the policy that names its hashes are made together, so this module is long.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audiospective import clock
from audiospective.exports.bundle import completeness, overview, page_tables, page_words
from audiospective.exports.bundle.completeness import Known
from audiospective.exports.bundle.counting import Counted
from audiospective.exports.bundle.overview import Overview
from audiospective.exports.bundle.zipping import File
from audiospective.exports.snapshot import Snapshot
from audiospective.models.gaps import Gap
from audiospective.policy import in_words

FORMAT = 2
_DAY, _QUARTER = 86_400_000, 900_000  # ms
INSIDE = 1_500_000  # plays; more would make the page too large to open, so years stand beside it
HERE = Path(__file__).parent / "page"
STATIC = Path(__file__).parents[3] / "static"
READER = STATIC / "vendor/hyparquet/hyparquet-1.31.5.min.js"
STYLES = ("css/tokens.css", "css/base.css", "css/layout.css")
SCRIPTS = (
    "dom", "words", "data", "figures", "charts", "lists", "history", "tops", "year", "item", "main",
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """The plays as text: pieces inside the page, or files beside it with the plays in each."""

    inside: tuple[tuple[str, str], ...]  # id of the block, content
    beside: tuple[tuple[str, int, str], ...]  # path, plays, content


def data(snapshot: Snapshot, made: page_tables.Tables, base: int, limit: int = INSIDE) -> Data:
    """The plays, where they belong by their number."""
    if snapshot.plays <= limit:
        plays = made.columns(snapshot.scan(), base)
        parts = {"plays": page_tables.FIRST, "more": made.later}
        return Data(
            tuple(
                (name, _text(page_tables.parquet(plays.select(of)))) for name, of in parts.items()
            ),
            (),
        )
    return Data(
        (),
        tuple(
            (f"data/plays-{year}.js", plays.height, _call(plays, made.later))
            for year, plays in made.plays(snapshot, base)
        ),
    )


def render(
    snapshot: Snapshot,
    known: Known,
    files: Sequence[File],
    *,
    statistics: bool,
    limit: int = INSIDE,
    counted: Counted = page_tables.EVERY_PLAY,
) -> tuple[Iterator[str], Data]:
    """The page, piece by piece, and the data that it needs beside it."""
    base = _base(snapshot)
    made = page_tables.of(snapshot, counted)
    found = data(snapshot, made, base, limit)
    meta = {
        "plays": snapshot.plays,
        "base": base,
        "offsets": _offsets(snapshot),
        "takenAt": clock.to_ms(snapshot.taken_at),
        "keptFrom": None if known.began is None else clock.to_ms(known.began),
        "gaps": [_gap(gap, snapshot.owner.zone) for gap in known.shown],
        "files": [(path, plays) for path, plays, _ in found.beside],
        "statistics": statistics,
        "byRule": not counted.everything,
        "byTime": counted.by_time,
    }
    shown = overview.of(snapshot, known, counted)
    return _pieces(snapshot, known, files, shown, meta, made, found), found


def _pieces(
    snapshot: Snapshot,
    known: Known,
    files: Sequence[File],
    shown: Overview,
    meta: dict[str, object],
    made: page_tables.Tables,
    found: Data,
) -> Iterator[str]:
    zone = ZoneInfo(snapshot.owner.zone)
    script = _script()
    yield _template().render(
        policy=_policy(script, beside=bool(found.beside)),
        style=Markup(_style()),  # noqa: S704 - our own file
        icon=base64.b64encode((STATIC / "img/mark.svg").read_bytes()).decode(),
        owner=snapshot.owner.name,
        zone=snapshot.owner.zone,
        format=FORMAT,
        made=page_words.moment(snapshot.taken_at, zone),
        overview=shown,
        statistics=meta["statistics"],
        counted=made.counted,
        known=known,
        completeness_title=page_words.completeness_title(known),
        files=files,
        wedges=overview.wedges(shown.hours),
        weeks=page_words.weeks,
        percent=in_words.percent,
        span=_length,
        cause=completeness.cause,
        day=in_words.day,
        local=lambda instant: instant.astimezone(zone),
        moment=lambda instant: page_words.moment(instant, zone),
        mark=page_words.mark,
        amount=partial(in_words.amount, by_time=made.counted.by_time),
    )
    yield _block("meta", "application/json", _json(meta))
    for name, body in made.catalog.items():
        yield _block(name, "application/octet-stream", _text(body))
    for name, text in found.inside:
        yield _block(name, "application/octet-stream", text)
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def _block(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>\n'


def _json(value: object) -> str:
    return orjson.dumps(value).decode().replace("<", "\\u003c")  # no end of a script in a name


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _call(plays: pl.DataFrame, later: tuple[str, ...]) -> str:
    first, more = (
        _text(page_tables.parquet(plays.select(of))) for of in (page_tables.FIRST, later)
    )
    return f'audiospectiveData("{first}", "{more}");\n'


def _base(snapshot: Snapshot) -> int:
    """The second from which plays are counted: the first play's, so that 32 bits last 68 years."""
    first = snapshot.scan().select(pl.col("played_at").dt.epoch("ms").min()).collect().item()
    return int(first or 0) // 1000


def _offsets(snapshot: Snapshot) -> list[tuple[int, int]]:
    """From when (ms) clocks were how many minutes east of UTC, over the span of the plays."""
    bounds = snapshot.scan().select(
        pl.col("played_at").min().alias("first"), pl.col("played_at").max().alias("last")
    )
    first, last = bounds.collect().row(0)
    now = snapshot.taken_at
    return offsets(snapshot.owner.zone, first or now, max(last or now, now))


def offsets(zone: str, start: datetime, end: datetime) -> list[tuple[int, int]]:
    """The same for any span; clocks change at quarters of an hour only.

    Only the quarters of days that begin and end differently are looked at: clocks of plays may be
    thousands of years apart.
    """
    first = start.replace(minute=0, second=0, microsecond=0)
    days = pl.datetime_range(first, end, "1d", time_unit="ms", eager=True).append(
        pl.Series([end], dtype=pl.Datetime("ms", "UTC"))
    )
    at = days.dt.epoch("ms")
    before = at.filter(_east(at, zone).diff(-1) != 0)
    within = before.to_frame("at").select(
        pl.int_ranges("at", pl.col("at") + _DAY + 1, _QUARTER).explode().alias("at")
    )["at"]
    instants = pl.concat([at.head(1), within.filter(within <= at[-1])]).unique().sort()
    found = pl.DataFrame({"at": instants, "east": _east(instants, zone)})
    changed = pl.col("east") != pl.col("east").shift()
    return found.filter(changed.fill_null(value=True)).rows()


def _east(instants: pl.Series, zone: str) -> pl.Series:
    """Minutes east of UTC at each instant (ms)."""
    utc = pl.from_epoch(instants, time_unit="ms")
    local = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return (local - utc).dt.total_minutes()


def _gap(gap: Gap, zone: str) -> dict[str, object]:
    start, end = completeness.milliseconds(gap)
    tz = ZoneInfo(zone)
    return {
        "from": start,
        "to": end,
        "firstDay": _day_number(gap.probably_from, tz),
        "lastDay": _day_number(gap.ended_at, tz),
        "closed": gap.closed_at is not None,
        "words": f"{completeness.cause(gap)}: {_length(gap)}.",
    }


def _length(gap: Gap) -> str:
    return in_words.span(gap.ended_at - gap.begins_at)


def _day_number(instant: datetime, zone: ZoneInfo) -> int:
    return instant.astimezone(zone).date().toordinal() - date(1970, 1, 1).toordinal()


def _policy(script: str, *, beside: bool) -> str:
    files = " file:" if beside else ""
    return (
        f"default-src 'none'; script-src {_hash(script)}{files}; style-src {_hash(_style())};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


@lru_cache(maxsize=1)
def _style() -> str:
    sheets = [(STATIC / name).read_text("utf-8") for name in STYLES]
    return "".join([*sheets, (HERE / "page.css").read_text("utf-8")])


@lru_cache(maxsize=1)
def _script() -> str:
    own = "".join((HERE / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    return f'{READER.read_text("utf-8")}(() => {{\n"use strict";\n{own}}})();'


@lru_cache(maxsize=1)
def _template():  # type: ignore[no-untyped-def]
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=lambda count: f"{count:,}", plural=in_words.plural, size=in_words.size
    )
    return made.get_template("index.html")
