"""Which tracks of two catalogs are the same: by id, by ISRC, or by names written alike."""

from __future__ import annotations

import polars as pl

from audiospective.imports.reading.values import CONTROLS, NAME

# What is asked of a frame of tracks; unknown is null. `artists` is every way to write who made it,
# whoever is named first on it first.
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
# What stands where no artist is named, as it is compared.
_NOBODY = (
    *("variousartists", "various", "va", "verschiedeneinterpreten", "variosartistas"),
    *("artistesvaries", "artistesdivers", "artistivari", "unknownartist", "unknown"),
)
_CONTROLS = CONTROLS.replace("\0", r"\x00")
_ROUNDS = 50  # each joins at least the next neighbours; chains of names are short
_ID, _SURE, _LIKELY, _GUEST = range(4)  # what a name that two tracks share proves


def same(tracks: pl.DataFrame) -> pl.DataFrame:
    """`track`, `who`: an equal number for tracks (TRACKS, each `track` once) that are the same.

    Two tracks are the same if they share an id, an ISRC, or title and first artist, or if Spotify
    plays one for the other; and so is whatever is the same as one of them. Title and another
    artist, or title and album, count only where there is one track that may be meant: songs of one
    title may share a guest, or the name of their albums.
    Names are compared without case, accents, punctuation, guests and remarks about remastering.

    `issue` is null but where several ids are the same only by their names: equal for equal ids.
    """
    alone = tracks.select("track", who=pl.int_range(pl.len(), dtype=pl.Int32))
    names = _names(tracks)
    names = names.filter(pl.col("name").is_duplicated())  # what only one has proves nothing
    ids = names.filter(tie=_ID)
    sure = _joined(alone, names.filter(pl.col("tie") <= _SURE))
    has_id = tracks["spotify_id"].is_not_null() | tracks["isrc"].is_not_null()
    names = names.join(sure, on="track").group_by("who", "name").agg(pl.col("tie").min())
    names = names.filter(pl.col("name").is_duplicated())
    found = sure
    if not names.is_empty():
        likely = _likely(names, sure["who"].filter(has_id).unique())
        found = _renumbered(sure, "who", likely)
    return _with_issues(found, tracks.filter(has_id), ids)


def _with_issues(who: pl.DataFrame, known: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Adds `issue`; `known` are the tracks with ids, `ids` what several of them share."""
    one = pl.coalesce("spotify_id", "isrc").hash()
    several = _several(known.select("track", one=one).join(who, on="track"), "one")
    alone = several.select("track", who=pl.int_range(pl.len(), dtype=pl.Int32))
    numbers = _joined(alone, ids).rename({"who": "issue"})
    issues = _several(several.join(numbers, on="track"), "issue").select("track", "issue")
    return who.join(issues, on="track", how="left", maintain_order="left")


def _several(tracks: pl.DataFrame, column: str) -> pl.DataFrame:
    """Those with one `who` that differ by a column."""
    low, high = pl.col(column).min().over("who"), pl.col(column).max().over("who")
    return tracks.filter(low < high)


def folded(names: pl.Series) -> pl.Series:
    """Names as they are compared; what is nothing but punctuation or a remark stays as it is."""
    names = _as_read(names)
    remarks = names.str.contains_any(["(", "[", " - "])
    if remarks.any():
        whole = names.filter(remarks)
        shorter = whole.str.replace(_GUESTS, "").str.replace(_EDITION, "")
        shorter = shorter.zip_with(shorter != "", whole)  # nothing but a remark is the name
        names = pl.concat([names.filter(~remarks), shorter]).gather(
            pl.concat([(~remarks).arg_true(), remarks.arg_true()]).arg_sort()
        )
    lower = names.str.normalize("NFKD").str.to_lowercase()
    lower = lower.str.replace_all("ß", "ss", literal=True).str.replace_all("ς", "σ", literal=True)
    bare = lower.str.replace_all(r"[\u0300-\u036f]", "").str.normalize("NFC")
    plain = bare.str.replace_all(r"[^\p{L}\p{N}]", "")
    return plain.zip_with(plain != "", bare)


def _as_read(names: pl.Series) -> pl.Series:
    """Names as files are read (see values.text): what Spotify answers is archived as it comes."""
    plain = names.str.replace_all(f"[{_CONTROLS}]", "")
    # A table read back may end its lines otherwise.
    plain = plain.str.replace_all(r"[\r\n]+", " ").str.strip_chars()
    return plain.str.head(NAME).str.strip_chars()


def _joined(who: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`track`, `who`: tracks that share a name have an equal number."""
    return _renumbered(who, "track", _spread(names.select("track", "name").join(who, on="track")))


def _spread(links: pl.DataFrame) -> pl.DataFrame:
    """`key`, `to`: the least of all that are linked by `name`, be it through others."""
    key, _, least = links.columns
    for _ in range(_ROUNDS):
        told = links.with_columns(pl.col(least).min().over("name"))
        told = told.with_columns(pl.col(least).min().over(key))
        if told[least].equals(links[least]):
            break
        links = told
    return links.group_by(key).agg(to=pl.col(least).min())


def _renumbered(who: pl.DataFrame, key: str, found: pl.DataFrame) -> pl.DataFrame:
    return (
        who.join(found, on=key, how="left", maintain_order="left")
        .select("track", pl.coalesce("to", "who").alias("who"))
    )  # fmt: skip


def _likely(names: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """`who`, `to`: which of the groups (`who`) of the same tracks count as another group.

    `names` are those that several share, with the least that each proves (`tie`). Groups in `known`
    have ids: two of them are never one, and none that lacks ids brings two of them together.
    """
    names = names.with_columns(
        guest=pl.col("tie") == _GUEST, known=names["who"].is_in(known.implode())
    )
    guests, several = (pl.col(one).sum().over("name") > 1 for one in ("guest", "known"))
    names = names.filter(~(pl.col("guest") & (guests | several)))
    names = names.filter(pl.col("known").sum().over("name") <= 1)
    links = names.select("who", "name", to=pl.when("known").then("who"))
    low, high = pl.col("to").min(), pl.col("to").max()
    for _ in range(_ROUNDS):
        said = links.with_columns(low=low.over("name"), high=high.over("name"))
        said = said.with_columns(said=pl.when(pl.col("low") == pl.col("high")).then("low"))
        least, most = pl.col("said").min().over("who"), pl.col("said").max().over("who")
        # Whatever may be either of two is neither.
        told = said.with_columns(
            to=pl.coalesce("to", pl.when(least == most).then(least).when(least < most).then("who"))
        )
        if told["to"].null_count() == links["to"].null_count():
            break
        links = told.select(links.columns)
    nobody = said.filter(pl.col("to").is_null() & pl.col("low").is_null())
    rest = nobody.select("who", "name", to="who")
    told = links.drop_nulls("to").select("who", "to").unique()
    return pl.concat([told, _spread(rest)])


def _names(tracks: pl.DataFrame) -> pl.DataFrame:
    """`track`, `name`, `tie`: all by which a track may be known, as 64 bits, and what it proves."""
    makers = _makers(tracks.select("track", "title", "artists").drop_nulls())
    # Each text once: albums and artists come again and again.
    texts = pl.concat([tracks["title"], tracks["album"], makers["maker"]]).unique().drop_nulls()
    texts = texts.filter(texts != "")
    plain = pl.DataFrame({"text": texts, "plain": folded(texts)}).filter(pl.col("plain") != "")

    def pairs(frame: pl.DataFrame, other: str, word: str) -> pl.DataFrame:
        named = frame.select("track", "title", other, "tie").drop_nulls()
        named = named.join(plain, left_on="title", right_on="text")
        named = named.join(plain, left_on=other, right_on="text", suffix="_other")
        name = pl.format(f"{{}} {word} {{}}", "plain", "plain_other")
        nobody = (pl.col("tie") == _SURE) & pl.col("plain_other").is_in(_NOBODY)
        return named.select("track", name=name, tie=pl.when(nobody).then(_LIKELY).otherwise("tie"))

    tie = pl.lit(_ID).alias("tie")
    parts = [
        tracks.select("track", pl.format("id {}", "spotify_id").alias("name"), tie),
        tracks.select("track", pl.format("id {}", "family").alias("name"), tie),
        tracks.select(
            "track", pl.format("isrc {}", pl.col("isrc").str.to_uppercase()).alias("name"), tie
        ),
        pairs(tracks.with_columns(tie=_LIKELY), "album", "on"),
        pairs(makers, "maker", "by"),
    ]
    names = pl.concat(part.cast({"tie": pl.Int8}) for part in parts).drop_nulls()
    return names.with_columns(pl.col("name").hash())


def _makers(tracks: pl.DataFrame) -> pl.DataFrame:
    """`track`, `title`, `maker`, `tie`: who made it, as it is written and without the rest."""
    of, every = ("track", "title"), pl.col("artists")
    first = tracks.select(*of, every.list.first().alias("maker"), pl.lit(_SURE).alias("tie"))
    others = tracks.select(*of, every.list.slice(1).alias("maker"), pl.lit(_GUEST).alias("tie"))
    others = others.filter(pl.col("maker").list.len() > 0).explode("maker")
    makers = pl.concat([first, others]).drop_nulls()
    short = makers.select(
        *of,
        pl.col("maker").str.replace(_REST, ""),
        tie=pl.when(pl.col("tie") == _SURE).then(_LIKELY).otherwise("tie"),
    )
    return pl.concat([makers, short.filter(short["maker"] != makers["maker"])])
