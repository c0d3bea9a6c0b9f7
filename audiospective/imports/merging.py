"""Works the plays of one source into an archive: each is new or meets one that is there.

What every row became is told in `Outcome`s; nothing here writes anywhere. One module although it is
long: its steps share the archive that they work on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum

import polars as pl

from audiospective.imports import clock_shift, identity, matching, observations
from audiospective.imports.archive_frames import FACTS, PLAYS, ArchiveFrames, observed, timing, used
from audiospective.imports.reading import own_files
from audiospective.imports.source_bits import BITS, trusted
from audiospective.imports.sources import Trust
from audiospective.models.plays import FROM_IMPORT, FROM_POLL
from audiospective.policy.forwarding import OWN_NAME
from audiospective.policy.matching import UNMEASURED
from audiospective.policy.timing import BY_END, BY_HEARD, BY_START, MINUTE, SECOND, Timing

_SLICE = 1 << 17  # rows at a time, where all of a million at once would need room several times
# What files tell of a play: its time (UTC ms), its track (below zero), and FACTS.
ARRIVALS = pl.Schema(
    {
        "track": pl.Int32(),
        "began": pl.Int64(),
        "ended": pl.Int64(),
        "precision": pl.Int32(),
        **{name: PLAYS[name] for name in FACTS},
    }
)


class Outcome(IntEnum):
    """What became of a row that is a play."""

    ADDED = 0
    MATCHED = 1  # the archive has the play from elsewhere
    ALREADY_HERE = 2  # from this very source
    DUPLICATE = 3  # the files have it twice
    DELETED = 4  # its owner deleted it


@dataclass(frozen=True)
class Source:
    """Whose rows they are, and the import that brings them.

    `restores` are ids of imports that put a bundle back: what they told stays theirs, since nothing
    is kept from which it could be told again when another import is taken back.
    """

    name: str
    trust: Trust
    import_id: int
    restores: Collection[int] = ()
    several: bool = False  # programs of their own tell under this name, told apart by `platform`
    platform: str | None = None

    @property
    def bit(self) -> int:
        return BITS[self.name]


def merge(
    frames: ArchiveFrames, arrivals: pl.DataFrame, tracks: pl.DataFrame, source: Source
) -> tuple[ArchiveFrames, pl.Series]:
    """The archive with the arrivals (ARRIVALS, their `tracks` as identity.TRACKS) in it.

    With it the Outcome of every arrival, in their order. Rows of one source never become one play
    but for exact duplicates; rows and plays are paired one to one.
    """
    everything = _every_track(frames, tracks)
    who = identity.same(everything)
    arrivals = on_who(arrivals.with_row_index("place"), who, everything).with_columns(
        timing=timing("ended", "precision", "ms_played"),
        at=pl.coalesce("ended", pl.col("began") + pl.col("ms_played"), "began"),
        played=pl.col("ms_played"),
    )
    once, rows = _once(arrivals), arrivals.height
    del arrivals  # here and below: of a million rows every copy counts
    known = on_who(observed(frames.plays), who, everything)
    pairs = _pairs(known.with_columns(exact=_exact(frames.plays, source, once)), once)
    met = once.select(
        "place",
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("right"),
    ).join(pairs, on="right", how="left", maintain_order="left")
    outcomes = _outcomes(rows, met, frames.plays, source)
    new = once.filter(met["left"].is_null()) if pairs.height else once
    added = _added(new, _known_as(new, who, everything), source)
    together = [pl.concat([_merged(frames, once, pairs, everything, source), added])]
    del once, new, added, known, met
    plays = apart(together.pop())
    return ArchiveFrames(plays, used(everything, plays)), outcomes


def shifted(
    frames: ArchiveFrames, arrivals: pl.DataFrame, tracks: pl.DataFrame, zone: str
) -> clock_shift.Shift | None:
    """By how much the clock of the file seems to be off, if it does."""
    if frames.plays.is_empty():
        return None
    everything = _every_track(frames, tracks)
    who = identity.same(everything)
    told = arrivals.with_columns(played=pl.col("ms_played"))
    sides = (observed(frames.plays), told)
    known, told = (observations.spans(on_who(side, who, everything)) for side in sides)
    return clock_shift.suspected(known, told, zone)


def apart(plays: pl.DataFrame) -> pl.DataFrame:
    """In order, each key once: of equal keys all but the first move by milliseconds."""
    # Only keys are sorted, and of those with several columns only what shares an instant: a
    # million plays are large.
    keys = plays.select("at").with_row_index("place")
    about = plays.select("track", "removed", imported=pl.col("source") & FROM_POLL == 0)
    moved = True
    while moved:
        if not keys["at"].is_sorted():
            keys = keys.sort("at", maintain_order=True)
        same = (pl.col("at") == pl.col("at").shift(1)) | (pl.col("at") == pl.col("at").shift(-1))
        twin = keys.select(same.fill_null(value=False).alias("twin"))["twin"]
        if not twin.any():
            break
        where = twin.arg_true()
        twins = keys.gather(where)
        twins = pl.concat([twins, about.gather(twins["place"])], how="horizontal")
        # A deleted play keeps its key: one that moved there would be hidden by it.
        twins = twins.sort("at", "track", ~pl.col("removed"), "imported", maintain_order=True)
        again = twins.select(pl.int_range(pl.len()).over("at", "track").alias("again"))["again"]
        moved = bool((again > 0).any())
        if moved:
            # What moves stays before what it moves to.
            late = twins.select("place", pl.col("at") + again)
            keys = pl.concat([late, keys.filter(~twin)])
        else:
            places = keys["place"].scatter(where, twins["place"])
            keys = keys.with_columns(places)
    if not keys["place"].is_sorted():
        columns = plays.get_columns()
        del plays, about  # column by column: nobody may hold the old ones any more
        for number, column in enumerate(columns):
            columns[number] = column.gather(keys["place"])
        plays = pl.DataFrame(columns)
    return plays.with_columns(keys["at"])


def on_who(plays: pl.DataFrame, who: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Adds `who`, `issue` and `length`: a track's own, else that of one that is the same."""
    lengths = who.join(tracks.select("track", "length"), on="track", maintain_order="left")
    lengths = lengths.with_columns(
        pl.coalesce("length", pl.col("length").max().over("who")).alias("length")
    )
    found = plays.select("track").join(lengths, on="track", how="left", maintain_order="left")
    return plays.with_columns(found["who"], found["issue"], found["length"])


def _every_track(frames: ArchiveFrames, tracks: pl.DataFrame) -> pl.DataFrame:
    """Each once: files of one import may tell of one track with several precisions."""
    new = tracks.join(frames.tracks.select("track"), on="track", how="anti", maintain_order="left")
    return pl.concat([frames.tracks, new])


def _once(arrivals: pl.DataFrame) -> pl.DataFrame:
    """Without exact duplicates. Of an instant cut to minutes, equal rows may be several plays."""
    key = ("who", "began", "ended", "precision", "ms_played")
    mark = pl.lit(0, pl.UInt64)
    for seed, name in enumerate(key):
        mark = mark ^ pl.col(name).hash(seed)  # compared column by column only where these agree
    slices = arrivals.select(key).iter_slices(_SLICE)
    marks = pl.concat(
        [pl.DataFrame(schema={"mark": pl.UInt64}), *(one.select(mark=mark) for one in slices)]
    )["mark"]
    ordered = marks.sort()
    more = ordered.filter(ordered == ordered.shift(1))
    fine = arrivals["precision"] < MINUTE
    twins = arrivals.select("place", *key).filter(marks.is_in(more.implode()) & fine)
    again = twins.filter(~pl.struct(key).is_first_distinct())["place"]
    return arrivals.filter(~pl.col("place").is_in(again.implode())) if len(again) else arrivals


def _pairs(known: pl.DataFrame, once: pl.DataFrame) -> pl.DataFrame:
    """matching.PAIRS of the rows of both; only what is of a shared track is looked at."""
    if known.is_empty():
        return pl.DataFrame(schema=matching.PAIRS)
    told = once.select("who", "issue", "began", "ended", "precision", "played", "length")
    known, told = _as_long_as_heard(known, told)
    near = told.with_row_index("row").join(known.select("who").unique(), on="who", how="semi",
                                           maintain_order="left")  # fmt: skip
    if near.is_empty():
        return pl.DataFrame(schema=matching.PAIRS)
    there = near.drop("row").with_columns(exact=pl.lit(value=False))
    pairs = matching.match(observations.spans(known), observations.spans(there))
    return pairs.with_columns(near["row"].gather(pairs["right"]).alias("right"))


def _as_long_as_heard(*sides: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A track of unknown length that somebody heard for longer than is supposed is that long.

    It only says how late a beginning may have ended: what it is paired with then tells when it
    began. Of an end alone one odd time heard would make a play of any beginning before it.
    """
    far = pl.col("played") > UNMEASURED
    heard = pl.concat([side.filter(far).select("who", "played") for side in sides])
    longest = heard.group_by("who").agg(pl.col("played").max().alias("longest"))
    for side in sides:
        if longest.is_empty():
            yield side
            continue
        told = side.join(longest, on="who", how="left", maintain_order="left")
        length = pl.when(pl.col("length").is_null() & pl.col("began").is_not_null())
        yield told.with_columns(length.then("longest").otherwise("length").alias("length")).drop(
            "longest"
        )


def _exact(plays: pl.DataFrame, source: Source, told: pl.DataFrame) -> pl.Series:
    """Plays whose time is this source's own word: only that very row can be told again."""
    own = (pl.col("seen") & source.bit != 0) & (pl.col("seen") & ~pl.lit(source.bit) == 0)
    if source.several:
        same = pl.col("platform").cast(pl.String).eq_missing(pl.lit(source.platform, pl.String))
        own = own & same
        if not _tells_ends(source, told):  # then a file told of one, see without_imports
            own &= ~pl.col("timing").is_in([int(one) for one in BY_END]).fill_null(value=False)
    polled = pl.col("source") & FROM_POLL != 0
    return plays.select((own & ~polled & ~pl.col("removed")).fill_null(value=False)).to_series()


def _tells_ends(source: Source, told: pl.DataFrame) -> bool:
    """Whether a program tells ends, as most players do not: who reads Spotify, and archives."""
    by_an_archive = (source.platform or "").casefold() == OWN_NAME
    return by_an_archive or told["ended"].is_not_null().any()


def _outcomes(rows: int, met: pl.DataFrame, plays: pl.DataFrame, source: Source) -> pl.Series:
    there = plays.select("seen", "removed").with_row_index("left")
    told = met.join(there, on="left", how="left", maintain_order="left").select(
        "place",
        outcome=pl.when(pl.col("left").is_null())
        .then(int(Outcome.ADDED))
        .when(pl.col("removed"))
        .then(int(Outcome.DELETED))
        .when((pl.col("seen") & source.bit).fill_null(0) != 0)
        .then(int(Outcome.ALREADY_HERE))
        .otherwise(int(Outcome.MATCHED))
        .cast(pl.Int8),
    )
    every = pl.DataFrame({"place": pl.int_range(rows, dtype=pl.UInt32, eager=True)})
    found = every.join(told, on="place", how="left", maintain_order="left")["outcome"]
    return found.fill_null(int(Outcome.DUPLICATE))


def _merged(
    frames: ArchiveFrames,
    once: pl.DataFrame,
    pairs: pl.DataFrame,
    tracks: pl.DataFrame,
    source: Source,
) -> pl.DataFrame:
    """The archive's plays, with what the arrivals that met them know better."""
    if pairs.is_empty():
        return frames.plays
    plays = frames.plays.with_row_index("left")
    news = once.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("right"), "track", "at", "timing", *FACTS
    )
    told = plays.join(pairs, on="left").join(news, on="right", suffix="_new")
    # Cut to whole seconds, as Maloja keeps it, it is nothing new.
    cut = pl.col("ms_played_new") == pl.col("ms_played") // SECOND * SECOND
    heard_for = pl.when(cut).then("ms_played").otherwise("ms_played_new")
    told = told.with_columns(heard_for.alias("ms_played_new"))
    named = tracks.filter(pl.col("spotify_id").is_not_null())["track"]
    polled = pl.col("source") & FROM_POLL != 0
    better = pl.col("seen").fill_null(0) & trusted(source.trust) == 0
    stays = polled | pl.col("removed")  # a deleted play keeps others away from where it stood
    sooner = ~stays & (pl.col("timing_new") < pl.col("timing").fill_null(0)) & ~_back(source)
    other = (
        ~stays
        & pl.col("track_new").is_in(named.implode())
        & ~pl.col("track").is_in(named.implode())
    )

    restored = pl.col("import_id").is_in(list(source.restores)).fill_null(value=False)

    # Where the time is "beginning plus time heard" it moves with the time heard.
    heard = pl.col("timing").fill_null(0).is_in([int(one) for one in BY_HEARD])
    longer = better & ~(heard & pl.col("removed"))

    def either(name: str) -> pl.Expr:
        new, wins = f"{name}_new", longer if name == "ms_played" else better
        value = pl.when(wins).then(pl.coalesce(new, name)).otherwise(pl.coalesce(name, new))
        return value.alias(name)

    moved = pl.when(longer).then(pl.col("ms_played_new") - pl.col("ms_played")).fill_null(0)
    at = pl.when(sooner).then("at_new").when(heard).then(pl.col("at") + moved).otherwise("at")
    changed = told.select(
        "left",
        at.alias("at"),
        pl.when(other).then("track_new").otherwise("track").alias("track"),
        (pl.col("source") | FROM_IMPORT).alias("source"),
        *(either(name) for name in FACTS),
        "context",
        pl.when((better & ~restored) | pl.col("import_id").is_null())
        .then(source.import_id)
        .otherwise("import_id")
        .alias("import_id"),
        pl.when(sooner).then("timing_new").otherwise("timing").alias("timing"),
        (pl.col("seen").fill_null(0) | source.bit).alias("seen"),
        "removed",
    ).cast(PLAYS)
    same = plays.join(changed, on="left", how="anti").drop("left")
    return pl.concat([same, changed.select(PLAYS.names())])


def _back(source: Source) -> pl.Expr:
    """Whether the archive's own instant may have come back in one of its files, called an end.

    Releases before 0.3 had no word in them for what else it is, and cut it to the second.
    """
    second = pl.col("timing_new") == int(Timing.END_SECOND)
    began = pl.col("timing").is_in([int(one) for one in BY_START])
    # Koito's form has no time heard: of a minute and the time heard it keeps the minute.
    minute = pl.col("timing_new") == int(Timing.END_MINUTE)
    own = second | minute if source.name in own_files.FORMS else second & began
    return own & (pl.col("at_new") == pl.col("at") // SECOND * SECOND)


def _added(new: pl.DataFrame, known_as: pl.DataFrame, source: Source) -> pl.DataFrame:
    known = new.select("track").join(known_as, on="track", how="left", maintain_order="left")
    return new.select(
        "at",
        pl.coalesce(known["known"], "track").alias("track"),
        pl.lit(FROM_IMPORT, pl.Int8).alias("source"),
        *(name for name in FACTS),
        pl.lit(None, PLAYS["context"]).alias("context"),
        pl.lit(source.import_id, pl.Int32).alias("import_id"),
        "timing",
        pl.lit(source.bit, pl.Int32).alias("seen"),
        pl.lit(value=False).alias("removed"),
    ).select(PLAYS.names())


def _known_as(new: pl.DataFrame, who: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """`track`, `known`: for tracks without an id one of the same names, and album, that has one."""
    text = pl.col("title", "album").str.to_lowercase().str.strip_chars()
    all_of = tracks.join(who, on="track").select("track", "who", "spotify_id", text)
    nameless = all_of.filter(pl.col("spotify_id").is_null()).join(
        new.select("track").unique(), on="track", how="semi"
    )
    named = all_of.filter(pl.col("spotify_id").is_not_null())
    found = nameless.join(named, on=("who", "title"), suffix="_known").filter(
        pl.col("album").is_null() | (pl.col("album") == pl.col("album_known"))
    )
    # Tracks of the catalog have numbers above zero: the oldest of these, else the file's first.
    best = pl.col("track_known").sort_by(pl.col("track_known") < 0, pl.col("track_known").abs())
    return found.group_by("track").agg(best.first().alias("known"))
