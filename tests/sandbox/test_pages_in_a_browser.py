"""The pages for people, in a real browser: narrow, dark, without scripts."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from audiospective.sandbox import CLIENT_ID, Control, SandboxServer
from tests.support.browser import Gate, OpenPage

# Nobody listens there but the sandbox itself, and it has no such page.
CALLBACK = "/callback"


def authorize(sandbox: SandboxServer, state: str = "xyz") -> str:
    return f"{sandbox.url}/authorize?" + urlencode(
        {
            "client_id": CLIENT_ID, "response_type": "code", "state": state,
            "redirect_uri": sandbox.url + CALLBACK, "scope": "user-read-recently-played",
        }
    )  # fmt: skip


def test_consent_can_be_given_and_refused_in_every_mode(
    sandbox: SandboxServer, control: Control, gate: Gate, page_in_each_mode: Page
) -> None:
    gate.allow(r"404 http://127\.0\.0\.1:\d+/callback")
    control.make_listener("alice", display_name="Alice")
    control.make_listener("bob", display_name="<b>" + "Bobobob" * 20)
    page = page_in_each_mode
    page.goto(authorize(sandbox))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    expect(page.get_by_label("Alice")).to_be_checked()
    page.get_by_label("Bobobob").check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/callback?*code=*")
    assert page.url.endswith("&state=xyz")
    page.goto(authorize(sandbox))
    expect(page.get_by_label("Bobobob")).to_be_checked()
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url("**/callback?*error=access_denied*")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_no_page_is_wider_than_a_small_telephone(
    sandbox: SandboxServer, control: Control, gate: Gate, open_page: OpenPage, mode: str
) -> None:
    gate.allow(r"400 http://127\.0\.0\.1:\d+/authorize")
    control.mint(control.make_listener("alice" * 30)["id"])
    email = sandbox.state.mailbox.deliver(
        {
            "from": "Archive <hello@archive.example>", "to": [f"{'a' * 60}@mail.example"],
            "subject": "S" * 200, "text": "t" * 300, "html": "<p>" + "h" * 300,
            "headers": {"List-Unsubscribe": f"<https://archive.example/{'u' * 200}>"},
        },
        None,
    )  # fmt: skip
    page = open_page(mode, "narrow")
    for path in ("/", "/inbox", f"/inbox/{email.id}", "/account/apps", "/authorize"):
        page.goto(sandbox.url + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_an_email_is_shown_without_its_scripts(
    sandbox: SandboxServer, gate: Gate, page: Page
) -> None:
    gate.allow("Blocked script execution")
    email = sandbox.state.mailbox.deliver(
        {
            "from": "a@b.example", "to": ["c@d.example"], "subject": "Hello",
            "html": "<p>Dear friend</p><script>document.body.innerHTML = 'gone'</script>",
        },
        None,
    )  # fmt: skip
    page.goto(f"{sandbox.url}/inbox/{email.id}")
    inside = page.frame_locator("iframe")
    expect(inside.get_by_text("Dear friend")).to_be_visible()
