"""A bundle that comes back gives the archive that it was made of; a hostile one is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
import polars as pl
import pytest

from audiospective import clock, history, models
from audiospective.clients.recently_played import read_page
from audiospective.history import append, integrity, removal, segment
from audiospective.imports import reconcile, rounds, uploads
from audiospective.imports.findings import Findings
from audiospective.imports.restore import files, writing
from audiospective.models import Import, RemovedPlay, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, FAILED, REVIEW, UNDONE
from audiospective.policy.timing import Timing
from audiospective.services import Services
from tests.exports.making import archive, imported, polled, song
from tests.history.making import person
from tests.imports.importing import (
    done,
    lastfm_file,
    reviewed,
    spotify_file,
    spotify_row,
    undone,
    worked,
)
from tests.imports.restore import archives


@pytest.fixture
def alice(services: Services) -> User:
    return archives.full()


@pytest.fixture
def bundle(alice: User, tmp_path: Path) -> bytes:
    return archives.bundle(alice, tmp_path / "bundle").read_bytes()


@pytest.fixture
def newcomer(services: Services) -> User:
    return User.get_by_id(person("newcomer"))


@pytest.fixture(scope="module")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, migrate: Callable[[str], None]
) -> tuple[bytes, pl.DataFrame, Any]:
    """The bundle of another instance, and what it was made of."""
    folder = tmp_path_factory.mktemp("elsewhere")
    url = f"sqlite:///{folder / 'archive.db'}"
    migrate(url)
    models.bind(url)
    with models.database.connection_context():
        user = archives.full()
        made = archives.bundle(user, folder / "bundle").read_bytes()
        return made, archives.plays(user.id), archives.deleted(user.id)


def restored(services: Services, user: User, data: bytes) -> Import:
    row = done(services, user, {"audiospective-alice.zip": data})
    assert (row.status, row.error) == (DONE, None)
    return row


def test_export_delete_sign_up_restore_gives_the_same_archive(
    services: Services, alice: User, bundle: bytes, tmp_path: Path
) -> None:
    before = (archives.plays(alice.id), archives.deleted(alice.id), archives.state(alice.id))
    files_before = archives.sums(alice.id, tmp_path / "before")
    alice.delete_instance(recursive=True)
    again = User.get_by_id(person("alice again"))

    row = restored(services, again, bundle)

    assert archives.plays(again.id).equals(before[0])
    assert (archives.deleted(again.id), archives.state(again.id)) == before[1:]
    assert archives.sums(again.id, tmp_path / "after") == files_before
    found = integrity.examine(again.id)
    assert (found.faults, row.rows) == ([], before[0].height)


def test_another_instance_gives_the_same_archive_too(
    elsewhere: tuple[bytes, pl.DataFrame, Any], services: Services
) -> None:
    """Names, lengths and ids come along: nothing here has ever heard of them."""
    bob = User.get_by_id(person("bob"))
    restored(services, bob, elsewhere[0])
    assert archives.plays(bob.id).equals(elsewhere[1])
    assert archives.deleted(bob.id) == elsewhere[2]
    assert integrity.examine(bob.id).faults == []


def _told_by_spotify(number: int, **facts: Any) -> dict[str, Any]:
    """An item of a page; `facts` are of its track, but for `uri`, which is its context's."""
    uri = facts.pop("uri", None)
    track = {"id": f"{number:022d}", "name": f"Song {number}", "type": "track"} | facts
    at = f"2025-03-01T10:{number:02d}:00.123Z"
    return {"played_at": at, "track": track, "context": uri and {"uri": uri}}


EVERYBODY = [{"id": f"{number:022d}", "name": f"Singer {number}"} for number in range(130)]
ODD_ITEMS = [
    _told_by_spotify(1, artists=EVERYBODY),
    _told_by_spotify(2, external_ids={"isrc": "X" * 60}),
    _told_by_spotify(3, album={"id": "c" * 23, "name": "Al", "release_date": "2019 or so" * 5}),
    _told_by_spotify(4, id="a" * 21, artists=[{"id": "b" * 64, "name": "B" * 1_999}]),
    _told_by_spotify(5, id="a" * 64, name="n" * 1_999, artists=[]),
    _told_by_spotify(6, uri="spotify:" + "x" * 1_900),
    _told_by_spotify(7, name="", artists=[{"id": "d" * 22, "name": "\n"}]),
    {**_told_by_spotify(8), "played_at": "9998-12-31T23:59:59.999Z"},
    {**_told_by_spotify(9), "played_at": "1970-01-01T00:00:00.001Z"},
]


def test_whatever_polls_archive_comes_back_in_another_instance(
    services: Services, migrate: Callable[[str], None], tmp_path: Path
) -> None:
    page = read_page(orjson.dumps({"items": ODD_ITEMS}))
    assert len(page.plays) == len(ODD_ITEMS)
    here, url = models.database.obj, f"sqlite:///{tmp_path / 'elsewhere.db'}"
    migrate(url)
    models.bind(url)
    try:
        with models.database.connection_context():
            alice = User.get_by_id(person("alice"))
            append.page(alice.id, page, append.remember(page.plays))
            before = archives.plays(alice.id)
            data = archives.bundle(alice, tmp_path / "bundle").read_bytes()
    finally:
        models.database.initialize(here)
    bob = User.get_by_id(person("bob"))
    restored(services, bob, data)
    assert archives.plays(bob.id).equals(before)


def test_a_deletion_can_still_be_undone_and_stays_a_deletion_otherwise(
    services: Services, bundle: bytes, newcomer: User
) -> None:
    restored(services, newcomer, bundle)
    stones = RemovedPlay.select().where(RemovedPlay.user == newcomer)
    stone = next(one for one in stones if removal.whole(one.kept))
    with clock.use(lambda: stone.removed_at):
        assert removal.restore(newcomer.id, [(stone.played_at, stone.track)]) == 1
    found = history.frame(newcomer.id).filter(
        pl.col("played_at").to_physical() == stone.played_at
    )  # fmt: skip
    assert found["reason_end"].to_list() == ["trackdone"]


def test_what_was_polled_since_stays_and_reaches_back_to_the_bundle(
    services: Services, bundle: bytes, alice: User, newcomer: User
) -> None:
    track = archives.described(1)
    at = history.frame(alice.id).filter(pl.col("track") == track)["played_at"][-1]
    later = datetime(2025, 9, 1, tzinfo=UTC)
    history.absorb(newcomer.id, history_of(polled(at, track), polled(later, track)))
    Coverage.create(user=newcomer, started_at=later)

    row = restored(services, newcomer, bundle)

    assert (row.rows, row.matched) == (row.added + row.matched, 1)
    assert history.total(newcomer.id) == history.total(alice.id) + 1
    newest = Coverage.newest(newcomer.id)
    assert newest is not None
    assert (newest.started_at, newest.ended_at) == (datetime(2025, 3, 3, tzinfo=UTC), None)


@pytest.mark.parametrize("late", [False, True], ids=["before", "while it is written"])
def test_what_was_polled_is_one_with_what_the_bundle_knows_by_its_beginning(
    late: bool, services: Services, newcomer: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track, at = song("Slack Water", "Harbour Lights"), datetime(2025, 9, 1, 12, tzinfo=UTC)
    ends = [at + timedelta(minutes=6 * number, milliseconds=417) for number in range(3)]
    began = [
        imported(one - timedelta(seconds=200), track, ms_played=None, timing=int(Timing.BEGAN))
        for one in ends[:2]
    ]
    alice = User.get_by_id(archive(*began))
    removal.remove(alice.id, [(began[0]["played_at"], track)])
    made = archives.bundle(alice, tmp_path / "bundle").read_bytes()
    rows = history_of(*(polled(one, track) for one in ends))
    write = writing._done

    def then(*given: Any) -> None:
        write(*given)
        history.absorb(newcomer.id, rows)

    if late:
        monkeypatch.setattr(writing, "_done", then)
    else:
        history.absorb(newcomer.id, rows)
    restored(services, newcomer, made)
    assert rounds.join(services) == 1
    assert reconcile.reconcile(newcomer.id) == 2
    found = history.frame(newcomer.id, columns=["played_at", "source"])
    assert found.rows() == [(ends[1], 3), (ends[2], 1)]
    assert rounds.join(services) == 0


@pytest.mark.parametrize("fraction", [0, 417])
def test_what_was_polled_with_another_fraction_of_its_second_is_one_with_the_bundles(
    fraction: int, services: Services, newcomer: User, tmp_path: Path
) -> None:
    track, at = archives.described(1), datetime(2025, 9, 1, 12, tzinfo=UTC)
    starts = [at + timedelta(minutes=6 * number) for number in range(3)]
    told = [one + timedelta(milliseconds=fraction) for one in starts]
    alice = User.get_by_id(archive(*(polled(one, track) for one in told[:2])))
    removal.remove(alice.id, [(clock.to_ms(told[0]), track)])
    made = archives.bundle(alice, tmp_path / "bundle").read_bytes()
    here = [one + timedelta(milliseconds=417 - fraction) for one in starts]
    history.absorb(newcomer.id, history_of(*(polled(one, track) for one in here)))
    row = restored(services, newcomer, made)
    assert (row.rows, row.added, row.matched) == (1, 0, 1)
    found = history.frame(newcomer.id, columns=["played_at"])["played_at"].to_list()
    assert found == here[1:]
    assert removal.restore(newcomer.id, [(clock.to_ms(here[0]), track)]) == 1
    assert history.total(newcomer.id) == 3


def test_one_song_heard_all_night_is_not_held_against_itself_play_by_play(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def heard(first: int, count: int) -> pl.DataFrame:
        at = [clock.from_ms(200_000 * number + 417) for number in range(first, first + count)]
        return history_of(*(polled(one, 1) for one in at))

    bundle, here = heard(0, 300), heard(300, 200).select(segment.KEY)
    join, heights = pl.DataFrame.join, []

    def measured(*given: Any, **options: Any) -> pl.DataFrame:
        heights.append((made := join(*given, **options)).height)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(pl.DataFrame, "join", measured)
        found = writing._at_ends_told_here(bundle, bundle, here)
    assert found.equals(bundle)
    assert max(heights) <= 300


def test_time_that_nobody_watched_between_bundle_and_first_check_is_a_gap(
    services: Services, bundle: bytes, alice: User, newcomer: User
) -> None:
    track = history.frame(alice.id)["track"][0]
    first = datetime(2026, 1, 1, tzinfo=UTC)
    history.absorb(newcomer.id, history_of(polled(first, track)))
    Coverage.create(user=newcomer, started_at=first)
    restored(services, newcomer, bundle)
    gap = Gap.get((Gap.user == newcomer) & (Gap.ended_at == first))
    assert gap.started_at == gap.probably_from == datetime(2025, 8, 5, 1, 2, 3, 4_000, tzinfo=UTC)
    assert gap.cause == "paused"


def test_into_an_archive_with_imports_only_missing_plays_are_added(
    services: Services, bundle: bytes, alice: User, newcomer: User
) -> None:
    track = history.frame(alice.id)["track"][0]
    history.absorb(newcomer.id, history_of(imported(datetime(2020, 1, 1, tzinfo=UTC), track)))
    row = done(services, newcomer, {"bundle.zip": bundle})
    assert row.status == DONE
    assert not Findings.loads(row.findings).restores
    assert Gap.select().where(Gap.user == newcomer).count() == 0
    assert history.total(newcomer.id) == row.added + 1


def test_a_restore_is_not_done_twice_nor_taken_back(
    services: Services, bundle: bytes, newcomer: User
) -> None:
    row = restored(services, newcomer, bundle)
    before = archives.plays(newcomer.id)
    with pytest.raises(uploads.StaleError):
        uploads.take_back(services, row)
    again = done(services, newcomer, {"bundle.zip": bundle})
    assert (again.status, again.added) == (DONE, 0)
    assert archives.plays(newcomer.id).select("played_at").equals(before.select("played_at"))


def test_an_archive_that_changed_after_the_look_is_left_alone(
    services: Services, bundle: bytes, alice: User, newcomer: User
) -> None:
    row = reviewed(services, newcomer, {"bundle.zip": bundle})
    track = history.frame(alice.id)["track"][0]
    history.absorb(newcomer.id, history_of(imported(datetime(2020, 1, 1, tzinfo=UTC), track)))
    uploads.agree(services, row)
    row = worked(services, row)
    assert row.status == FAILED
    assert "Send it again" in row.error
    assert history.total(newcomer.id) == 1


def test_a_poll_while_a_bundle_is_written_is_no_damage_and_another_change_is(
    services: Services,
) -> None:
    bob, tracks = person("bob"), [song("A"), song("B")]
    plays = history_of(*(imported(archives.NOW, one) for one in tracks))
    history.absorb(bob, plays)
    here = plays.clear().select(segment.KEY)
    at = clock.to_ms(archives.NOW)
    append.polled([append.NewPlay(bob, at, tracks[0], "spotify:album:one")])
    writing._prove(bob, plays, here)
    for changed_play in (plays.with_columns(ms_played=1), plays.with_columns(track=-1)):
        with pytest.raises(writing.UnfaithfulError):
            writing._prove(bob, changed_play.cast(segment.SCHEMA), here)


def test_taking_back_an_import_that_met_restored_plays_takes_none_of_them(
    services: Services, tmp_path: Path
) -> None:
    """A bundle of what Last.fm told, then Spotify's own export of the same plays, taken back."""
    alice = User.get_by_id(person("alice"))
    evening = datetime(2025, 3, 1, 20, tzinfo=UTC)
    began = int(evening.timestamp())
    done(services, alice, lastfm_file((began, 1), (began + 600, 2)))
    bundle = archives.bundle(alice, tmp_path / "bundle").read_bytes()
    bob = User.get_by_id(person("bob"))
    restored(services, bob, bundle)
    before = archives.plays(bob.id).select("title", "artists")
    better = [
        spotify_row(f"2025-03-01T20:{minute:02d}:00Z", song=song)
        for minute, song in ((3, 1), (13, 2), (33, 3))
    ]
    row = done(services, bob, spotify_file(*better))
    assert (row.added, row.matched) == (1, 2)
    assert undone(services, row).status == UNDONE
    assert archives.plays(bob.id).select("title", "artists").equals(before)
    again = done(services, bob, spotify_file(*better))
    assert history.total(bob.id) == 3
    assert undone(services, again).status == UNDONE
    assert history.total(bob.id) == 2


def test_plays_of_any_time_that_polls_accept_come_back(services: Services, tmp_path: Path) -> None:
    track = song("Slack Water", "Harbour Lights")
    times = [datetime(year, 1, 2, tzinfo=UTC) for year in (1970, 2026, 2101)]
    alice = User.get_by_id(archive(*(polled(at, track) for at in times)))
    bundle = archives.bundle(alice, tmp_path / "bundle").read_bytes()
    bob = User.get_by_id(person("bob"))
    restored(services, bob, bundle)
    assert history.frame(bob.id)["played_at"].to_list() == times


def test_a_play_stays_though_its_twin_was_deleted_and_both_are_one_track_here(
    services: Services, tmp_path: Path
) -> None:
    at = datetime(2025, 6, 1, 12, tzinfo=UTC)
    twins = [song("Slack Water", "Harbour Lights", spotify_id=None) for _ in range(2)]
    alice = User.get_by_id(archive(*(polled(at, one) for one in twins)))
    removal.remove(alice.id, [(clock.to_ms(at), twins[1])])
    bundle = archives.bundle(alice, tmp_path / "bundle").read_bytes()
    bob = User.get_by_id(person("bob"))
    restored(services, bob, bundle)
    assert history.frame(bob.id)["played_at"].to_list() == [at]
    assert archives.deleted(bob.id) == []


def changed(data: bytes, name: str, change: Callable[[bytes], bytes], *, sums: bool) -> bytes:
    """The bundle with one file changed, its checksum too if `sums`."""
    out = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        whole = next(one for one in old.namelist() if one.endswith(name))
        body = change(old.read(whole))
        for one in old.namelist():
            if one == whole:
                new.writestr(one, body)
            elif one.endswith("SHA256SUMS") and sums:
                was = sha256(old.read(whole)).hexdigest()
                text = old.read(one).decode().replace(was, sha256(body).hexdigest())
                new.writestr(one, text)
            elif "other-programs" not in one:
                new.writestr(one, old.read(one))
    return out.getvalue()


def table(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[bytes], bytes]:
    def run(body: bytes) -> bytes:
        out = BytesIO()
        change(pl.read_parquet(body)).write_parquet(out)
        return out.getvalue()

    return run


def document(**values: Any) -> Callable[[bytes], bytes]:
    return lambda body: orjson.dumps(orjson.loads(body) | values)


FAR = pl.lit(datetime(1969, 12, 31, tzinfo=UTC)).dt.cast_time_unit("ms")
HOSTILE = {
    "a play from before 1970": (files.PLAYS, table(lambda t: t.with_columns(played_at=FAR))),
    "a track that is not told": (files.PLAYS, table(lambda t: t.with_columns(
        track=pl.lit(999_999, pl.Int32)))),
    "a play twice": (files.PLAYS, table(lambda t: pl.concat([t, t]))),
    "fewer plays than it says": (files.PLAYS, table(lambda t: t.head(3))),
    "numbers as texts": (files.PLAYS, table(lambda t: t.cast({"ms_played": pl.String}))),
    "a negative length": (files.PLAYS, table(lambda t: t.with_columns(
        ms_played=pl.lit(-5, pl.Int32)))),
    "no Parquet": (files.TRACKS, lambda _: b"PAR1 not quite PAR1"),
    "an address as an id": (files.TRACKS, table(lambda t: t.with_columns(
        spotify_id=pl.lit("https://evil.example/a")))),
    "a kind that is none": (files.TRACKS, table(lambda t: t.with_columns(kind=pl.lit("virus")))),
    "artists without ids beside them": (files.TRACKS, table(lambda t: t.with_columns(
        artist_ids=pl.lit([], pl.List(pl.String))))),
    "no JSON": (files.STATE, lambda _: b"{"),
    "deep JSON": (files.STATE, lambda _: b"[" * 100_000),
    "another version": (files.STATE, document(version=99)),
    "a gap that ends before it begins": (files.STATE, document(gaps=[{
        "from": "2025-01-02T00:00:00Z", "probably_from": "2025-01-02T00:00:00Z",
        "to": "2025-01-01T00:00:00Z", "cause": "outage", "certainty": "possible",
        "opened_at": "2025-01-02T00:00:00Z", "recovered": 0}])),
    "coverage that ends before it begins": (files.STATE, document(coverage=[
        {"from": "2025-02-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"}])),
    "settings that are a list": (files.STATE, document(settings=[1])),
    "a text of megabytes": (files.STATE, document(display_name="x" * 5_000_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused(
    elsewhere: tuple[bytes, Any, Any], name: str, tmp_path: Path
) -> None:
    from audiospective.imports.errors import RefusedError
    from audiospective.imports.restore import bundle_tables

    path = tmp_path / "bundle.zip"
    path.write_bytes(changed(elsewhere[0], *HOSTILE[name], sums=True))
    with pytest.raises(RefusedError):
        bundle_tables.read(path, tmp_path, tmp_path)


def test_a_cover_from_elsewhere_is_left_out_and_the_rest_put_back(
    elsewhere: tuple[bytes, Any, Any], tmp_path: Path
) -> None:
    """The sandbox has covers of its own, and Spotify may move its own."""
    from audiospective.imports.restore import bundle_tables

    cover = table(lambda t: t.with_columns(image_url=pl.lit("https://evil.example/a.png")))
    path = tmp_path / "bundle.zip"
    path.write_bytes(changed(elsewhere[0], files.TRACKS, cover, sums=True))
    bundle_tables.read(path, tmp_path, tmp_path)
    tracks = pl.read_parquet(tmp_path / bundle_tables.TRACKS)
    assert tracks.height > 0
    assert tracks["image_url"].null_count() == tracks.height


def test_a_bundle_from_before_a_column_came_leaves_it_unknown(
    elsewhere: tuple[bytes, Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audiospective.imports.errors import RefusedError
    from audiospective.imports.restore import bundle_tables

    older = elsewhere[0]
    for name in (files.PLAYS, files.REMOVED):
        older = changed(older, name, table(lambda t: t.drop("ms_played")), sums=True)
    path = tmp_path / "bundle.zip"
    path.write_bytes(older)
    with pytest.raises(RefusedError):
        bundle_tables.read(path, tmp_path, tmp_path)
    monkeypatch.setattr(bundle_tables, "LATER", frozenset({"ms_played"}))
    found = bundle_tables.read(path, tmp_path, tmp_path)
    plays = pl.read_parquet(tmp_path / bundle_tables.PLAYS)
    assert plays.height == found["plays"] > 0
    assert plays["ms_played"].is_null().all()


def test_a_changed_file_is_refused_with_a_sentence(
    services: Services, bundle: bytes, newcomer: User
) -> None:
    spoilt = changed(bundle, files.STATE, document(display_name="Mallory"), sums=False)
    row = reviewed(services, newcomer, {"bundle.zip": spoilt})
    assert row.status == FAILED
    assert "checksum" in row.error
    assert history.total(newcomer.id) == 0


def test_settings_that_are_not_ones_to_choose_do_not_come_along(
    services: Services, bundle: bytes, newcomer: User
) -> None:
    forged = {"is_operator": True, "tier": "pro", "email": "x@y.example", "founding_number": 1,
              "timezone": "Nowhere/Atall", "preferences": "[]"}  # fmt: skip
    data = changed(bundle, files.STATE, document(settings=forged), sums=True)
    restored(services, newcomer, data)
    user = User.get_by_id(newcomer.id)
    assert (user.is_operator, user.tier, user.email, user.founding_number) == (
        False, "free", None, None)  # fmt: skip
    assert (user.timezone, user.preferences) == ("UTC", "{}")


def test_what_a_bundle_says_of_a_track_is_not_shown_to_others(
    services: Services, bundle: bytes, newcomer: User
) -> None:
    """Also not to somebody who restores another bundle with the same ids."""
    liar = table(lambda t: t.with_columns(
        spotify_id=pl.format("{}", pl.col("track").cast(pl.String).str.zfill(22)),
        title=pl.lit("Lies"), duration_ms=pl.lit(7, pl.Int32),
        album_id=pl.lit(None, pl.String)))  # fmt: skip
    honest = table(lambda t: t.with_columns(
        spotify_id=pl.format("{}", pl.col("track").cast(pl.String).str.zfill(22)),
        title=pl.lit("Said"), album_id=pl.lit(None, pl.String)))  # fmt: skip
    restored(services, newcomer, changed(bundle, files.TRACKS, liar, sums=True))
    other = User.get_by_id(person("charlie"))
    restored(services, other, changed(bundle, files.TRACKS, honest, sums=True))
    assert set(archives.plays(other.id)["title"]) == {"Said"}
    assert 7 not in set(archives.plays(other.id)["duration_ms"])
    assert set(archives.plays(newcomer.id)["title"]) == {"Lies"}


def history_of(*plays: dict[str, Any]) -> pl.DataFrame:
    return segment.of(plays)


def test_the_look_says_what_will_come_back(
    services: Services, bundle: bytes, newcomer: User
) -> None:
    row = reviewed(services, newcomer, {"bundle.zip": bundle})
    assert row.status == REVIEW
    told = Findings.loads(row.findings).restore
    assert told is not None
    assert (told["possible"], told["gaps"], told["removed"]) == (True, 2, 3)
