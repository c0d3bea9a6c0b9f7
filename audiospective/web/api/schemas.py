"""What answers to programs are made of, as JSON Schema for the description of the interface."""

from __future__ import annotations

from typing import Any

from audiospective.exports.formats.play_columns import SOURCES, TIMINGS, UNKNOWN
from audiospective.policy.counting import Measure, Rule
from audiospective.policy.gaps import Cause, Certainty
from audiospective.policy.health import HealthStatus

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
INSTANT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
YES: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """The same, or null where nothing is known."""
    return {**schema, "type": [schema["type"], "null"]}


def words(values: Any) -> Schema:
    return {"type": "string", "enum": sorted(str(value) for value in values)}


def thing(about: str | None = None, /, **members: Schema) -> Schema:
    """An object with exactly these members, all of them always there."""
    made: Schema = {
        "type": "object",
        "properties": members,
        "required": [*members],
        "additionalProperties": False,
    }
    return {"description": about, **made} if about else made


def _listed(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _place(**members: Schema) -> Schema:
    return thing(
        rank={"type": "integer", "minimum": 1},
        name=TEXT,
        uri=maybe(TEXT),
        plays=COUNT,
        listened_ms=COUNT,
        tracks=COUNT,
        **members,
    )


_OF_PERIOD = {"period": ref("Period"), "counting": ref("Counting")}

SCHEMAS: dict[str, Schema] = {
    "Problem": {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
        },
        "required": ["type", "title", "status", "detail"],
    },
    "Play": thing(
        "A play as the JSON export has it. `played_at` is when it ended; `ms_played` and what "
        "follows `played_from` are known of plays that a file or a player told of.",
        played_at=INSTANT,
        local_time=INSTANT,
        ms_played=maybe(COUNT),
        source=words([*SOURCES.values(), UNKNOWN]),
        played_from=maybe(TEXT),
        reason_start=maybe(TEXT),
        reason_end=maybe(TEXT),
        shuffle=maybe(YES),
        skipped=maybe(YES),
        offline=maybe(YES),
        private=maybe(YES),
        platform=maybe(TEXT),
        country=maybe(TEXT),
        timing=words([*TIMINGS.values(), UNKNOWN]),
        track=ref("Track"),
    ),
    "Track": thing(
        name=maybe(TEXT),
        artists=TEXTS,
        artist_ids={"type": "array", "items": maybe(TEXT)},
        album=maybe(TEXT),
        album_id=maybe(TEXT),
        kind=maybe(TEXT),
        uri=maybe(TEXT),
        isrc=maybe(TEXT),
        length_ms=maybe(COUNT),
    ),
    "Plays": thing(
        "`next` is the address of the rest, null at the end.",
        next=maybe({"type": "string", "format": "uri"}),
        plays=_listed(ref("Play")),
    ),
    "Period": thing(name=TEXT, first_day=DAY, last_day=DAY, time_zone=TEXT),
    "Counting": thing(
        "Which plays count, and by what lists are ordered: as the member has set it.",
        rule=words(Rule),
        measure=words(Measure),
    ),
    "Totals": thing(
        "`estimated_ms` is the part of `listened_ms` that nobody told: whole tracks are assumed.",
        **_OF_PERIOD,
        plays=COUNT,
        listened_ms=COUNT,
        estimated_ms=COUNT,
        days=COUNT,
        tracks=COUNT,
        albums=COUNT,
        artists=COUNT,
        new_tracks=COUNT,
        new_artists=COUNT,
    ),
    "TopTracks": thing(
        **_OF_PERIOD, tracks=_listed(_place(artists=TEXTS, album=maybe(TEXT)))
    ),
    "TopAlbums": thing(**_OF_PERIOD, albums=_listed(_place(artists=TEXTS))),
    "TopArtists": thing(**_OF_PERIOD, artists=_listed(_place())),
    "Coverage": thing(
        "Time of which every play was seen; `grows` says that it goes on with each check.",
        **{"from": INSTANT, "to": maybe(INSTANT), "grows": YES},
    ),
    "Gap": thing(
        "Time of which plays may be missing: perhaps from `from` on, probably from "
        "`probably_from` on. `to` is null while it grows, `closed_at` is when an import filled it.",
        **{
            "from": INSTANT,
            "probably_from": INSTANT,
            "to": maybe(INSTANT),
            "cause": words(Cause),
            "certainty": words(Certainty),
            "closed_at": maybe(INSTANT),
            "recovered": COUNT,
        },
    ),
    "Health": thing(
        status=words(HealthStatus),
        title=TEXT,
        meaning=TEXT,
        plays=COUNT,
        known_since=maybe(INSTANT),
        known_until=maybe(INSTANT),
        last_success_at=maybe(INSTANT),
        refused_at=maybe(INSTANT),
        next_check_at=maybe(INSTANT),
        access_until=maybe(INSTANT),
        unreadable=COUNT,
        coverage=_listed(ref("Coverage")),
        gaps=_listed(ref("Gap")),
    ),
}  # fmt: skip
