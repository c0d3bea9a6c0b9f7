"""What a cookie from hours ago, perhaps a copied one, can still change: what is listed here."""

from __future__ import annotations

import re

from tests.factories import make_connection, make_user
from tests.support.clocks import Frozen
from tests.web.conftest import Site

# Everything else that a member sends asks for a sign-in of the last minutes.
HARMLESS = {
    "emails.save", "emails.send_test", "answering.agree", "answering.answer", "answering.choose",
    "answering.discard", "auth.sign_out_everywhere", "connection.check", "connection.pause",
    "connection.resume", "counting.save", "deletion.keep", "export_schedule.stop", "exports.cancel",
    "exports.throw_away", "hidden.hide", "hidden.show", "plays.remove", "plays.restore",
    "profile.save", "recordings.merge", "recordings.set_apart", "recordings.undo",
    "reminder.choose", "sending.arrived", "sending.piece", "shares.end", "welcome.save",
}  # fmt: skip


def test_an_old_cookie_changes_only_what_is_harmless_or_can_be_undone(
    site: Site, frozen: Frozen
) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    alice = make_user("alice")
    make_connection(site.services, alice)
    browser = site.member(alice)
    frozen.forward(minutes=16)
    tried = set()
    for rule in site.app.url_map.iter_rules():
        view = site.app.view_functions[rule.endpoint]
        if "POST" not in rule.methods or not getattr(view, "for_members", False):
            continue
        tried.add(rule.endpoint)
        if rule.endpoint in HARMLESS:
            continue
        answer = browser.post(re.sub("<[a-z_:]+>", "1", rule.rule))
        assert answer.status_code == 303, rule
        assert answer.headers["Location"].startswith("/sign-in?"), rule
        assert "confirm=1" in answer.headers["Location"], rule
    assert tried >= HARMLESS
    assert len(tried - HARMLESS) > 10
