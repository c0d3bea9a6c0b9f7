"""Rows: the tables, their constraints and the queries that have a name."""

from __future__ import annotations

from audiospective.models.api_tokens import ApiToken
from audiospective.models.apps import SpotifyApp
from audiospective.models.base import bind, database, transaction
from audiospective.models.catalog import (
    CatalogAlias,
    CatalogBlock,
    CatalogBucket,
    CatalogState,
    CatalogWords,
    CondemnedTrack,
    OpenBlock,
    TrackLink,
)
from audiospective.models.connections import Connection
from audiospective.models.hidden_artists import HiddenArtist
from audiospective.models.imports import Import, ImportFile
from audiospective.models.migrations import (
    BrokenMigrationError,
    EncodingError,
    migrate,
    pending,
)
from audiospective.models.plays import Play
from audiospective.models.recordings import RecordingChoice
from audiospective.models.removed_plays import RemovedPlay
from audiospective.models.segments import DamagedSegment, PlaySegment, UnusedObject
from audiospective.models.shared_links import SharedLink
from audiospective.models.storage_ledger import StorageRecord
from audiospective.models.unreadable_plays import UnreadablePlay
from audiospective.models.users import User

__all__ = [
    "ApiToken",
    "BrokenMigrationError",
    "CatalogAlias",
    "CatalogBlock",
    "CatalogBucket",
    "CatalogState",
    "CatalogWords",
    "CondemnedTrack",
    "Connection",
    "DamagedSegment",
    "EncodingError",
    "HiddenArtist",
    "Import",
    "ImportFile",
    "OpenBlock",
    "Play",
    "PlaySegment",
    "RecordingChoice",
    "RemovedPlay",
    "SharedLink",
    "SpotifyApp",
    "StorageRecord",
    "TrackLink",
    "UnreadablePlay",
    "UnusedObject",
    "User",
    "bind",
    "database",
    "migrate",
    "pending",
    "transaction",
]
