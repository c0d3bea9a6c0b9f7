"""What listeners have agreed to, and the codes and tokens that stand for it."""

import calendar
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from audiospective.sandbox.clock import VirtualClock, to_datetime, to_ms
from audiospective.sandbox.ids import token
from audiospective.sandbox.store import Store

ACCESS_SECONDS = 3600
CODE_SECONDS = 600
CONSENT_MONTHS = 6
# Long-expired access tokens are forgotten; Spotify's wording for them no longer matters by then.
FORGET_MS = 3_600_000


class OAuthError(Exception):
    """What the accounts service answers: an OAuth error code and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass
class Code:
    """An authorization code on its way back to the app; works once, for ten minutes."""

    code: str
    client_id: str
    listener_id: str
    scope: str
    redirect_uri: str
    challenge: str | None
    created_ms: int
    used: bool = False


@dataclass
class Grant:
    """One authorization. `granted_ms` never moves: six months later it ends.

    `public` grants were made by PKCE without the client secret and are refreshed without it.
    """

    id: str
    client_id: str
    listener_id: str
    scope: str
    granted_ms: int
    public: bool = False
    refresh_token: str = ""
    retired: list[str] = field(default_factory=list)
    refreshes: int = 0
    revoked_ms: int | None = None
    rotation: str | None = None
    access: dict[str, int] = field(default_factory=dict)

    def ends_ms(self) -> int:
        """When the authorization lapses: six calendar months after it was given."""
        return add_months(self.granted_ms, CONSENT_MONTHS)


def add_months(ms: int, months: int) -> int:
    """The same day and time some calendar months on; the month's last day where it is short."""
    start = to_datetime(ms)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return to_ms(start.replace(year=year, month=month + 1, day=day))


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Grants:
    """Issues and checks codes and tokens; everything issued is kept before it is handed out."""

    def __init__(self, clock: VirtualClock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._codes = {doc["code"]: Code(**doc) for doc in store.all("codes")}
        self.all: dict[str, Grant] = {}
        self._by_refresh: dict[str, Grant] = {}
        self._by_access: dict[str, Grant] = {}
        for doc in store.all("grants"):
            self._index(Grant(**doc))

    def new_code(
        self, client_id: str, listener_id: str, scope: str, redirect_uri: str, challenge: str | None
    ) -> str:
        """A fresh code for an app."""
        code = Code(token("AQ", 150), client_id, listener_id, scope, redirect_uri, challenge,
                    self._clock.now_ms())  # fmt: skip
        self._codes[code.code] = code
        self._store.put("codes", code.code, asdict(code))
        return code.code

    def code_listener(self, code: str) -> str | None:
        """Whose code this is, as far as it is known."""
        found = self._codes.get(code)
        return found.listener_id if found else None

    def redeem(
        self, client_id: str, code: str, redirect_uri: str, verifier: str | None, with_secret: bool
    ) -> tuple[Grant, str]:
        """Turn a code into a grant and its first access token, or raise OAuthError."""
        found = self._codes.get(code)
        if found is None or found.used or found.client_id != client_id:
            raise OAuthError("invalid_grant", "Invalid authorization code")
        if self._clock.now_ms() - found.created_ms > CODE_SECONDS * 1000:
            raise OAuthError("invalid_grant", "Authorization code expired")
        if found.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant", "Invalid redirect URI")
        if not _proves(verifier, found.challenge):
            raise OAuthError("invalid_grant", "code_verifier was incorrect")
        if found.challenge is None and not with_secret:
            raise OAuthError("invalid_client", "Invalid client")
        found.used = True
        self._store.put("codes", code, asdict(found))
        return self.new_grant(client_id, found.listener_id, found.scope, public=not with_secret)

    def new_grant(
        self,
        client_id: str,
        listener_id: str,
        scope: str,
        *,
        public: bool = False,
        granted_ms: int | None = None,
        rotation: str | None = None,
    ) -> tuple[Grant, str]:
        """A fresh grant with its first access token."""
        now = self._clock.now_ms()
        grant = Grant(token("", 12), client_id, listener_id, scope,
                      now if granted_ms is None else granted_ms, public,
                      token("AQ", 130), rotation=rotation)  # fmt: skip
        self._index(grant)
        return grant, self._issue(grant)

    def new_app_token(self, client_id: str) -> str:
        """A token for an app itself: good for the catalog, tied to no listener, not renewable."""
        grant = Grant(token("", 12), client_id, "", "", self._clock.now_ms())
        self.all[grant.id] = grant
        return self._issue(grant)

    def find_refresh(self, refresh_token: str) -> Grant | None:
        """The grant of a refresh token, living or dead."""
        return self._by_refresh.get(refresh_token)

    def refresh(
        self, client_id: str, refresh_token: str, with_secret: bool, rotation: str
    ) -> tuple[Grant, str, bool]:
        """Grant, new access token and whether the refresh token was replaced, or OAuthError."""
        grant = self._by_refresh.get(refresh_token)
        if grant is None or grant.client_id != client_id:
            raise OAuthError("invalid_grant", "Invalid refresh token")
        if not (with_secret or grant.public):
            raise OAuthError("invalid_client", "Invalid client")
        if grant.revoked_ms is not None or refresh_token != grant.refresh_token:
            raise OAuthError("invalid_grant", "Refresh token revoked")
        if self._clock.now_ms() >= grant.ends_ms():
            raise OAuthError("invalid_grant", "Refresh token expired")
        grant.refreshes += 1
        rotate = rotation == "always" or (rotation == "sometimes" and grant.refreshes % 2 == 0)
        if rotate:
            grant.retired = [*grant.retired[-99:], grant.refresh_token]
            grant.refresh_token = token("AQ", 130)
            self._by_refresh[grant.refresh_token] = grant
        return grant, self._issue(grant), rotate

    def find_access(self, access_token: str) -> tuple[Grant | None, bool]:
        """The grant of an access token (None: no such token) and whether the token still lives."""
        grant = self._by_access.get(access_token)
        if grant is None:
            return None, False
        return grant, self._clock.now_ms() < grant.access[access_token]

    def of(self, listener_id: str | None = None, client_id: str | None = None) -> list[Grant]:
        """Grants of a listener or an app that were not revoked."""
        return [
            grant
            for grant in self.all.values()
            if grant.revoked_ms is None
            and listener_id in (None, grant.listener_id)
            and client_id in (None, grant.client_id)
        ]

    def revoke(self, grant: Grant, access_too: bool = True) -> None:
        """The listener took the permission back."""
        grant.revoked_ms = self._clock.now_ms()
        if access_too:
            self._forget(grant, list(grant.access))
        self._keep(grant)

    def expire_access(self, grant: Grant) -> None:
        """End the life of every access token of a grant now."""
        now = self._clock.now_ms()
        grant.access = {name: min(end, now) for name, end in grant.access.items()}
        self._keep(grant)

    def _issue(self, grant: Grant) -> str:
        now = self._clock.now_ms()
        self._forget(grant, [name for name, end in grant.access.items() if end < now - FORGET_MS])
        access = token("BQ", 180)
        grant.access[access] = now + ACCESS_SECONDS * 1000
        self._by_access[access] = grant
        self._keep(grant)
        return access

    def _forget(self, grant: Grant, names: list[str]) -> None:
        for name in names:
            del grant.access[name]
            self._by_access.pop(name, None)

    def _index(self, grant: Grant) -> None:
        self.all[grant.id] = grant
        for name in filter(None, (grant.refresh_token, *grant.retired)):
            self._by_refresh[name] = grant
        for name in grant.access:
            self._by_access[name] = grant

    def _keep(self, grant: Grant) -> None:
        if self._store.keeps:
            self._store.put("grants", grant.id, asdict(grant))


def _proves(verifier: str | None, challenge: str | None) -> bool:
    if challenge is None:
        return verifier is None
    return verifier is not None and 43 <= len(verifier) <= 128 and (
        challenge_of(verifier) == challenge
    )  # fmt: skip
