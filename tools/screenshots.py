"""Takes the pictures of docs/screenshots: every main page with an invented listener's archive."""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import invented  # noqa: E402
import system  # noqa: E402

from audiospective import clock, history, models  # noqa: E402
from audiospective.accounts import sessions, spotify_app  # noqa: E402
from audiospective.app import create_app  # noqa: E402
from audiospective.history.catalog import lookup  # noqa: E402
from audiospective.models import Connection, User  # noqa: E402
from audiospective.sandbox import SandboxServer  # noqa: E402
from audiospective.settings import Settings  # noqa: E402
from audiospective.supervisor import ports  # noqa: E402

TARGET = ROOT / "docs" / "screenshots"
WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 360, "height": 760}


def pictures(user: User) -> list[tuple[str, str, dict[str, int], str]]:
    """(name, address, size, colour scheme) of every picture."""
    now = clock.now()
    track = history.recent(user.id, 1)[0].track_id
    artist = lookup.tracks([track])[track].artists[0][0]
    return [
        ("dashboard", "/dashboard", WIDE, "light"),
        ("dashboard-dark", "/dashboard", WIDE, "dark"),
        ("dashboard-phone", "/dashboard", PHONE, "light"),
        ("report", f"/reports/{now.year}", WIDE, "light"),
        ("history", "/history", WIDE, "light"),
        ("artist", f"/artists/{artist}", WIDE, "light"),
        ("health", "/health", WIDE, "light"),
        ("settings", "/settings", WIDE, "light"),
        ("landing", "/", WIDE, "light"),
    ]


def main() -> None:
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as home, SandboxServer() as sandbox:
        port = ports.any_free("127.0.0.1")
        settings = Settings.from_env({
            "AUDIOSPECTIVE_HOME": home, "BASE_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": secrets.token_hex(32), "REDIS_URL": "redis://127.0.0.1:1/0",
            "TOKEN_KEYS": "5c0hW9hYJtYc4m3v4fVgQx5o3jH1bq8m1l6D9y3Zk2E=",
            "SPOTIFY_CLIENT_ID": "sandbox-client", "SPOTIFY_CLIENT_SECRET": "sandbox-secret",
            "SPOTIFY_ACCOUNTS_URL": sandbox.accounts_url, "SPOTIFY_API_URL": sandbox.api_url,
            "RESEND_API_URL": sandbox.mail_url, "RESEND_API_KEY": "re_pictures",
            "MAIL_FROM": "Audiospective <archive@example.org>",
        })  # fmt: skip
        app = create_app(settings)
        services = app.extensions["audiospective"]
        models.migrate()
        with models.database.connection_context():
            user = _listener(services)
            invented.fill(user, sandbox.url + "/image/{}")
            wanted = pictures(User.get_by_id(user.id))
            cookie = _cookie(app, user)
        server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as tools:
            browser = tools.chromium.launch(
                executable_path=system.chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            for name, address, size, scheme in wanted:
                signed_in = None if address == "/" else cookie
                _take(browser, settings.base_url, name, address, size, scheme, signed_in)
            browser.close()
        server.shutdown()


def _listener(services: Any) -> User:
    now = clock.now()
    user: User = User.create(
        spotify_account_id="juniper", spotify_id="juniper", display_name="Juniper Vale",
        minute_offset=0, session_key=secrets.token_hex(16), created_at=now,
    )  # fmt: skip
    Connection.create(
        user=user, app=spotify_app.environment_app(services), scope="user-read-recently-played",
        authorized_at=now, reauth_due_at=now, next_poll_at=now,
    )  # fmt: skip
    return user


def _cookie(app: Any, user: User) -> dict[str, Any]:
    value = app.session_interface.get_signing_serializer(app).dumps({
        "_user_id": sessions.begin(user, "spotify", "Firefox on Linux"), "_fresh": True,
        "_permanent": True,
    })  # fmt: skip
    url = app.extensions["audiospective"].settings.base_url
    return {"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": url}


def _take(
    browser: Browser, base: str, name: str, address: str, size: dict[str, int], scheme: str,
    cookie: Any,
) -> None:  # fmt: skip
    options: dict[str, Any] = {
        "viewport": size, "color_scheme": scheme, "locale": "en-GB",
        "timezone_id": invented.ZONE, "reduced_motion": "reduce", "base_url": base,
    }  # fmt: skip
    context = browser.new_context(**options)
    if cookie:
        context.add_cookies([cookie])
    page = context.new_page()
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok, f"{address} answers {answer.status}"
    page.wait_for_load_state("networkidle")
    page.screenshot(path=TARGET / f"{name}.png")
    print(name, round((TARGET / f"{name}.png").stat().st_size / 1000), "KB")
    context.close()


if __name__ == "__main__":
    main()
