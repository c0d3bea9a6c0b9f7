"""An import from its files to the archive and back, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audiospective import clock, history
from audiospective.exports.files import save
from audiospective.exports.formats import FORMATS
from audiospective.history import append, references
from audiospective.history.catalog import polled, unreferenced
from audiospective.imports import uploads
from audiospective.imports.findings import Findings
from audiospective.imports.review import Review
from audiospective.models import Import, TrackLink, User
from audiospective.models.imports import DONE, FAILED, REVIEW, UNDONE
from audiospective.policy.timing import Timing
from audiospective.services import Services
from tests import factories
from tests.exports import making
from tests.imports.importing import (
    done,
    lastfm_file,
    month,
    reviewed,
    spotify_file,
    spotify_row,
    undone,
    worked,
)
from tests.imports.reading_files import as_json

pytestmark = pytest.mark.usefixtures("at_once")


def archive(user_id: int) -> list[tuple[object, ...]]:
    return history.frame(user_id).rows()


def test_nothing_is_written_before_yes(services: Services) -> None:
    alice = factories.make_user("alice")
    row = reviewed(services, alice, spotify_file(*month()))
    assert (row.status, row.rows, row.error) == (REVIEW, 56, None)
    told = Review.from_dict(Findings.loads(row.findings).review)
    assert (told.total.added, told.total.accounted) == (56, 56)
    assert told.years_after == {2025: 56}
    assert history.total(alice.id) == 0


def test_the_plays_of_a_file_are_added(services: Services) -> None:
    alice = factories.make_user("alice")
    row = done(services, alice, spotify_file(*month()))
    assert (row.status, row.added, row.rows) == (DONE, 56, 56)
    assert history.total(alice.id) == 56
    newest = history.recent(alice.id, 1)[0]
    assert (newest.title, newest.artists[0][1], newest.album) == ("Song 4", "Artist 1", "Album 0")
    assert newest.ms_played == 180_000


def test_one_file_may_tell_of_one_track_to_the_millisecond_and_to_the_second(
    services: Services, tmp_path: Path
) -> None:
    song, at = making.song("Slack Water", "Harbour Lights"), datetime(2025, 1, 1, tzinfo=UTC)
    alice = making.archive(
        making.polled(at, song),
        making.imported(at + timedelta(hours=1), song, timing=int(Timing.END_SECOND)),
    )
    export = save(FORMATS["csv"], making.taken(alice, tmp_path), tmp_path, compatible=False)
    bob = factories.make_user("bob")
    row = done(services, bob, {export.name: export.read_bytes()})
    assert (row.status, row.added) == (DONE, 2)


def test_an_own_export_of_names_with_blanks_and_controls_adds_nothing(
    services: Services, tmp_path: Path
) -> None:
    names = [(" !!! ", "A"), ("?\r\n?", " ...\x01"), ("Song (Remastered) ", "A")]
    at = datetime(2025, 1, 1, tzinfo=UTC)
    alice = making.archive(
        *(
            making.polled(at + timedelta(hours=hour), making.song(*one, spotify_id=None))
            for hour, one in enumerate(names)
        )
    )
    before = archive(alice)
    export = save(FORMATS["csv"], making.taken(alice, tmp_path), tmp_path, compatible=False)
    row = done(services, User.get_by_id(alice), {export.name: export.read_bytes()})
    assert (row.status, row.rows, row.added) == (DONE, 3, 0)
    assert [play[0] for play in archive(alice)] == [play[0] for play in before]


def test_the_same_file_twice_adds_nothing(services: Services) -> None:
    alice = factories.make_user("alice")
    done(services, alice, spotify_file(*month()))
    before = archive(alice.id)
    again = done(services, alice, spotify_file(*month()))
    assert (again.status, again.added, again.skipped) == (DONE, 0, 56)
    assert archive(alice.id) == before


def test_what_was_polled_is_met_and_gains(services: Services) -> None:
    alice = factories.make_user("alice")
    page = factories.listening(datetime(2025, 3, 5, 12, tzinfo=UTC), 4)
    tracks = polled.remember([play.track for play in page.plays])
    append.polled(
        [
            append.NewPlay(alice.id, one.played_at, tracks[one.track.spotify_id], "spotify:x")
            for one in page.plays
        ]
    )
    rows = [
        spotify_row(
            clock.from_ms(one.played_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
            ms_played=170_000,
            spotify_track_uri=f"spotify:track:{one.track.spotify_id[:22]}",
            master_metadata_track_name=one.track.name,
            master_metadata_album_artist_name=one.track.artists[0].name,
        )
        for one in page.plays
    ]
    before = archive(alice.id)
    row = done(services, alice, spotify_file(*rows, spotify_row("2025-03-05T13:00:00Z")))
    assert (row.added, row.matched) == (1, 4)
    found = history.frame(alice.id, columns=["source", "ms_played", "context", "import_id"])
    assert found.rows()[:4] == [(3, 170_000, "spotify:x", row.id)] * 4
    assert undone(services, row).status == UNDONE
    assert archive(alice.id) == before


@pytest.mark.parametrize("by", ["isrc", "link"])
def test_another_id_of_a_recording_is_met_by_isrc_or_by_what_spotify_plays_for_it(
    services: Services, by: str
) -> None:
    alice = factories.make_user("alice")
    page = factories.listening(datetime(2025, 3, 5, 12, tzinfo=UTC), 1)
    (play,) = page.plays
    code = "GBAYE8100053"
    tracks = polled.remember([replace(play.track, isrc=code)])
    append.polled([append.NewPlay(alice.id, play.played_at, tracks[play.track.spotify_id], None)])
    at = clock.from_ms(play.played_at)
    if by == "link":
        for one in (play.track.spotify_id, f"{7:022d}"):
            TrackLink.create(spotify_id=one, stands_for=play.track.spotify_id)
        file = spotify_file(
            spotify_row(
                at.strftime("%Y-%m-%dT%H:%M:%SZ"), 7, master_metadata_track_name="Quite another"
            )
        )
    else:
        began = int(at.timestamp()) - 200
        file = {
            "plays.csv": (
                "timestamp,title,artist,isrc,duration_ms\n"
                f"{began},Quite another,Somebody else,{code},200000\n"
            ).encode()
        }
    row = done(services, alice, file)
    assert (row.added, row.matched) == (0, 1)


@pytest.mark.parametrize("gone", ["first", "second", "third"])
def test_any_import_is_taken_back_as_if_it_had_never_been(services: Services, gone: str) -> None:
    alice, bob = factories.make_user("alice"), factories.make_user("bob")
    start = int(datetime(2025, 3, 1, 20, 0, tzinfo=UTC).timestamp())
    scrobbles = [(start + day * 86_400, (day + 1) % 5 + 1) for day in range(10)]
    brought = {
        "first": spotify_file(*month(range(1, 20))),
        "second": lastfm_file(*scrobbles, (start + 7200, 9)),
        "third": spotify_file(*month(range(10, 29))),
    }
    rows = {name: done(services, alice, files) for name, files in brought.items()}
    assert [row.status for row in rows.values()] == [DONE] * 3
    everything = len(archive(alice.id))
    assert everything == 57
    for name, files in brought.items():
        if name != gone:
            done(services, bob, files)
    assert undone(services, rows[gone]).status == UNDONE
    assert strip(archive(alice.id)) == strip(archive(bob.id))
    assert done(services, alice, brought[gone]).status == DONE
    assert len(archive(alice.id)) == everything


def strip(plays: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Without the numbers of imports."""
    return [(*play[:13], *play[14:]) for play in plays]


def test_a_file_that_is_no_history_ends_with_a_sentence(services: Services) -> None:
    alice = factories.make_user("alice")
    row = reviewed(services, alice, {"holiday.mp4": b"\0\0\0\x18ftypmp42" + b"\0" * 200})
    assert row.status == FAILED
    assert row.error.endswith(".")
    assert not list(services.storage.list("imports"))


def test_private_sessions_are_left_out_unless_wanted(services: Services) -> None:
    alice = factories.make_user("alice")
    rows = [
        spotify_row("2025-03-05T13:00:00Z", incognito_mode=True),
        spotify_row("2025-03-05T14:00:00Z"),
    ]
    row = reviewed(services, alice, spotify_file(*rows))
    told = Review.from_dict(Findings.loads(row.findings).review)
    assert (told.private, told.total.added, told.total.skipped) == (1, 1, {"private_session": 1})
    row = done(services, alice, spotify_file(*rows), private=True)
    assert row.added == 2


@pytest.mark.parametrize("days", [1, 20])
def test_an_import_into_an_archive_that_is_polled_meanwhile(services: Services, days: int) -> None:
    alice = factories.make_user("alice")
    row = reviewed(services, alice, spotify_file(*month()))
    page = factories.listening(datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=days), 3)
    tracks = polled.remember([play.track for play in page.plays])
    append.polled(
        [
            append.NewPlay(alice.id, one.played_at, tracks[one.track.spotify_id], None)
            for one in page.plays
        ]
    )
    uploads.agree(services, row)
    assert worked(services, row).added == 56
    assert history.total(alice.id) == 59


def test_names_of_an_id_that_is_in_the_archive_already_make_no_second_entry(
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    done(services, alice, spotify_file(spotify_row("2025-03-05T13:00:00Z", 1)))
    later = spotify_row("2025-03-06T13:00:00Z", 1, master_metadata_track_name="Song 1 (renamed)")
    done(services, alice, spotify_file(later, name="endsong_1.json"))
    assert history.frame(alice.id)["track"].n_unique() == 1
    bob = factories.make_user("bob")
    done(services, bob, spotify_file(later))
    assert history.recent(bob.id, 1)[0].title == "Song 1 (renamed)"


def test_an_import_that_was_taken_back_leaves_no_track_behind(services: Services) -> None:
    alice, bob = factories.make_user("alice"), factories.make_user("bob")
    row = done(services, alice, spotify_file(*month(), spotify_row("2025-04-01T13:00:00Z", 99)))
    done(services, bob, spotify_file(*month()))
    before = set(unreferenced.every_track())
    assert undone(services, row).status == UNDONE
    now = clock.now()
    references.free(now)
    freed = references.free(now + unreferenced.WAIT + timedelta(minutes=1))
    left = set(unreferenced.every_track())
    kept = set(history.frame(bob.id)["track"])
    assert left == kept < before
    assert len(before - left) == freed.tracks
    assert history.total(bob.id) == 56


def test_chapters_of_two_books_by_one_author_stay_two(services: Services) -> None:
    alice = factories.make_user("alice")
    books = ("The Long Shore", "The Short Shore")
    account = [
        {"endTime": f"2025-03-05 12:0{n}", "msPlayed": 50_000, "audiobookName": book,
         "authorName": "A. Pilot", "chapterName": "Chapter 1"}
        for n, book in enumerate(books)
    ]  # fmt: skip
    extended = [
        spotify_row(
            f"2025-03-05T12:0{n}:30Z",
            ms_played=50_000,
            audiobook_title=book,
            audiobook_uri=f"spotify:show:{n:022d}",
            audiobook_chapter_title="Chapter 1",
            audiobook_chapter_uri=f"spotify:episode:{n:022d}",
            spotify_track_uri=None,
            master_metadata_track_name=None,
            master_metadata_album_artist_name=None,
            master_metadata_album_album_name=None,
        )
        for n, book in enumerate(books)
    ]
    short = {"StreamingHistory_audiobook_0.json": as_json(account[:1])}
    assert done(services, alice, short).added == 1
    # Within 90 seconds of the first chapter that the archive has.
    later = done(services, alice, spotify_file(extended[1]))
    assert (later.added, later.matched) == (1, 0)
    whole = {"StreamingHistory_audiobook_1.json": as_json(account)}
    again = done(services, alice, whole)
    assert (again.added, again.matched, again.skipped) == (0, 1, 1)
    both = done(services, alice, spotify_file(*extended))
    assert (both.added, both.matched, both.skipped) == (0, 1, 1)


def test_an_export_of_what_only_a_newer_release_knows_of_times_is_recognized(
    services: Services, tmp_path: Path
) -> None:
    at = datetime(2025, 3, 5, 12, tzinfo=UTC)
    alice = making.archive(making.imported(at, making.song("Ebb", "Ann"), timing=99, source=66))
    for form in ("parquet", "json", "csv"):
        path = save(FORMATS[form], making.taken(alice, tmp_path), tmp_path, compatible=False)
        row = done(services, User.get_by_id(alice), {path.name: path.read_bytes()})
        assert (row.status, row.added, history.total(alice)) == (DONE, 0, 1)


def test_nothing_is_taken_back_beside_a_file_that_only_a_newer_release_can_read(
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    newer = done(services, alice, spotify_file(*month()))
    told = Findings.loads(newer.findings)
    told.files[0].source = "a service of tomorrow"
    Import.update(findings=told.dumps()).where(Import.id == newer.id).execute()
    row = done(services, alice, lastfm_file((1_740_000_000, 9)))
    assert undone(services, row).status == DONE
    assert "newer release" in (Import.get_by_id(row.id).error or "")
    assert history.total(alice.id) == 57


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_long_track_whose_length_nobody_told_comes_once(
    order: tuple[int, int], services: Services
) -> None:
    alice = factories.make_user("alice")
    began = datetime(2025, 3, 5, 12, tzinfo=UTC)
    ended = began + timedelta(minutes=25)
    files = (
        spotify_file(spotify_row(f"{ended:%Y-%m-%dT%H:%M:%SZ}", ms_played=25 * 60_000)),
        lastfm_file((int(began.timestamp()), 1), (int(ended.timestamp()), 1)),
    )
    rows = [done(services, alice, files[number]) for number in order]
    assert sum(row.added for row in rows) == 2


def test_one_odd_time_heard_makes_no_two_plays_one(services: Services) -> None:
    """Of a song that was never 20 hours long."""
    alice = factories.make_user("alice")
    began = datetime(2025, 3, 5, 12, tzinfo=UTC)
    odd = spotify_row("2025-01-05T12:00:00Z", ms_played=20 * 3_600_000)
    ended = {
        "listened_at": f"{began + timedelta(hours=19):%Y-%m-%dT%H:%M:%SZ}",
        "client": "spotify",  # and so Koito tells when it ended
        "track": {"duration": None, "aliases": [{"alias": "Song 1"}]},
        "album": {"aliases": [{"alias": "Album 1"}]},
        "artists": [{"aliases": [{"alias": "Artist 1"}]}],
    }
    koito = as_json({"version": "1", "user": "alice", "listens": [ended]})
    files = (
        spotify_file(odd),
        {"koito_export.json": koito},
        lastfm_file((int(began.timestamp()), 1)),
    )
    assert [done(services, alice, file).added for file in files] == [1, 1, 1]


def test_a_zone_that_this_machine_does_not_know_any_more_stops_no_import(
    services: Services,
) -> None:
    """It is asked whether a file's clock is off by what that zone differs from UTC."""
    alice = factories.make_user("alice", timezone="Mars/Olympus")
    done(services, alice, spotify_file(*month()))
    begun = int(datetime(2025, 3, 1, 20, tzinfo=UTC).timestamp())
    told = [(begun + day * 86_400, (day + 1) % 5 + 1) for day in range(28)]
    row = reviewed(services, alice, lastfm_file(*told))
    assert row.status == REVIEW, row.error
