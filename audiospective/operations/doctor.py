"""Looks at everything a deployment needs and says what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

import requests
from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import environment, models
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyError
from audiospective.models import database
from audiospective.models.base import DurabilityError, is_sqlite
from audiospective.policy import service_urls, setting_faults
from audiospective.policy.failures import Failure
from audiospective.services import Services

SECONDS = 10.0
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")  # what an acknowledged commit needs


@dataclass(frozen=True)
class Finding:
    """`advice` is empty when all is well; a `serious` finding keeps plays from being archived."""

    subject: str
    state: str
    advice: str = ""
    serious: bool = True


def examine(services: Services) -> Iterator[Finding]:
    """Look at one thing after the other; what cannot be looked at is a finding, never an error."""
    checks: tuple[Callable[[Services], Finding], ...] = (
        _database,
        _durability,
        _privacy,
        _disk,
        _redis,
        _callback,
        _pages,
        _spotify,
        _mail,
        _storage,
    )
    for check in checks:
        yield check(services)


def _database(services: Services) -> Finding:
    kind = "SQLite" if is_sqlite() else "PostgreSQL"
    try:
        missing = models.pending()
    except models.EncodingError as error:
        said, _, advice = str(error).partition("; ")
        return Finding("Database", said, f"{advice[:1].upper()}{advice[1:]}")
    except (PeeweeException, DurabilityError, OSError) as error:
        return Finding(
            "Database",
            f"{kind} cannot be used ({_first_line(error)})",
            "Check DATABASE_URL and that the server runs.",
        )
    if missing:
        return Finding(
            "Database",
            f"{len(missing)} migrations are missing",
            "Run: python -m audiospective migrate",
        )
    return Finding("Database", f"{kind}, up to date")


def _durability(services: Services) -> Finding:
    """SQLite's settings are read back with every connection; PostgreSQL's are the server's."""
    if is_sqlite():
        return Finding("Durability", "write-ahead log, every commit synced")
    try:
        with database.connection_context():
            values = {name: database.execute_sql(f"SHOW {name}").fetchone()[0] for name in DURABLE}
    except (PeeweeException, OSError):
        return Finding("Durability", "could not be asked", "Repair the database first.")
    weak = [name for name, value in values.items() if value == "off"]
    if weak:
        return Finding(
            "Durability",
            f"{', '.join(weak)} off: a commit may vanish in a power cut",
            "Turn it on in the PostgreSQL server's settings.",
        )
    return Finding("Durability", "commits are synced")


def _privacy(services: Services) -> Finding:
    """Whether other users of this machine can read the database or the home's secrets."""
    home = services.settings.home
    paths = [home / environment.LOCAL_FILE]
    if is_sqlite():
        paths.append(Path(str(database.database)))
    readable = [str(path) for path in paths if _readable_by_others(path)]
    if readable:
        return Finding(
            "Privacy",
            f"other users of this machine can read {' and '.join(readable)}",
            f"Run: chmod -R go-rwx {home}",
            serious=False,
        )
    return Finding("Privacy", "files are readable by their owner only")


def _readable_by_others(path: Path) -> bool:
    """Whether the file, and every folder on the way to it, lets others in."""
    try:
        if not path.stat().st_mode & 0o044:
            return False
        return all(parent.stat().st_mode & 0o011 for parent in path.absolute().parents)
    except OSError:
        return False


def _redis(services: Services) -> Finding:
    try:
        services.redis.ping()
    except RedisError as error:
        said = setting_faults.redis_refusal(str(error), _first_line(error))
        if "REDIS_TLS_VERIFY" in said:
            state, _, advice = said.partition(". ")
            return Finding("Redis", state, advice)
        return Finding(
            "Redis",
            said.removeprefix("the server ").removesuffix("."),
            "Check REDIS_URL and that the server runs. Nothing is lost meanwhile.",
        )
    return Finding("Redis", "answers")


def _disk(services: Services) -> Finding:
    """An SQLite file on a disk that a deploy throws away is an archive that is thrown away."""
    settings = services.settings
    if not is_sqlite():
        return Finding("Disk", "the archive is on a database server")
    if settings.host_platform:
        return Finding(
            "Disk",
            f"SQLite on {settings.host_platform}, whose disk is emptied with every deploy",
            "Set DATABASE_URL to a PostgreSQL database: the archive would be lost.",
        )
    if settings.https:
        return Finding(
            "Disk",
            "SQLite under a public address",
            f"Make sure that {settings.home} is on a disk that outlives restarts and deploys.",
            serious=False,
        )
    return Finding("Disk", f"the archive is in {settings.home}")


def _pages(services: Services) -> Finding:
    """Ask for a page by the name that people use: a proxy may change the name or the scheme."""
    base = services.settings.base_url
    try:
        answer = requests.get(f"{base}/sign-in", timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Finding(
            "Pages",
            f"nothing answers at {base} from here ({type(error).__name__})",
            "If people cannot reach it either: start the web process, look at the proxy and DNS.",
            serious=False,
        )
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        return Finding(
            "Pages",
            f"{base} is refused: another name arrives at the web process",
            f"Let the proxy pass on Host: {urlsplit(base).netloc}, or correct BASE_URL.",
        )
    if answer.is_redirect:
        return Finding(
            "Pages",
            f"{base} leads elsewhere ({answer.status_code})",
            "If it leads to itself, the proxy does not say X-Forwarded-Proto: https.",
            serious=False,
        )
    if not answer.ok:
        return Finding("Pages", f"{base} answers {answer.status_code}", "Look at the web's log.")
    return Finding("Pages", f"answer at {base}")


def _callback(services: Services) -> Finding:
    return Finding(
        "Redirect URI",
        f"{services.settings.callback_url} (must be registered with the Spotify app, exactly so)",
    )


def _spotify(services: Services) -> Finding:
    settings = services.settings
    if not settings.spotify_client_id:
        return Finding(
            "Spotify app",
            "no client id is set",
            "Set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, or use 'up' with its sandbox.",
        )
    app = Credentials(settings.spotify_client_id, settings.spotify_client_secret)
    try:
        services.spotify.app_token(app, Deadline(SECONDS))
    except SpotifyError as error:
        if error.failure is Failure.APP:
            return Finding(
                "Spotify app",
                "Spotify refuses the client id or secret",
                "Copy both again from developer.spotify.com/dashboard.",
            )
        return Finding(
            "Spotify app", f"could not be asked ({error})", "Try again later.", serious=False
        )
    mode = f"{settings.spotify_app_mode} mode"
    seats = (
        "no limit of seats"
        if settings.spotify_seats is None
        else (f"{settings.spotify_seats} seats")
    )
    stand_in = ", answered by the sandbox" if settings.sandbox else ""
    return Finding("Spotify app", f"accepted, {mode}, {seats}{stand_in}")


def _mail(services: Services) -> Finding:
    settings = services.settings
    missing = [
        name
        for name, value in (
            ("RESEND_API_KEY", settings.resend_api_key),
            ("MAIL_FROM", settings.mail_from),
        )
        if not value
    ]
    if missing:
        return Finding(
            "E-mail",
            f"{' and '.join(missing)} not set: e-mails are kept, none is sent",
            "Set them so that members hear when their connection breaks.",
            serious=False,
        )
    return Finding("E-mail", f"sent as {settings.mail_from}")


def _storage(services: Services) -> Finding:
    url = services.settings.storage_url
    if not url.startswith("file:"):
        return Finding("Storage", url)
    directory = Path(service_urls.local_path(url))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=directory) as probe:
            probe.write(b"audiospective")
    except OSError as error:
        return Finding(
            "Storage",
            f"{directory} cannot be written ({error.strerror})",
            "Make the folder writable or set STORAGE_URL.",
        )
    return Finding("Storage", f"{directory} can be written")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
