"""What can be exported, in words for whoever chooses. Loads no Polars."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    """A format in words. The times say which instant of a play is written in each form.

    Where there is a compatible form, the faithful one may hold what readers drop.
    """

    name: str
    title: str
    readers: str  # a list, for "for ..."
    compatible: bool = False
    faithful_time: str = "end"
    compatible_time: str = "end"
    remark: str = ""  # what somebody has to know before using it


BUNDLE = Description(
    "bundle",
    "The bundle",
    "you: a page that opens by itself, every format, and settings, gaps and deletions",
)
CSV = Description(
    "csv",
    "CSV",
    "Excel, LibreOffice, Numbers and anything else with tables",
    remark=(
        "Times are there twice, in UTC and by your own clock. A name that a spreadsheet would turn"
        " into a formula, a date or another number begins with an apostrophe."
    ),
)
JSON = Description("json", "JSON", "programs; the keys are documented and stay as they are")
PARQUET = Description("parquet", "Parquet", "DuckDB, pandas, Polars, R and Spark")
SPOTIFY = Description(
    "spotify",
    "Spotify's extended form",
    "stats.fm, your_spotify, Koito, Maloja, ListenBrainz, Tracksy and most viewers",
    compatible=True,
    remark=(
        "Spotify's API does not tell how long a play was heard or why it ended, and several readers"
        " drop plays without that. Times are whole seconds."
    ),
)
LISTENBRAINZ = Description(
    "listenbrainz",
    "ListenBrainz",
    "ListenBrainz and Koito",
    compatible=True,
    remark="Podcasts and audiobooks stay out of the compatible form, and so does what is nameless.",
)
MALOJA = Description(
    "maloja",
    "Maloja",
    "Maloja, ListenBrainz and Koito",
    compatible=True,
    remark="Maloja keeps one play a second; the compatible form moves the others by a second.",
)
KOITO = Description(
    "koito",
    "Koito",
    "Koito",
    compatible=True,
    remark="Koito stops at a play without artist or album: take the compatible form.",
)
LASTFM = Description(
    "lastfm",
    "CSV like Last.fm's exporters",
    "Maloja, Universal Scrobbler, Last.fm Scrubbler and most viewers of scrobbles",
    compatible=True,
    compatible_time="start",
    remark=(
        "Last.fm itself takes only plays of about the last two weeks, some 2,800 a day: it cannot"
        " be used to bring back years."
    ),
)
FORMATS = (CSV, JSON, PARQUET, SPOTIFY, LISTENBRAINZ, MALOJA, KOITO, LASTFM)


def by_name(name: str) -> Description | None:
    """The format of that name, the bundle included."""
    return next((one for one in (BUNDLE, *FORMATS) if one.name == name), None)
