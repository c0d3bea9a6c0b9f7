"""Everything the sandbox knows, in one place, under one lock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path
from threading import Event, RLock
from typing import Any

from audiospective.sandbox.apps import App
from audiospective.sandbox.calls import CallLog
from audiospective.sandbox.catalog import Catalog
from audiospective.sandbox.clock import VirtualClock, real_now_ms
from audiospective.sandbox.faults import Faults
from audiospective.sandbox.first_listeners import roster
from audiospective.sandbox.grants import Grants
from audiospective.sandbox.items import Writer
from audiospective.sandbox.listeners import BRISK_MS, Listener
from audiospective.sandbox.mailbox import Mailbox
from audiospective.sandbox.plays import UNSET, Play
from audiospective.sandbox.store import Store
from audiospective.sandbox.throttles import Throttles

# Plays given by hand sort behind generated ones of the same millisecond.
FIRST_ORDER = 10**15


@dataclass
class SandboxState:
    """The state of one sandbox. Whatever reads or changes it holds `lock`.

    `source_ms` gives the UTC milliseconds that the virtual clock is based on.
    """

    base: str = "http://127.0.0.1:8888"
    home: Path | None = None
    seed: str = "sandbox"
    demo: bool = True
    source_ms: Callable[[], int] = real_now_ms
    lock: RLock = field(default_factory=RLock, repr=False)
    stopping: Event = field(default_factory=Event, repr=False)

    def __post_init__(self) -> None:
        self.store = Store(self.home)
        state = {doc["key"]: doc["value"] for doc in self.store.all("state")}
        self.seed = str(state.setdefault("seed", self.seed))
        self.store.put("state", "seed", {"key": "seed", "value": self.seed})
        self.clock = VirtualClock(self.source_ms, int(state.get("offset_ms", 0)))
        self.faults = Faults()
        self.calls = CallLog()
        self.throttles = Throttles()
        self.grants = Grants(self.clock, self.store)
        self.mailbox = Mailbox(self.clock, self.store)
        # The keys the mail provider knows; None means that it takes any.
        self.mail_keys: set[str] | None = None
        self.pages: dict[tuple[str, bool], tuple[int, bytes, bytes]] = {}
        self.apps = {doc["client_id"]: App(**doc) for doc in self.store.all("apps")}
        self.apps.setdefault(App().client_id, App())
        self.listeners = {doc["id"]: Listener(**doc) for doc in self.store.all("listeners")}
        if self.demo:
            self.meet(person for person in roster() if person.id not in self.listeners)
            for person in self.listeners.values():
                if person.lively:
                    self.wake(person)
        self._orders = count(FIRST_ORDER)
        for doc in self.store.all("plays"):
            self._recall(doc)

    @cached_property
    def catalog(self) -> Catalog:
        """What can be played."""
        return _catalog(self.seed)

    @cached_property
    def writers(self) -> dict[bool, Writer]:
        """The writer of extended (True) and of development mode (False)."""
        return {extended: Writer(self.base, extended) for extended in (False, True)}

    def close(self) -> None:
        """End every stall and let go of the files."""
        self.stopping.set()
        with self.lock:
            self.store.close()

    def keep_clock(self) -> None:
        """Remember how far the clock is from real time; people follow one that was set back."""
        now = self.clock.now_ms()
        for listener in self.listeners.values():
            listener.rewind(now)
        document = {"key": "offset_ms", "value": self.clock.offset_ms}
        self.store.put("state", "offset_ms", document)

    def add_app(self, app: App) -> App:
        """Register an app, or change one."""
        self.apps[app.client_id] = app
        self.store.put("apps", app.client_id, app.document())
        return app

    def meet(self, people: Iterable[Listener]) -> list[Listener]:
        """Welcome listeners; their past reaches back from now."""
        met = list(people)
        for person in met:
            person.born_ms = person.born_ms or self.clock.now_ms()
            self.listeners[person.id] = person
        self.store.put_many("listeners", [(person.id, person.document()) for person in met])
        return met

    def keep(self, listener: Listener) -> None:
        """Remember what changed about somebody."""
        self.store.put("listeners", listener.id, listener.document())

    def wake(self, listener: Listener) -> None:
        """Let somebody play something new every minute or sooner for the next twenty minutes."""
        now = self.clock.now_ms()
        if max(listener.awake, default=0) < now - BRISK_MS * 3 // 4:
            # A waking that has become history stays: it explains plays that were already shown.
            listener.awake.append(now)
            self.keep(listener)

    def heard(self, listener: Listener) -> Listener:
        """The listener, with everything played that was to be played by now."""
        listener.listen(self.clock.now_ms(), self.seed, self.catalog)
        return listener

    def add_plays(self, listener: Listener, plays: Iterable[Play]) -> list[Play]:
        """Let somebody have played things, or play them later."""
        added = list(plays)
        documents = []
        for play in added:
            play.order = next(self._orders)
            listener.tape.push(play)
            # What lies in the past is there at once, though time has already been heard.
            documents.append((f"{listener.id}/{play.order}", _document(listener, play)))
        listener.tape.heard_until = min(listener.tape.heard_until, self.clock.now_ms() - 1)
        self.store.put_many("plays", documents)
        return added

    def _recall(self, doc: dict[str, Any]) -> None:
        listener = self.listeners.get(doc.pop("listener"))
        if listener is None:
            return
        track = doc.pop("track")
        play = Play(**{"raw": UNSET, **doc}, track=self.catalog.tracks.get(track))
        self._orders = count(max(next(self._orders), play.order + 1))
        listener.tape.push(play)


@lru_cache(maxsize=4)
def _catalog(seed: str) -> Catalog:
    """Catalogs never change, so sandboxes of one seed share theirs."""
    return Catalog(seed)


def _document(listener: Listener, play: Play) -> dict[str, Any]:
    document = {
        "listener": listener.id,
        "played_at": play.played_at,
        "recorded_at": play.recorded_at,
        "order": play.order,
        "track": play.track.id if play.track else None,
        "context": play.context,
        "ms_played": play.ms_played,
        "source": play.source,
        "hidden": play.hidden,
        "left_out": play.left_out,
    }
    return document if play.raw is UNSET else document | {"raw": play.raw}
