"""Alarms about the server as a whole: marks that stand as long as something needs its operator."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective import clock, log
from audiospective.models.marks import Mark

PREFIX = "alarm:"  # marks: alarm:<topic>, at the instant since when it is so
PULSE = "pulse:timetable"  # mark: when what runs the timetable was last at work; the note says what
UNSEEN = timedelta(days=1)  # after which an alarm that this release does not look for is dropped
CALM = timedelta(minutes=10)  # for which nothing is to be seen of it before it counts as over


@dataclass(frozen=True)
class Alarm:
    """An alarm that lasts; `said` is one line without anything about anybody."""

    topic: str
    since: datetime
    said: str
    mark: str
    told_from: datetime
    seen_at: datetime  # when it was last to be seen
    is_calm: bool  # nothing was to be seen of it at the last look: it may be over
    noted_at: datetime  # which tells it from an earlier one; ahead, if the clock was ahead then


def standing() -> list[Alarm]:
    """The alarms that last and are to be told."""
    return [one for one in map(_standing, Mark.named(PREFIX)) if one.told_from <= one.seen_at]


def noted(topic: str) -> bool:
    """Whether something is to be seen of it, or was a moment ago, be it told or not."""
    return Mark.at_of(f"{PREFIX}{topic}") is not None


def begin(topic: str, since: datetime, said: str, after: timedelta = timedelta()) -> None:
    """Let an alarm stand, from `since` on if it does not yet; told once seen for `after`."""
    now, name = clock.now(), f"{PREFIX}{topic}"
    known = Mark.get_or_none(Mark.name == name)
    since = min(since, now)
    latest = clock.to_ms(now + after)
    told_from = (known.noted.get("told_from") if known else None) or latest
    # Later than `latest` is what a clock that was ahead noted.
    note = {"said": said, "told_from": min(told_from, latest), "seen_at": clock.to_ms(now)}
    if known is not None and (found := _standing(known).since) != known.at:
        note["since"] = clock.to_ms(found)
    Mark.keep(name, since, json.dumps(note))
    if known is None:
        log.event("alarm", log.ERROR, topic=topic, said=said)


def end(topic: str) -> None:
    """Nothing is to be seen of it: over at once if it was not told yet, else after CALM."""
    now, name = clock.now(), f"{PREFIX}{topic}"
    known = Mark.get_or_none(Mark.name == name)
    if known is None:
        return
    note = known.noted
    # What a clock that was ahead noted counts from now.
    calm_since = min(clock.from_ms(note.get("calm_since") or clock.to_ms(now)), now)
    found = _standing(known)
    if found.told_from > found.seen_at or now - calm_since >= CALM:
        Mark.drop(name)
        log.event("alarm_over", log.WARNING, topic=topic)
    else:
        note["calm_since"] = clock.to_ms(calm_since)
        Mark.keep(name, known.at, json.dumps(note))


def forget(known: Collection[str]) -> None:
    """Drop alarms of topics other than `known` that nobody has seen for a day.

    Another release looked for them, and none that still runs does: nobody else would end them.
    """
    for mark in Mark.named(PREFIX):
        seen = clock.from_ms(mark.noted["seen_at"]) if "seen_at" in mark.noted else mark.at
        topic = mark.name.removeprefix(PREFIX)
        if topic not in known and abs(clock.now() - seen) > UNSEEN and Mark.drop(mark.name):
            log.event("alarm_forgotten", log.WARNING, topic=topic)


def beat(who: str) -> None:
    """Note that the timetable is run, by "scheduler" or "tick"."""
    Mark.put(PULSE, clock.now(), who)


def _standing(mark: Mark) -> Alarm:
    """One that began at an instant which lies ahead began, for all that is known, now."""
    note = mark.noted
    now = clock.now()
    since = min(clock.from_ms(note["since"]) if "since" in note else mark.at, now)
    return Alarm(
        topic=mark.name.removeprefix(PREFIX),
        since=since,
        said=str(note.get("said", "")),
        mark=mark.name,
        told_from=clock.from_ms(note.get("told_from", 0)),
        seen_at=min(clock.from_ms(note["seen_at"]) if "seen_at" in note else now, now),
        is_calm="calm_since" in note,
        noted_at=mark.at,
    )
