"""What the page of one import shows, as plain values."""

from __future__ import annotations

from typing import Any

from audiospective import clock
from audiospective.accounts.time_zone import zones
from audiospective.imports.choices import Choices
from audiospective.imports.findings import Findings
from audiospective.imports.questions import asked, unanswered
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import SOURCES
from audiospective.models import User
from audiospective.models.imports import DONE, READING, REVIEW, UPLOADING, WORK, Import
from audiospective.policy.import_limits import LONG_WAIT
from audiospective.policy.in_words import plural
from audiospective.web.charts import bars

WORDS = {
    UPLOADING: "Its files have not all arrived",
    READING: "Reading your files",
    REVIEW: "Waiting for your word",
    "committing": "Adding the plays",
    DONE: "Added",
    "undoing": "Taking it back",
    "undone": "Taken back",
    "failed": "Nothing was added",
    "cancelled": "Discarded",
}
# The steps that are shown above an import, and the statuses that belong to each.
STEPS = (
    ("Upload", (UPLOADING,)),
    ("Read", (READING,)),
    ("Review", (REVIEW,)),
    ("Add", ("committing", DONE, "undoing", "undone")),
)
LABELS = {about.name: about.label for about in SOURCES}
REMARKS = {about.name: about.remark for about in SOURCES}
# Fields of a table that a person can map, in their order on the page.
FIELDS = (
    ("started_at", "Time"),
    ("clock", "Time of day, if it has a column of its own"),
    ("title", "Title"),
    ("artist", "Artist"),
    ("album", "Album"),
    ("ms_played", "How long it was heard"),
    ("length_ms", "Length of the track"),
    ("spotify_id", "Spotify link or id"),
    ("isrc", "ISRC"),
)


def word(row: Import) -> str:
    """What state it is in, for a list and above its progress."""
    if row.status in WORK and row.error:
        return "Waiting for our server"
    return WORDS.get(row.status, "Unknown to this release")  # a newer one wrote it


def of(row: Import, user: User) -> dict[str, Any]:
    """Values for the templates."""
    found, choices = Findings.loads(row.findings), Choices.loads(row.choices)
    told = found.review
    open_ones = unanswered(found, choices) if row.status == REVIEW else []
    return {
        "row": row,
        "sent": sorted(row.files, key=lambda file: file.number),
        "word": word(row),
        "working": row.status in WORK,
        "waits_since": row.changed_at if clock.now() - row.changed_at >= LONG_WAIT else None,
        "found": found,
        "review": told,
        "made": clock.from_ms((found.restore or {})["sealed_at"]) if found.restores else None,
        "now": (told or {}).get("now") or {},
        "then": (told or {}).get("then") or {},
        "years": _years(told) if told else None,
        "top": _top(told or {}),
        "choices": choices,
        "questions": asked(found),
        "open": open_ones,
        "labels": LABELS,
        "apart": {
            source: _apart(shift["minutes"] or 0)
            for source, shift in ((told or {}).get("shifts") or {}).items()
        },
        "remarks": _remarks(found),
        "fields": FIELDS,
        "zones": zones(),
        "zone": choices.zone or user.timezone,
        "sentences": {reason.value: reason.sentence for reason in Reason},
        "steps": [(name, row.status in statuses) for name, statuses in STEPS],
        "first": clock.from_ms(told["first_at"]) if told and told.get("first_at") else None,
        "last": clock.from_ms(told["last_at"]) if told and told.get("last_at") else None,
    }


def _years(told: dict[str, Any]) -> dict[str, Any] | None:
    """Plays of each year as charts of one scale, without the import and with it."""
    before = {int(year): plays for year, plays in told["years_before"].items()}
    after = {int(year): plays for year, plays in told["years_after"].items()}
    span = sorted({*before, *after})
    if not span:
        return None
    every = range(span[0], span[-1] + 1)
    most = max(after.values(), default=0)
    return {
        "before": bars.of(
            [(str(year), before.get(year, 0)) for year in every],
            unknown=[place for place, year in enumerate(every) if year not in before],
            most=most,
        ),
        "after": bars.of([(str(year), after.get(year, 0)) for year in every]),
        "new": len(after.keys() - before.keys()),
    }


def _top(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The top artists afterwards, with the place that each has now (None: not among the first)."""
    now, then = told.get("now") or {}, told.get("then") or {}
    places = {name: place for place, (name, _) in enumerate(now.get("top", ()), 1)}
    return [
        {"artist": name, "plays": plays, "before": places.get(name)}
        for name, plays in then.get("top", ())
    ]


def _apart(minutes: int) -> str:
    """How far times are moved, in words."""
    hours, rest = divmod(abs(minutes), 60)
    words = [plural(hours, "hour")] if hours else []
    words += [plural(rest, "minute")] if rest else []
    return f"{' and '.join(words)} {'earlier' if minutes < 0 else 'later'}"


def _remarks(found: Findings) -> list[str]:
    """What somebody who sends files of these sources should know, each once."""
    sources = {file.source: None for file in found.files if file.source}
    return [REMARKS[one] for one in sources if REMARKS.get(one)]
