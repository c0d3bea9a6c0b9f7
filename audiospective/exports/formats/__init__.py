"""The formats in which an archive can leave: one module each."""

from __future__ import annotations

from audiospective.exports.formats import (
    csv,
    json,
    koito,
    lastfm,
    listenbrainz,
    maloja,
    parquet,
    spotify,
)
from audiospective.exports.formats.base import Format, Part

__all__ = ["FORMATS", "Format", "Part"]

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (csv, json, parquet, spotify, listenbrainz, maloja, koito, lastfm)
}
