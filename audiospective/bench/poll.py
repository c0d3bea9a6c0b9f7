"""`bench poll`: polls a second, next to merely fetching and parsing the same pages."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

from cryptography.fernet import Fernet

from audiospective import clock, log
from audiospective.accounts import spotify_app
from audiospective.bench import forking
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.listening import Catalog
from audiospective.bench.measuring import Echo, Figures, peak_mb, processor, seconds
from audiospective.bench.scratch import member
from audiospective.bench.servers import Sandbox
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import THREADS
from audiospective.models import Connection, Play
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.polling import batch
from audiospective.services import Services
from audiospective.settings import Settings

SMALL, LARGE = (60, 50_000, 6_000), (500, 1_000_000, 120_000)  # members, plays of one, tracks
BATCH = 50
ROUNDS = 3
NEW_PLAYS = 3  # between two polls, an hour of listening
SECONDS_APART = 0.5


@log.silenced()  # Redis is left out on purpose
def run(echo: Echo, *, small: bool, url: str, sandbox: Sandbox) -> Figures:
    """Poll a crowd, by a worker and in one process; give one of them a huge archive, poll again."""
    people, huge, tracks = SMALL if small else LARGE
    catalog = Catalog.of(tracks)
    catalog_rows(catalog)
    services = _services(url, sandbox)
    names = sandbox.control.make_listeners(count=people)
    tokens = _crowd(services, sandbox, names)
    echo(
        f"{people} members, {THREADS} threads, batches of {BATCH}, on one machine with the sandbox"
    )

    def listen() -> None:
        _listen(sandbox, names)

    told = _by_a_worker(echo, services, listen, tokens)
    echo("  in one process, without a queue:")
    limit, polls, *work = _rounds(services, listen, tokens)
    echo(f"  fetch and parse only, the limit   {limit:7.1f} a second")
    echo(f"  polls, {NEW_PLAYS} new plays each           {polls:7.1f} a second")
    echo(
        f"  processor time {1000 * work[0]:.2f} ms a page, {1000 * work[1]:.2f} ms a poll,"
        f" {1000 * (work[1] - work[0]):.2f} ms of them ours"
    )
    echo(f"  ratio {polls / limit:.0%} of the limit; memory while polling {peak_mb():.0f} MB")
    told |= {
        "in one process, polls a second": polls,
        "in one process, ratio": polls / limit,
        "in one process, processor ms a page": 1000 * work[0],
        "in one process, processor ms a poll": 1000 * work[1],
        "memory, MB": peak_mb(),
    }
    _with_a_huge_archive(echo, services, listen, tokens, catalog, huge)
    return told


def _by_a_worker(
    echo: Echo, services: Services, listen: Callable[[], None], tokens: dict[int, str]
) -> Figures:
    """A worker process forks for the jobs in its queue; first polls apart. Medians of rounds."""
    ids, access = list(tokens), list(tokens.values())
    with forking.worker(services.settings) as worker:
        first = forking.polls_a_second(worker.services, ids, BATCH, 0)
        limit_first = _rate(len(ids), lambda: _fetch(services, access))
        found = []
        for number in range(1, ROUNDS + 2):
            listen()
            worker.rest()
            began, worked = processor(), worker.processor()
            limit = _rate(len(ids), lambda: _fetch(services, access))
            fetched = processor() - began
            with _new(NEW_PLAYS * len(ids)):
                polls = forking.polls_a_second(worker.services, ids, BATCH, number)
            worker.rest()
            found.append((limit, polls, fetched, worker.processor() - worked))
        del found[0]  # what follows a first poll is no ordinary one
    limit, polls, fetched, worked = (median(column) for column in zip(*found, strict=True))
    ratio = median(polls / limit for limit, polls, *_ in found)
    echo("  a worker that forks, with its queue:")
    echo(f"  fetch and parse only, the limit   {limit:7.1f} a second")
    echo(f"  polls, {NEW_PLAYS} new plays each           {polls:7.1f} a second, {ratio:.0%}")
    echo(f"  first polls, 50 new plays each    {first:7.1f} a second, {first / limit_first:.0%}")
    if worked:
        echo(
            f"  processor time {1000 * fetched / len(ids):.2f} ms a page,"
            f" {1000 * worked / len(ids):.2f} ms a poll, forks and queue included:"
            f" {fetched / worked:.0%}"
        )
    return {
        "members": len(ids),
        "limit a second": limit,
        "polls a second": polls,
        "ratio": ratio,
        "first polls a second": first,
        "first polls, ratio": first / limit_first,
        "processor ms a page": 1000 * fetched / len(ids),
        "processor ms a poll": 1000 * worked / len(ids),
    }


def _rounds(services: Services, listen: Callable[[], None], tokens: dict[int, str]) -> list[float]:
    """Pages fetched and polls a second, and seconds of processor time of each: medians.

    Taken in turns so that both fare alike.
    """
    found: list[tuple[float, ...]] = []
    for _ in range(ROUNDS):
        listen()
        began = processor()
        limit = _rate(len(tokens), lambda: _fetch(services, list(tokens.values())))
        fetched = processor()
        with _new(NEW_PLAYS * len(tokens)):
            polls = _rate(len(tokens), lambda: _poll(services, list(tokens)))
        work = fetched - began, processor() - fetched
        found.append((limit, polls, work[0] / len(tokens), work[1] / len(tokens)))
    return [median(column) for column in zip(*found, strict=True)]


def _with_a_huge_archive(
    echo: Echo,
    services: Services,
    listen: Callable[[], None],
    tokens: dict[int, str],
    catalog: Catalog,
    plays: int,
) -> None:
    from audiospective.bench.filling import fill

    someone, other = list(tokens)[:2]
    echo(f"  ... {plays:,} plays are given to one of them")
    fill(catalog, someone, plays, 12.0, full=False)
    _poll(services, list(tokens))
    taken: dict[int, list[float]] = {someone: [], other: []}
    for _ in range(40):
        for user_id in taken:
            taken[user_id] += seconds(partial(batch.now, services, user_id))
    echo(
        f"  one poll of theirs {median(taken[someone]) * 1000:.1f} ms,"
        f" of somebody else {median(taken[other]) * 1000:.1f} ms (medians of 40)"
    )
    limit, polls, *_ = _rounds(services, listen, tokens)
    echo(f"  all of them again {polls:.1f} a second, {polls / limit:.0%} of the limit {limit:.1f}")


def _services(url: str, sandbox: Sandbox) -> Services:
    # Nothing listens there: polls do without Redis, which only spares calls.
    settings = Settings(
        home=Path(tempfile.gettempdir()),
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        secret_key="",
        token_keys=(Fernet.generate_key().decode(),),
        spotify_client_id=sandbox.client_id,
        spotify_client_secret=sandbox.client_secret,
        spotify_app_mode="extended",
        spotify_seats=None,
        spotify_accounts_url=sandbox.url,
        spotify_api_url=f"{sandbox.url}/v1",
    )
    services = Services.build(settings)
    services.database.connect(reuse_if_open=True)
    return services


def _crowd(services: Services, sandbox: Sandbox, names: Sequence[str]) -> dict[int, str]:
    """Members with connections; their access tokens by id."""
    for name in names:
        sandbox.control.burst(listener=name, count=60, seconds_apart=200)
    app, now, tokens = spotify_app.environment_app(services), clock.now(), {}
    for number, grant in enumerate(sandbox.control.mint_many(listeners=names)):
        user_id = member(number)
        tokens[user_id] = grant["access_token"]
        Connection.create(
            user=user_id,
            app=app,
            scope=grant["scope"],
            access_encrypted=services.vault.encrypt(ACCESS_PLACE, user_id, grant["access_token"]),
            access_expires_at=now + timedelta(hours=1),
            refresh_encrypted=services.vault.encrypt(
                REFRESH_PLACE, user_id, grant["refresh_token"]
            ),
            authorized_at=now,
            reauth_due_at=now + timedelta(days=180),
            next_poll_at=now,
        )
    return tokens


@contextmanager
def _new(plays: int) -> Iterator[None]:
    """What is measured within it brings so many new plays, or it was not what it is called."""
    before = Play.select().count()
    yield
    if (found := Play.select().count() - before) != plays:
        raise RuntimeError(f"{found} plays were new instead of {plays}")


def _listen(sandbox: Sandbox, names: Sequence[str]) -> None:
    """Everybody hears a little more, all of it after the last poll."""
    threading.Event().wait(NEW_PLAYS * SECONDS_APART + 1)
    for name in names:
        sandbox.control.burst(listener=name, count=NEW_PLAYS, seconds_apart=SECONDS_APART)


def _fetch(services: Services, tokens: Sequence[str]) -> None:
    deadline = Deadline(600)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda token: services.spotify.recently_played(token, deadline), tokens))


def _poll(services: Services, ids: Sequence[int]) -> None:
    slot = clock.now()
    for start in range(0, len(ids), BATCH):
        chunk = ids[start : start + BATCH]
        report = batch.archive(services, chunk, slot, batch.ANY_TIME, deadline=Deadline(600))
        if report.outcomes["archived"] != len(chunk):
            raise RuntimeError(f"polls failed: {dict(report.outcomes)}")


def _rate(count: int, action: Callable[[], object]) -> float:
    return count / seconds(action)[0]
