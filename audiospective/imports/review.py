"""What a member is shown before anything is written, and after it was: kept with the import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from audiospective.imports import balance_sheet, covered_gaps, estimate
from audiospective.imports.apply_import import ADDED, FOREIGN, Staged, Worked
from audiospective.imports.archive_frames import ArchiveFrames
from audiospective.imports.balance_sheet import Sums
from audiospective.imports.choices import of_this_release

SHORT = 30_000  # ms; below that Spotify itself counts no stream


@dataclass
class Review:
    """`years` are plays by UTC year; `shifts` the clocks that seem off, by source."""

    files: dict[int, Sums] = field(default_factory=dict)
    total: Sums = field(default_factory=Sums)
    years_before: dict[int, int] = field(default_factory=dict)
    years_after: dict[int, int] = field(default_factory=dict)
    gaps: int = 0  # open before
    gaps_closed: int = 0
    short: int = 0  # of the added ones
    private: int = 0  # plays in the files, whatever was chosen
    podcasts: int = 0
    audiobooks: int = 0
    foreign: list[int] = field(default_factory=list)  # files with another account's name
    shifts: dict[str, dict[str, Any]] = field(default_factory=dict)
    first_at: int | None = None  # UTC ms, of the plays that are wanted, clocks put right
    last_at: int | None = None
    now: dict[str, Any] = field(default_factory=dict)  # estimate.of the archive without it
    then: dict[str, Any] = field(default_factory=dict)  # and with it

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Review:
        told = of_this_release(cls, values)
        told["files"] = {int(number): _sums(one) for number, one in told["files"].items()}
        told["total"] = _sums(told["total"])
        for name in ("years_before", "years_after"):
            told[name] = {int(year): plays for year, plays in told[name].items()}
        return cls(**told)


def _sums(told: Mapping[str, Any]) -> Sums:
    return Sums(**of_this_release(Sums, told))


def of(user_id: int, before: ArchiveFrames, staged: Staged, worked: Worked) -> Review:
    """What an import would change, or has changed; raises UnbalancedError."""
    files = balance_sheet.by_file(worked.sheet, staged.findings)
    kinds = staged.tracks["kind"].gather(staged.plays["track"])
    spans = covered_gaps.covered(user_id, covered_gaps.ends_of_days(worked.covered), worked.frames)
    short = staged.plays.select("file", "row", "ms_played").filter(pl.col("ms_played") < SHORT)
    added = worked.sheet.select("file", "row", "bin").join(short, on=("file", "row"), how="semi")
    first_at, last_at = worked.span or (None, None)
    return Review(
        files=files,
        total=balance_sheet.total(files),
        years_before=years(before),
        years_after=years(worked.frames),
        gaps=covered_gaps.open_gaps(user_id),
        gaps_closed=covered_gaps.closable(user_id, spans),
        short=int((added["bin"] == ADDED).sum()),
        private=int(staged.plays["incognito"].sum() or 0),
        podcasts=int((kinds == "episode").sum()),
        audiobooks=int((kinds == "chapter").sum()),
        foreign=[file.number for file in staged.findings.files if file.notes.get(FOREIGN)],
        shifts={source: asdict(shift) for source, shift in worked.shifts.items()},
        first_at=first_at,
        last_at=last_at,
        now=estimate.of(before),
        then=estimate.of(worked.frames),
    )


def again(user_id: int, told: Mapping[str, Any]) -> Review:
    """A review that was kept (as_dict), as `of` would give it now that it was answered."""
    found = Review.from_dict(told)
    found.gaps, found.shifts = covered_gaps.open_gaps(user_id), {}
    return found


def years(found: ArchiveFrames) -> dict[int, int]:
    """Plays by UTC year."""
    at = pl.from_epoch("at", time_unit="ms").dt.year()
    there = found.plays.select("at", "removed").filter(~pl.col("removed"))
    counted = there.group_by(at.alias("year")).len()
    return dict(counted.sort("year").rows())
