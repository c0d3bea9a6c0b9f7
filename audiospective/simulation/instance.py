"""One instance in this process: the product's own services, with a sandbox for a world."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest.mock import patch

from audiospective import clock, models
from audiospective.accounts import spotify_app
from audiospective.clients.blocked_apps import BlockedApps
from audiospective.clients.storage import FileStorage, Storage
from audiospective.history.closed import objects
from audiospective.jobs import context
from audiospective.sandbox import CLIENT_ID, CLIENT_SECRET, Control, create_sandbox
from audiospective.sandbox.exchange import state_of
from audiospective.sandbox.state import SandboxState
from audiospective.services import Services
from audiospective.settings import Settings
from audiospective.simulation import in_process_spotify, substitutes
from audiospective.simulation.faulty_storage import FaultyStorage
from audiospective.simulation.memory_queues import MemoryQueues
from audiospective.simulation.memory_redis import MemoryRedis
from audiospective.simulation.operation_faults import FaultInjector
from audiospective.simulation.timeline import Timeline

BASE = "http://sandbox.test"
START = datetime(2025, 12, 28, 0, 0, tzinfo=UTC)  # a year ends soon, and leaves for storage
KEY = "5c0hW9hYJtYc4m3v4fVgQx5o3jH1bq8m1l6D9y3Zk2E="  # what it encrypts ends with the run


@dataclass
class Instance:
    """What a run has in its hands; `page_came` hears of every page that arrived whole, `mail_goes`
    of the key of every e-mail that is about to be handed over, `mail_went` of it afterwards.

    `twice`: so many of the next batches are delivered twice; each happens before the second time.
    """

    services: Services
    timeline: Timeline
    injector: FaultInjector
    queues: MemoryQueues
    redis: MemoryRedis
    control: Control
    world: SandboxState
    app: Any
    chance: Random
    slowness: float = 0.0  # seconds that a call takes at most
    damages: int = 0  # of the next segments that are written, so many lose a play on the way
    frozen_since: int | None = None  # since when Spotify shows nothing new
    freezes: list[tuple[int, int]] = field(default_factory=list)  # that are over
    release_before: bool = False  # whether some workers are still of that one
    twice: list[Callable[[Instance], object]] = field(default_factory=list)
    page_came: Callable[[bytes], None] = lambda _body: None
    mail_goes: Callable[[str], None] = lambda _key: None
    mail_went: Callable[[str], None] = lambda _key: None

    def call_takes(self, left: float) -> None:
        """A call is made that may take its time; never longer than the caller waits for it."""
        if self.slowness:
            self.timeline.pass_by(int(1000 * min(left, self.chance.random() * self.slowness)))


@contextmanager
def running(
    seed: int,
    *,
    share: float,
    poll_max_minutes: int = 60,
    database_url: str | None = None,
    start: datetime = START,
) -> Iterator[Instance]:
    """An empty instance, for as long as the block lasts; `share` of its jobs meet with a fault."""
    timeline = Timeline(start)
    injector = FaultInjector(Random(f"seams/{seed}"), share)
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="audiospective-", dir=_fast())))
        stack.enter_context(_quiet())
        stack.enter_context(clock.use(timeline.now))
        stack.enter_context(patch.object(clock, "monotonic", timeline.monotonic))
        sandbox = create_sandbox(
            None, base=BASE, demo=False, seed=f"simulation/{seed}", source_ms=timeline.true_ms
        )
        world = state_of(sandbox)
        stack.callback(world.close)
        url = database_url or f"sqlite:///{home / 'simulated.db'}"
        settings = replace(_settings(home, url), poll_max_minutes=poll_max_minutes)
        instance = _built(seed, timeline, injector, settings, sandbox, world)
        stack.enter_context(instance.services.database.connection_context())
        spotify_app.environment_app(instance.services)
        substitutes.install(stack, instance)
        stack.enter_context(context.use(instance.services))
        yield instance


def _built(
    seed: int,
    timeline: Timeline,
    injector: FaultInjector,
    settings: Settings,
    sandbox: Any,
    world: SandboxState,
) -> Instance:
    redis = MemoryRedis(injector, timeline.monotonic)
    queues = MemoryQueues(injector, timeline)
    built = Services.build(settings)
    models.migrate()
    chance = Random(f"calls/{seed}")
    instance = Instance(
        built, timeline, injector, queues, redis, Control(world), world, sandbox, chance
    )
    storage = FaultyStorage(FileStorage(settings.home / "storage"), injector)
    objects.bind(cast(Storage, storage))
    instance.services = replace(
        built,
        redis=cast(Any, redis),
        queues=queues,
        blocked_apps=BlockedApps(cast(Any, redis)),
        spotify=in_process_spotify.InProcessSpotify(
            BASE,
            sandbox,
            injector,
            chance,
            instance.call_takes,
            lambda body: instance.page_came(body),  # noqa: PLW0108 - it is set later
        ),
        storage=cast(Storage, storage),
    )
    return instance


def _settings(home: Path, url: str) -> Settings:
    return Settings(
        home=home,
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        secret_key="s" * 40,
        token_keys=(KEY,),
        spotify_client_id=CLIENT_ID,
        spotify_client_secret=CLIENT_SECRET,
        spotify_seats=100_000,
        spotify_accounts_url=BASE,
        spotify_api_url=f"{BASE}/v1",
        resend_api_key="re_simulated",
        resend_api_url=BASE,
        mail_from="Audiospective <mail@archive.example>",
        storage_url=f"file://{home / 'storage'}",
        closed_years="storage",
        founding_member_cap=100_000,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of lines about simulated trouble tell nothing; garbage is collected by hand."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        yield
    finally:
        logging.disable(before)
        gc.unfreeze()
        gc.enable()


def _fast() -> str | None:
    """A file system in memory, where there is one: every commit waits for its disk."""
    memory = Path("/dev/shm")  # noqa: S108 - only where it is, and with a random name
    return str(memory) if memory.is_dir() else None
