"""The two throttles: calls of an app in 30 seconds, calls of a developer in a day."""

from collections import defaultdict, deque

from audiospective.sandbox import answers
from audiospective.sandbox.answers import Answer
from audiospective.sandbox.apps import App

RATE_MS = 30_000
QUOTA_MS = 86_400_000


class Throttles:
    """Rolling windows over the virtual clock; guarded by the sandbox's lock."""

    def __init__(self) -> None:
        self._rate: dict[str, deque[int]] = defaultdict(deque)
        self._quota: dict[str, deque[int]] = defaultdict(deque)

    def refuse(self, app: App, now_ms: int) -> Answer | None:
        """The refusal of this call, or None; a call that is refused does not count."""
        if app.quota is not None:
            wait = _wait(self._quota[app.developer], app.quota, QUOTA_MS, now_ms)
            if wait:
                return answers.quota(wait)
        if app.rate_limit is not None:
            wait = _wait(self._rate[app.client_id], app.rate_limit, RATE_MS, now_ms)
            if wait:
                return answers.limited("json", wait)
            self._rate[app.client_id].append(now_ms)
        if app.quota is not None:
            self._quota[app.developer].append(now_ms)
        return None


def _wait(calls: deque[int], limit: int, span_ms: int, now_ms: int) -> int:
    """Whole seconds until one more call fits, 0 if it does."""
    while calls and not now_ms - span_ms < calls[0] <= now_ms:
        calls.popleft()
    if len(calls) < limit:
        return 0
    leaves = calls[len(calls) - limit] if limit else now_ms
    return max(1, -(-(leaves + span_ms - now_ms) // 1000))
