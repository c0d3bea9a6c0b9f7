"""Which tracks of two catalogs are the same: by id, by ISRC, or by names written alike."""

from __future__ import annotations

import polars as pl

# What is asked of a frame of tracks; unknown is null. `artists` is every way to write who made it.
TRACKS = pl.Schema(
    {
        "track": pl.Int32(),
        "spotify_id": pl.String(),
        "isrc": pl.String(),
        "title": pl.String(),
        "artists": pl.List(pl.String()),
        "album": pl.String(),
        "length": pl.Int32(),  # ms
        "family": pl.String(),  # one Spotify id for all that stand for each other, see relinked
    }
)
_REST = r"(?i)\s*(?:,|;|&|/|•|·| feat\.? | ft\.? | featuring | with | x | vs\.? ).*$"
_GUESTS = r"(?i)\s*[\(\[](?:feat|ft|featuring|with)\b[^\)\]]*[\)\]]"
_EDITION = (
    r"(?i)\s*(?:-\s+|[\(\[])(?:\d{4}\s+)?(?:digital(?:ly)?\s+)?remaster(?:ed)?\b[^\)\]]*[\)\]]?$"
)
_ROUNDS = 50  # each joins at least the next neighbours; chains of names are short


def same(tracks: pl.DataFrame) -> pl.DataFrame:
    """`track`, `who`: an equal number for tracks (TRACKS, each `track` once) that are the same.

    Two tracks are the same if they share an id, an ISRC, title and artist, or title and album, or
    if Spotify plays one for the other; and so is whatever is the same as one of them.
    Names are compared without case, accents, punctuation, guests and remarks about remastering.
    """
    names = _names(tracks)
    who = tracks.select("track").with_columns(who=pl.int_range(pl.len(), dtype=pl.Int32))
    known = names.join(who, on="track")
    for _ in range(_ROUNDS):
        told = known.with_columns(pl.col("who").min().over("name"))
        told = told.with_columns(pl.col("who").min().over("track"))
        if told["who"].equals(known["who"]):
            break
        known = told
    found = known.group_by("track").agg(pl.col("who").min())
    return (
        who.join(found, on="track", how="left", maintain_order="left")
        .select("track", pl.coalesce("who_right", "who").alias("who"))
    )  # fmt: skip


def folded(names: pl.Series) -> pl.Series:
    """Names as they are compared; what is nothing but punctuation stays as it is."""
    remarks = names.str.contains_any(["(", "[", " - "])
    if remarks.any():
        shorter = names.filter(remarks).str.replace(_GUESTS, "").str.replace(_EDITION, "")
        names = pl.concat([names.filter(~remarks), shorter]).gather(
            pl.concat([(~remarks).arg_true(), remarks.arg_true()]).arg_sort()
        )
    lower = names.str.normalize("NFKD").str.to_lowercase()
    lower = lower.str.replace_all("ß", "ss", literal=True).str.replace_all("ς", "σ", literal=True)
    bare = lower.str.replace_all(r"[\u0300-\u036f]", "").str.normalize("NFC")
    plain = bare.str.replace_all(r"[^\p{L}\p{N}]", "")
    return plain.zip_with(plain != "", bare)


def _names(tracks: pl.DataFrame) -> pl.DataFrame:
    """`track`, `name`: everything by which a track may be recognised, as 64 bits."""
    makers = tracks.select("track", "title", pl.col("artists").alias("maker"))
    makers = makers.explode("maker", empty_as_null=False).drop_nulls()
    first = makers.with_columns(pl.col("maker").str.replace(_REST, ""))
    makers = pl.concat([makers, first]).unique()
    # Each text once: albums and artists come again and again.
    texts = pl.concat([tracks["title"], tracks["album"], makers["maker"]]).unique().drop_nulls()
    texts = texts.filter(texts != "")
    plain = pl.DataFrame({"text": texts, "plain": folded(texts)})

    def pairs(frame: pl.DataFrame, other: str, word: str) -> pl.DataFrame:
        named = frame.select("track", "title", other).drop_nulls()
        named = named.join(plain, left_on="title", right_on="text")
        named = named.join(plain, left_on=other, right_on="text", suffix="_other")
        return named.select("track", name=pl.format(f"{{}} {word} {{}}", "plain", "plain_other"))

    parts = [
        tracks.select("track", name=pl.format("id {}", "spotify_id")),
        tracks.select("track", name=pl.format("id {}", "family")),
        tracks.select("track", name=pl.format("isrc {}", pl.col("isrc").str.to_uppercase())),
        pairs(tracks, "album", "on"),
        pairs(makers, "maker", "by"),
    ]
    return pl.concat(parts).drop_nulls().select("track", pl.col("name").hash()).unique()
