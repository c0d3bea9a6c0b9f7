"""A small good file of each source and shape, made of the factories of their tests."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.imports.reading_files import as_json, zipped
from tests.imports.sources import (
    test_apple_music,
    test_audiospective,
    test_deezer,
    test_lastfm,
    test_listenbrainz,
    test_maloja_and_koito,
    test_scrobblers,
    test_servers,
    test_spotify_account,
    test_spotify_extended,
    test_tidal,
    test_youtube_music,
)

AT = test_lastfm.UTS


def _spotify() -> dict[str, bytes]:
    row, nameless = test_spotify_extended.row, test_spotify_extended.nameless
    rows = [row(), nameless(), row(offline=True), nameless(episode_name="E"), row(ms_played=0)]
    return {"endsong_0.json": as_json(rows)}


def _navidrome() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        rows = test_servers.scrobbles(*(("m", "1", AT + n * 300) for n in range(5)))
        return {"navidrome.db": test_servers.database(Path(folder), rows)}


def _log() -> dict[str, bytes]:
    return test_scrobblers.log(*(test_scrobblers.played(AT + n * 300) for n in range(5)))


def _pano() -> dict[str, bytes]:
    lines = [test_scrobblers.pano_line(timeMs=(AT + n * 300) * 1000) for n in range(5)]
    return {"pano.jsonl": "\n".join(lines).encode()}


def _your_spotify() -> dict[str, bytes]:
    return {
        "infos.json": test_servers.lines(*[test_servers.info()] * 5),
        **test_servers.COLLECTIONS,
    }


def _table(header: str, line: str) -> dict[str, bytes]:
    return {"plays.csv": "\n".join([header, *[line] * 5]).encode()}


SAMPLES: dict[str, dict[str, bytes]] = {
    "spotify_extended": _spotify(),
    "spotify_account": {"StreamingHistory_music_0.json": as_json([test_spotify_account.row()] * 5)},
    **{
        f"lastfm {shape}": {name: content.encode()}
        for shape, (name, content) in test_lastfm.SHAPES.items()
    },
    "listenbrainz": test_listenbrainz.months(
        test_listenbrainz.listen(), test_listenbrainz.listen()
    ),
    "listenbrainz list": {"lb.json": as_json([test_listenbrainz.listen()] * 5)},
    "apple_music": {
        **test_apple_music.SIDES,
        **test_apple_music.activity(*[test_apple_music.event()] * 5),
    },
    "youtube_music": {"watch-history.json": as_json(test_youtube_music.history())},
    "maloja": test_maloja_and_koito.maloja(*[test_maloja_and_koito.scrobble()] * 5),
    "koito": test_maloja_and_koito.koito(),
    "your_spotify": _your_spotify(),
    "deezer": test_deezer.deezer(*[test_deezer.row()] * 5),
    "tidal": test_tidal.tidal(*[test_tidal.line()] * 5),
    "pano": _pano(),
    "scrobbler_log": _log(),
    "librefm": _table("Artist,Track,Album,Time", f"Ann,Slack Water,Quay,{AT}"),
    "navidrome": _navidrome(),
    "audiospective": test_audiospective.document(*[test_audiospective.ROW] * 5),
    "jellyfin": _table(
        test_servers.JELLYFIN, "2023-11-04 22:00:00,u,i,Audio,Ann - Slack Water,x,Web,x,200"
    ),
    "generic_csv": _table("played_at,title,artist", "2023-11-04 22:00,Slack Water,Ann"),
}
ZIPPED = {name: {"upload.zip": zipped(files)} for name, files in SAMPLES.items()}
