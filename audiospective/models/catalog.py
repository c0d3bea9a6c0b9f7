"""The catalog: artists, albums and tracks, each stored once."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from audiospective.models.base import Row


class Artist(Row):
    """`spotify_id` is null where only an import named the artist."""

    spotify_id = TextField(unique=True, null=True)
    name = TextField()

    class Meta:
        table_name = "artists"


class Album(Row):
    """`release_date` is text, as precise as `release_date_precision` (year, month, day)."""

    spotify_id = TextField(unique=True, null=True)
    name = TextField()
    album_type = TextField(null=True)
    release_date = TextField(null=True)
    release_date_precision = TextField(null=True)
    total_tracks = IntegerField(null=True)
    image_url = TextField(null=True)  # on Spotify's image host; pictures are never copied

    class Meta:
        table_name = "albums"


class Track(Row):
    """A track, episode or chapter; everything but the name may be unknown."""

    spotify_id = TextField(unique=True, null=True)
    kind = TextField(default="track")
    name = TextField()
    album = ForeignKeyField(Album, null=True, backref="tracks")
    duration_ms = IntegerField(null=True)
    explicit = BooleanField(null=True)
    isrc = TextField(null=True)
    disc_number = SmallIntegerField(null=True)
    track_number = SmallIntegerField(null=True)
    facts = BigIntegerField(null=True)  # digest of what Spotify last said; null: an import's word

    class Meta:
        table_name = "tracks"


class TrackArtist(Row):
    """Who plays on a track, in Spotify's order (position 0 first)."""

    track = ForeignKeyField(Track, on_delete="CASCADE", backref="credits")
    position = SmallIntegerField()
    artist = ForeignKeyField(Artist, backref="credits")

    class Meta:
        table_name = "track_artists"
        primary_key = CompositeKey("track", "position")


class TrackLink(Row):
    """A track's Spotify id that stands for another one, or for which another one stands."""

    spotify_id = TextField(primary_key=True)
    stands_for = TextField()  # one Spotify id for all that stand for each other

    class Meta:
        table_name = "track_links"


class CatalogVersion(Row):
    """One row; its number rises whenever a known track changes album or artist."""

    version = IntegerField(default=0)

    class Meta:
        table_name = "catalog_version"
