"""Pages behind a proxy that ends TLS."""

from __future__ import annotations

import re
import shutil

import pytest
import requests

from tests.hosts.deployment import audiospective, pages
from tests.jobs.stack import running
from tests.support import proxy
from tests.support.redis import emptied

NAME = {"Host": "archive.example"}
# A public site is refused beside the sandbox; none of these pages asks Spotify.
PUBLIC = {
    "TRUSTED_PROXIES": "1",
    "SPOTIFY_ACCOUNTS_URL": "https://accounts.spotify.com",
    "SPOTIFY_API_URL": "https://api.spotify.com/v1",
}


ONE = ("--workers", "1")


@pytest.fixture(scope="module")
def stack(migrated_sqlite, redis_server, tmp_path_factory):
    """One archive for all of them: nothing that one of them writes is looked at by another."""
    home = tmp_path_factory.mktemp("proxies")
    shutil.copyfile(migrated_sqlite, home / "archive.db")
    url = f"sqlite:///{home}/archive.db"
    with running(url, emptied(redis_server), home / "home") as built:
        yield built


@pytest.fixture(scope="module")
def site(stack, tmp_path_factory):
    """The port of pages at https://archive.example."""
    home = tmp_path_factory.mktemp("site")
    with pages(stack, home, *ONE, BASE_URL="https://archive.example", **PUBLIC) as port:
        yield port


def test_a_form_arrives_from_a_browser_that_sends_no_referrer(site, tmp_path):
    with (
        proxy.running(tmp_path / "proxy", site) as port,
        requests.Session() as browser,
    ):
        address = f"http://127.0.0.1:{port}/waitlist"
        page = browser.get(address, headers=NAME, timeout=120)
        assert page.status_code == 200
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token is not None
        cookie = page.headers["Set-Cookie"].partition(";")[0]  # __Host- cookies need real https
        said = browser.post(
            address,
            data={"csrf_token": token[1], "email": "alice@mail.example", "consent": "on"},
            headers={**NAME, "Cookie": cookie},
            allow_redirects=False,
            timeout=120,
        )
        assert said.status_code in (200, 302, 303), said.text[:500]


def test_a_visitor_who_comes_without_tls_is_led_to_https_and_a_form_is_not_taken(site):
    plain = {**NAME, "X-Forwarded-Proto": "http"}
    there = f"http://127.0.0.1:{site}/sign-in?a=//evil.example"
    led = requests.get(there, headers=plain, allow_redirects=False, timeout=60)
    assert led.status_code == 308
    assert led.headers["Location"] == "https://archive.example/sign-in?a=//evil.example"
    form = requests.post(f"http://127.0.0.1:{site}/waitlist", headers=plain, timeout=60)
    assert form.status_code == 403
    alive = requests.get(f"http://127.0.0.1:{site}/healthz", headers=plain, timeout=60)
    assert alive.status_code == 200


def test_a_proxy_may_leave_out_the_port_that_the_browser_used(stack, tmp_path):
    base = {"BASE_URL": "https://archive.example:8443"}
    with pages(stack, tmp_path, *ONE, **base, **PUBLIC) as site:
        address = f"http://127.0.0.1:{site}/"
        for host, status in {
            "archive.example": 200,
            "archive.example:8443": 200,
            "archive.example:9999": 400,
            "evil.example": 400,
        }.items():
            answer = requests.get(
                address, headers={"Host": host, "X-Forwarded-Proto": "https"}, timeout=120
            )
            assert answer.status_code == status, host
        refused = (tmp_path / "web.log").read_text()
        assert "https://archive.example:8443" in refused  # the log says which name is expected
        assert "evil.example" in refused


def test_the_doctor_asks_the_pages_by_the_name_that_people_use(stack, tmp_path):
    with pages(stack, tmp_path, *ONE) as site:
        right = {"BASE_URL": f"http://127.0.0.1:{site}"}
        _, out, _ = audiospective(stack, "doctor", **right)
        assert "ok    Pages: answer at http://127.0.0.1" in out
        wrong = {"BASE_URL": f"http://127.0.0.2:{site}"}
        _, out, _ = audiospective(stack, "doctor", **wrong)
        assert "note  Pages: nothing answers at http://127.0.0.2" in out
