"""The tables that signing in and polling need."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


def up(migrator, db):
    # Frozen copies: later changes to the models must not change what this migration made.
    class Base(Model):
        class Meta:
            database = db

    class User(Base):
        spotify_account_id = TextField(unique=True, null=True)
        spotify_id = TextField(null=True)
        display_name = TextField(null=True)
        email = TextField(null=True, index=True)
        email_verified_at = BigIntegerField(null=True)
        timezone = TextField()
        tier = TextField()
        founding_number = IntegerField(unique=True, null=True)
        minute_offset = SmallIntegerField()
        preferences = TextField()
        is_operator = BooleanField()
        session_key = TextField(unique=True)
        created_at = BigIntegerField()

        class Meta:
            table_name = "users"

    class SpotifyApp(Base):
        owner = ForeignKeyField(User, null=True, on_delete="CASCADE")
        client_id = TextField(unique=True)
        secret_sealed = TextField()
        mode = TextField()
        seats = IntegerField(null=True)
        blocked_until = BigIntegerField()
        block_reason = TextField(null=True)
        batch_ok = BooleanField(null=True)
        created_at = BigIntegerField()

        class Meta:
            table_name = "spotify_apps"

    class Connection(Base):
        user = ForeignKeyField(User, primary_key=True, on_delete="CASCADE")
        app = ForeignKeyField(SpotifyApp)
        status = TextField()
        scope = TextField()
        access_sealed = TextField()
        access_expires_at = BigIntegerField()
        refresh_sealed = TextField()
        authorized_at = BigIntegerField()
        reauth_due_at = BigIntegerField()
        next_poll_at = BigIntegerField(index=True)
        lease_until = BigIntegerField()
        fence = IntegerField()
        unfinished_claims = SmallIntegerField()
        last_polled_at = BigIntegerField(null=True)
        last_success_at = BigIntegerField(null=True)
        newest_play_at = BigIntegerField(null=True)
        plays_per_hour = FloatField()
        plays_archived = IntegerField()
        consecutive_failures = IntegerField()
        last_failure_type = TextField(null=True)
        last_failed_at = BigIntegerField(null=True)
        circuit_open_until = BigIntegerField()
        auth_notification_count = SmallIntegerField()
        last_notification_sent = BigIntegerField(null=True)

        class Meta:
            table_name = "connections"

    class Artist(Base):
        spotify_id = TextField(unique=True, null=True)
        name = TextField()

        class Meta:
            table_name = "artists"

    class Album(Base):
        spotify_id = TextField(unique=True, null=True)
        name = TextField()
        album_type = TextField(null=True)
        release_date = TextField(null=True)
        release_date_precision = TextField(null=True)
        total_tracks = IntegerField(null=True)
        image_url = TextField(null=True)

        class Meta:
            table_name = "albums"

    class Track(Base):
        spotify_id = TextField(unique=True, null=True)
        kind = TextField()
        name = TextField()
        album = ForeignKeyField(Album, null=True)
        duration_ms = IntegerField(null=True)
        explicit = BooleanField(null=True)
        isrc = TextField(null=True)
        disc_number = SmallIntegerField(null=True)
        track_number = SmallIntegerField(null=True)

        class Meta:
            table_name = "tracks"

    class TrackArtist(Base):
        track = ForeignKeyField(Track, on_delete="CASCADE")
        position = SmallIntegerField()
        artist = ForeignKeyField(Artist)

        class Meta:
            table_name = "track_artists"
            primary_key = CompositeKey("track", "position")

    class Play(Base):
        # The primary key begins with the user, so an index of its own would be dead weight.
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        played_at = BigIntegerField()
        track = ForeignKeyField(Track, index=False)
        source = SmallIntegerField()
        ms_played = IntegerField(null=True)
        context = TextField(null=True)
        flags = SmallIntegerField(null=True)
        reason_start = TextField(null=True)
        reason_end = TextField(null=True)
        platform = TextField(null=True)
        country = TextField(null=True)
        import_id = IntegerField(null=True)

        class Meta:
            table_name = "plays"
            primary_key = CompositeKey("user", "played_at", "track")
            without_rowid = "sqlite" in type(db).__name__.lower()

    class UnreadablePlay(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", index=False)
        digest = TextField()
        reason = TextField()
        item = TextField()
        seen_at = BigIntegerField()

        class Meta:
            table_name = "unreadable_plays"
            primary_key = CompositeKey("user", "digest")

    db.create_tables(
        [User, SpotifyApp, Connection, Artist, Album, Track, TrackArtist, Play, UnreadablePlay]
    )
    if "sqlite" not in type(db).__name__.lower():
        # Rows that change with every poll: room on the page keeps those updates in place.
        db.execute_sql("ALTER TABLE connections SET (fillfactor = 70)")
