"""The hot tail of the archive."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from audiospective.models.base import Row
from audiospective.models.users import User

FROM_POLL = 1
FROM_IMPORT = 2
FROM_BOTH = 3
# The bit in `seen` of what a player or scrobbler sends; those of files: imports.source_bits.
SENT_LIVE = 1 << 18


class Play(Row):
    """One play; `played_at` is when it ended, in UTC milliseconds (a plain number, for speed).

    The key is what makes a second poll of the same window harmless.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    played_at = BigIntegerField()
    track = IntegerField(column_name="track_id")  # of the catalog
    source = SmallIntegerField(default=FROM_POLL)
    ms_played = IntegerField(null=True)  # imports only: Spotify's API does not tell
    context = TextField(null=True)  # Spotify URI of the playlist, album, artist, collection
    flags = SmallIntegerField(null=True)  # see docs/archive-format.md
    reason_start = TextField(null=True)
    reason_end = TextField(null=True)
    platform = TextField(null=True)
    country = TextField(null=True)
    import_id = IntegerField(null=True)  # the import whose facts these are
    timing = SmallIntegerField(null=True)  # policy.timing; null: its end, to the millisecond
    seen = IntegerField(null=True)  # bits of the imported sources that tell of it

    class Meta:
        table_name = "plays"
        primary_key = CompositeKey("user", "played_at", "track")
        without_rowid = True
