"""The catalog: artists, albums and tracks in compressed blocks, and the index of their names.

What stands in the blobs is described in docs/archive-format.md; only history/catalog reads them.
"""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from audiospective.models.base import InstantField, Row


class CatalogBlock(Row):
    """A run of entries; its key is the kind (1 artists, 2 albums, 3 tracks) << 32 | its first id.

    An entry is in the last block that begins at or before it.
    """

    id = BigIntegerField(primary_key=True)
    count = SmallIntegerField()
    numbers = BlobField()
    facts = BlobField()

    class Meta:
        table_name = "catalog_blocks"


class OpenBlock(Row):
    """A small block of new entries, until enough of them make a large one.

    They come and go in a table of their own, so that large blocks stand close to each other.
    """

    id = BigIntegerField(primary_key=True)
    count = SmallIntegerField()
    numbers = BlobField()
    facts = BlobField()

    class Meta:
        table_name = "catalog_open"


class CatalogBucket(Row):
    """Names of one bucket of the index, with the ids that they stand for."""

    id = BigIntegerField(primary_key=True)
    packed = BlobField()

    class Meta:
        table_name = "catalog_buckets"


class CatalogState(Row):
    """One row: the next ids, how much stands in open blocks, the size of the index.

    Whoever writes the catalog holds this row. `version` rises whenever a fact of a known track
    or album changes that figures depend on; names do not count.
    """

    version = IntegerField()
    next_artist = IntegerField()
    next_album = IntegerField()
    next_track = IntegerField()
    open_artists = IntegerField()  # bytes of open blocks
    open_albums = IntegerField()
    open_tracks = IntegerField()
    other_buckets = IntegerField()
    other_names = IntegerField()
    track_buckets = IntegerField()
    track_names = IntegerField()
    words = BigIntegerField(default=0)  # CatalogWords that large blocks are deflated with; 0: none

    class Meta:
        table_name = "catalog_state"


class CatalogWords(Row):
    """Words that names are deflated with; `id` is their CRC-32. Without them blocks are lost."""

    id = BigIntegerField(primary_key=True)
    words = BlobField()

    class Meta:
        table_name = "catalog_words"


class CatalogAlias(Row):
    """An entry that turned out to be another: `kind` and `id` stand for `target` of that kind."""

    kind = SmallIntegerField()
    id = IntegerField()
    target = IntegerField()

    class Meta:
        table_name = "catalog_aliases"
        primary_key = CompositeKey("kind", "id")


class CondemnedTrack(Row):
    """A track to which no play referred any more at `since`; it goes if that stays so."""

    track = IntegerField(primary_key=True)
    since = InstantField()

    class Meta:
        table_name = "condemned_tracks"


class TrackLink(Row):
    """A track's Spotify id that stands for another one, or for which another one stands."""

    spotify_id = TextField(primary_key=True)
    stands_for = TextField()  # one Spotify id for all that stand for each other

    class Meta:
        table_name = "track_links"
