"""The catalog moves from rows into compressed blocks; stopped at any moment it goes on from there.

Portions are copied while the release before this one goes on polling into the old tables. Only the
last step, with what came meanwhile, locks them. What Spotify changes about a track after it was
copied is noticed by the next poll, whose digest differs.

The blocks and buckets are made by the package (their format 1 is for ever), all else stands here.
"""

from contextlib import contextmanager

from peewee import (
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    SqliteDatabase,
)

from audiospective.history.catalog import buckets, packing
from audiospective.history.catalog.buckets import Bucket, Family, Found
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.entries import Album, Artist, Kind, Track

atomic = False
PORTION = 5_000  # rows a transaction
NAMES = 1_000_000  # held in memory at once while the index is made
TURN = 0x43415441  # the lock that the old release takes to write the catalog

ARTISTS = "SELECT id, spotify_id, name FROM artists WHERE id >= {0} ORDER BY id LIMIT {0}"
ALBUMS = """
SELECT l.id, l.spotify_id, l.name, l.album_type, l.release_date, l.release_date_precision,
    l.total_tracks, l.image_url,
    (SELECT a.name FROM tracks t JOIN track_artists c ON c.track_id = t.id AND c.position = 0
        JOIN artists a ON a.id = c.artist_id WHERE t.album_id = l.id ORDER BY t.id LIMIT 1)
FROM albums l WHERE l.id >= {0} ORDER BY l.id LIMIT {0}
"""
TRACKS = """
SELECT t.id, t.spotify_id, t.name, t.kind, t.album_id, t.duration_ms, t.explicit, t.isrc,
    t.disc_number, t.track_number, t.facts, a.name, l.name
FROM tracks t LEFT JOIN albums l ON l.id = t.album_id
    LEFT JOIN track_artists c ON c.track_id = t.id AND c.position = 0
    LEFT JOIN artists a ON a.id = c.artist_id
WHERE t.id >= {0} ORDER BY t.id LIMIT {0}
"""
CREDITS = """
SELECT track_id, artist_id FROM track_artists WHERE track_id >= {0} AND track_id <= {0}
ORDER BY track_id, position
"""


class ProofError(Exception):
    """What was copied does not read back as it was."""


def up(migrator, db):
    if not db.table_exists("tracks"):  # stopped after the last step, before it was noted
        return
    make_tables(db)
    copy = Copy(db)
    while copy.portion():
        pass
    copy.index()
    with copy.alone():
        while copy.portion(late=True):
            pass
        copy.finish()


def make_tables(db):
    class Base(Model):
        class Meta:
            database = db

    class CatalogBlock(Base):
        id = BigIntegerField(primary_key=True)
        count = SmallIntegerField()
        numbers = BlobField()
        facts = BlobField()

        class Meta:
            table_name = "catalog_blocks"

    class OpenBlock(Base):
        id = BigIntegerField(primary_key=True)
        count = SmallIntegerField()
        numbers = BlobField()
        facts = BlobField()

        class Meta:
            table_name = "catalog_open"

    class CatalogBucket(Base):
        id = BigIntegerField(primary_key=True)
        packed = BlobField()

        class Meta:
            table_name = "catalog_buckets"

    class CatalogState(Base):
        version = IntegerField()
        next_artist = IntegerField()
        next_album = IntegerField()
        next_track = IntegerField()
        open_artists = IntegerField()
        open_albums = IntegerField()
        open_tracks = IntegerField()
        other_buckets = IntegerField()
        other_names = IntegerField()
        track_buckets = IntegerField()
        track_names = IntegerField()

        class Meta:
            table_name = "catalog_state"

    class CatalogAlias(Base):
        kind = SmallIntegerField()
        id = IntegerField()
        target = IntegerField()

        class Meta:
            table_name = "catalog_aliases"
            primary_key = CompositeKey("kind", "id")

    class CondemnedTrack(Base):
        track = IntegerField(primary_key=True)
        since = BigIntegerField()

        class Meta:
            table_name = "condemned_tracks"

    with db.atomic():
        db.create_tables(
            [CatalogBlock, OpenBlock, CatalogBucket, CatalogState, CatalogAlias, CondemnedTrack]
        )
        if not CatalogState.select().exists():
            CatalogState.create(
                id=1, version=1, next_artist=1, next_album=1, next_track=1,
                open_artists=0, open_albums=0, open_tracks=0,
                other_buckets=0, other_names=0, track_buckets=0, track_names=0,
            )  # fmt: skip
        if not isinstance(db, SqliteDatabase):
            tune(db)


def tune(db):
    # Two blocks fill a page, and stay in it: what is compressed already is not tried again.
    blobs = {
        "catalog_blocks": ("numbers", "facts"),
        "catalog_open": ("numbers", "facts"),
        "catalog_buckets": ("packed",),
    }
    for table, columns in blobs.items():
        db.execute_sql(f"ALTER TABLE {table} SET (toast_tuple_target = 8160)")
        for column in columns:
            db.execute_sql(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
    # Open blocks come and go, buckets are rewritten: freed space is found again soon.
    for table, share in (
        ("catalog_blocks", 0.02),
        ("catalog_open", 0.2),
        ("catalog_buckets", 0.05),
    ):
        db.execute_sql(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = {share})")
    db.execute_sql("ALTER TABLE catalog_buckets SET (fillfactor = 90)")


class Copy:
    def __init__(self, db):
        self.db = db
        self.sqlite = isinstance(db, SqliteDatabase)
        self.mark = "?" if self.sqlite else "%s"

    def run(self, query, *values):
        return self.db.execute_sql(query.format(self.mark), values)

    def state(self, *names):
        return self.run(f"SELECT {', '.join(names)} FROM catalog_state").fetchone()

    def set(self, **values):
        settings = ", ".join(f"{name} = {{0}}" for name in values)
        self.run(f"UPDATE catalog_state SET {settings}", *values.values())

    @contextmanager
    def writing(self):
        with self.db.atomic("IMMEDIATE") if self.sqlite else self.db.atomic():
            yield

    def portion(self, late=False):
        """Copy and prove the next rows of each kind; False when there are none."""
        more = False
        for kind in Kind:
            word = kind.name.lower()
            with self.writing():
                (start,) = self.state(f"next_{word}")
                found = self.rows(kind, start, PORTION)
                if not found:
                    continue
                more = True
                end = found[-1][0] + 1
                entries = [None] * (end - start) if end - start < 50 * PORTION else None
                self.write(kind, start, found, entries)
                self.set(**{f"next_{word}": end})
                if late:
                    self.add_names(found)
        return more

    def rows(self, kind, start, limit):
        """(id, entry, its names with ids and checks) of a kind from an id on."""
        return {Kind.ARTIST: self.artists, Kind.ALBUM: self.albums, Kind.TRACK: self.tracks}[kind](
            start, limit
        )

    def artists(self, start, limit):
        return [
            (one, Artist(spotify_id, name), [
                *named(Kind.ARTIST, one, spotify_id),
                (buckets.by_words(Kind.ARTIST, name, None), Found(one, 0)),
            ])
            for one, spotify_id, name in self.run(ARTISTS, start, limit).fetchall()
        ]  # fmt: skip

    def albums(self, start, limit):
        return [
            (one, Album(spotify_id, name, *facts), [
                *named(Kind.ALBUM, one, spotify_id),
                (buckets.by_words(Kind.ALBUM, name, artist), Found(one, 0)),
            ])
            for one, spotify_id, name, *facts, artist in self.run(ALBUMS, start, limit).fetchall()
        ]  # fmt: skip

    def tracks(self, start, limit):
        rows = self.run(TRACKS, start, limit).fetchall()
        if not rows:
            return []
        credited: dict[int, list[int]] = {}
        for track, artist in self.run(CREDITS, rows[0][0], rows[-1][0]).fetchall():
            credited.setdefault(track, []).append(artist)
        found = []
        for (one, spotify_id, name, kind, album, duration, explicit, isrc, disc, place, facts,
             artist, record) in rows:  # fmt: skip
            entry = Track(
                spotify_id, name, kind, album, tuple(credited.get(one, ())), duration,
                None if explicit is None else bool(explicit), isrc, disc, place,
                described=facts is not None,
            )  # fmt: skip
            if spotify_id is None:
                said = buckets.by_words(Kind.TRACK, None, kind, name, artist, record)
                names = [(said, Found(one, said.check))]
            else:
                digest = 0 if facts is None else facts & 0xFFFFFF or 1
                names = [(buckets.by_id(Kind.TRACK, spotify_id), Found(one, digest))]
            found.append((one, entry, names))
        return found

    def write(self, kind, start, found, entries):
        if entries is None:  # ids with holes wider than anything that happens by itself
            parts = [(one, [entry]) for one, entry, _ in found]
        else:
            for one, entry, _ in found:
                entries[one - start] = entry
            parts = [(start, entries)]
        made = [block for first, run in parts for block in packing.blocks(kind, first, run)]
        for block in made:
            self.run("INSERT INTO catalog_blocks (id, count, numbers, facts)"
                " VALUES ({0}, {0}, {0}, {0})",
                     block.key, block.count, block.numbers, block.facts)  # fmt: skip
        self.prove(kind, made, {one: entry for one, entry, _ in found})

    def prove(self, kind, made, wanted):
        read: dict[int, object] = {}
        for block in made:
            count, numbers, facts = self.run(
                "SELECT count, numbers, facts FROM catalog_blocks WHERE id = {0}", block.key
            ).fetchone()
            opened = Block(kind, count, bytes(numbers), bytes(facts))
            read |= {block.first + place: entry for place, entry in enumerate(opened)
                     if entry is not None}  # fmt: skip
        if read != wanted:
            raise ProofError(f"{kind.name} {min(wanted)} to {max(wanted)} read back changed")

    def index(self):
        """Write the index of everything copied so far, in as many passes as memory wants."""
        counts = dict.fromkeys(Family, 0)
        for _, names in self.all_names():
            for name, _ in names:
                counts[name.family] += 1
        many = {family: buckets.wanted(family, counts[family], buckets.FEWEST) for family in Family}
        passes = 1 + sum(counts.values()) // NAMES
        with self.writing():
            self.run("DELETE FROM catalog_buckets")
            for turn in range(passes):
                made = {}
                for _, names in self.all_names():
                    for name, found in names:
                        number = buckets.bucket_of(name, many[name.family])
                        if number % passes != turn:
                            continue
                        key = buckets.key_of(name.family, number)
                        if key not in made:
                            made[key] = Bucket(name.family, number)
                        made[key].add(name, found)
                self.put_buckets(made)
            self.set(
                other_buckets=many[Family.OTHERS], other_names=counts[Family.OTHERS],
                track_buckets=many[Family.TRACKS], track_names=counts[Family.TRACKS],
            )  # fmt: skip

    def all_names(self):
        for kind in Kind:
            (end,) = self.state(f"next_{kind.name.lower()}")
            start = 1
            while found := [row for row in self.rows(kind, start, PORTION) if row[0] < end]:
                yield from ((one, names) for one, _, names in found)
                start = found[-1][0] + 1

    def put_buckets(self, made):
        for key, bucket in sorted(made.items()):
            self.run("DELETE FROM catalog_buckets WHERE id = {0}", key)
            self.run("INSERT INTO catalog_buckets (id, packed) VALUES ({0}, {0})",
                     key, bucket.packed())  # fmt: skip

    def add_names(self, found):
        others, other_names, tracks, track_names = self.state(
            "other_buckets", "other_names", "track_buckets", "track_names"
        )
        many = {Family.OTHERS: others, Family.TRACKS: tracks}
        counts = {Family.OTHERS: other_names, Family.TRACKS: track_names}
        made = {}
        for name, one in (pair for _, _, names in found for pair in names):
            number = buckets.bucket_of(name, many[name.family])
            key = buckets.key_of(name.family, number)
            if key not in made:
                row = self.run("SELECT packed FROM catalog_buckets WHERE id = {0}", key).fetchone()
                made[key] = Bucket(name.family, number, bytes(row[0]) if row else b"")
            made[key].add(name, one)
            counts[name.family] += 1
        self.put_buckets(made)
        self.set(other_names=counts[Family.OTHERS], track_names=counts[Family.TRACKS])

    @contextmanager
    def alone(self):
        """A transaction in which nobody else writes plays or the catalog."""
        with self.writing():
            if not self.sqlite:
                self.run("SELECT pg_advisory_xact_lock({0}, 0)", TURN)
                # Plays first, as polls do: who waits for the other is always the same.
                self.run(
                    "LOCK TABLE plays, tracks, track_artists, albums, artists"
                    " IN ACCESS EXCLUSIVE MODE"
                )
            yield

    def finish(self):
        (version,) = self.run("SELECT MAX(version) FROM catalog_version").fetchone()
        self.set(version=(version or 0) + 1)
        if self.sqlite:
            without_reference(self.db, "plays", "tracks")
        ending = "" if self.sqlite else " CASCADE"  # the reference from plays goes with it
        for table in ("track_artists", "tracks", "albums", "artists", "catalog_version"):
            self.run(f"DROP TABLE {table}{ending}")


def named(kind, one, spotify_id):
    return [] if spotify_id is None else [(buckets.by_id(kind, spotify_id), Found(one, 0))]


def without_reference(db, table, other):
    """SQLite takes a reference from a table only by making it anew."""
    (made,) = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    indexes = db.execute_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = 'index' AND sql IS NOT NULL",
        (table,),
    ).fetchall()
    start = made.index(f', FOREIGN KEY ("track_id") REFERENCES "{other}"')
    end = made.index(")", made.index(")", start) + 1) + 1
    ending = made[end:]
    fresh = made[:start] + ending
    fresh = fresh.replace(f'"{table}"', f'"{table}_new"', 1)
    db.execute_sql(fresh)
    db.execute_sql(f"INSERT INTO {table}_new SELECT * FROM {table}")
    db.execute_sql(f"DROP TABLE {table}")
    db.execute_sql(f"ALTER TABLE {table}_new RENAME TO {table}")
    for (index,) in indexes:
        db.execute_sql(index)
