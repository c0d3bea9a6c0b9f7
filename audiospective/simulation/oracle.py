"""The oracle: compares what really was with what the archive says, after every step.

One module although it is long: what is known of a page decides all that is asked about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from audiospective import clock
from audiospective.history.closed import objects
from audiospective.models import Import, claims, database, notices
from audiospective.models.base import as_list, listed, placeholder
from audiospective.polling import batch
from audiospective.sandbox.apps import CLIENT_ID
from audiospective.simulation import (
    after_faults,
    ended_consents,
    in_process_spotify,
    losses,
    members,
    whole_archive,
)
from audiospective.simulation.email_checks import EmailChecks
from audiospective.simulation.instance import Instance
from audiospective.simulation.losses import Item, Page
from audiospective.simulation.members import Member
from audiospective.simulation.spotify_side import ArrivedPage, Key, PageItems, SpotifySide, read
from audiospective.simulation.timeline import HOUR, MINUTE

SETTLED = 5 * MINUTE
RECENT = 2 * MINUTE  # an answer that is not written by then is not written at all
OK, ODD = "ok", ("empty", "undated")

Gap = tuple[int, int, int]  # start, probable start, end


@dataclass
class Balance:
    """Figures of a run, printed at its end."""

    polls: int = 0
    plays: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    recorded: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    gap_hours: float = 0.0
    possible_hours: float = 0.0
    emails: Counter[str] = field(default_factory=Counter)
    imports: Counter[str] = field(default_factory=Counter)


class Oracle:
    """Watches what the product does and looks into its rows; whatever is wrong is in `wrong`."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.members: dict[int, Member] = {}
        self.sides: dict[int, SpotifySide] = {}
        self.balance = Balance()
        self.wrong: list[str] = []
        self.trace: list[str] = []
        self.slot = ""  # of the batch that is being polled, and ...
        self.before = batch.ANY_TIME  # ... its end
        self._asking: list[claims.Claim] = []
        self._pages = 0
        self._arrived: dict[tuple[int, int], ArrivedPage] = {}
        self._fences: dict[int, int] = {}
        self.claimed: set[tuple[int, int]] = set()  # members and instants of our clock, of days
        self._slots: set[tuple[str, int]] = set()  # that were polled, of the last days
        self._gaps: dict[int, dict[int, Gap]] = {}
        self._emails = EmailChecks(instance, self.members)
        self._names = whole_archive.Names(dict(instance.world.catalog.tracks))
        self._readers: dict[int, whole_archive.Reader] = {}

    def meet(self, member: Member) -> None:
        """From now on look at this member's archive as well."""
        side = SpotifySide(self.instance.world.listeners[member.listener])
        self.members[member.user_id], self.sides[member.user_id] = member, side
        self._readers[member.user_id] = whole_archive.Reader(self._names)
        member.polled = side.archived

    def complain(self, text: str) -> None:
        self.wrong.append(text)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """See every page that arrives, every claim, and every write of a claimed row."""
        fetching = batch.__dict__["fetch"]  # as others may have wrapped it already
        with ExitStack() as stack:
            self.instance.page_came = self._page_came
            self.instance.mail_goes = lambda key: self.wrong.extend(self._emails.handed_over(key))
            self.instance.mail_went = self._emails.going.discard
            for place, name, wrapped in (
                (batch, "fetch", self._asked(fetching)),
                (batch, "archive", self._of_slot(batch.archive)),
                (claims, "claim", self._claimed(claims.claim)),
                (claims, "write", self._wrote(claims.write)),
                (notices, "finish", self._finished(notices.finish)),
            ):
                stack.enter_context(patch.object(place, name, wrapped))
            yield

    def check_archives(self) -> None:
        """Once a day: the whole archive of everybody, as a process that has just begun reads it."""
        objects.bind(objects.storage())
        yesterday = f"{clock.now() - timedelta(days=2):%Y-%m-%d}"
        self._slots = {key for key in self._slots if key[0] > yesterday}
        since = clock.to_ms(clock.now() - timedelta(days=2))
        self.claimed = {key for key in self.claimed if key[1] > since}
        for user_id, reader in self._readers.items():
            self.wrong += reader.check(self.members[user_id], self.sides[user_id])
            self.wrong += ended_consents.noticed(self.instance, self.members[user_id])

    def check_after_faults(self, since: int, interval: int) -> None:
        """Once the faults are over: see after_faults. Both in ms."""
        now, people = self.instance.timeline.ms, list(self.members.values())
        for member in people:
            members.learn_outcome(self.instance, member)
        self.wrong += after_faults.not_polled(people, now, since=since, interval=interval)
        self.wrong += after_faults.held_claims(now)
        self.wrong += after_faults.unsent_emails(now)
        self.wrong += after_faults.not_told(people, now, since)
        self.wrong += after_faults.unfinished_imports(self.instance, people)
        self.wrong += after_faults.wrong_dashboards(self.instance, people, self.sides)

    def sum_up(self) -> None:
        """What is counted once, when a run ends."""
        self.balance.emails = self._emails.kinds
        self.balance.imports = Counter(str(row.status) for row in Import.select())

    # What is seen as it happens.

    def _asked(self, fetch: Callable[..., Any]) -> Callable[..., Any]:
        def watched(services: Any, attempt: Any, deadline: Any) -> Any:
            self._asking.append(attempt.claim)
            try:
                return fetch(services, attempt, deadline)
            finally:
                self._asking.pop()

        return watched

    def _of_slot(self, archive: Callable[..., Any]) -> Callable[..., Any]:
        def watched(services: Any, user_ids: Any, slot: Any, end: Any, **more: Any) -> Any:
            before = self.slot, self.before
            self.slot, self.before = f"{slot:%Y-%m-%d %H:%M}", end
            try:
                return archive(services, user_ids, slot, end, **more)
            finally:
                self.slot, self.before = before

        return watched

    def _page_came(self, body: bytes) -> None:
        self._pages += 1
        if self._pages % in_process_spotify.WHOLE_WAY == 0 and not in_process_spotify.is_read_alike(
            body
        ):
            self.complain("a page reads otherwise as a whole than item by item")
        claim = self._asking[-1]
        side, instance = self.sides[claim.user_id], self.instance
        frozen = self._snapshot(side)
        window = side.window(
            side.listener.tape.window if frozen is None else frozen,
            instance.freezes,
            instance.frozen_since,
        )
        try:
            found = read(body)
        except (ValueError, KeyError, TypeError):
            return  # no page at all
        claimed = clock.to_ms(claim.claimed_at)
        self._arrived[claim.user_id, claimed] = ArrivedPage(
            claim.user_id, claimed, int(claim.connection.fence), self.slot,
            bool(self.slot) and claim.connection.next_poll_at < self.before, instance.timeline.ms,
            found, window, frozen is not None, instance.timeline.ahead != 0,
        )  # fmt: skip

    def _snapshot(self, side: SpotifySide) -> Any:
        for fault in self.instance.world.faults.all.values():
            if fault.name == "stale" and fault.strikes(
                "recently-played", side.listener.id, CLIENT_ID
            ):
                return fault.snapshots.get(side.listener.id)
        return None

    def _claimed(self, claim: Callable[..., list[claims.Claim]]) -> Callable[..., Any]:
        def watched(user_ids: Any, *args: Any, **more: Any) -> list[claims.Claim]:
            held = self._leases(list(user_ids))
            found = claim(user_ids, *args, **more)
            for one in found:
                if held.get(one.user_id, 0) > clock.to_ms(one.claimed_at):
                    self.complain(f"member {one.user_id} was claimed while another worker held it")
                self._fences[one.user_id] = int(one.connection.fence)
                self.claimed.add((one.user_id, clock.to_ms(one.claimed_at)))
            return found

        return watched

    def _leases(self, user_ids: list[int]) -> dict[int, int]:
        return dict(
            queried(f"user_id, lease_until FROM connections WHERE {_among()}", as_list(user_ids))
        )

    def _wrote(self, write: Callable[..., bool]) -> Callable[..., bool]:
        def watched(claim: claims.Claim, values: Any) -> bool:
            done = write(claim, values)
            if done and claim.connection.fence < self._fences.get(claim.user_id, 0):
                self.complain(f"member {claim.user_id} was written by a claim that was lost")
            return done

        return watched

    def _finished(self, finish: Callable[..., bool]) -> Callable[..., bool]:
        def watched(notice: Any, status: str, *args: Any, **more: Any) -> bool:
            done = finish(notice, status, *args, **more)
            if done and status == notices.SENT:
                self._emails.sent.add(notice.key)
            return done

        return watched

    # What the rows say after a step.

    def after_step(self) -> list[str]:
        """Judge the polls that were committed in the step; one line of the trace for each."""
        self.wrong += self._emails.new()
        if not self._arrived:
            return []
        oldest = min(claimed for _, claimed in self._arrived)
        rows = queried(
            "user_id, at, outcome, added FROM poll_log"
            f" WHERE {_among()} AND at >= ? ORDER BY at, user_id",
            as_list([one for one, _ in self._arrived]),
            oldest,
        )
        done = [
            (arrived, str(outcome), int(added))
            for user_id, at, outcome, added in rows
            if (arrived := self._arrived.pop((user_id, at), None)) is not None
        ]
        late = clock.to_ms(clock.now()) - RECENT
        self._arrived = {key: one for key, one in self._arrived.items() if key[1] > late}
        if not done:
            return []
        gaps = self._gaps_of([arrived.user_id for arrived, _, _ in done])
        lines = []
        for arrived, outcome, added in sorted(done, key=lambda one: (one[0].at, one[0].user_id)):
            self._committed(arrived, outcome, added, gaps.get(arrived.user_id, {}))
            lines.append(
                f"{arrived.user_id} {arrived.at} {outcome} {added} {arrived.found.offered}"
            )
        return lines

    def _committed(
        self, arrived: ArrivedPage, outcome: str, added: int, gaps: dict[int, Gap]
    ) -> None:
        side, member = self.sides[arrived.user_id], self.members[arrived.user_id]
        if outcome != OK and outcome not in ODD:
            return
        self.balance.polls += 1
        self._once_a_slot(arrived, member)
        # As long as nothing is played the same page comes again.
        again = arrived.found is side.committed
        new = frozenset[Key]() if again else arrived.found.plays - side.archived
        side.committed = arrived.found
        if added != len(new):
            self.complain(
                f"member {arrived.user_id}: {added} plays were added of {len(new)} new ones"
            )
        self.balance.plays += len(new)
        side.archived.update(new)
        side.fresh.update(new)
        if side.last is not None and arrived.window is side.last.window:
            items, fresh = side.last.items, frozenset[Item]()  # nothing came since
        else:
            items = tuple(item for item in arrived.window if item.shown and item.dated)
            fresh = frozenset(items) - side.known
        side.known |= fresh
        for item in fresh:
            side.unseen.pop(item, None)
        if new:
            self._is_archived(arrived.user_id, new)
        if outcome != OK:
            return
        page = Page(arrived.at, arrived.window, items, fresh)
        odd = arrived.frozen or arrived.wrong_clock
        if not arrived.frozen:
            self._losses(side, member, page, gaps, arrived.found)
        self._false_gaps(side, member, page, gaps, exact=not (odd or side.odd_last))
        side.last, side.odd_last = page, odd

    def _once_a_slot(self, arrived: ArrivedPage, member: Member) -> None:
        """One slot, one committed poll, unless another one fell due in it: of whoever is polled
        every ten minutes, or because the member saw to it themselves."""
        key = arrived.slot, arrived.user_id
        if not arrived.slot or arrived.wrong_clock or arrived.at - member.touched_at < HOUR:
            return
        if key in self._slots and not arrived.due:
            self.complain(f"member {arrived.user_id} was polled twice in slot {arrived.slot}")
        self._slots.add(key)

    def _is_archived(self, user_id: int, new: frozenset[Key]) -> None:
        times = Counter(at for at, _ in new)
        oldest = min(times)
        rows = Counter(
            int(at)
            for (at,) in queried(
                "played_at FROM plays WHERE user_id = ? AND played_at >= ?", user_id, oldest
            )
        )
        for at, count in times.items():
            if rows[at] < count:
                self.complain(f"member {user_id}: a play of {at} was offered and is not archived")

    def _losses(
        self, side: SpotifySide, member: Member, page: Page, gaps: dict[int, Gap], found: PageItems
    ) -> None:
        if not side.unseen:
            return
        offered, unreadable = found.offered, found.unreadable
        held = set(page.window)
        gone = [item for item in side.unseen if item not in held and item.arrived <= page.at]
        for item in gone:
            del side.unseen[item]
            every, since = side.ended_from(item.ended), self._since(member)
            kind = losses.kind(every, item, page, side.last, since, SETTLED)
            recorded = any(start <= item.ended <= end for start, _, end in gaps.values())
            self.balance.lost[kind] += 1
            self.balance.recorded[kind] += recorded
            if kind in losses.RECORDED and not recorded:
                self.complain(
                    f"member {member.user_id}: a play of {item.ended} was lost without a gap"
                    f" ({kind}; a page of {offered} items, {len(unreadable)} unreadable)"
                )

    def _since(self, member: Member) -> int:
        """When the archive begins to be complete, before the first page."""
        columns = "authorized_at, first_authorized_at"
        at, first = queried(f"{columns} FROM connections WHERE user_id = ?", member.user_id)[0]
        if first is not None:  # no page came of that consent
            return max(member.first_consented_at, min(int(first), int(at)))
        return max(member.consented_at, int(at))

    def _false_gaps(
        self, side: SpotifySide, member: Member, page: Page, gaps: dict[int, Gap], *, exact: bool
    ) -> None:
        """Measure the gaps that this page opened; `exact`: none may be where nothing was missed."""
        before = self._gaps.get(member.user_id, {})
        self._gaps[member.user_id] = gaps
        for number, gap in gaps.items():
            if before.get(number) == gap:
                continue
            self.balance.gaps += 1
            since = self._since(member)
            if not exact:
                continue
            parts = losses.stretches(page, side.last, gap, since=since, settled=SETTLED)
            self.balance.gap_hours += (gap[2] - gap[0]) / HOUR
            self.balance.possible_hours += sum(p.end - p.start for p in parts if p.ever) / HOUR
            false = any(not part.ever and part.end - part.start > 1 for part in parts)
            if false or losses.tells_of_nothing(page, side.last):
                self.complain(
                    f"member {member.user_id}: the gap from {gap[0]} to {gap[2]} is false"
                )

    def _gaps_of(self, user_ids: list[int]) -> dict[int, dict[int, Gap]]:
        found: dict[int, dict[int, Gap]] = {}
        for user_id, number, start, probably, end in queried(
            "user_id, id, started_at, probably_from, ended_at FROM gaps"
            f" WHERE {_among()} ORDER BY id",
            as_list(user_ids),
        ):
            found.setdefault(user_id, {})[number] = (start, probably, end)
        return found


def queried(query: str, *values: Any) -> list[Any]:
    """Rows, parameters marked `?`: SQLite takes longer to read a new text than to answer it."""
    text = f"SELECT {query}".replace("?", placeholder())
    return list(database.execute_sql(text, values).fetchall())


def _among() -> str:
    return f"user_id IN (SELECT value FROM {listed()})"  # noqa: S608 - a constant
