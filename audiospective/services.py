"""The composition root: everything a process needs of the world, built from the settings once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import Database
from redis import BlockingConnectionPool, Redis

from audiospective import models
from audiospective.clients import storage
from audiospective.clients.blocked_apps import BlockedApps
from audiospective.clients.queues import Queues
from audiospective.clients.spotify import SpotifyClient
from audiospective.clients.storage import Storage
from audiospective.history.closed import objects
from audiospective.settings import Settings
from audiospective.vault import Vault

REDIS_TIMEOUT = 5.0  # seconds; no page and no poll may hang because Redis does
# A process waits for one of its own instead of opening more: free plans allow 20 clients in all. A
# worker's parent needs three at once (its blocking read, its heartbeat, its commands).
REDIS_CONNECTIONS = 4
REDIS_CONNECTIONS_OF_PAGES = 3  # their commands take less than a millisecond each


@dataclass(frozen=True)
class Services:
    """What an action is given. Nothing here connects before it is used."""

    settings: Settings
    database: Database
    redis: Redis
    queues: Queues
    blocked_apps: BlockedApps
    spotify: SpotifyClient
    vault: Vault
    storage: Storage

    @classmethod
    def build(cls, settings: Settings, *, threads: bool = False) -> Services:
        """`threads`: many requests at once share this process (web), so connections are pooled."""
        kept = storage.build(
            settings.storage_url,
            key_id=settings.s3_access_key_id,
            secret=settings.s3_secret_access_key,
            endpoint=settings.s3_endpoint_url,
            region=settings.s3_region,
        )
        objects.bind(kept)  # closed years are read wherever plays are
        redis = _redis(settings, REDIS_CONNECTIONS_OF_PAGES if threads else REDIS_CONNECTIONS)
        return cls(
            settings=settings,
            database=models.bind(settings.database_url, pooled=threads),
            redis=redis,
            queues=Queues(redis),
            blocked_apps=BlockedApps(redis),
            spotify=SpotifyClient(settings.spotify_accounts_url, settings.spotify_api_url),
            vault=Vault(settings.token_keys),
            storage=kept,
        )


def _redis(settings: Settings, connections: int) -> Redis:
    options: dict[str, Any] = {}
    if settings.redis_url.startswith("rediss:") and not settings.redis_tls_verify:
        options = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=connections,
        timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
        # A worker waits for jobs with blocking reads; RQ allows itself longer ones.
        socket_timeout=REDIS_TIMEOUT,
        health_check_interval=30,
        **options,
    )
    return Redis(connection_pool=pool)
