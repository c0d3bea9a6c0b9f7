"""Totals and tops of a period as JSON, as the member's settings count them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from audiospective.history.catalog import lookup
from audiospective.history.catalog.lookup import Names
from audiospective.policy import api_scopes
from audiospective.policy.periods import Period
from audiospective.stats import rankings, tops, totals
from audiospective.stats.listening import Listening
from audiospective.stats.rankings import Place
from audiospective.web import listening
from audiospective.web.api import answers, query, tokens
from audiospective.web.api.problems import ProblemError

blueprint = Blueprint("api_figures", __name__)

USUAL, MOST = 50, 500


@blueprint.get("/api/v1/totals")
@tokens.allowed(api_scopes.STATS)
def of_period() -> ResponseReturnValue:
    query.only("period")
    own, period = _asked()
    found = own.figure(totals.of, period.first, period.last)
    return answers.of(
        {
            **_head(own, period),
            "plays": found.plays,
            "listened_ms": found.heard,
            "estimated_ms": found.guessed,
            "days": found.days,
            "tracks": found.tracks,
            "albums": found.albums,
            "artists": found.artists,
            "new_tracks": found.new_tracks,
            "new_artists": found.new_artists,
        }
    )


@blueprint.get("/api/v1/tops/<kind>")
@tokens.allowed(api_scopes.STATS)
def top(kind: str) -> ResponseReturnValue:
    """`kind`: tracks, albums or artists."""
    query.only("period", "limit")
    if kind.removesuffix("s") not in tops.KINDS or not kind.endswith("s"):
        raise ProblemError(404)
    one = kind.removesuffix("s")
    own, period = _asked()
    days = (period.first, period.last)
    found = own.figure(rankings.of, one, days, None, query.number("limit", USUAL, MOST))
    return answers.of({**_head(own, period), kind: _named(one, found)})


def _asked() -> tuple[Listening, Period]:
    member = tokens.member()
    own = listening.of(member, query.zone(member))
    first = own.figure(totals.first_day)
    return own, query.period(query.today(member), first, own.options.week_start)


def _head(own: Listening, period: Period) -> dict[str, Any]:
    return {
        "period": {
            "name": period.address,
            "first_day": period.first.isoformat(),
            "last_day": period.last.isoformat(),
            "time_zone": own.options.zone,
        },
        "counting": {
            "rule": own.options.counting.rule.value,
            "measure": own.options.counting.measure.value,
        },
    }


def _named(kind: str, found: list[Place]) -> list[dict[str, Any]]:
    ids = [place.one for place in found]
    tracks = ids if kind == "track" else [place.track for place in found]
    artists = [place.artist for place in found if place.artist is not None]
    names = lookup.together(
        tracks, ids if kind == "album" else (), ids if kind == "artist" else artists
    )
    return [
        {
            "rank": place.rank,
            **_of_catalog(kind, place, names),
            "plays": place.plays,
            "listened_ms": place.heard,
            "tracks": place.tracks,
        }
        for place in found
    ]


def _of_catalog(kind: str, place: Place, names: Names) -> dict[str, Any]:
    if kind == "track":
        track = names.tracks[place.one]
        return {
            "name": track.title,
            "artists": [name for _, name in track.artists],
            "album": track.album,
            "uri": _uri(track.kind, track.spotify_id),
        }
    entry = (names.albums if kind == "album" else names.artists).get(place.one)
    told: dict[str, Any] = {
        "name": entry.name if entry else "",
        "uri": _uri(kind, entry.spotify_id if entry else None),
    }
    if kind == "album":
        artist = names.artists.get(place.artist) if place.artist is not None else None
        told["artists"] = [artist.name] if artist else []
    return told


def _uri(kind: str, spotify_id: str | None) -> str | None:
    """As exports write it: a chapter of a book is an episode to Spotify."""
    known = kind if kind in tops.KINDS else "episode"
    return f"spotify:{known}:{spotify_id}" if spotify_id else None
