"""One member's archive through all that may happen to it, next to the simplest thing that is right.

`python -m tests.imports.whole_life 0 200` lives through so many worlds from that number on and ends
with the shortest list of acts that fails, if one does. One module although it is long: every act
changes the same model.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest

from audiospective import clock, history, models
from audiospective.clients.storage import FileStorage
from audiospective.exports import files, forwarding, snapshot
from audiospective.exports.bundle import writing
from audiospective.exports.formats import FORMATS
from audiospective.exports.snapshot import Owner
from audiospective.history import plays_by_day, recordings, references, removal, sealing
from audiospective.history.catalog import track_facts
from audiospective.history.closed import moving, objects, prefix
from audiospective.imports import listens, opened_since, reconcile, rounds
from audiospective.imports.restore import writing as writing_back
from audiospective.models import Connection, Import, RemovedPlay, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.imports import DONE, UNDONE
from audiospective.models.plays import FROM_IMPORT, FROM_POLL
from audiospective.policy import sealing as sealing_rule
from audiospective.policy.plays import (
    AlbumFacts,
    ArtistFacts,
    Page,
    PolledPlay,
    TrackFacts,
    Unreadable,
)
from audiospective.policy.timing import MINUTE, SECOND, Timing
from audiospective.polling import batch, other_account
from audiospective.services import Services
from tests.factories import make_connection, make_user
from tests.fakes import FakeSpotify
from tests.fixtures import make_settings
from tests.history.closing import bound
from tests.imports import invented_listening
from tests.imports.forwarded_life import Forwarding
from tests.imports.importing import done, spotify_row, undone, without_processes
from tests.imports.invented_listening import SONGS, length, spotify_id
from tests.imports.reading_files import as_json
from tests.imports.sources import test_listenbrainz, test_maloja_and_koito, test_scrobblers
from tests.support import postgres, redis
from tests.support.clocks import Frozen
from tests.support.postgres import Postgres

START = datetime(2024, 12, 27, 18, tzinfo=UTC)  # a year ends soon
RELINKED = (0, 3)  # songs that Spotify also answers under another id
PAGE = 50
BUNDLE = "bundle.zip"
TO_THE_MINUTE = "StreamingHistory_music_0.json"  # how Spotify's small archive tells of ends
OWN = ("csv", "json", "parquet")  # formats that keep everything
MANY_MINUTES = (Timing.END_MINUTE, Timing.HEARD_MINUTE, Timing.BEGAN_MINUTE)
Key = tuple[int, int]


@dataclass(frozen=True)
class Heard(invented_listening.Heard):
    """A play as it was, and how Spotify came to know it."""

    account: int  # the Spotify account that it was played with
    arrives: int  # when Spotify hears of it; later than its end on a device that was offline


@dataclass(frozen=True)
class Brought:
    """Files, and which plays they tell of."""

    files: dict[str, bytes]
    told: frozenset[int]
    own: bool


@dataclass
class Archive:
    """What is right about the member's archive; plays are told by their place in `World.heard`."""

    user: User
    told: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    removed: dict[int, datetime] = field(default_factory=dict)
    removed_as: dict[int, set[str]] = field(default_factory=dict)  # who had told of them by then
    unsure: set[int] = field(default_factory=set)  # which sources are noted with these
    maybe: set[int] = field(default_factory=set)  # these may be there
    imports: dict[int, Brought] = field(default_factory=dict)  # those that can be taken back
    decided: Counter[tuple[str, str]] = field(default_factory=Counter)  # of songs, see `decide`
    account: int = 0
    lives: int = 1

    def there(self) -> set[int]:
        return {one for one, by in self.told.items() if by and one not in self.removed}


class World:
    """A member, what they heard, and what became of it; `act` draws everything from its number."""

    def __init__(
        self, services: Services, spotify: FakeSpotify, frozen: Frozen, *, small: bool = False
    ) -> None:
        self.small = small  # whether pages hold fewer items now and then
        self.services, self.spotify, self.frozen = services, spotify, frozen
        self.heard: list[Heard] = []
        self.shelf: list[Brought] = []  # files that were brought or made once
        self.backup: tuple[bytes, set[int], set[int]] | None = None
        self.archive = Archive(self._member("alice"))
        self.sent_on: Forwarding | None = None
        self.as_told: dict[
            int, bool
        ] = {}  # whether checks first told of each play under another id
        self.cut: set[int] = set()  # plays of which a file told to the minute when they ended
        self.decided_then: Counter[tuple[str, str]] = Counter()  # when the backup was made
        self.chance = Random(0)
        frozen.to(START)

    # What happens

    def listen(self) -> None:
        """Time goes by with sittings in it, an hour or more apart."""
        hours = self.chance.choice([2, 9, 30, 30, 80, 400])
        self._round()  # they come more often than time goes by here
        until = clock.to_ms(self.frozen.now + timedelta(hours=hours))
        at = clock.to_ms(self.frozen.now) + self.chance.randrange(60_000, 3_600_000)
        sitting = 1 + max((one.sitting for one in self.heard), default=0)
        for _ in range(self.chance.choice([1, 1, 2, 3])):
            many = self.chance.choice([1, 3, 6, 12, 12, 40])
            late = self.chance.random() < 0.15
            plays = list(self._sitting(at, many, sitting, until))
            if late and plays:
                after = plays[-1].ended + self.chance.randrange(1, 30 * 3_600_000)
                plays = [replace(one, arrives=after) for one in plays]
            self.heard += plays
            at = (plays[-1].ended if plays else at) + self.chance.randrange(
                3_600_000, 9 * 3_600_000
            )
            sitting += 1
        self.frozen.to(clock.from_ms(until))

    def _sitting(self, at: int, many: int, sitting: int, until: int) -> Iterator[Heard]:
        for _ in range(many):
            song = self.chance.randrange(SONGS)
            long = length(song, 7)
            took = max(31_000, int(long * self.chance.choice([1.0, 1.0, 1.0, 0.7])))
            if at + took >= until:
                return
            ended = at + took
            ended += not ended % SECOND
            yield Heard(song, at, ended, long, sitting, self.archive.account, ended)
            at = ended + self.chance.choice([5_000, 5_400, 20_000, 600_000])

    def poll(self, *, as_before: bool = False) -> None:
        """A check; Spotify may tell other fractions of a second, other ids, or no track.

        `as_before`: under the same ids as when it first told them.
        """
        told = self.chance.choice(["exact", "exact", "exact", "cut"])
        other = self.chance.random() < 0.3
        linked = self.chance.random() < 0.5
        broken = {one for one in range(len(self.heard)) if self.chance.random() < 0.03}
        now = clock.to_ms(self.frozen.now)
        mine = [n for n, one in enumerate(self.heard)
                if one.account == self.archive.account and one.arrives <= now]  # fmt: skip
        # The newest fifty that arrived; in the order of their ends.
        size = PAGE
        if self.small and self.chance.random() < 0.3:
            size = self.chance.randint(1, PAGE - 1)
        mine = sorted(mine, key=lambda n: (self.heard[n].arrives, self.heard[n].ended))[-size:]
        mine.sort(key=lambda n: self.heard[n].ended)
        plays, odd = [], []
        for number in mine:
            one = self.heard[number]
            cut, under = told == "cut", other and one.song in RELINKED
            if as_before and number in self.as_told:
                under = self.as_told[number]
            at = one.ended // SECOND * SECOND if cut else one.ended
            if number in broken:
                mark = sha256(f"{number} {told}".encode()).hexdigest()
                odd.append(Unreadable(mark, "no track", "{}", at))
                continue
            self.as_told.setdefault(number, under)
            stands_for = spotify_id(one.song) if under and linked else None
            plays.append(PolledPlay(at, facts(one, other=under), linked_from=stands_for))
            self._tell(number, "poll")
        self._ask(Page(tuple(plays), tuple(odd), offered=len(mine)))
        self.settle()

    def poll_later(self) -> None:
        self.frozen.forward(minutes=self.chance.choice([20, 61, 61]))
        self.poll()

    def _ask(self, page: Page) -> None:
        user = self.archive.user.id
        self.spotify.pages[f"access-{user}"] = page
        Connection.update(
            next_poll_at=clock.now(), access_expires_at=clock.now() + timedelta(hours=1)
        ).where(Connection.user == user).execute()
        report = batch.now(self.services, user)
        assert report.calls, report

    def settle(self) -> None:
        """What runs soon after checks."""
        user = self.archive.user.id
        if user in rounds.to_join():
            listens.join(user)
        if rounds.join(self.services):
            reconcile.reconcile(user, lambda: opened_since.close(self.services.storage, user))

    def bring(self) -> None:
        """A file of some sittings, or one that was brought or made before."""
        self.frozen.forward(minutes=1)
        # Of the bundles that would be restored `come_back` is.
        restores = writing_back.possible(self.archive.user.id)
        shelf = [one for one in self.shelf if not restores or BUNDLE not in one.files]
        if shelf and self.chance.random() < 0.4:
            brought = self.chance.choice(shelf)
        else:
            there = sorted({one.sitting for one in self.heard})
            if not there:
                return
            many = self.chance.randint(1, len(there))
            begin = self.chance.randint(0, len(there) - many)
            some = set(there[begin : begin + many])
            if self.chance.random() < 0.3:
                some = set(self.chance.sample(there, self.chance.randint(1, len(there))))
            name = self.chance.choice(sorted(TELLERS))
            told = [n for n, one in enumerate(self.heard) if one.sitting in some]
            brought = Brought(TELLERS[name]([self.heard[n] for n in told]), frozenset(told), False)
            self.shelf.append(brought)
        self._bring(brought)

    def _bring(self, brought: Brought) -> Import:
        model = self.archive
        new = brought.told - model.there() - model.removed.keys() - model.unsure
        row = done(self.services, model.user, brought.files)
        assert (row.status, row.error, row.rejected) == (DONE, None, 0), row.error
        assert row.rows == len(brought.told)
        assert len(new) <= row.added <= len(new | (brought.told & model.unsure)), (
            row.added,
            len(new),
        )
        for number in brought.told:
            self._tell(number, f"import {row.id}")
        if TO_THE_MINUTE in brought.files:
            self.cut |= brought.told
        model.imports[row.id] = brought
        return row

    def take_back(self) -> None:
        if self.archive.imports:
            self._take_back(self.chance.choice(sorted(self.archive.imports)))

    def _take_back(self, number: int) -> None:
        row = undone(self.services, Import.get_by_id(number))
        assert (row.status, row.error) == (UNDONE, None), row.error
        brought = self.archive.imports.pop(number)
        for one in brought.told:
            self.archive.told[one].discard(f"import {number}")

    def bring_and_take_back(self) -> None:
        """At once: then all is as before, to the byte."""
        before = self._all()
        imports = set(self.archive.imports)
        unsure = set(self.archive.unsure)
        live = any("live" in by for by in self.archive.told.values())
        self.bring()
        for number in self.archive.imports.keys() - imports:
            self._take_back(number)
        after = self._all()
        if not unsure:
            if live:  # of what was sent a better time stays
                before["plays"], after["plays"] = len(before["plays"]), len(after["plays"])
            assert after == before, difference(before, after)

    def _all(self) -> dict[str, Any]:
        user = self.archive.user.id
        # By name: where a check told of a song since, a file read anew means that track.
        frame = _named(history.frame(user).rename({"played_at": "at"})).drop("track")
        gaps = Gap.select(
            Gap.started_at, Gap.probably_from, Gap.ended_at, Gap.closed_by_import
        ).where(Gap.user == user)
        stretches = Coverage.select(Coverage.started_at, Coverage.ended_at)
        return {
            "plays": frame.rows(),
            "gaps": sorted(gaps.tuples(), key=repr),
            "coverage": joined(sorted(stretches.where(Coverage.user == user).tuples(), key=repr)),
        }

    def send(self) -> None:
        """A player sends what was heard lately."""
        sitting = max((one.sitting for one in self.heard), default=0)
        told = [n for n, one in enumerate(self.heard) if one.sitting == sitting]
        if not told:
            return
        listens.take(self.archive.user.id, [listen(self.heard[n]) for n in told])
        for number in told:
            self._tell(number, "live")

    def send_some(self) -> None:
        """A player sends some of what was heard lately, after a while."""
        newest = max((one.sitting for one in self.heard), default=0)
        told = [n for n, one in enumerate(self.heard)
                if one.sitting > newest - 2 and self.chance.random() < 0.5]  # fmt: skip
        if told:
            listens.take(self.archive.user.id, [listen(self.heard[n]) for n in told])
        for number in told:
            self._tell(number, "live")

    def decide(self) -> None:
        """Two tracks are one piece of music, or they are not, or that is taken back."""
        user, decided = self.archive.user.id, self.archive.decided
        known = {(one.track, one.other) for one in recordings.choices(user)}
        if known and self.chance.random() < 0.3:
            pair = self.chance.choice(sorted(known))
            assert recordings.undo(user, *pair)
            decided[_songs(*pair)] -= 1
            return
        tracks = sorted({track for _, track in self.keys().values()})
        if len(tracks) < 2:
            return
        one, other = self.chance.sample(tracks, 2)
        for pair in ((one, other), (other, one)):
            decided[_songs(*pair)] -= pair in known
        assert self.chance.choice([recordings.merge, recordings.set_apart])(user, one, other)
        decided[_songs(one, other)] += 1

    def remove(self) -> None:
        keys = self.keys()
        there = sorted(keys)
        if not there:
            return
        some = self.chance.sample(there, min(len(there), self.chance.choice([1, 1, 3])))
        assert removal.remove(self.archive.user.id, [keys[one] for one in some]) == len(some)
        for number in some:
            self.archive.removed[number] = clock.now()
            self.archive.removed_as[number] = set(self.archive.told[number])

    def restore_removed(self) -> None:
        model = self.archive
        stones = self.stones()
        if not stones:
            return
        number = self.chance.choice(sorted(stones))
        late = clock.now() - model.removed[number] > removal.UNDO
        back = removal.restore(model.user.id, [stones[number]])
        assert back == (0 if late else 1)
        if back:
            del model.removed[number]
            if "poll" not in model.told[number]:  # a check may have told it since
                model.unsure.add(number)
            if model.removed_as[number] - model.told[number]:
                # What told of it was taken back meanwhile: it stays, or goes with what still tells.
                model.told[number].add("hand")
                model.maybe.add(number)
                model.unsure.add(number)

    def seal(self) -> None:
        sealing.seal(self.archive.user.id, trigger=sealing_rule.KEEP)

    def put_away(self) -> None:
        """Years that are over leave the database, or come back into it."""
        own = prefix.own(objects.storage(), clock.now())
        for year in range(START.year, clock.now().year):
            if self.chance.random() < 0.5:
                moving.take(self.archive.user.id, year, own)
            else:
                moving.bring_home(self.archive.user.id, year)

    def export(self) -> None:
        """In some format; it goes on the shelf, and makes of an empty archive the same one."""
        name = self.chance.choice(sorted(FORMATS))
        form = FORMATS[name]
        compatible = form.about.compatible and self.chance.random() < 0.5
        told = self.archive.there()
        if not told:
            return
        with TemporaryDirectory() as folder:
            taken = snapshot.take(
                self.archive.user.id, Owner("Alice", "UTC"), clock.now(), Path(folder)
            )
            path = files.save(form, taken, Path(folder), compatible=compatible)
            made = {path.name: path.read_bytes()}
        if name == "lastfm":
            return  # whoever reads it sends it on; there is no such source
        brought = Brought(made, frozenset(self.keys()), True)
        self.shelf.append(brought)
        self._elsewhere(brought, exact=name in OWN)

    def _elsewhere(self, brought: Brought, *, exact: bool) -> None:
        bob = make_user(f"bob-{clock.to_ms(clock.now())}-{len(self.shelf)}")
        row = done(self.services, bob, brought.files)
        assert (row.status, row.added, row.rows) == (DONE, len(brought.told), len(brought.told))
        mine, theirs = _known(self.archive.user.id), _known(bob.id)
        if exact:
            told = "at", "title", "ms_played", pl.col("timing").fill_null(int(Timing.END))
            assert mine.select(told).equals(theirs.select(told)), (mine, theirs)
        else:
            assert mine["title"].to_list() == theirs["title"].to_list()
        bob.delete_instance(recursive=True)

    def back_up(self) -> None:
        if not self.keys():
            return
        with TemporaryDirectory() as folder:
            taken = snapshot.take(
                self.archive.user.id, Owner("Alice", "UTC"), clock.now(), Path(folder)
            )
            path = writing.write(self.archive.user, taken, Path(folder), statistics=False)
            self.backup = path.read_bytes(), set(self.keys()), set(self.stones())
            self.decided_then = Counter(self.archive.decided)
        self.shelf.append(Brought({BUNDLE: self.backup[0]}, frozenset(self.backup[1]), True))

    def come_back(self) -> None:
        """Another account of this archive from its bundle; what was before it is deleted."""
        if self.backup is None:
            return
        data, plays, stones = self.backup
        old, model = self.archive, None
        old.user.delete_instance(recursive=True)
        model = Archive(
            self._member(f"alice-{old.lives}"), account=old.account, lives=old.lives + 1
        )
        self.archive, self.sent_on = model, None
        if self.chance.random() < 0.3:
            self.poll(as_before=True)
        row = done(self.services, model.user, {BUNDLE: data})
        assert (row.status, row.error) == (DONE, None), row.error
        model.decided = Counter(self.decided_then)
        self.settle()
        for number in plays:
            model.told[number].add("bundle")
        for number in stones:
            model.removed[number] = old.removed.get(number, START)
            model.told[number].add("bundle")
            model.removed_as[number] = {"bundle"}
        model.unsure = set(model.told)
        stones_now = {(s.played_at, s.track): s for s in RemovedPlay.select().where(
            RemovedPlay.user == model.user.id)}  # fmt: skip
        for number, key in self.stones().items():
            model.removed[number] = stones_now[key].removed_at

    def other_account(self) -> None:
        """Another Spotify account in this archive."""
        model = self.archive
        model.account = 1 - model.account
        with models.transaction():
            other_account.attached(model.user.id, clock.now())
            Connection.update(authorized_at=clock.now()).where(
                Connection.user == model.user.id
            ).execute()
        self.settle()

    def forward(self) -> None:
        """A round that sends plays on; the first begins it, and at times the server is away."""
        user = self.archive.user
        if self.sent_on is None:
            self.sent_on = Forwarding()
            with self._server():
                self.sent_on.begin(self.services, user, self.chance)
        self.sent_on.server.away = self.chance.random() < 0.2
        self._round()

    def _round(self) -> None:
        if self.sent_on is None:
            return
        self.settle()
        with self._server():
            self.sent_on.round(self.services, self.archive.user)
        model = self.archive
        told = {number: model.told[number] for number in model.there()}
        self.sent_on.note(self.heard, told, model.unsure)
        self.sent_on.check(self.heard, self.cut)

    @contextmanager
    def _server(self) -> Iterator[None]:
        assert self.sent_on is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(forwarding, "ListenServer", lambda *_: self.sent_on.server)
            yield

    def wait(self) -> None:
        self._round()
        self.frozen.forward(days=self.chance.choice([1, 12, 40]))

    def tidy(self) -> None:
        removal.drop_expired(clock.now())
        references.free(clock.now())

    # What is right

    def _member(self, name: str) -> User:
        user = make_user(name, created_at=clock.now(), timezone="UTC")
        make_connection(self.services, user, authorized_at=clock.now())
        return user

    def _tell(self, number: int, by: str) -> None:
        if number in self.archive.removed and by == "poll":
            return  # nothing is noted of it, so it does not stay by that if it is ever restored
        self.archive.told[number].add(by)

    def keys(self) -> dict[int, Key]:
        """Where each play of the archive stands; raises AssertionError if any is not as it was."""
        plays = _known(self.archive.user.id)
        return self._placed(plays, self.archive.there(), "archived")

    def stones(self) -> dict[int, Key]:
        keys = list(
            RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track)
            .where(RemovedPlay.user == self.archive.user.id).tuples()
        )  # fmt: skip
        frame = pl.DataFrame(keys, schema={"at": pl.Int64, "track": pl.Int32}, orient="row")
        frame = frame.with_columns(
            timing=pl.lit(int(Timing.END_MINUTE), pl.Int8), source=pl.lit(0, pl.Int8)
        )
        return self._placed(_named(frame), set(self.archive.removed), "deleted")

    def _placed(self, plays: pl.DataFrame, wanted: set[int], what: str) -> dict[int, Key]:
        found, maybe = {}, self.archive.maybe
        for song in range(SONGS):
            rows = plays.filter(pl.col("title") == f"Song {song}").rows(named=True)
            mine = [n for n in wanted if self.heard[n].song == song]
            pairs = _paired(rows, [self.heard[n] for n in mine])
            left = [row for place, row in enumerate(rows) if place not in pairs.values()]
            lost = [
                self.heard[n]
                for place, n in enumerate(mine)
                if place not in pairs and n not in maybe
            ]
            assert not [*left, *lost], (
                f"song {song}: {what} are {len(rows)} plays for {len(mine)};"
                f" lost {lost}, beside that {left}"
            )
            for place, row in pairs.items():
                found[mine[place]] = (rows[row]["at"], rows[row]["track"])
        return found

    def check(self) -> None:
        user = self.archive.user.id
        placed = self.keys()
        self.stones()
        total = len(placed)
        assert history.total(user) == total
        assert plays_by_day.of(user, "UTC").plays == total
        seen, before = [], None
        while page := history.recent(user, 25, before):
            seen += [(clock.to_ms(one.played_at), one.track_id) for one in page]
            before = page[-1].played_at
        assert sorted(seen) == sorted(placed.values())
        sources = {(row["at"], row["track"]): row["source"] for row in _known(user).to_dicts()}
        for number, key in placed.items():
            by = self.archive.told[number]
            if number in self.archive.unsure:
                continue
            expected = FROM_POLL * ("poll" in by) | FROM_IMPORT * bool(by - {"poll"})
            assert sources[key] == expected, (self.heard[number], sources[key], by)
        self._check_gaps(user)
        self._check_recordings(user)

    def _check_recordings(self, user: int) -> None:
        """What was decided stays, whatever becomes of the plays and their tracks."""
        choices = recordings.choices(user)
        there = Counter(_songs(one.track, one.other) for one in choices)
        assert there == +self.archive.decided, (there, self.archive.decided)
        found = recordings.of(user)
        here = set(found.heard)
        latest = {}
        for one in reversed(choices):
            latest[one.track] = latest[one.other] = one
        for one in latest.values():
            first = latest[one.track] is one and latest[one.other] is one
            if first and one.together and {one.track, one.other} <= here:
                assert found.head(one.track) == found.head(one.other), one

    def _check_gaps(self, user: int) -> None:
        plays = _known(user).filter(pl.col("source") == FROM_IMPORT)["at"].to_list()
        for gap in Gap.select().where(Gap.user == user):
            start, end = clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at)
            assert gap.recovered == sum(start < at <= end for at in plays), "recovered plays"
            if gap.closed_at is not None and gap.closed_by_import in self.archive.imports:
                brought = self.archive.imports[gap.closed_by_import]
                assert not brought.own, "a gap was closed by what an archive wrote"
                ends = [self.heard[n].ended for n in brought.told]
                begins = [self.heard[n].began for n in brought.told]
                assert min(begins) - 3 * MINUTE <= clock.to_ms(gap.started_at)
                assert clock.to_ms(gap.ended_at) <= max(ends) + 3 * MINUTE
            elif gap.closed_at is not None:
                row = Import.get_by_id(gap.closed_by_import)
                assert row.status == DONE, "a gap is closed by an import that was taken back"
        stretches = list(
            Coverage.select().where(Coverage.user == user).order_by(Coverage.started_at)
        )
        for gap in Gap.select().where((Gap.user == user) & Gap.closed_at.is_null()):
            for one in stretches:
                if gap.is_probable:
                    inside = one.started_at < gap.ended_at and (
                        one.ended_at is None or one.ended_at > gap.probably_from
                    )
                    assert not inside, (gap.__data__, one.__data__)
        for one, after in pairwise(stretches):
            assert one.ended_at is not None, "two stretches of coverage grow"
            assert one.ended_at <= after.started_at, "coverage overlaps"


ACTS: dict[str, int] = {
    "listen": 6, "poll": 4, "poll_later": 2, "bring": 5, "take_back": 3, "bring_and_take_back": 2,
    "send": 2, "remove": 3, "restore_removed": 2, "seal": 2, "put_away": 1, "export": 2,
    "back_up": 1, "come_back": 1, "other_account": 1, "wait": 1, "tidy": 1,
}  # fmt: skip
# With what else may happen to it; apart, so that worlds of old are as they were.
MORE = ACTS | {"forward": 5, "send_some": 3, "decide": 2}
Act = tuple[str, int]


def acts(seed: int, many: int, kinds: Mapping[str, int] = ACTS) -> list[Act]:
    chance = Random(seed)
    names = chance.choices(list(kinds), list(kinds.values()), k=many)
    return [("listen", seed), *((name, chance.randrange(10**6)) for name in names)]


def live(world: World, some: Sequence[Act]) -> None:
    for place, (name, number) in enumerate(some, 1):
        world.chance = Random(number)
        try:
            getattr(world, name)()
            world.check()
        except Exception as error:
            error.args = (*error.args, f"at act {place}")
            raise


def facts(one: Heard, *, other: bool) -> TrackFacts:
    album = AlbumFacts(f"{900 + one.song % 3:022d}", f"Album {one.song % 3}")
    artist = ArtistFacts(f"{800 + one.song % 2:022d}", f"Artist {one.song % 2}")
    number = one.song + 500 if other else one.song
    return TrackFacts(spotify_id(number), f"Song {one.song}", artists=(artist,), album=album,
                      duration_ms=one.length)  # fmt: skip


def extended(heard: Sequence[Heard]) -> dict[str, bytes]:
    return {"Streaming_History_Audio_2024_0.json": as_json([
        spotify_row(
            f"{clock.from_ms(one.ended):%Y-%m-%dT%H:%M:%SZ}",
            one.song,
            ms_played=one.ended - one.began,
            reason_end="trackdone" if one.ended - one.began == one.length else "fwdbtn",
            master_metadata_album_artist_name=f"Artist {one.song % 2}",
            master_metadata_album_album_name=f"Album {one.song % 3}",
        )
        for one in heard
    ])}  # fmt: skip


def account(heard: Sequence[Heard]) -> dict[str, bytes]:
    return {TO_THE_MINUTE: as_json([
        {
            "endTime": f"{clock.from_ms(one.ended):%Y-%m-%d %H:%M}",
            "artistName": f"Artist {one.song % 2}",
            "trackName": f"Song {one.song}",
            "msPlayed": one.ended - one.began,
        }
        for one in heard
    ])}  # fmt: skip


def lastfm(heard: Sequence[Heard]) -> dict[str, bytes]:
    lines = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    lines += [
        f'"{one.began // SECOND}","x","Artist {one.song % 2}","","Album {one.song % 3}","",'
        f'"Song {one.song}",""'
        for one in heard
    ]
    return {"recenttracks-a-1.csv": "\n".join(lines).encode()}


def listen(one: Heard) -> dict[str, Any]:
    return {
        "listened_at": one.began // SECOND,
        "track_metadata": {
            "artist_name": f"Artist {one.song % 2}",
            "track_name": f"Song {one.song}",
            "release_name": f"Album {one.song % 3}",
            "additional_info": {"media_player": "Pano Scrobbler", "duration_ms": one.length},
        },
    }


def listenbrainz(heard: Sequence[Heard]) -> dict[str, bytes]:
    return test_listenbrainz.months(*(listen(one) for one in heard))


def maloja(heard: Sequence[Heard]) -> dict[str, bytes]:
    return test_maloja_and_koito.maloja(
        *(
            {
                "time": one.began // SECOND,
                "track": {
                    "artists": [f"Artist {one.song % 2}"],
                    "title": f"Song {one.song}",
                    "album": {"artists": [], "albumtitle": f"Album {one.song % 3}"},
                    "length": one.length // SECOND,
                },
                "duration": (one.ended - one.began) // SECOND,
                "origin": "client:web",
            }
            for one in heard
        )
    )


def scrobbler_log(heard: Sequence[Heard]) -> dict[str, bytes]:
    return test_scrobblers.log(
        *(
            f"Artist {one.song % 2}\tAlbum {one.song % 3}\tSong {one.song}\t1"
            f"\t{one.length // SECOND}\tL\t{one.began // SECOND}\t"
            for one in heard
        ),
        zone="UTC",
    )


def pano(heard: Sequence[Heard]) -> dict[str, bytes]:
    lines = [
        test_scrobblers.pano_line(
            timeMs=one.began,
            artist=f"Artist {one.song % 2}",
            track=f"Song {one.song}",
            album=f"Album {one.song % 3}",
            albumArtist=None,
            durationMs=one.length,
        )
        for one in heard
    ]
    return {"pano.jsonl": "\n".join(lines).encode()}


def table(heard: Sequence[Heard]) -> dict[str, bytes]:
    lines = ["endTime,track,artist,ms_played"]
    lines += [
        f"{clock.from_ms(one.ended):%Y-%m-%dT%H:%M:%SZ},Song {one.song},Artist {one.song % 2},"
        f"{one.ended - one.began}"
        for one in heard
    ]
    return {"plays.csv": "\n".join(lines).encode()}


TELLERS: dict[str, Callable[[Sequence[Heard]], dict[str, bytes]]] = {
    "extended": extended, "account": account, "lastfm": lastfm, "listenbrainz": listenbrainz,
    "maloja": maloja, "scrobbler log": scrobbler_log, "pano": pano, "table": table,
}  # fmt: skip


def _songs(*tracks: int) -> tuple[str, str]:
    titles = dict(track_facts.of(pl.Series(tracks, dtype=pl.Int32)).select("track", "title").rows())
    one, other = (titles[track] for track in tracks)
    return one, other


def _known(user_id: int) -> pl.DataFrame:
    frame = history.frame(user_id, columns=("played_at", "track", "timing", "source", "ms_played"))
    return _named(frame.rename({"played_at": "at"}).with_columns(pl.col("at").to_physical()))


def _named(plays: pl.DataFrame) -> pl.DataFrame:
    titles = track_facts.of(plays["track"].unique()).select("track", "title")
    return plays.join(titles, on="track", how="left", maintain_order="left").sort("at", "title")


def _paired(rows: Sequence[Mapping[str, Any]], heard: Sequence[Heard]) -> dict[int, int]:
    """By heard, the row that may be it: as many pairs as there can be."""
    may = [[place for place, row in enumerate(rows) if _is(row, one)] for one in heard]
    of_row: dict[int, int] = {}

    def find(one: int, tried: set[int]) -> bool:
        for place in may[one]:
            if place not in tried:
                tried.add(place)
                if place not in of_row or find(of_row[place], tried):
                    of_row[place] = one
                    return True
        return False

    for one in sorted(range(len(heard)), key=lambda one: heard[one].ended):
        find(one, set())
    return {one: place for place, one in of_row.items()}


def _is(row: Mapping[str, Any], one: Heard) -> bool:
    room = 61 * SECOND if row["timing"] in MANY_MINUTES else 2 * SECOND
    if row["source"] & FROM_POLL:
        return abs(row["at"] - one.ended) < SECOND
    return bool(one.began - room <= row["at"] <= one.ended + room)


def joined(stretches: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Those of which one ends where the next one begins, as one."""
    found: list[tuple[Any, Any]] = []
    for start, end in stretches:
        touches = found and found[-1][1] == start
        found.append((found.pop()[0] if touches else start, end))
    return found


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    told = []
    for name in before:
        if before[name] == after[name] or not isinstance(before[name], list):
            continue
        gone = [one for one in before[name] if one not in after[name]]
        came = [one for one in after[name] if one not in before[name]]
        told += [f"{name}: gone {gone}, came {came}"] * bool(gone or came)
    return "; ".join(told)


@contextmanager
def world(
    services: Services, spotify: FakeSpotify, frozen: Frozen, home: Path, *, small: bool = False
) -> Iterator[World]:
    """An empty instance with one member in it."""
    with pytest.MonkeyPatch.context() as patch, bound(FileStorage(home / "years")):
        without_processes(patch)
        frozen.to(START)
        yield World(services, spotify, frozen, small=small)


@dataclass(frozen=True)
class Servers:
    """Where worlds are kept: without `postgres` in a file of SQLite each."""

    redis_url: str
    postgres: Postgres | None = None
    small: bool = False  # see World

    @contextmanager
    def database(self, home: Path) -> Iterator[str]:
        if self.postgres is None:
            yield f"sqlite:///{home / 'life.db'}"
            return
        name = self.postgres.create()
        yield self.postgres.url(name)
        models.database.close()
        self.postgres.drop(name)


def tried(some: Sequence[Act], servers: Servers) -> Exception | None:
    """What a world fails with, if it does."""
    with TemporaryDirectory(dir=_fast()) as name, servers.database(Path(name)) as url:
        home, frozen, spotify = Path(name), Frozen(START), FakeSpotify()
        settings = make_settings(home, url, servers.redis_url)
        services = replace(Services.build(settings), spotify=spotify)  # type: ignore[arg-type]
        models.migrate()
        with services.database.connection_context(), clock.use(frozen):
            try:
                with world(services, spotify, frozen, home, small=servers.small) as lived:
                    live(lived, some)
            except Exception as error:
                return error
    return None


def _fast() -> str | None:
    """A file system in memory, where there is one: every commit waits for its disk."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() else None


def shrunk(some: Sequence[Act], servers: Servers) -> list[Act]:
    """The acts without all that may be left out: something is still wrong."""
    kept = list(some)
    size = max(1, len(kept) // 2)
    while size:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if fewer and tried(fewer, servers):
                kept = fewer
            else:
                at += size
        size //= 2
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.imports.whole_life")
    parser.add_argument("first", type=int, help="number of the first world")
    parser.add_argument("count", type=int, help="how many worlds")
    parser.add_argument("--acts", type=int, default=40, help="so many happen in each")
    parser.add_argument("--go-on", action="store_true", help="also after a world that fails")
    parser.add_argument("--postgres", action="store_true", help="keep them in PostgreSQL")
    parser.add_argument("--small-pages", action="store_true", help="Spotify's hold fewer at times")
    parser.add_argument(
        "--more", action="store_true", help="plays are sent on, tracks put together"
    )
    given = parser.parse_args()
    failed = 0
    with ExitStack() as stack:
        found = stack.enter_context(postgres.running()) if given.postgres else None
        servers = Servers(stack.enter_context(redis.running()), found, given.small_pages)
        for seed in range(given.first, given.first + given.count):
            some = acts(seed, given.acts, MORE if given.more else ACTS)
            error = tried(some, servers)
            if error is None:
                continue
            # From the act that failed on nothing matters.
            less = shrunk(some[: int(str(error.args[-1]).split()[-1])], servers)
            print(f"world {seed} fails: {less}", flush=True)
            traceback.print_exception(tried(less, servers) or error, limit=-4)
            failed += 1
            if not given.go_on:
                break
        else:
            print(f"{given.count} worlds, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
