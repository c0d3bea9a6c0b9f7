"""Gaps are closed by imports of months without a silence, and open again with their undo alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective import clock
from audiospective.clients.storage import StorageError
from audiospective.exports import files, snapshot
from audiospective.exports.formats import FORMATS
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.imports import covered_gaps, opened_since, reconcile, records, rounds, uploads
from audiospective.imports.findings import Findings
from audiospective.imports.review import Review
from audiospective.jobs import context, tasks
from audiospective.models import User
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, Import
from audiospective.policy import import_spans
from audiospective.policy.gaps import Cause, Certainty
from audiospective.services import Services
from tests import factories
from tests.imports.importing import done, reviewed, spotify_file, spotify_row, undone, worked
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("at_once")

HOUR = timedelta(hours=1)
SPRING_AUDIO = "Streaming_History_Audio_2024_1.json"
SPRING, AUTUMN = (datetime(2024, month, 1, tzinfo=UTC) for month in (3, 9))
LENGTH = timedelta(minutes=3)


def gap(
    user: User,
    started_at: datetime,
    cause: Cause = Cause.OUTAGE,
    opened_at: datetime | None = None,
) -> int:
    made = Gap.create(
        user=user,
        started_at=started_at,
        probably_from=started_at,
        ended_at=started_at + 5 * HOUR,
        cause=cause.value,
        certainty=Certainty.SURE.value,
        opened_at=opened_at or started_at + 5 * HOUR,
    )
    found: int = made.id
    return found


def hundred_days(start: datetime) -> list[datetime]:
    """An instant every six hours."""
    return [start + number * 6 * HOUR for number in range(100 * 4)]


def spotifys(start: datetime) -> dict[str, bytes]:
    return spotify_file(
        *(spotify_row(f"{at:%Y-%m-%dT%H:%M:%SZ}", at.day % 7) for at in hundred_days(start))
    )


def extended(name: str, since: Iterable[datetime] = (), **told: Any) -> dict[str, bytes]:
    times = [*hundred_days(SPRING), *since]
    rows = (spotify_row(f"{at:%Y-%m-%dT%H:%M:%SZ}", at.day % 7, **told) for at in times)
    return spotify_file(*rows, name=name)


def lastfms(start: datetime) -> dict[str, bytes]:
    lines = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    lines += [
        f'"{int((at - LENGTH).timestamp())}","x","Harbour Lights","","","","Slack Water",""'
        for at in hundred_days(start)
    ]
    return {"recenttracks-a-1.csv": "\n".join(lines).encode()}


def poll(user: User, *times: datetime) -> None:
    (track,) = polled.remember([factories.track()]).values()
    append.polled([append.NewPlay(user.id, clock.to_ms(at), track, None) for at in times])


def still_open() -> list[int]:
    query = Gap.select(Gap.id).where(Gap.closed_at.is_null()).order_by(Gap.id)
    return [number for (number,) in query.tuples()]


@pytest.mark.parametrize("files", [spotifys, lastfms], ids=["complete", "scrobbler"])
def test_an_import_of_months_closes_the_gaps_inside_and_its_undo_opens_these_alone(
    services: Services, files: Callable[[datetime], dict[str, bytes]]
) -> None:
    alice = factories.make_user("alice")
    gaps = []
    for start in (SPRING, AUTUMN):
        middle = start + timedelta(days=50)
        poll(alice, *(middle - number * 6 * HOUR for number in range(1, 5)))
        gaps.append(gap(alice, middle + HOUR))
    outside = gap(alice, SPRING - timedelta(days=20))
    rows = []
    for start in (SPRING, AUTUMN):
        row = reviewed(services, alice, files(start))
        told = Review.from_dict(Findings.loads(row.findings).review)
        assert told.gaps_closed == 1
        uploads.agree(services, row)
        rows.append(worked(services, row))
    assert still_open() == [outside]
    assert [Gap.get_by_id(one).closed_by_import for one in gaps] == [row.id for row in rows]
    undone(services, rows[0])
    assert still_open() == [gaps[0], outside]
    assert Gap.get_by_id(gaps[1]).closed_by_import == rows[1].id


@pytest.mark.parametrize("source", ["spotify_extended", "lastfm"])
@given(hours=st.lists(st.integers(0, 50) | st.sampled_from([335, 336, 337]), min_size=25))
def test_what_is_left_of_instants_makes_the_spans_of_all_their_minutes(
    source: str, hours: list[int]
) -> None:
    silence = import_spans.COMPLETE if source.startswith("spotify") else import_spans.OTHERS
    instants = [at * 3_600_000 + 59_999 for at in accumulate(hours)]
    newest_first = pl.Series(reversed(instants), dtype=pl.Int64)
    few = covered_gaps.ends_of_days({source: newest_first})[source]
    minutes = [at // 60_000 * 60_000 for at in instants]
    assert import_spans.spans(few, silence) == import_spans.spans(minutes, silence)


def own_files(user: User, form: str, folder: Path, *, compatible: bool = False) -> dict[str, bytes]:
    """An export of the member's archive, which has plays at both ends of the gap."""
    taken = snapshot.take(user.id, snapshot.Owner("Alice", "UTC"), clock.now(), folder)
    path = files.save(FORMATS[form], taken, folder, compatible=compatible)
    return {path.name: path.read_bytes()}


OWN = ["csv", "json", "parquet", "spotify", "listenbrainz", "maloja", "koito"]


@pytest.mark.parametrize("form", OWN)
def test_what_the_archive_misses_did_not_happen_to_be_missing_in_its_own_files(
    form: str, services: Services, tmp_path: Path
) -> None:
    alice = factories.make_user("alice")
    poll(alice, *(SPRING + number * 6 * HOUR for number in range(40)))
    made = gap(alice, SPRING + timedelta(days=5, hours=1))
    row = reviewed(services, alice, own_files(alice, form, tmp_path))
    uploads.agree(services, row)
    assert worked(services, row).status == DONE
    assert still_open() == [made]


@pytest.mark.parametrize("last", ["ios", "audiospective", "audiospective-began, ios"])
def test_a_file_in_spotifys_form_closes_no_gap_if_any_of_its_rows_is_marked(
    last: str, services: Services
) -> None:
    alice = factories.make_user("alice")
    poll(alice, SPRING)
    made = gap(alice, SPRING + timedelta(days=50))
    rows = [spotify_row(f"{at:%Y-%m-%dT%H:%M:%SZ}", platform="ios") for at in hundred_days(SPRING)]
    rows[-1]["platform"] = last
    uploads.agree(services, row := reviewed(services, alice, spotify_file(*rows)))
    assert worked(services, row).status == DONE
    assert still_open() == ([] if last == "ios" else [made])


def test_own_rows_that_somebody_made_a_table_of_close_no_gap(services: Services) -> None:
    alice = factories.make_user("alice")
    times = [SPRING + number * 6 * HOUR for number in range(40)]
    poll(alice, *times)
    made = gap(alice, SPRING + timedelta(days=5, hours=1))
    rows = [f"{at:%Y-%m-%dT%H:%M:%SZ},Harbour Lights,Slack Water,audiospective" for at in times]
    table = "\r\n".join(["endtime,artist,title,platform", *rows]).encode()
    uploads.agree(services, row := reviewed(services, alice, {"plays.csv": table}))
    row = worked(services, row)
    assert (row.added, row.matched) == (0, len(times))
    assert still_open() == [made]


def test_a_file_of_ours_closes_no_gap_where_all_its_rows_name_their_program(
    services: Services, tmp_path: Path
) -> None:
    alice = factories.make_user("alice")
    told = [spotify_row(f"{at:%Y-%m-%dT%H:%M:%SZ}", platform="ios") for at in hundred_days(SPRING)]
    uploads.agree(services, row := reviewed(services, alice, spotify_file(*told)))
    assert worked(services, row).status == DONE
    made = gap(alice, SPRING + timedelta(days=50))  # noted after that file
    for compatible in (False, True):
        folder = tmp_path / str(compatible)
        folder.mkdir()
        data = own_files(alice, "spotify", folder, compatible=compatible)
        uploads.agree(services, row := reviewed(services, alice, data))
        row = worked(services, row)
        assert (row.status, row.added) == (DONE, 0)
        assert still_open() == [made]


def listenbrainzs(starts: list[int]) -> dict[str, bytes]:
    """Plays that were sent on from here, as ListenBrainz gives them away."""
    more = {"submission_client": "Audiospective", "ms_played": 180_000}
    track = {"artist_name": "Harbour Lights", "track_name": "Slack Water", "additional_info": more}
    rows = [{"listened_at": at, "track_metadata": track} for at in starts]
    return {"3.jsonl": b"\n".join(map(orjson.dumps, rows))}


def koitos(starts: list[int]) -> dict[str, bytes]:
    """The same of Koito, which keeps who sent them where no player is named."""
    track = {"duration": 180, "aliases": [{"alias": "Slack Water", "is_primary": True}]}
    artists = [{"aliases": [{"alias": "Harbour Lights", "is_primary": True}], "is_primary": True}]
    rows = [
        {
            "listened_at": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "client": "Audiospective",
            "track": track,
            "artists": artists,
        }
        for at in starts
    ]
    return {"koito_export.json": orjson.dumps({"version": "1", "user": "a", "listens": rows})}


@pytest.mark.parametrize("sent_on", [listenbrainzs, koitos])
def test_what_was_sent_on_says_nothing_of_a_gap_when_it_comes_back(
    sent_on: Callable[[list[int]], dict[str, bytes]], services: Services
) -> None:
    alice = factories.make_user("alice")
    times = [SPRING + number * 6 * HOUR for number in range(40)]
    poll(alice, *times)
    made = gap(alice, SPRING + timedelta(days=5, hours=1))
    data = sent_on([int((at - LENGTH).timestamp()) for at in times])
    uploads.agree(services, row := reviewed(services, alice, data))
    row = worked(services, row)
    assert (row.added, row.matched) == (0, len(times))
    assert still_open() == [made]


def opened_now(user: User, cause: Cause, took: timedelta = timedelta()) -> int:
    """A gap in the middle of `hundred_days`, around which all was polled, as a check opens it.

    `took`: how long ago that check began.
    """
    middle = SPRING + timedelta(days=50)
    poll(user, *(middle - number * 6 * HOUR for number in range(1, 5)))
    made = gap(user, middle + HOUR, cause, clock.now() - took)
    Import.look_again(user.id, middle, middle + 6 * HOUR)
    return made


def looked_after(services: Services, user: User) -> None:
    """The next round of imports."""
    assert rounds.join(services) == 1
    reconcile.reconcile(user.id, lambda: opened_since.close(services.storage, user.id))


@pytest.mark.parametrize(
    ("files", "cause", "closes"),
    [
        (spotifys, Cause.DOWNTIME, True),
        (spotifys, Cause.PAUSED, True),
        (spotifys, Cause.LATE, False),  # it came to Spotify after the file
        (lastfms, Cause.DOWNTIME, False),
    ],
)
def test_a_gap_that_a_check_opens_in_the_time_of_spotifys_file_closes_soon_or_never_by_that(
    files: Callable[[datetime], dict[str, bytes]], cause: Cause, closes: bool, services: Services
) -> None:
    alice = factories.make_user("alice")
    brought = done(services, alice, files(SPRING))
    made = opened_now(alice, cause)
    looked_after(services, alice)
    assert still_open() == ([] if closes else [made])
    assert rounds.join(services) == 0
    # An import that comes and goes leaves all as it was.
    undone(services, done(services, alice, lastfms(AUTUMN)))
    assert still_open() == ([] if closes else [made])
    # A newer file may tell of late plays, too: it tells of others after the check that saw them.
    since = [clock.now() + number * HOUR for number in (1, 2)]
    later = done(services, alice, extended(SPRING_AUDIO, since))
    assert still_open() == []
    undone(services, later)
    assert still_open() == ([] if closes else [made])
    undone(services, brought)
    assert still_open() == [made]


@pytest.mark.parametrize("times", [1, 2])
def test_one_row_with_a_later_date_closes_no_gap_behind_spotifys_file(
    services: Services, times: int
) -> None:
    alice = factories.make_user("alice")
    rows = [spotify_row(f"{at:%Y-%m-%dT%H:%M:%SZ}") for at in hundred_days(SPRING)]
    end = SPRING + timedelta(days=100)
    made = gap(alice, end + timedelta(days=5))
    wrong = spotify_row(f"{end + timedelta(days=11):%Y-%m-%dT%H:%M:%SZ}")
    done(services, alice, spotify_file(*rows, *[wrong] * times))
    assert still_open() == [made]


def account_data(name: str, **told: str) -> dict[str, bytes]:
    """A file of Spotify's account data, which has one for each kind of item."""
    rows = [{"endTime": f"{at:%Y-%m-%d %H:%M}", "msPlayed": 180_000, **told}
            for at in hundred_days(SPRING)]  # fmt: skip
    return {name: orjson.dumps(rows)}


EPISODE = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "master_metadata_album_album_name": None,
    "spotify_track_uri": None,
    "episode_name": "One",
    "episode_show_name": "Talks",
    "spotify_episode_uri": f"spotify:episode:{1:022d}",
}
FORGOTTEN = {"trackName": "Unknown Track", "artistName": "Unknown Artist"}
PODCAST = {"podcastName": "Talks", "episodeName": "One"}
BOOK = {"audiobookName": "Tides", "authorName": "Ann", "chapterName": "One"}


@pytest.mark.parametrize(
    ("files", "closes"),
    [
        (account_data("StreamingHistory_music_0.json", trackName="Ebb", artistName="Ann"), True),
        (account_data("StreamingHistory_music_0.json", **FORGOTTEN), True),
        (account_data("StreamingHistory_podcast_0.json", **PODCAST), False),
        (account_data("StreamingHistory_audiobook_0.json", **BOOK), False),
        (extended(SPRING_AUDIO), True),
        (extended(SPRING_AUDIO, **EPISODE), False),
        (extended("a/Streaming_History_Video_2018-2024.json"), False),
        (extended("endvideo.json"), False),
    ],
)
def test_a_file_of_spotifys_without_music_closes_no_gap_between_its_rows(
    files: dict[str, bytes], closes: bool, services: Services
) -> None:
    alice = factories.make_user("alice")
    made = gap(alice, SPRING + timedelta(days=50, hours=1))
    row = reviewed(services, alice, files)
    told = Review.from_dict(Findings.loads(row.findings).review)
    uploads.agree(services, row)
    assert worked(services, row).status == DONE
    assert still_open() == ([] if closes else [made])
    assert told.gaps_closed == closes


@pytest.mark.parametrize("files", [spotifys, lastfms], ids=["complete", "scrobbler"])
@pytest.mark.parametrize(
    ("cause", "opened", "closes"),
    [
        (Cause.LATE, timedelta(days=99), True),
        (Cause.LATE, timedelta(days=101), False),  # the file may have been made before they came
        (Cause.OUTAGE, timedelta(days=101), True),
    ],
)
def test_late_plays_that_came_after_all_that_a_file_tells_of_may_not_be_in_it(
    cause: Cause,
    opened: timedelta,
    closes: bool,
    files: Callable[[datetime], dict[str, bytes]],
    services: Services,
) -> None:
    alice = factories.make_user("alice")
    middle = SPRING + timedelta(days=50)
    poll(alice, *(middle - number * 6 * HOUR for number in range(1, 5)))
    made = gap(alice, middle + HOUR, cause, SPRING + opened)
    row = reviewed(services, alice, files(SPRING))
    assert Review.from_dict(Findings.loads(row.findings).review).gaps_closed == closes
    uploads.agree(services, row)
    assert worked(services, row).status == DONE
    assert still_open() == ([] if closes else [made])
    # Taking another import back closes no more.
    undone(services, done(services, alice, lastfms(AUTUMN)))
    assert still_open() == ([] if closes else [made])


@pytest.mark.parametrize("cause", [Cause.DOWNTIME, Cause.LATE])
def test_a_gap_of_a_check_that_was_under_way_while_an_import_was_committed_closes_as_well(
    cause: Cause, services: Services, frozen: Frozen
) -> None:
    alice = factories.make_user("alice")
    done(services, alice, spotifys(SPRING))
    frozen.forward(seconds=5)
    made = opened_now(alice, cause, timedelta(seconds=40))
    looked_after(services, alice)
    assert still_open() == ([made] if cause is Cause.LATE else [])


@pytest.mark.parametrize("place", ["staged", "close"])
def test_a_gap_that_could_not_be_looked_at_is_in_the_next_round(
    place: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    done(services, alice, spotifys(SPRING))
    opened_now(alice, Cause.DOWNTIME)
    error = {"staged": StorageError("away"), "close": SystemExit()}[place]  # the latter is a kill
    with monkeypatch.context() as patch, context.use(services):
        assert rounds.join(services) == 1
        patch.setattr({"staged": records, "close": opened_since}[place], place, fails(error))
        with pytest.raises(type(error)):
            tasks.reconcile_imports(alice.id)
    assert len(still_open()) == 1
    looked_after(services, alice)
    assert still_open() == []
    assert rounds.join(services) == 0


def test_a_gap_that_a_check_opens_while_others_are_looked_at_is_in_the_next_round(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = factories.make_user("alice")
    done(services, alice, spotifys(SPRING))
    Import.look_again(alice.id, SPRING, SPRING + HOUR)
    closes = opened_since.close

    def meanwhile(*given: Any) -> None:
        closes(*given)
        opened_now(alice, Cause.DOWNTIME)

    with monkeypatch.context() as patch:
        patch.setattr(opened_since, "close", meanwhile)
        looked_after(services, alice)
    assert len(still_open()) == 1
    looked_after(services, alice)
    assert still_open() == []


def fails(error: BaseException) -> Callable[..., None]:
    def raises(*_: object) -> None:
        raise error

    return raises
