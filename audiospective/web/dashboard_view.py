"""What the dashboard shows, as plain values: the state of the archive in words, and plays."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One piece of Spotify's catalog as it is listed; `by` joins the artists."""

    title: str
    by: str
    cover_url: str | None
    spotify_url: str | None
