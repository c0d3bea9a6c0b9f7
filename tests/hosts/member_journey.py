"""A member's ways through a running site, over HTTP; each tells the secrets that passed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from audiospective import clock
from audiospective.exports.forwarding import TOKEN_PLACE
from audiospective.models import Import, User
from audiospective.models.exports import Export
from audiospective.models.forwards import Forward
from audiospective.policy import api_scopes
from tests.jobs.stack import Stack
from tests.support.processes import until
from tests.web import markup
from tests.web.markup import Tag

ANA = "ana@mail.example"
SONG = "Only ana heard this"
SERVER = "https://listens.invalid"  # a name that no resolver knows
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEARD = [
    {
        "ts": f"2024-05-{day:02}T10:00:00Z", "ms_played": 180_000, "platform": "Ana's own phone",
        "conn_country": "SE", "ip_addr": "198.51.100.77", "master_metadata_track_name": SONG,
        "master_metadata_album_artist_name": "The Band of Ana Alone",
        "master_metadata_album_album_name": "Alone",
        "spotify_track_uri": f"spotify:track:{'a' * 22}",
        "episode_name": None, "episode_show_name": None, "spotify_episode_uri": None,
        "reason_start": "trackdone", "reason_end": "trackdone", "shuffle": False, "skipped": False,
        "offline": False, "offline_timestamp": None, "incognito_mode": False,
    }
    for day in (1, 2, 3)
]  # fmt: skip


@dataclass
class Browser:
    """Keeps cookies, fills in forms; `secrets` are those that it was given or gave."""

    site: str
    http: requests.Session = field(default_factory=requests.Session)
    secrets: set[str] = field(default_factory=set)

    def page(self, address: str) -> Tag:
        answer = self.http.get(urljoin(self.site, address), timeout=60)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        assert urlsplit(answer.url).path == urlsplit(address).path, f"{address}: {answer.url}"
        return markup.read(answer.text)

    def submit(self, address: str, action: str, files: Any = None, **values: str) -> Tag:
        """Send the first form of the page at `address` that leads to `action`; what follows."""
        form = self.page(address).all("form", action=action)[0]
        hidden = {
            tag.attributes["name"]: tag.attributes.get("value", "")
            for tag in form.all("input", type="hidden")
        }
        answer = self.http.post(
            urljoin(self.site, action), data={**hidden, **values}, files=files, timeout=60,
            headers={"Referer": f"{self.site}/"},
        )  # fmt: skip
        assert answer.status_code in (200, 422), f"{action}: {answer.status_code} {answer.text}"
        self.secrets |= {*self.http.cookies.values(), hidden["csrf_token"]}
        return markup.read(answer.text)

    def is_signed_in(self) -> bool:
        answer = self.http.get(f"{self.site}/dashboard", timeout=60, allow_redirects=False)
        return answer.status_code == 200


def through_spotify(stack: Stack, site: str, name: str) -> Browser:
    """Come back from Spotify, whatever that leads to."""
    browser = Browser(site)
    away = browser.http.get(f"{site}/connect", allow_redirects=False, timeout=60)
    back = stack.control.consent(away.headers["Location"], name)
    page = browser.http.get(back, timeout=60)
    assert page.status_code == 200, page.text[:500]
    asked = parse_qs(urlsplit(back).query)
    browser.secrets |= {*asked["code"], *asked["state"], *browser.http.cookies.values()}
    return browser


def by_email(stack: Stack, site: str) -> Browser:
    """Ask for a link, open it, and press its button."""
    browser = Browser(site)
    known = len(stack.control.emails(ANA))
    browser.submit("/sign-in", "/sign-in", email=ANA)
    emails = until(lambda: stack.control.emails(ANA)[known:], "the e-mail arrives", 120)
    (link,) = re.findall(rf"{site}(/sign-in/link/\S+)", emails[0]["text"])
    browser.submit(link, link)
    assert browser.is_signed_in()
    browser.secrets |= {link.rpartition("/")[2], ANA}
    return browser


def imports(browser: Browser) -> None:
    """Send a file, review it, agree."""
    file = ("Streaming_History_Audio_2024.json", json.dumps(HEARD), "application/json")
    browser.submit("/imports", "/imports", files={"files": file})
    row = Import.select().order_by(Import.id.desc()).get()
    until(lambda: Import.get_by_id(row.id).status == "review", "it is read", 120)
    browser.submit(f"/imports/{row.id}", f"/imports/{row.id}/agree")
    until(lambda: Import.get_by_id(row.id).status == "done", "it is added", 120)
    browser.secrets |= {SONG, "The Band of Ana Alone", "198.51.100.77", "Ana's own phone"}


def exports(browser: Browser) -> None:
    """Ask for a file and download it by its link."""
    browser.submit("/exports", "/exports", format="json")
    row = Export.select().order_by(Export.id.desc()).get()
    until(lambda: Export.get_by_id(row.id).status == "ready", "it is made", 120)
    links = [
        tag.attributes["href"]
        for tag in browser.page("/exports").all("a")
        if tag.attributes.get("href", "").startswith(f"/exports/{row.id}/file")
    ]
    answer = browser.http.get(urljoin(browser.site, links[0]), timeout=60)
    assert SONG in answer.text
    browser.secrets |= {*parse_qs(urlsplit(links[0]).query)["key"]}


def programs(browser: Browser) -> None:
    """Make an API token; read and add plays with it."""
    made = browser.submit(
        "/settings/api", "/settings/api", name="Ana's player", scope=api_scopes.SUBMIT, days="30"
    )
    (token,) = {
        found
        for tag in made.all("input")
        for found in UUID.findall(tag.attributes.get("value", ""))
    }
    listen = {
        "listened_at": clock.to_ms(clock.now()) // 1000 - 600,
        "track_metadata": {"track_name": "Sent by ana's player", "artist_name": "Nora Feld"},
    }
    answer = requests.post(
        f"{browser.site}/1/submit-listens", timeout=60, headers={"Authorization": f"Token {token}"},
        json={"listen_type": "single", "payload": [listen]},
    )  # fmt: skip
    assert answer.json() == {"status": "ok"}
    for shown in (f"Token {token}", f"Bearer {token}", token):  # the last form is refused
        requests.get(f"{browser.site}/api/v1/plays", headers={"Authorization": shown}, timeout=60)
    browser.secrets |= {token, "Sent by ana's player"}


def sending_on(stack: Stack, browser: Browser) -> None:
    """Have plays sent to a server that does not answer: when it is saved, and by a worker."""
    typed, kept = "token-that-ana-typed", "token-that-is-kept"
    said = browser.submit("/settings/forwarding", "/settings/forwarding", root=SERVER, token=typed)
    assert typed not in said.text
    ana, vault = User.get(User.email == ANA), stack.services.vault
    encrypted = vault.encrypt(TOKEN_PLACE, ana.id, kept)
    now = clock.now()
    Forward.create(user=ana.id, root=SERVER, token_encrypted=encrypted, since=now, next_at=now,
                   past_at=clock.to_ms(now), past_track=0)  # fmt: skip
    stack.services.queues.enqueue("upkeep", "forward_plays")
    until(lambda: Forward.get(Forward.user == ana.id).failures, "a worker tried it", 120)
    browser.secrets |= {typed, kept}


def whole(stack: Stack, browser: Browser) -> set[str]:
    """Everything that ana, who is signed in, does here; what of it no log may tell."""
    imports(browser)
    exports(browser)
    programs(browser)
    sending_on(stack, browser)
    return browser.secrets | by_email(stack, browser.site).secrets
