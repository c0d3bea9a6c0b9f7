"""Catalog objects and history items as the Web API writes them."""

from typing import Any

import orjson

from audiospective.sandbox.catalog import Album, Artist, Track
from audiospective.sandbox.clock import iso
from audiospective.sandbox.ids import base62
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.plays import UNSET, Play

Object = dict[str, Any]
# Codes, not places: the real list holds 180 and more countries and is most of the payload.
MARKETS = [a + b for a in "ABCDEFGHILMNPRSTUVZ" for b in "AEGILMNRTZ"]
SIZES = ((640, "b273"), (300, "1e02"), (64, "4851"))


class Writer:
    """Writes objects for one app mode; every catalog object is encoded once and kept.

    `base` is the sandbox's own address, used in `href` and for cover art.
    """

    def __init__(self, base: str, extended: bool) -> None:
        self.base = base
        self.extended = extended
        self._tracks: dict[str, orjson.Fragment] = {}

    def track_json(self, track: Track) -> orjson.Fragment:
        """A full track with its simplified album, encoded."""
        found = self._tracks.get(track.id)
        if found is None:
            found = self._tracks[track.id] = orjson.Fragment(orjson.dumps(self.track(track)))
        return found

    def item(self, play: Play) -> Any:
        """One entry of the listening history, ready for orjson."""
        if play.raw is not UNSET:
            return play.raw
        return {
            "track": None if play.track is None else self.track_json(play.track),
            "played_at": iso(play.played_at),
            "context": play.context,
        }

    def track(self, track: Track) -> Object:
        """A full track object."""
        return {"album": self.album(track.album), **self.simple_track(track),
                "external_ids": {"isrc": track.isrc},
                **({"popularity": track.popularity} if self.extended else {})}  # fmt: skip

    def simple_track(self, track: Track) -> Object:
        """A track as an album lists it."""
        found: Object = {
            "artists": [self.simple_artist(artist) for artist in track.artists],
            "disc_number": 1,
            "duration_ms": track.duration_ms,
            "explicit": track.explicit,
            "is_local": False,
            "name": track.name,
            "track_number": track.number,
            **self._common("track", track.id),
        }
        if self.extended:
            found |= {"available_markets": MARKETS, "preview_url": None}
        return found

    def album(self, album: Album) -> Object:
        """A simplified album."""
        found: Object = {
            "album_type": album.kind,
            "artists": [self.simple_artist(artist) for artist in album.artists],
            "images": [
                {"url": f"{self.base}/image/ab67616d0000{mark}{album.id}",
                 "height": size, "width": size}
                for size, mark in SIZES
            ],
            "name": album.name,
            "release_date": album.release_date,
            "release_date_precision": album.precision,
            "total_tracks": len(album.tracks),
            **self._common("album", album.id),
        }  # fmt: skip
        if self.extended:
            found["available_markets"] = MARKETS
        return found

    def full_album(self, album: Album) -> Object:
        """An album with its tracks."""
        tracks = [self.simple_track(track) for track in album.tracks]
        found = self.album(album) | {
            "copyrights": [{"text": f"℗ {album.release_date[:4]} Sandbox Pressings", "type": "P"}],
            "external_ids": {"upc": album.upc},
            "genres": [],
            "tracks": {
                "href": f"{self.base}/v1/albums/{album.id}/tracks?offset=0&limit=50",
                "items": tracks, "limit": 50, "next": None, "offset": 0, "previous": None,
                "total": len(tracks),
            },
        }  # fmt: skip
        if self.extended:
            found |= {"label": "Sandbox Pressings", "popularity": album.popularity}
        return found

    def simple_artist(self, artist: Artist) -> Object:
        """An artist as tracks and albums name it."""
        return {"name": artist.name, **self._common("artist", artist.id)}

    def artist(self, artist: Artist) -> Object:
        """A full artist."""
        found = self.simple_artist(artist) | {
            "genres": [],
            "images": [
                {"url": f"{self.base}/image/ab6761610000{mark}{artist.id}",
                 "height": size, "width": size}
                for size, mark in SIZES
            ],
        }  # fmt: skip
        if self.extended:
            found |= {
                "followers": {"href": None, "total": artist.popularity * 1311},
                "popularity": artist.popularity,
            }
        return found

    def profile(self, listener: Listener, scopes: set[str]) -> Object:
        """The owner of a token, with what the mode and the scopes allow."""
        found: Object = {
            "account_id": listener.account_id,
            "display_name": listener.display_name,
            "external_urls": {"spotify": f"https://open.spotify.com/user/{listener.id}"},
            "href": f"{self.base}/v1/users/{listener.id}",
            "id": listener.id,
            "images": [],
            "type": "user",
            "uri": f"spotify:user:{listener.id}",
        }
        if listener.has_image:
            url = f"{self.base}/image/ab6775700000ee85{base62(listener.id)}"
            found["images"] = [{"url": url, "height": 300, "width": 300}]
        if self.extended:
            found["followers"] = {"href": None, "total": len(listener.id)}
            if "user-read-email" in scopes:
                found["email"] = listener.email
            if "user-read-private" in scopes:
                found |= {
                    "country": listener.country,
                    "product": listener.product,
                    "explicit_content": {"filter_enabled": False, "filter_locked": False},
                }
        return found

    def _common(self, kind: str, id: str) -> Object:
        return {
            "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{id}"},
            "href": f"{self.base}/v1/{kind}s/{id}",
            "id": id,
            "type": kind,
            "uri": f"spotify:{kind}:{id}",
        }
