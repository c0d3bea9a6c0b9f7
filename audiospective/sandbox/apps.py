"""Spotify apps: credentials, redirect URIs, mode, who may use them and how often."""

from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the sandbox has no real secrets
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Loopback addresses without a port: any port may then be chosen when signing in. `localhost` was
# once accepted and is still registered, so that signing in with it shows what Spotify shows today.
REDIRECT_URIS = (
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "http://localhost/callback",
)


@dataclass
class App:
    """One client id.

    `allow_list` names the listeners a development app serves (None: everybody); `rotation` is
    never, always or sometimes; `rate_limit` counts calls in 30 s, `quota` in 24 h over all apps of
    one `developer` (None: no limit); `client_error_status` is 400 or 401, as both are seen;
    `quick_consent` sends people who once agreed straight back, unless `show_dialog` is true.
    """

    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    name: str = "Audiospective"
    redirect_uris: list[str] = field(default_factory=lambda: list(REDIRECT_URIS))
    mode: str = "development"
    allow_list: list[str] | None = None
    owner_premium: bool = True
    rotation: str = "never"
    rate_limit: int | None = None
    quota: int | None = None
    developer: str = "developer"
    client_error_status: int = 400
    quick_consent: bool = False

    def __post_init__(self) -> None:
        if self.mode not in ("development", "extended"):
            raise ValueError(f"no such mode: {self.mode}")
        if self.rotation not in ("never", "always", "sometimes"):
            raise ValueError(f"no such rotation: {self.rotation}")

    @property
    def extended(self) -> bool:
        """Whether the old endpoints and fields are there."""
        return self.mode == "extended"

    def admits(self, listener_id: str) -> bool:
        """Whether this listener's calls are answered."""
        return self.extended or self.allow_list is None or listener_id in self.allow_list

    def document(self) -> dict[str, Any]:
        """What has to be kept."""
        return asdict(self)

    def has_redirect(self, uri: str) -> bool:
        """Whether a redirect URI is registered: exactly, or a loopback one but for its port."""
        if uri in self.redirect_uris:
            return True
        wanted = _split(uri)
        if wanted is None or wanted.hostname not in LOOPBACK or "@" in wanted.netloc:
            return False
        return _without_port(wanted) in self.redirect_uris


def is_secure(uri: str) -> bool:
    """Whether Spotify accepts the scheme and host: https, or http on a loopback IP literal."""
    parts = _split(uri)
    if parts is None or not parts.hostname:
        return False
    if parts.hostname == "localhost":
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")
    )


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _without_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return parts._replace(netloc=f"[{host}]" if ":" in host else host).geturl()
