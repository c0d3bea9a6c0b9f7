"""A listener's Extended Streaming History: the zip that Spotify sends to who asks for it.

The shape of the rows is in the contract, section 5. As in real ones, rows are out of order, a few
stand there twice, keys differ by year, seconds differ a little from what the API says, and what
the API hides (skips, podcasts, private sessions) is there.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from audiospective.sandbox.clock import to_datetime
from audiospective.sandbox.habits import HABITS, day_plays
from audiospective.sandbox.ids import base62
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.plays import Play
from audiospective.sandbox.state import SandboxState

FOLDER = "Spotify Extended Streaming History"
ROWS_PER_FILE = 16_000
PLATFORMS = ("ios", "android", "windows", "web_player", "Partner sonos_speaker", None)
README = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def export_zip(state: SandboxState, listener: Listener, since_ms: int | None = None) -> bytes:
    """The zip; habits are followed back to `since_ms`, or as far as the sandbox knows them.

    The sandbox's lock is only held to look at the plays: a long past takes a while to write down.
    """
    rng = Random(f"export/{state.seed}/{listener.id}")
    plays = _known(state, listener) + list(_before(state, listener, since_ms))
    rows = [
        row
        for play in sorted(plays, key=lambda play: play.key)
        if (row := _row(rng, listener, play)) is not None
    ]
    rows += rng.sample(rows, len(rows) // 400)
    # Out of order, though files still follow each other roughly.
    order = sorted(range(len(rows)), key=lambda index: rows[index]["ts"][:7] + str(rng.random()))
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as bundle:
        bundle.writestr(f"{FOLDER}/ReadMeFirst_ExtendedStreamingHistory.pdf", README)
        for number, start in enumerate(range(0, len(order), ROWS_PER_FILE)):
            part = [rows[index] for index in order[start : start + ROWS_PER_FILE]]
            years = sorted({row["ts"][:4] for row in part})
            span = years[0] if len(years) == 1 else f"{years[0]}-{years[-1]}"
            name = f"{FOLDER}/Streaming_History_Audio_{span}_{number}.json"
            bundle.writestr(name, orjson.dumps(part, option=orjson.OPT_INDENT_2))
    return buffer.getvalue()


def _known(state: SandboxState, listener: Listener) -> list[Play]:
    """Everything that was played by now, known to the API or not."""
    with state.lock:
        now = state.clock.now_ms()
        return [play for play in state.heard(listener).plays() if play.played_at <= now]


def _before(state: SandboxState, listener: Listener, since_ms: int | None) -> Iterator[Play]:
    """What was played before the sandbox met somebody."""
    if since_ms is None or listener.first_day is None:
        return
    day: date = to_datetime(since_ms).astimezone(listener.tz).date()
    while day < listener.first_day:
        habit = HABITS[listener.habit]
        yield from day_plays(state.seed, listener.id, habit, listener.tz, day, state.catalog)
        day += timedelta(days=1)


def _row(rng: Random, listener: Listener, play: Play) -> dict[str, Any] | None:
    """One row, or None for a play of nothing."""
    if play.track is None:
        return None
    # The end in whole seconds; now and then off by a few, as two clocks are.
    end = play.played_at // 1000 + rng.choice((0, 0, 0, 0, 1, 1, 2, -1, 5))
    ts = to_datetime(end * 1000)
    podcast = play.hidden == "podcast"
    track, album = play.track, play.track.album
    row: dict[str, Any] = {
        "ts": ts.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": rng.choice(PLATFORMS),
        "ms_played": play.ms_played,
        "conn_country": rng.choice((listener.country,) * 12 + ("ZZ", "")),
        "master_metadata_track_name": None if podcast else track.name,
        "master_metadata_album_artist_name": None if podcast else album.artists[0].name,
        "master_metadata_album_album_name": None if podcast else album.name,
        "spotify_track_uri": None if podcast else f"spotify:track:{track.id}",
        "episode_name": f"Episode {track.number}: {track.name}" if podcast else None,
        "episode_show_name": f"{track.artists[0].name} talks" if podcast else None,
        "spotify_episode_uri": (
            f"spotify:episode:{base62('episode', track.id)}" if podcast else None
        ),
        "reason_start": rng.choice(("trackdone", "fwdbtn", "clickrow", "playbtn", "remote")),
        "reason_end": "fwdbtn" if play.skipped else "trackdone",
        "shuffle": play.shuffle,
        "skipped": play.skipped,
        "offline": play.offline,
        "offline_timestamp": _offline_timestamp(rng, play, end),
        "incognito_mode": play.hidden == "private",
    }
    if ts.year >= 2025:
        row |= dict.fromkeys(
            ("audiobook_title", "audiobook_uri", "audiobook_chapter_uri",
             "audiobook_chapter_title")
        )  # fmt: skip
    if ts.year >= 2024:
        row["ip_addr"] = f"203.0.113.{rng.randrange(256)}"
    else:
        row |= {
            "username": listener.id, "ip_addr_decrypted": "2001:db8::7",
            "user_agent_decrypted": "unknown", "skipped": play.skipped or None,
            "incognito_mode": None if not row["incognito_mode"] else True,
        }  # fmt: skip
    return row


def _offline_timestamp(rng: Random, play: Play, end: int) -> int | None:
    """Seconds, milliseconds, nought or nothing; offline it is the start of the play."""
    start = end - play.ms_played // 1000
    if play.offline:
        return start if rng.random() < 0.5 else start * 1000
    return rng.choice((None, 0, start - rng.randrange(90_000), start * 1000))
