"""Links in e-mails outlive a change of the secret key, as long as the old one is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiospective.accounts import waitlist, waitlist_links
from audiospective.models.notices import Notice
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import compose, mail_tokens, signed_links
from audiospective.services import Services

NEW = "n" * 40


def with_key(services: Services, *fallbacks: str) -> Services:
    settings = replace(services.settings, secret_key=NEW, secret_key_fallbacks=fallbacks)
    return replace(services, settings=settings)


def test_a_signed_link_is_read_with_a_former_key_and_signed_with_the_new_one(services):
    old, rotated = services.settings, with_key(services, services.settings.secret_key).settings
    token = signed_links.sign(old, signed_links.UNSUBSCRIBE, 7, "welcome")
    assert signed_links.read(rotated, signed_links.UNSUBSCRIBE, token) == ([7, "welcome"], True)
    anew = signed_links.sign(rotated, signed_links.UNSUBSCRIBE, 7, "welcome")
    assert signed_links.read(old, signed_links.UNSUBSCRIBE, anew) is None
    gone = with_key(services).settings
    assert signed_links.read(gone, signed_links.UNSUBSCRIBE, token) is None


@pytest.mark.parametrize("kept", [True, False])
def test_a_waitlist_e_mail_after_a_change_of_key_has_a_link_that_works(services, kept):
    waitlist.request(services, "ana@example.org")
    first = sent_token(services)
    later = with_key(services, *([services.settings.secret_key] if kept else []))
    waitlist.request(later, "ana@example.org")
    second = sent_token(later)
    entry = WaitlistEntry.get()
    assert waitlist_links.find(second) == entry
    assert (second == first) is kept
    assert entry.token_hash == mail_tokens.digest(second)


def sent_token(services: Services) -> str:
    notice = Notice.select().order_by(Notice.id.desc()).get()
    return str(compose.opened(services, notice)["token"])
