"""Tracks, artists and albums: one member's history with each, and what is one recording."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from audiospective.history import belonging, recordings, search
from audiospective.history.catalog import lookup
from audiospective.history.catalog.entries import Album, Kind
from audiospective.history.recordings import Recordings
from audiospective.history.search import Wanted
from audiospective.operations import health
from audiospective.policy import counting
from audiospective.web.access import person, signed_in
from audiospective.web.context import zone
from audiospective.web.listening import listening
from audiospective.web.music import pictures, words
from audiospective.web.panels import Failed, made

blueprint = Blueprint("music", __name__)

PLAYS = 10  # of a track that are listed at once
PARTS = 30  # tracks and albums of an artist, tracks of an album
GREATEST = 2**31 - 1  # ids of the catalog


@blueprint.get("/tracks/<int:number>")
@signed_in
def track(number: int) -> ResponseReturnValue:
    member = person()
    same = recordings.of(member.id, listening().version)
    if not _is_heard(same, number):
        return _nowhere("track")
    if same.head(number) != number:
        return redirect(url_for("music.track", number=same.head(number)))
    every = same.tracks(number)
    named = lookup.tracks(every)
    on = named[number].album_id
    album = lookup.entries([(Kind.ALBUM, on)]).get((Kind.ALBUM, on)) if on is not None else None
    plays = search.page(
        member.id, Wanted(track=number), limit=PLAYS, at=listening().version, known=named
    )
    return render_template(
        "music/track.html",
        item=named[number],
        on=album,
        same=[named[one] for one in every],
        plays=plays,
        **_figures(member.id, "track", number),
    )


@blueprint.get("/artists/<int:number>")
@signed_in
def artist(number: int) -> ResponseReturnValue:
    member = person()
    if number > GREATEST or not belonging.holds(member.id, "artist", number, listening().version):
        return _nowhere("artist")
    found = lookup.artists([number]).get(number)
    if found is None:
        return _nowhere("artist")
    if found.id != number:
        return redirect(url_for("music.artist", number=found.id))
    figures = _figures(member.id, "artist", number)
    return render_template("music/artist.html", item=found, **figures)


@blueprint.get("/albums/<int:number>")
@signed_in
def album(number: int) -> ResponseReturnValue:
    member = person()
    if number > GREATEST or not belonging.holds(member.id, "album", number, listening().version):
        return _nowhere("album")
    same = recordings.of(member.id, listening().version)
    elsewhere = belonging.album_elsewhere(same, number)
    if elsewhere is not None:
        return redirect(url_for("music.album", number=elsewhere))
    entry = lookup.entries([(Kind.ALBUM, number)]).get((Kind.ALBUM, number))
    if not isinstance(entry, Album):
        return _nowhere("album")
    figures = _figures(member.id, "album", number)
    return render_template("music/album.html", item=entry, **figures)


def _figures(user_id: int, kind: str, number: int) -> dict[str, Any]:
    """What the three pages share: the portrait, its pictures and words, names of its parts."""
    heard = listening()
    worked_out = made("portrait", heard.portrait, kind, number, PARTS)
    broken = worked_out if isinstance(worked_out, Failed) else None
    found = None if isinstance(worked_out, Failed) else worked_out
    gaps = health.noted_gaps(user_id)  # a month is hatched for a gap that has ended
    inside = found.tracks if found else ()
    tracks = lookup.tracks([part.one for part in inside])
    albums = lookup.entries((Kind.ALBUM, part.one) for part in (found.albums if found else ()))
    return {
        "number": number,
        "kind": kind,
        "portrait": found,
        "broken": broken,
        "pictures": pictures.of(found, gaps, heard.options, zone()) if found else None,
        "parts": [(part, tracks[part.one]) for part in inside],
        "album_parts": [(part, albums.get((Kind.ALBUM, part.one)))
                        for part in (found.albums if found else ())],
        "counting": counting.words(heard.options.counting),
        "by_time": heard.options.counting.by_time,
        "polled": heard.options.polled,
        "words": words,
        "zone": zone(),
    }  # fmt: skip


def _is_heard(same: Recordings, number: int) -> bool:
    return number <= GREATEST and bool((same.heard == number).any())


def _nowhere(kind: str) -> ResponseReturnValue:
    return render_template("music/nowhere.html", kind=kind), 404
