"""Files that hold no listening history: what each is, and what is wanted instead."""

from __future__ import annotations

import re

from audiospective.imports import json_faults
from audiospective.imports.sources.base import Peek

_EXTENDED = (
    "What is wanted is the extended streaming history: on Spotify's privacy page choose"
    " “Extended streaming history”, which arrives within 30 days."
)
_PACKED = ("gzip", "7z", "rar", "bzip2", "xz", "zstd", "tar")
_KINDS = {
    "image": "A picture",
    "audio": "A sound file",
    "video": "A video or sound file",
    "program": "A program",
    "old office": "An old Office document",
    "property list": "A property list",
    "binary": "Something that is no text",
}
ACCOUNT_PARTS = (
    r"(playlist\d*|yourlibrary|userdata|userprofile|identity|identifiers|inferences|follow"
    r"|searchqueries|wrapped\d*|yoursoundcapsule|marquee|payments|familyplan|duonewfamily"
    r"|userattributes|messagedata|podcastinteractivity\w*|voiceinput)\.json"
)
_NAMES = (
    (
        ACCOUNT_PARTS,
        f"A part of Spotify's account data that holds no plays. {_EXTENDED}",
    ),
    (
        r"readme.*\.pdf",
        "The description that Spotify encloses; the history is in the JSON files beside it.",
    ),
    (
        r"(watch-history|.*verlauf|.*historique|.*historial).*\.html?",
        (
            "YouTube's history as a web page. In Google Takeout choose JSON as the format of the"
            " history and ask again."
        ),
    ),
    (
        r"(feedback|pinned_recording)\.jsonl|user\.json",
        "A part of ListenBrainz's export that holds no listens.",
    ),
    (
        r"(search-history|subscriptions|music.library.songs).*",
        "A part of Google's export that holds no plays; the plays are in watch-history.json.",
    ),
    (r"apple.*\.(csv|json)", "A part of Apple's export that is not needed for your plays."),
)


# `exports/formats/changes.HEADER`: it lists plays that lie beside it, and those left out.
_CHANGES = ("played_at", "spotify_uri", "artist", "track", "change", "detail")


def known(peek: Peek) -> str | None:
    """What a file is that comes with an export and holds no plays, mostly by its name."""
    if peek.header == _CHANGES:
        return "A list of what an export filled in and left out; the plays are in the other files."
    for pattern, text in _NAMES:
        if re.fullmatch(pattern, peek.basename, re.IGNORECASE):
            return text
    return None


def sentence(peek: Peek) -> str:
    """One or two sentences about a file that no source recognised."""
    if text := known(peek):
        return text
    called = " although it is called a zip" if peek.basename.lower().endswith(".zip") else ""
    if peek.kind == "empty":
        return "The file is empty."
    if peek.kind == "zeros":
        return "The file is damaged: it holds nothing but zeros. Download it again."
    if peek.kind == "wide text":
        return "A text in UTF-16 that does not say so; save it as UTF-8 and send it again."
    if peek.kind in _PACKED:
        return f"Packed with {peek.kind}; unpack it and send the files, or send a zip."
    if peek.kind in _KINDS:
        return f"{_KINDS[peek.kind]}{called}, and no listening history."
    if peek.kind == "pdf":
        return "A PDF; the history itself comes as JSON, CSV or a zip of those."
    if peek.kind == "html":
        return "A web page; ask for the history as JSON or CSV instead."
    if peek.kind == "sqlite":
        return "A database of a program that is not known here; export its plays as CSV."
    if peek.kind == "zip":
        return "A workbook that is not Deezer's; save the sheet with your plays as CSV."
    if peek.kind == "parquet":
        return "A Parquet file that is not this project's; export the plays as CSV."
    if re.fullmatch(r"\s*\[\s*\]\s*", peek.text):
        return "A list with nothing in it: this file holds no plays."
    if peek.opening in ("[", "{"):
        if fault := json_faults.sentence(peek.text, whole=peek.size <= len(peek.head)):
            return fault
        return "JSON of a kind that is not known here; a CSV with time, artist and title always is."
    return "A text in which no listening history was recognised."
