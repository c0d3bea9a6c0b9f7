"""Faults: what goes wrong, for whom, and for how many calls."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from audiospective.sandbox.fault_answers import CANNED
from audiospective.sandbox.plays import Play

# Where a fault strikes unless told otherwise.
HOME = {
    "invalid_grant": "token", "invalid_client": "token", "code_expired": "token.code",
    "code_invalid": "token.code", "deny": "authorize", "insecure_redirect": "authorize",
    "authorize_error": "authorize", "rotate": "token.refresh", "keep": "token.refresh",
    "stale": "recently-played", "null_track": "recently-played",
    "null_context": "recently-played", "missing_fields": "recently-played",
    "left_out": "recently-played", "relinked": "recently-played",
    "small_pages": "recently-played",
    "null_entries": "api", "batch_forbidden": "api", "batch_ok": "api",
    "mail_rate_limit": "mail", "mail_daily_quota": "mail", "mail_bad_address": "mail",
    "mail_bad_key": "mail", "mail_error": "mail",
}  # fmt: skip
# The real answer is made, then harmed or delayed on its way.
ON_THE_WIRE = ("stall", "drip", "truncated", "broken_json", "lost", "reset")
# The endpoints ask for these themselves.
WITHIN = tuple(name for name in HOME if name not in CANNED)
NAMES = frozenset((*CANNED, *ON_THE_WIRE, *WITHIN))
PARAMS = {
    "not_listed": "wording", "rate_limit": "retry_after style", "quota": "retry_after",
    "status": "status style message", "html": "status", "empty": "status", "null": "status",
    "list": "status", "body": "status text content_type headers", "stall": "seconds then",
    "drip": "seconds", "left_out": "items", "small_pages": "items", "relinked": "items suffix told",
    "null_track": "items", "null_context": "items", "missing_fields": "items drop",
    "invalid_grant": "description", "invalid_client": "description status",
    "authorize_error": "error", "mail_rate_limit": "retry_after", "mail_bad_key": "status",
}  # fmt: skip
GROUPS = {
    "authorize": "accounts", "token.code": "accounts", "token.refresh": "accounts",
    "token": "accounts", "me": "api", "recently-played": "api", "tracks": "api",
    "artists": "api", "albums": "api", "emails": "mail",
}  # fmt: skip


@dataclass
class Fault:
    """One thing that goes wrong. Empty scopes match everything, `times` None means until cleared.

    `skip` lets that many matching calls pass first. `endpoint` is the name of one, `token` for
    both kinds of token call, or a group: accounts, api, mail.
    """

    id: int
    name: str
    endpoint: str | None = None
    listeners: frozenset[str] = frozenset()
    app: str | None = None
    times: int | None = None
    skip: int = 0
    hits: int = 0
    params: dict[str, Any] = field(default_factory=dict)
    snapshots: dict[str, list[Play]] = field(default_factory=dict, repr=False)

    def get(self, name: str, default: Any) -> Any:
        """A parameter of the fault."""
        return self.params.get(name, default)

    def describe(self) -> dict[str, Any]:
        """What the control API tells about it."""
        return {
            "id": self.id, "name": self.name, "endpoint": self.endpoint, "app": self.app,
            "listeners": sorted(self.listeners), "times": self.times, "skip": self.skip,
            "hits": self.hits, **self.params,
        }  # fmt: skip

    def strikes(self, endpoint: str, listener: str | None, app: str | None) -> bool:
        """Whether a call lies in its scope."""
        return (
            (not self.endpoint or _covers(self.endpoint, endpoint))
            and (not self.listeners or listener in self.listeners)
            and self.app in (None, app)
        )


class Faults:
    """The faults in force, oldest first; guarded by the sandbox's lock."""

    def __init__(self) -> None:
        self.all: dict[int, Fault] = {}
        self._ids = count(1)

    def add(
        self,
        name: str,
        *,
        endpoint: str | None = None,
        listeners: Iterable[str] = (),
        app: str | None = None,
        times: int | None = None,
        skip: int = 0,
        params: dict[str, Any] | None = None,
    ) -> Fault:
        """Put a fault in force; ValueError if its name, endpoint or parameters are unknown."""
        if name not in NAMES:
            raise ValueError(f"no such fault: {name}; there are {', '.join(sorted(NAMES))}")
        odd = set(params or {}) - set(PARAMS.get(name, "").split())
        if odd:
            raise ValueError(f"{name} has no {', '.join(sorted(odd))}")
        endpoint = endpoint or HOME.get(name)
        if endpoint and endpoint not in GROUPS and endpoint not in GROUPS.values():
            raise ValueError(f"no such endpoint: {endpoint}")
        fault = Fault(
            next(self._ids), name, endpoint, frozenset(listeners), app, times, skip,
            params=params or {},
        )  # fmt: skip
        self.all[fault.id] = fault
        return fault

    def clear(self, id: int | None = None, name: str | None = None) -> None:
        """End one fault, all of a name, or all."""
        self.all = {
            key: fault
            for key, fault in self.all.items()
            if not ((id is None or id == key) and (name is None or name == fault.name))
        }

    def hit(
        self, names: Iterable[str], endpoint: str, listener: str | None, app: str | None
    ) -> Fault | None:
        """The first of some faults that strikes this call; counts it."""
        for fault in self.all.values():
            if fault.name in names and fault.strikes(endpoint, listener, app):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        del self.all[fault.id]
                fault.hits += 1
                return fault
        return None


def _covers(scope: str, endpoint: str) -> bool:
    return scope == endpoint or GROUPS.get(endpoint) == scope or endpoint.startswith(f"{scope}.")
