"""What an import makes of an archive: every row in one bin, and the archive with its plays."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import polars as pl

from audiospective.imports import archive, clock_shift, merging
from audiospective.imports.archive_frames import ArchiveFrames
from audiospective.imports.choices import Choices
from audiospective.imports.clock_shift import Shift
from audiospective.imports.duplicate_files import OWN
from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings, FoundFile
from audiospective.imports.merging import ARRIVALS, Outcome, Source
from audiospective.imports.reading import own_files
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import SOURCES

SPOTIFY = "spotify_extended"
FOREIGN = "foreign_user_name"  # the note of a file that carries another user's name
# Files of videos alone: plays of music stand in others.
_VIDEOS = re.compile(r"(?:^|/)(?:endvideo|streaming_history_video)[^/]*$", re.IGNORECASE)
_NO_MUSIC = ("episode", "chapter")

ADDED, MATCHED, SKIPPED, REJECTED = BINS = ("added", "matched", "skipped", "rejected")
_WORD = pl.Categorical()
# One line for each row of the files.
SHEET = pl.Schema({"file": pl.Int16(), "row": pl.Int32(), "bin": pl.Enum(BINS), "reason": _WORD})
_BECAME = {
    Outcome.ADDED: (ADDED, None),
    Outcome.MATCHED: (MATCHED, None),
    Outcome.ALREADY_HERE: (SKIPPED, Reason.ALREADY_HERE),
    Outcome.DUPLICATE: (SKIPPED, Reason.DUPLICATE_IN_FILE),
    Outcome.DELETED: (SKIPPED, Reason.DELETED_BEFORE),
}


@dataclass(frozen=True)
class Staged:
    """The tables of an import (staging.TABLES) and what was found beside them."""

    plays: pl.DataFrame
    tracks: pl.DataFrame
    left_out: pl.DataFrame  # without `raw`, which only the report shows
    findings: Findings


@dataclass
class Worked:
    """`frames` holds the archive afterwards, its new tracks below zero as in `tracks`.

    `sheet` (SHEET) has every row of the files; `covered` are plays by source, for their time, but
    for those of files that say nothing of what may be missing (`_silent`).
    """

    frames: ArchiveFrames
    tracks: pl.DataFrame
    sheet: pl.DataFrame
    shifts: dict[str, Shift] = field(default_factory=dict)
    covered: dict[str, pl.Series] = field(default_factory=dict)
    span: tuple[int, int] | None = None  # the first and the last instant, clocks put right
    until: int | None = None  # up to when the last play may be: of some only the day is known


def apply(
    before: ArchiveFrames,
    staged: Staged,
    choices: Choices,
    import_id: int,
    base: int = -1,
    zone: str = "",
    restores: Collection[int] = (),
) -> Worked:
    """Apply an import to an archive. Its tracks are numbered down from `base`.

    `restores`: see merging.Source. With a `zone`, the member's, sources whose clock seems to be off
    are looked for as well.
    """
    tracks = numbered(staged.tracks, base)
    known_as = archive.identities(staged.tracks, base)
    plays, left = _wanted(staged, choices)
    worked = Worked(before, tracks, pl.DataFrame(schema=SHEET))
    sheets = [_left_out(staged.left_out), left]
    silent = _silent(staged)
    for source, as_told in _by_source(plays, staged.findings, import_id, restores):
        rows = clock_shift.moved(as_told, ("began", "ended"), *choices.clock(source.name))
        arrivals = rows.with_columns((base - pl.col("track")).alias("track")).select(
            ARRIVALS.names()
        )
        used = known_as.join(arrivals.select("track").unique(), on="track", how="semi")
        if zone and source.name not in choices.clocks and source.name not in worked.shifts:
            found = merging.shifted(worked.frames, arrivals, used, zone)
            if found is not None:
                worked.shifts[source.name] = found
        worked.frames, outcomes = merging.merge(worked.frames, arrivals, used, source)
        sheets.append(_sheet(rows, outcomes))
        at = pl.coalesce("ended", "began")
        worked.span = _wider(worked.span, rows.select(at).to_series())
        until = rows.select((at + pl.col("precision") - 1).max()).item()
        worked.until = max((one for one in (worked.until, until) if one is not None), default=None)
        _cover(worked.covered, source, rows, silent)
    worked.sheet = pl.concat(sheets)
    return worked


def _wider(span: tuple[int, int] | None, at: pl.Series) -> tuple[int, int] | None:
    instants = [one for one in (*(span or ()), at.min(), at.max()) if isinstance(one, int)]
    return (min(instants), max(instants)) if instants else None


def covered(staged: Staged, choices: Choices, import_id: int) -> dict[str, pl.Series]:
    """Of what an import would make of an archive only `Worked.covered`."""
    found: dict[str, pl.Series] = {}
    plays, _ = _wanted(staged, choices)
    silent = _silent(staged)
    for source, as_told in _by_source(plays, staged.findings, import_id, ()):
        rows = clock_shift.moved(as_told, ("began", "ended"), *choices.clock(source.name))
        _cover(found, source, rows, silent)
    return found


def _cover(
    found: dict[str, pl.Series], source: Source, rows: pl.DataFrame, silent: Collection[int]
) -> None:
    there = ~rows["file"].is_in(silent)
    at = rows.select(pl.coalesce("ended", "began")).filter(there).to_series()
    before_it = found.get(source.name)
    found[source.name] = at if before_it is None else pl.concat([before_it, at])


def numbered(tracks: pl.DataFrame, base: int = -1) -> pl.DataFrame:
    """Tracks of files (staging.TRACKS) with the number below zero of each, as `track`."""
    return tracks.with_row_index("number").select(
        (base - pl.col("number").cast(pl.Int32)).alias("track"), pl.exclude("number")
    )


def _silent(staged: Staged) -> list[int]:
    """Files that say nothing of what may be missing in the time that they are of.

    What an archive like this one missed is missing in the files that it wrote as well. And Spotify
    keeps podcasts, audiobooks and videos in files of their own: checks tell of music.
    """
    is_music = ~staged.tracks["kind"].cast(pl.String).is_in(_NO_MUSIC)
    music = set(staged.plays["file"].filter(is_music.gather(staged.plays["track"])).unique())
    return [
        file.number
        for file in staged.findings.files
        if file.source == OWN
        or file.notes.get(own_files.NOTE)
        or file.number not in music
        or (file.source == SPOTIFY and _VIDEOS.search(file.name))
    ]


def _wanted(staged: Staged, choices: Choices) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The plays that the member wants, and the sheet of those that are left out."""
    kind = staged.tracks["kind"].gather(staged.plays["track"])
    foreign = [file.number for file in staged.findings.files if file.notes.get(FOREIGN)]
    rules = (
        (pl.col("file").is_in(foreign) & (choices.others is False), Reason.OTHER_ACCOUNT),
        (
            pl.col("incognito").fill_null(value=False) & (not choices.private),
            Reason.PRIVATE_SESSION,
        ),
        ((kind == "episode") & (not choices.podcasts), Reason.PODCAST_OFF),
        ((kind == "chapter") & (not choices.audiobooks), Reason.AUDIOBOOK_OFF),
    )
    reason = staged.plays.select(
        reason=pl.coalesce(*(pl.when(rule).then(pl.lit(why.value)) for rule, why in rules))
    )["reason"]
    if reason.null_count() == len(reason):
        return staged.plays, pl.DataFrame(schema=SHEET)
    unwanted = staged.plays.select("file", "row").with_columns(reason)
    left = unwanted.filter(reason.is_not_null())
    wanted = staged.plays.filter(reason.is_null())
    return wanted, left.select("file", "row", pl.lit(SKIPPED).alias("bin"), "reason").cast(SHEET)


def _left_out(rows: pl.DataFrame) -> pl.DataFrame:
    rejected = [reason.value for reason in Reason if reason.rejects]
    reason = pl.col("reason").cast(pl.String)
    which = pl.when(reason.is_in(rejected)).then(pl.lit(REJECTED)).otherwise(pl.lit(SKIPPED))
    return rows.select("file", "row", which.alias("bin"), "reason").cast(SHEET)


def _by_source(
    plays: pl.DataFrame, findings: Findings, import_id: int, restores: Collection[int]
) -> Iterator[tuple[Source, pl.DataFrame]]:
    """The plays of each source, the most trusted first, and of each precision of its files.

    Rows of one export never become one play, but two exports of one service may tell of the same
    plays, one of them cut to minutes. Raises RefusedError where a newer release read a file.
    """
    if {file.source for file in findings.files if file.source} - {one.name for one in SOURCES}:
        raise RefusedError(
            f"A newer release of this program made import {import_id}, and only such a one can read"
            " all of it, so nothing was changed."
        )
    forms = [file for file in findings.files if file.source in (OWN, SPOTIFY)]
    marked = [file for file in forms if file.notes.get(own_files.NOTE)]
    of = {
        file.number: OWN if file.source == SPOTIFY and _is_of_one(file, marked) else file.source
        for file in findings.files
    }
    for about in sorted(SOURCES, key=lambda one: -one.trust):
        files = [number for number, name in of.items() if name == about.name]
        theirs = plays["file"].is_in(files)
        rows = plays if theirs.all() else plays.filter(theirs)
        precisions = rows["precision"].unique().sort()
        for precision in precisions:
            part = rows.filter(pl.col("precision") == precision) if len(precisions) > 1 else rows
            yield Source(about.name, about.trust, import_id, restores), part


def _is_of_one(file: FoundFile, marked: Collection[FoundFile]) -> bool:
    """Whether a file in Spotify's form is of an export of an archive like this one.

    So are files with such rows, whether they begin with one or not, and files without any that lie
    in one folder with them and tell of another time: two exports would tell of the same.
    """
    folder, slash, _ = file.name.rpartition("/")
    beside = [one for one in marked if slash and one.name.rpartition("/")[0] == folder]
    return file in marked or (bool(beside) and all(_is_apart(file, one) for one in beside))


def _is_apart(one: FoundFile, other: FoundFile) -> bool:
    spans = [(file.first_at or 0, file.last_at or 0) for file in (one, other)]
    return spans[0][1] <= spans[1][0] or spans[1][1] <= spans[0][0]


def _sheet(rows: pl.DataFrame, outcomes: pl.Series) -> pl.DataFrame:
    bins = {int(outcome): which for outcome, (which, _) in _BECAME.items()}
    reasons = {int(outcome): why.value if why else None for outcome, (_, why) in _BECAME.items()}
    became = rows.select("file", "row").with_columns(outcome=outcomes)
    return became.select(
        "file",
        "row",
        pl.col("outcome").replace_strict(bins, return_dtype=SHEET["bin"]).alias("bin"),
        pl.col("outcome").replace_strict(reasons, return_dtype=pl.String).alias("reason"),
    ).cast(SHEET)
