"""Who called what, and what they got: counts for tests and a short log."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

LOGGED = 20_000


@dataclass(slots=True)
class Call:
    """One call to an endpoint; `spoiled` means that its answer will not arrive whole."""

    endpoint: str
    listener: str | None = None
    app: str | None = None
    spoiled: bool = False


class CallLog:
    """Counts every call; guarded by the sandbox's lock."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None, str | None, int]] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=LOGGED)

    def record(self, call: Call, status: int, at_ms: int) -> None:
        """Count a call that was answered; status 0 stands for no answer."""
        self._counts[call.endpoint, call.listener, call.app, status] += 1
        self.recent.append(
            {
                "at": at_ms,
                "endpoint": call.endpoint,
                "listener": call.listener,
                "app": call.app,
                "status": status,
            }
        )

    def count(
        self,
        endpoint: str | None = None,
        listener: str | None = None,
        app: str | None = None,
        status: int | None = None,
    ) -> int:
        """Calls so far, filtered; `token` counts both of its kinds."""
        return sum(
            number
            for (name, who, client, code), number in self._counts.items()
            if (endpoint is None or name == endpoint or name.startswith(f"{endpoint}."))
            and listener in (None, who)
            and app in (None, client)
            and status in (None, code)
        )

    def by(self, key: str) -> dict[str, int]:
        """Calls so far by endpoint, listener, app or status."""
        column = ("endpoint", "listener", "app", "status").index(key)
        totals: Counter[str] = Counter()
        for row, number in self._counts.items():
            totals[str(row[column])] += number
        return dict(totals)

    def reset(self) -> None:
        """Start counting anew."""
        self._counts.clear()
        self.recent.clear()
