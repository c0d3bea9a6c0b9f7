"""Verbs about authorizations and tokens."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from werkzeug.datastructures import MultiDict

from audiospective.sandbox.apps import CLIENT_ID
from audiospective.sandbox.clock import Instant, iso, to_ms
from audiospective.sandbox.consent import decide, read
from audiospective.sandbox.grants import ACCESS_SECONDS
from audiospective.sandbox.verbs.base import Verbs

SCOPE = "user-read-recently-played"


class GrantVerbs(Verbs):
    """Grants without a browser, and their end."""

    def mint(
        self,
        listener: str,
        app: str = CLIENT_ID,
        scope: str = SCOPE,
        authorized_at: Instant | None = None,
        rotation: str | None = None,
        public: bool = False,
    ) -> dict[str, Any]:
        """Tokens of a listener without any browser, as the token endpoint would give them."""
        with self.state.lock:
            if app not in self.state.apps:
                raise KeyError(app)
            known = self.state.listeners[listener]
            at = None if authorized_at is None else to_ms(authorized_at)
            grant, access = self.state.grants.new_grant(
                app, known.id, scope, public=public, granted_ms=at, rotation=rotation
            )
            return {
                "access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS,
                "scope": scope, "refresh_token": grant.refresh_token, "id": known.id,
                "account_id": known.account_id, "display_name": known.display_name,
                "authorized_at": iso(grant.granted_ms),
            }  # fmt: skip

    def mint_many(self, listeners: Iterable[str], **options: Any) -> list[dict[str, Any]]:
        """`mint` for many listeners, in their order."""
        return [self.mint(listener, **options) for listener in listeners]

    def consent(self, authorize_url: str, listener: str, allow: bool = True) -> str:
        """Answer the consent page of an authorization URL; the address it leads back to.

        ValueError with the page's text where Spotify would show a page instead.
        """
        with self.state.lock:
            asked = read(self.state, MultiDict(parse_qsl(urlsplit(authorize_url).query)))
            if asked.page or asked.error:
                raise ValueError(asked.page or asked.error)
            place, text = decide(self.state, asked, self.state.listeners[listener].id, allow)
        if place is None:
            raise ValueError(text)
        return place

    def grants(self, listener: str | None = None, app: str | None = None) -> list[dict[str, Any]]:
        """Living authorizations, without their tokens."""
        with self.state.lock:
            return [
                {"listener": grant.listener_id, "app": grant.client_id, "scope": grant.scope,
                 "authorized_at": iso(grant.granted_ms), "ends_at": iso(grant.ends_ms()),
                 "refreshes": grant.refreshes}
                for grant in self.state.grants.of(listener, app)
            ]  # fmt: skip

    def revoke(
        self, listener: str | None = None, app: str | None = None, access: bool = True
    ) -> int:
        """The listener removes the app; `access=False` lets access tokens live out their hour."""
        with self.state.lock:
            grants = self.state.grants.of(listener, app)
            for grant in grants:
                self.state.grants.revoke(grant, access)
            return len(grants)

    def expire_access(self, listener: str | None = None, app: str | None = None) -> int:
        """End the life of access tokens now; refresh tokens stay."""
        with self.state.lock:
            grants = self.state.grants.of(listener, app)
            for grant in grants:
                self.state.grants.expire_access(grant)
            return len(grants)
