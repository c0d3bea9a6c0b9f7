"""Puts what is simulated where the product meets the world, for as long as a run lasts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import lru_cache
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson
import requests
from peewee import OperationalError

from audiospective import clock, models
from audiospective.clients import mail_http
from audiospective.clients import spotify as spotify_client
from audiospective.clients.deadline import Deadline
from audiospective.history import segment
from audiospective.history.catalog import compact, polled
from audiospective.imports import child, reading_step, sending
from audiospective.models import dialects, migrations
from audiospective.notices import delivery
from audiospective.policy import closed_years
from audiospective.polling import batch
from audiospective.simulation import in_process_spotify, sandbox_calls
from audiospective.simulation.operation_faults import FaultInjector
from audiospective.simulation.sequential_executor import SequentialExecutor
from audiospective.simulation.timeline import Timeline
from audiospective.vault import Vault

if TYPE_CHECKING:
    from audiospective.simulation.instance import Instance

SECRETS = 5_000  # that are remembered before all are forgotten


def install(stack: ExitStack, instance: Instance) -> None:
    """Put what is simulated where the product meets the world, until the stack ends."""
    executor = SequentialExecutor(Random(f"threads/{instance.chance.random()}"))

    def replace(place: Any, name: str, value: Any) -> None:
        stack.enter_context(patch.object(place, name, value))

    replace(batch, "ThreadPoolExecutor", executor.pool)
    replace(batch, "wait", executor.wait)
    replace(spotify_client, "read_page", in_process_spotify.read_page)
    replace(Deadline, "pause", _pause(instance.timeline))
    replace(delivery, "threading", SimpleNamespace(Event=lambda: _VirtualEvent(instance)))
    replace(mail_http, "_within", lambda _seconds, call: call())
    replace(mail_http, "Client", lambda *_seconds: _InProcessMail(instance))
    replace(reading_step, "run", _read_here)
    replace(sending, "run", _read_here)
    replace(child, "_tell", lambda rows: None)
    replace(segment, "encode", _lossy(instance, segment.encode))
    replace(closed_years, "OVER", timedelta(days=1))  # so that days are enough
    replace(closed_years, "AT_REST", timedelta(hours=12))
    begun = clock.from_ms(instance.timeline.start)  # migrations are noted by the machine's clock
    replace(migrations, "applied_at", lambda _name: begun)
    replace(polled, "digest", _cached(polled.digest))
    # The same items of a page are read poll after poll.
    replace(clock, "from_ms", lru_cache(50_000)(clock.from_ms))
    _remember_secrets(replace)
    replace(compact, "LEAST", 100)  # so that the catalog of a few members comes to words
    _replace_database(replace, instance.injector)


def _cached(digest: Callable[[Any], int]) -> Callable[[Any], int]:
    """The pages that are kept (in_process_spotify.read_page) hold the same tracks again and again.

    Known by being the same object: to compare a track with another takes as long as its digest.
    """
    found: dict[int, tuple[Any, int]] = {}

    def known(track: Any) -> int:
        kept = found.get(id(track))
        if kept is None:
            if len(found) > 100_000:  # as many as the pages that are kept have
                found.clear()
            kept = found[id(track)] = track, digest(track)  # with it, so that its id stays its own
        return kept[1]

    return known


def _remember_secrets(replace: Callable[[Any, str, Any], None]) -> None:
    """What was encrypted here need not be decrypted, which every poll does; place and owner count
    all the same, keys do not: no run changes them. All is forgotten once in a while, and decrypted
    then."""
    encrypt, decrypt = Vault.encrypt, Vault.decrypt
    known: dict[str, tuple[str, int, str]] = {}

    def encrypted(vault: Vault, place: str, owner: int, secret: str) -> str:
        if len(known) > SECRETS:
            known.clear()
        made = encrypt(vault, place, owner, secret)
        known[made] = place, owner, secret
        return made

    def decrypted(vault: Vault, place: str, owner: int, made: str) -> str:
        found = known.get(made)
        if found is None or found[:2] != (place, owner):
            return decrypt(vault, place, owner, made)
        return found[2]

    replace(Vault, "encrypt", encrypted)
    replace(Vault, "decrypt", decrypted)


def _lossy(instance: Instance, encode: Callable[..., bytes]) -> Callable[..., bytes]:
    def encoded(plays: Any) -> bytes:
        if instance.damages and plays.height > 1:
            instance.damages -= 1
            instance.injector.met["segment: a play is lost on the way"] += 1
            return encode(plays.head(plays.height - 1))
        return encode(plays)

    return encoded


def _pause(timeline: Timeline) -> Callable[[Deadline, float], bool]:
    def pause(deadline: Deadline, seconds: float) -> bool:
        if seconds >= deadline.remaining():
            return False
        timeline.pass_by(int(seconds * 1000))
        return not deadline.stopped

    return pause


class _VirtualEvent:
    """An event that nobody sets: whoever waits for it lets time pass."""

    def __init__(self, instance: Instance) -> None:
        self._timeline = instance.timeline

    def wait(self, seconds: float) -> bool:
        self._timeline.pass_by(int(seconds * 1000))
        return False


def _replace_database(replace: Callable[[Any, str, Any], None], injector: FaultInjector) -> None:
    database = models.database.obj
    execute, commit, rollback, run = (
        database.execute_sql, database.commit, database.rollback, dialects.run,
    )  # fmt: skip

    def away() -> Exception:
        error: Exception = OperationalError("simulated: the connection was lost")
        return error

    def rolled_back() -> None:
        # After a commit whose answer was lost there is nothing to roll back any more.
        if _in_transaction(database):
            rollback()

    if dialects.file() is not None:
        execute("PRAGMA synchronous = OFF")  # what is killed here is no machine
    replace(database, "execute_sql", lambda sql, params=None: injector.pass_through(
        "database", lambda: execute(sql, params), away))  # fmt: skip
    replace(dialects, "run", lambda query, values=(): injector.pass_through(
        "database", lambda: run(query, values), away))  # fmt: skip
    replace(database, "commit", lambda: injector.pass_through("commit", commit, away))
    replace(database, "rollback", rolled_back)


def roll_back_if_open() -> None:
    """The database ends what a killed process had begun."""
    if _in_transaction(models.database.obj):
        models.database.obj.rollback()


def _in_transaction(database: Any) -> bool:
    connection = database.connection()
    if dialects.file() is not None:
        return bool(connection.in_transaction)
    return bool(connection.info.transaction_status)  # psycopg: 0 is idle


def _read_here(order: Any, tick: Callable[[int], None], _seconds: float = 0) -> Any:
    """Files are read in this process."""
    found = child.strip(order) if order.strip else child.read(order)
    tick(sum(file.rows for file in found.files))
    return found


class _InProcessMail:
    """The way to the mail service."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def request(
        self, method: str, url: str, headers: Any, json: Any = None, **_: Any
    ) -> tuple[bytes, int, Any]:
        def ask() -> sandbox_calls.Reply:
            try:
                return sandbox_calls.ask(
                    self._instance.app.wsgi_app,
                    method,
                    url,
                    headers=headers,
                    data=orjson.dumps(json),
                    content_type="application/json",
                )
            except sandbox_calls.DroppedError:
                raise requests.ConnectionError("simulated") from None

        key = headers.get("Idempotency-Key", "")
        self._instance.mail_goes(key)
        injector = self._instance.injector
        try:
            reply = injector.pass_through(
                "mail", ask, lambda: requests.ConnectionError("simulated")
            )
        finally:
            self._instance.mail_went(key)
        return reply.body, reply.status, reply.headers
