"""Settings: read from the environment once, checked at boot, one clear line per fault.

One module although it is long: a setting is one line of the class and one of its reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from audiospective import environment
from audiospective.environment import SettingsError
from audiospective.policy import hosts, service_urls
from audiospective.policy.service_urls import postgres
from audiospective.policy.setting_faults import contacts, secret_values, stores, urls

__all__ = ["Settings", "SettingsError"]

SPOTIFY_ACCOUNTS_URL = "https://accounts.spotify.com"
SPOTIFY_API_URL = "https://api.spotify.com/v1"
RESEND_API_URL = "https://api.resend.com"
DEVELOPMENT_SEATS = 5  # Spotify lets a development-mode app serve five users (since March 2026)


@dataclass(frozen=True)
class Settings:
    """Everything that an operator can decide; secrets stay out of `repr`."""

    home: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    token_keys: tuple[str, ...] = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)  # read, never signed with
    base_url: str = "http://127.0.0.1:8000"
    spotify_client_id: str = ""
    spotify_client_secret: str = field(default="", repr=False)
    spotify_app_mode: str = "development"
    spotify_seats: int | None = DEVELOPMENT_SEATS
    spotify_accounts_url: str = SPOTIFY_ACCOUNTS_URL
    spotify_api_url: str = SPOTIFY_API_URL
    resend_api_key: str = field(default="", repr=False)
    resend_api_url: str = RESEND_API_URL
    mail_from: str = ""
    contact: str = ""  # of the operator: an e-mail address, or an https page
    source_url: str = ""  # where the source of this program is published
    founding_member_cap: int = 1000
    batch_size: int = 50
    poll_max_minutes: int = 60
    poll_min_minutes: int = 10
    storage_url: str = ""
    s3_endpoint_url: str = ""  # empty: Amazon's own
    s3_region: str = "us-east-1"  # R2 and MinIO take this for their own
    s3_access_key_id: str = ""
    s3_secret_access_key: str = field(default="", repr=False)
    closed_years: str = ""  # storage or database; empty: storage if that is a bucket
    instance_name: str = ""  # of this deployment; empty: its address and where its database is
    storage_budget_mb: int = 512
    backup_days: int = 30  # how long backups are kept, as the privacy page says; 0: none are made
    trusted_proxies: int = 0  # routers in front that append to X-Forwarded-For (Heroku: 1)
    derived_stats: bool = True
    log_level: str = "INFO"
    sentry_dsn: str = field(default="", repr=False)
    backup_key: str = field(
        default="", repr=False
    )  # an age identity; encrypts and decrypts backups
    redis_tls_verify: bool = True  # off: a server with a self-signed certificate, as on Heroku
    metrics_token: str = field(default="", repr=False)  # without one there is no /metrics
    alarm_webhook_urls: tuple[str, ...] = field(default=(), repr=False)
    backup_expected_hours: int = 0  # 0: backups are expected once one was made
    release: str = ""  # what is deployed, as the platform names it
    host_platform: str = ""  # a platform whose disk does not outlive a deploy, if one is seen

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check `environ`; raises SettingsError with every fault at once.

        Without `environ`: the process's own environment over the operator's `.env` file.

        Values that `up` keeps under AUDIOSPECTIVE_HOME fill in what the environment leaves out,
        so that commands on the same machine see the same archive.
        """
        environ = environment.given() if environ is None else environ
        home = Path(environ.get("AUDIOSPECTIVE_HOME") or "var").absolute()
        kept = environment.kept_values(home)
        said = {name: value for name, value in environ.items() if value != ""}
        values = {**kept, **said}
        reader = _Reader(values)
        mode = reader.choice("SPOTIFY_APP_MODE", "development", ("development", "extended"))
        seats = DEVELOPMENT_SEATS if mode == "development" else None
        poll_min = reader.whole("POLL_MIN_MINUTES", 10, 1, 60)
        settings = cls(
            home=home,
            database_url=reader.checked(
                "DATABASE_URL",
                service_urls.local_url("sqlite", str(home / "audiospective.db")),
                stores.database_fault,
            ),
            redis_url=reader.checked("REDIS_URL", None, stores.redis_fault),
            secret_key=reader.checked("SECRET_KEY", None, secret_values.secret_fault),
            token_keys=reader.token_keys(),
            secret_key_fallbacks=reader.secret_key_fallbacks(),
            base_url=reader.base_url(),
            spotify_client_id=reader.text("SPOTIFY_CLIENT_ID"),
            spotify_client_secret=reader.text("SPOTIFY_CLIENT_SECRET"),
            spotify_app_mode=mode,
            spotify_seats=reader.seats(seats),
            spotify_accounts_url=reader.url("SPOTIFY_ACCOUNTS_URL", SPOTIFY_ACCOUNTS_URL),
            spotify_api_url=reader.url("SPOTIFY_API_URL", SPOTIFY_API_URL),
            resend_api_key=reader.text("RESEND_API_KEY"),
            resend_api_url=reader.url("RESEND_API_URL", RESEND_API_URL),
            mail_from=reader.checked("MAIL_FROM", "", contacts.sender_fault),
            contact=reader.checked("CONTACT", "", contacts.contact_fault),
            source_url=reader.checked("SOURCE_URL", "", contacts.page_fault),
            founding_member_cap=reader.whole("FOUNDING_MEMBER_CAP", 1000, 0, 10_000_000),
            batch_size=reader.whole("BATCH_SIZE", 50, 1, 50),
            poll_max_minutes=reader.whole("POLL_MAX_MINUTES", 60, poll_min, 24 * 60),
            poll_min_minutes=poll_min,
            storage_url=reader.checked(
                "STORAGE_URL",
                service_urls.local_url("file", str(home / "storage")),
                stores.storage_fault,
            ),
            s3_endpoint_url=reader.url("S3_ENDPOINT_URL", ""),
            s3_region=reader.checked("S3_REGION", "us-east-1", stores.region_fault),
            s3_access_key_id=reader.text("S3_ACCESS_KEY_ID"),
            s3_secret_access_key=reader.text("S3_SECRET_ACCESS_KEY"),
            closed_years=reader.closed_years(),
            instance_name=reader.text("INSTANCE_NAME"),
            backup_days=reader.whole("BACKUP_DAYS", 30, 0, 3650),
            storage_budget_mb=reader.whole("STORAGE_BUDGET_MB", 512, 1, 1_000_000_000),
            trusted_proxies=reader.whole("TRUSTED_PROXIES", 0, 0, 8),
            derived_stats=reader.switch("DERIVED_STATS", default=True),
            log_level=reader.choice(
                "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
            ),
            sentry_dsn=reader.checked("SENTRY_DSN", "", contacts.report_fault),
            backup_key=reader.checked("BACKUP_KEY", "", secret_values.backup_key_fault),
            redis_tls_verify=reader.switch("REDIS_TLS_VERIFY", default=True),
            metrics_token=reader.checked("METRICS_TOKEN", "", secret_values.token_fault),
            alarm_webhook_urls=reader.webhooks(),
            backup_expected_hours=reader.whole("BACKUP_EXPECTED_HOURS", 0, 0, 24 * 366),
            release=environment.release(values),
            host_platform=environment.platform(values),
        )
        if bool(settings.spotify_client_id) != bool(settings.spotify_client_secret):
            reader.faults.append(
                "SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET belong together: set both or neither."
            )
        if settings.storage_url.startswith("s3:") and not (
            settings.s3_access_key_id and settings.s3_secret_access_key
        ):
            reader.faults.append(
                "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are not set, and no others are used."
            )
        fault = urls.stand_in_fault(
            {
                "SPOTIFY_ACCOUNTS_URL": settings.spotify_accounts_url,
                "SPOTIFY_API_URL": settings.spotify_api_url,
                "RESEND_API_URL": settings.resend_api_url,
            },
            settings.base_url,
            kept=kept.keys() - said.keys(),
            own_app="SPOTIFY_CLIENT_ID" in said,
        )
        if fault and not reader.faults:
            reader.faults.append(fault)
        if reader.faults:
            raise SettingsError(reader.faults)
        return settings

    @property
    def callback_url(self) -> str:
        """The redirect URI to register with Spotify; never made from a request's Host header."""
        return f"{self.base_url}/callback"

    @property
    def deployment(self) -> str:
        """What tells this deployment from one that runs on a copy of its database; no secrets."""
        read = service_urls.split if self.database_url.startswith("sqlite") else postgres
        place = read(self.database_url)
        told = f"{self.base_url} {place.hostname}:{place.port}{place.path}"
        return hashlib.sha256((self.instance_name or told).encode()).hexdigest()[:32]

    @property
    def keeps_closed_years_in_storage(self) -> bool:
        """Whether plays of years that ended move out of the database."""
        chosen = self.closed_years or ("storage" if self.storage_url.startswith("s3:") else "")
        return chosen == "storage"

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def sandbox(self) -> bool:
        """Whether a stand-in on this machine answers in Spotify's place, never on a public site."""
        return not self.https and hosts.is_loopback(urlsplit(self.spotify_api_url).hostname or "")


class _Reader:
    """Takes values out of the environment and gathers what is wrong with them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, default).strip()

    def checked(self, name: str, default: str | None, fault: Callable[[str], str | None]) -> str:
        value = self.values.get(name, default)
        if value is None:
            self.faults.append(f"{name} is not set.")
            return ""
        value = value.strip()
        if value and (problem := fault(value)):
            self.faults.append(f"{name} {problem}")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            self.faults.append(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
            return default
        return int(text)

    def seats(self, default: int | None) -> int | None:
        if "SPOTIFY_SEATS" not in self.values:
            return default
        return self.whole("SPOTIFY_SEATS", default or 0, 0, 10_000_000)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        found = next((one for one in allowed if one.lower() == value.lower()), None)
        if found is None:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
            return default
        return found

    def switch(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "on" if default else "off").lower()
        if value not in ("on", "off", "true", "false", "1", "0", "yes", "no"):
            self.faults.append(f"{name} must be on or off, not {value!r}.")
        return value in ("on", "true", "1", "yes")

    def url(self, name: str, default: str) -> str:
        return self.checked(name, default, urls.service_fault).rstrip("/")

    def closed_years(self) -> str:
        if not self.text("CLOSED_YEARS"):
            return ""
        return self.choice("CLOSED_YEARS", "", ("storage", "database"))

    def base_url(self) -> str:
        url = self.checked("BASE_URL", "http://127.0.0.1:8000", urls.base_fault).rstrip("/")
        return hosts.with_ascii_host(url) or url  # browsers ask for a host in its ASCII form

    def secret_key_fallbacks(self) -> tuple[str, ...]:
        keys = [key.strip() for key in self.text("SECRET_KEY_FALLBACKS").split(",") if key.strip()]
        if any(secret_values.secret_fault(key) for key in keys):
            self.faults.append("SECRET_KEY_FALLBACKS holds a key of less than 32 characters.")
        return tuple(keys)

    def webhooks(self) -> tuple[str, ...]:
        urls = tuple(
            filter(None, (one.strip() for one in self.text("ALARM_WEBHOOK_URLS").split(",")))
        )
        for position, url in enumerate(urls, start=1):
            if problem := contacts.webhook_fault(url):  # the address may hold a secret
                self.faults.append(f"ALARM_WEBHOOK_URLS: address {position} {problem}")
        return urls

    def token_keys(self) -> tuple[str, ...]:
        keys = tuple(key.strip() for key in self.text("TOKEN_KEYS").split(",") if key.strip())
        if not keys:
            self.faults.append(
                "TOKEN_KEYS is not set: Fernet keys, comma-separated; the first one encrypts."
            )
        found = [secret_values.fernet_key(key) for key in keys]
        self.faults += [  # the key itself never appears in the message
            f"TOKEN_KEYS: key {position} is not a Fernet key (32 bytes, URL-safe base64 or hex)."
            for position, key in enumerate(found, start=1)
            if key is None
        ]
        return tuple(key for key in found if key is not None)
