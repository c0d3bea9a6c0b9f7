"""The text beside the files of a bundle: what each is, who reads it, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from zoneinfo import ZoneInfo

from audiospective.exports.bundle import completeness
from audiospective.exports.bundle.completeness import Known
from audiospective.exports.bundle.zipping import File
from audiospective.exports.descriptions import FORMATS, Description
from audiospective.exports.snapshot import Snapshot
from audiospective.policy import in_words

WIDTH = 78
_RULE = "-" * 72
INSET = " " * 4


def text(snapshot: Snapshot, known: Known, files: Sequence[File]) -> str:
    """README.txt, lines of at most 78 characters where paths allow."""
    zone = ZoneInfo(snapshot.owner.zone)
    made = snapshot.taken_at.astimezone(zone)
    lines = [
        f"The listening of {snapshot.owner.name}",
        f"{snapshot.plays:,} plays",
        f"Made {made.day} {made:%B %Y, %H:%M} ({snapshot.owner.zone})",
        "",
        "Open index.html with a double click: it shows this archive in any browser,",
        "without network, account or server.",
        "",
        "Files",
        _RULE,
        *(f"{file.path}\n    {file.words}" for file in files),
        "SHA256SUMS\n    checksums of all files; sha256sum -c SHA256SUMS compares them",
        "",
        "Other programs",
        _RULE,
        *(line for about in FORMATS for line in _words(about)),
        "",
        "How complete it is",
        _RULE,
        *_complete(known, zone),
        "",
        "The import page of any Audiospective takes this zip. In an archive that holds nothing",
        "but what was just checked, it brings all of it back: plays, gaps, deletions, settings.",
        "Elsewhere it adds the plays that are missing.",
        "Names were delivered by Spotify. Audiospective is not affiliated with Spotify.",
        "",
    ]
    return "\n".join(lines)


def _words(about: Description) -> list[str]:
    time = about.compatible_time if about.compatible else about.faithful_time
    said = f"{about.title}: for {about.readers}. Times are the {time} of plays."
    remark = wrap(about.remark, WIDTH, initial_indent=INSET, subsequent_indent=INSET)
    return [*wrap(said, WIDTH), *remark]


def _complete(known: Known, zone: ZoneInfo) -> list[str]:
    if known.began is None or known.share is None:
        return ["All plays come from files; what those files lacked nobody can say."]
    but = ", but for these gaps" if known.shown else ""
    began, ended = known.began.astimezone(zone), known.unchecked and known.unchecked.started_at
    asked = (
        f"from {in_words.day(began)} to {in_words.day(ended.astimezone(zone))}"
        if ended
        else f"since {in_words.day(began)}"
    )
    share = in_words.percent(known.share)
    lines = [
        f"Spotify was asked about hourly {asked}.",
        f"{share} % is known of the time since then: every check reached back to",
        f"the one before it{but}. Earlier plays come from files.",
        "",
    ]
    for gap in known.shown:
        start, end = gap.begins_at.astimezone(zone), gap.ended_at.astimezone(zone)
        state = "closed by a file" if gap.closed_at else "open"
        lines.append(
            f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}  {completeness.cause(gap)} ({state})"
        )
    return lines if known.shown else [*lines, "No gap is known."]
