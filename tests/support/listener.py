"""Alice listens to the sandbox and is polled for real; time stands still on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from audiospective.clients.spotify import SpotifyClient
from audiospective.models import Connection, Play
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.models.gaps import Gap
from audiospective.polling import batch
from audiospective.polling.write import Report
from audiospective.sandbox import Control, SandboxServer
from audiospective.services import Services
from tests.factories import connected
from tests.support.clocks import Frozen

MINUTE = timedelta(minutes=1)
LOCAL = {"track": {"id": None, "is_local": True, "name": "Demo tape", "type": "track"}}


@dataclass
class Alice:
    """A member of the sandbox; its time and ours stand still together."""

    services: Services
    control: Control
    frozen: Frozen
    row: Connection

    def passes(self, **amount: float) -> datetime:
        now = self.frozen.forward(**amount)
        self.control.set_clock(now)
        return now

    def plays(self, count: int, minutes: float = 3, until: datetime | None = None, **facts) -> None:
        """So many plays one after the other, the last one ended `until` (now) and all known now."""
        last = until or self.frozen.now
        self.control.add_plays(
            "alice",
            [{"played_at": last - n * minutes * MINUTE, **facts} for n in reversed(range(count))],
        )

    def item(self, ended: datetime, **more: Any) -> dict[str, Any]:
        at = ended.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        raw = {"played_at": at, "context": None, **LOCAL, **more}
        return {"played_at": ended, "track": None, "raw": raw}

    def poll(self) -> Report:
        report = batch.now(self.services, self.row.user_id)
        assert report.outcomes == {"archived": 1}
        return report

    def archived(self) -> list[int]:
        return sorted(play.played_at for play in Play.select())

    def gaps(self) -> list[Gap]:
        return list(Gap.select().order_by(Gap.ended_at))

    def lost(self) -> list[dict[str, Any]]:
        return self.control.plays("alice", "lost")


@pytest.fixture
def alice(services, frozen) -> Iterator[Alice]:
    with SandboxServer() as sandbox:
        sandbox.control.freeze(frozen.now)
        sandbox.control.make_listener("alice")
        tokens = sandbox.control.mint("alice")
        real = replace(services, spotify=SpotifyClient(sandbox.accounts_url, sandbox.api_url))
        row = connected(real, authorized_at=frozen.now)
        encrypt = real.vault.encrypt
        Connection.update(
            access_encrypted=encrypt(ACCESS_PLACE, row.user_id, tokens["access_token"]),
            refresh_encrypted=encrypt(REFRESH_PLACE, row.user_id, tokens["refresh_token"]),
        ).execute()
        yield Alice(real, sandbox.control, frozen, row)
