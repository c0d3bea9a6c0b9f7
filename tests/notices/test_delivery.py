"""The outbox against a provider that does whatever providers do."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from peewee import DataError

from audiospective import clock
from audiospective.accounts import sign_in_link
from audiospective.models import User, notices, transaction
from audiospective.models.marks import Mark
from audiospective.models.notices import (
    FAILED,
    OBSOLETE,
    QUEUED,
    SENDING,
    SENT,
    UNCERTAIN,
    Notice,
)
from audiospective.notices import compose, delivery, kind, outbox
from audiospective.notices.kind import Draft
from audiospective.vault import Vault
from tests.factories import make_user
from tests.support.post_office import page, refused

TAKEN = 200, {}, b""


def owe(services, recipient="stranger@mail.example", name="address_changed", **more):
    found = kind.find(name)
    assert found is not None
    values = {"dedupe_key": "e", **more, "data": {"token": "t"} | more.get("data", {})}
    with transaction():
        return outbox.put(services, found, Draft(recipient=recipient, **values))


@pytest.fixture(autouse=True)
def plain_words(monkeypatch):
    """These tests are about delivery; what e-mails say is looked at elsewhere."""
    monkeypatch.setattr(
        compose,
        "render",
        lambda kind, data: compose.Words(f"{kind} {data.get('n', '')}", "text", "html"),
    )


def drain(services, waits=None):
    return delivery.drain(services, wait=(waits if waits is not None else []).append)


def statuses():
    return Counter(row.status for row in Notice.select())


def test_an_email_goes_out_once_and_what_it_was_made_of_is_forgotten(posted, office, frozen):
    assert owe(posted, data={"token": "secret"})
    assert not owe(posted, data={"token": "other"})
    drain(posted)
    drain(posted)
    (notice,) = Notice.select()
    assert (notice.status, notice.attempts, notice.sent_at) == (SENT, 1, frozen.now)
    assert (notice.provider_id, notice.data_encrypted) == ("mail-0", "")
    assert office.asked == [("stranger@mail.example", notice.key)]


def test_what_an_email_is_made_of_is_encrypted_for_that_email_alone(posted, office):
    owe(posted, data={"token": "very-secret"})
    owe(posted, "bob@mail.example", data={"token": "bobs"})
    alice, bob = Notice.select().order_by(Notice.id)
    assert "very-secret" not in alice.data_encrypted
    Notice.update(data_encrypted=alice.data_encrypted).where(Notice.id == bob.id).execute()
    drain(posted)
    assert office.to("bob@mail.example") == []
    assert Notice.get_by_id(bob.id).status == FAILED


def test_an_email_that_no_key_opens_waits_for_its_key_and_for_a_week_at_most(
    posted, office, frozen
):
    mistaken = replace(posted, vault=Vault([Fernet.generate_key().decode()]))
    owe(posted, data={"token": "t"})
    owe(mistaken, "bob@mail.example", data={"token": "t"})
    for _ in range(5):
        drain(mistaken)
        frozen.forward(hours=1)
    assert statuses() == {QUEUED: 1, SENT: 1}
    drain(posted)  # its key is back, and nobody has the other one any more
    assert len(office.to("stranger@mail.example")) == 1
    assert statuses() == {SENT: 2}
    owe(mistaken, "charlie@mail.example", data={"token": "t"})
    drain(posted)
    frozen.forward(days=7)
    drain(posted)
    assert statuses() == {SENT: 2, FAILED: 1}


def test_headers_let_mail_programs_unsubscribe_and_keep_answering_machines_quiet(
    posted, office, frozen
):
    alice = make_user(email="alice@mail.example", email_verified_at=clock.now())
    owe(posted, "alice@mail.example", "welcome", user_id=alice.id)
    owe(posted, "alice@mail.example", "sign_in_link")
    drain(posted)
    found = {one["subject"].split()[0]: one["headers"] for one in office.delivered.values()}
    usual, security = found["welcome"], found["sign_in_link"]
    assert usual["List-Unsubscribe"].startswith(f"<{posted.settings.base_url}/u/")
    assert usual["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & set(security)
    for headers in (usual, security):
        assert headers["Auto-Submitted"] == "auto-generated"
        assert headers["X-Auto-Response-Suppress"] == "All"
        assert headers["Message-ID"].endswith("@archive.example>")


def test_without_a_mail_account_emails_are_kept(services, frozen):
    owe(services)
    assert drain(services).outcomes == {}
    assert statuses() == {QUEUED: 1}


def test_a_daily_quota_holds_all_mail_back_and_then_each_goes_once(posted, office, frozen):
    for number in range(130):
        owe(posted, f"listener{number}@mail.example", "address_changed")
    owe(posted, "rare@mail.example", "welcome")
    allowed = 100
    office.answer = lambda email, key: (
        refused(429, "daily_quota_exceeded") if len(office.delivered) >= allowed else (200, {}, b"")
    )
    drain(posted)
    assert len(office.delivered) == 100
    asked = len(office.asked)
    for _ in range(5):
        frozen.forward(hours=4)
        drain(posted)
    assert len(office.asked) == asked  # nobody knocks while the quota is used up
    allowed = 200
    frozen.forward(hours=4, minutes=1)
    while drain(posted).outcomes:
        pass
    assert statuses() == {SENT: 131}
    assert max(Counter(to for to, _ in office.asked if to != office.asked[100][0]).values()) == 1
    assert len(office.delivered) == 131


def test_the_rarest_kinds_go_first(posted, office, frozen):
    for number in range(5):
        owe(posted, f"listener{number}@mail.example", "address_changed")
    owe(posted, "rare@mail.example", "welcome")
    owe(posted, "awaited@mail.example", "sign_in_link")
    drain(posted)
    assert [to for to, _ in office.asked][:2] == ["awaited@mail.example", "rare@mail.example"]


def test_a_short_rate_limit_is_waited_for_and_a_long_one_is_not(posted, office, frozen):
    owe(posted)
    answers = iter([refused(429, "rate_limit_exceeded", **{"Retry-After": "1"})])
    office.answer = lambda email, key: next(answers, (200, {}, b""))
    waits: list[float] = []
    drain(posted, waits)
    assert (waits, statuses()) == ([1.0], {SENT: 1})

    owe(posted, dedupe_key="second")
    office.answer = lambda email, key: refused(429, "rate_limit_exceeded", **{"Retry-After": "90"})
    drain(posted, waits)
    assert (waits, statuses()) == ([1.0], {SENT: 1, QUEUED: 1})
    office.answer = None
    frozen.forward(seconds=89)
    drain(posted)
    assert statuses() == {SENT: 1, QUEUED: 1}
    frozen.forward(seconds=2)
    drain(posted)
    assert statuses() == {SENT: 2}


def test_one_refused_address_is_marked_and_no_other(posted, office, frozen):
    bad = make_user("alice", email="bad@mail.example", email_verified_at=clock.now())
    good = make_user("bob", email="bob@mail.example", email_verified_at=clock.now())
    for user in (bad, good):
        owe(posted, user.email, "welcome", user_id=user.id)
    office.answer = lambda email, key: (
        refused(422, "validation_error", "Invalid `to` field.")
        if email["to"] == ["bad@mail.example"]
        else (200, {}, b"")
    )
    drain(posted)
    frozen.forward(days=3)
    drain(posted)
    assert [to for to, _ in office.asked].count("bad@mail.example") == 1
    assert {row.recipient: row.status for row in Notice.select()} == {
        "bad@mail.example": FAILED,
        "bob@mail.example": SENT,
    }
    # The dashboard has to say that e-mails do not arrive any more.
    assert User.get_by_id(bad.id).email_verified_at is None
    assert User.get_by_id(good.id).email_verified_at is not None


def test_a_refused_address_that_is_the_only_key_to_an_archive_stays_one(posted, office, frozen):
    proven = {"email": "dora@mail.example", "email_verified_at": clock.now()}
    dora = make_user("dora", spotify_account_id=None, spotify_id=None, **proven)
    owe(posted, dora.email, "welcome", user_id=dora.id)
    office.answer = lambda *_: refused(422, "validation_error", "Invalid `to` field.")
    drain(posted)
    assert statuses() == {FAILED: 1}
    assert sign_in_link.archives("dora@mail.example") == [dora]


def test_a_key_that_is_refused_keeps_every_email_and_alarms(posted, office, frozen):
    for number in range(3):
        owe(posted, f"listener{number}@mail.example")
    office.answer = lambda email, key: refused(403, "invalid_api_key")
    drain(posted)
    assert len(office.asked) == 2  # one alone may be refused for what it says
    assert statuses() == {QUEUED: 3}
    assert Mark.at_of(delivery.ALARM) == frozen.now
    office.answer = None
    frozen.forward(minutes=61)
    drain(posted)
    assert statuses() == {SENT: 3}
    assert Mark.at_of(delivery.ALARM) is None


def test_an_email_that_is_refused_for_its_words_stops_no_other(posted, office, frozen):
    """As by a firewall before the provider, which reads an attack into the title of a song."""
    attack = page(403, b"<html>Sorry, you have been blocked</html>")
    office.answer = lambda email, key: attack if email["to"] == ["bob@mail.example"] else TAKEN
    owe(posted, "bob@mail.example")
    drain(posted)
    assert Mark.at_of(delivery.ALARM) == frozen.now  # nothing tells it from the account yet
    for number in range(3):
        owe(posted, f"listener{number}@mail.example")
    frozen.forward(minutes=61)
    drain(posted)
    assert Mark.at_of(delivery.ALARM) is None
    assert {row.recipient: row.status for row in Notice.select()} == {
        "bob@mail.example": FAILED,
        **{f"listener{number}@mail.example": SENT for number in range(3)},
    }
    # And where another one waits at first, nobody waits for an hour.
    owe(posted, "bob@mail.example", dedupe_key="f")
    for number in range(3):
        owe(posted, f"listener{number}@mail.example", dedupe_key="f")
    drain(posted)
    assert statuses() == {SENT: 6, FAILED: 1, QUEUED: 1}
    assert Mark.at_of(delivery.ALARM) is None
    owe(posted, "carol@mail.example")
    drain(posted)
    assert statuses() == {SENT: 7, FAILED: 2}
    assert Counter(to for to, _ in office.asked)["bob@mail.example"] == 4


@pytest.mark.parametrize("verified", [True, False])
def test_emails_that_an_account_without_a_domain_may_not_send_yet_wait_for_it(
    verified, posted, office, frozen
):
    """Until then Resend takes e-mails to the account's own address, and refuses all others."""
    only_own = refused(403, "validation_error", "You can only send testing emails to your own.")
    office.answer = lambda email, key: TAKEN if email["to"] == ["own@mail.example"] else only_own
    owe(posted, "bob@mail.example")
    for day in range(7):
        owe(posted, "own@mail.example", dedupe_key=f"{day}")
        for _ in range(2):
            drain(posted)
            owe(posted, "own@mail.example", dedupe_key=f"{day} too")
            frozen.forward(minutes=61)
        asked = Counter(to for to, _ in office.asked)["bob@mail.example"]
        assert asked <= 2 + 2 * day  # so rarely that the others hardly notice
        frozen.forward(hours=22, minutes=10)
        assert statuses() == {SENT: 2 * day + 2, QUEUED: 1}
    if verified:
        office.answer = None
    for last in range(3):
        owe(posted, "own@mail.example", dedupe_key=f"last {last}")
        drain(posted)
        frozen.forward(hours=25)
    assert Notice.get(Notice.recipient == "bob@mail.example").status == (
        SENT if verified else FAILED
    )


def test_a_key_that_is_refused_in_the_middle_of_a_round_loses_no_email(posted, office, frozen):
    office.answer = lambda email, key: refused(401, "invalid_api_key")
    owe(posted, "first@mail.example")
    drain(posted)
    for number in range(4):
        owe(posted, f"listener{number}@mail.example")
    frozen.forward(minutes=61)
    office.answer = lambda email, key: (
        refused(403, "invalid_api_key") if office.delivered else TAKEN
    )
    drain(posted)
    assert statuses() == {SENT: 1, QUEUED: 4}
    assert Mark.at_of(delivery.ALARM) == frozen.now
    office.answer = None
    frozen.forward(minutes=61)
    drain(posted)
    assert statuses() == {SENT: 5}


@pytest.mark.parametrize(
    "answer",
    [page(400, b'{"name": {"odd": 1}}', "application/json"), refused(400, "not\0 a word")],
)
def test_an_answer_that_nobody_understands_is_one_emails_alone(posted, office, frozen, answer):
    office.answer = lambda email, key: answer if email["to"] == ["bob@mail.example"] else TAKEN
    owe(posted, "bob@mail.example")
    owe(posted)
    drain(posted)
    assert len(office.delivered) == 1
    notice = Notice.get(Notice.recipient == "bob@mail.example")
    assert notice.status in (UNCERTAIN, FAILED)
    assert {key for to, key in office.asked if to == notice.recipient} == {notice.key}


def test_an_email_at_which_its_sender_dies_time_and_again_goes_last(posted, office, frozen):
    owe(posted, "bob@mail.example")
    (number,) = [row.id for row in Notice.select()]
    for _ in range(2):
        notices.free_abandoned()
        assert notices.claim(number, clock.now()) is not None
        frozen.forward(seconds=121)
    owe(posted)
    drain(posted)
    assert [to for to, _ in office.asked] == ["stranger@mail.example", "bob@mail.example"]
    assert statuses() == {SENT: 2}


def test_a_row_that_cannot_be_read_keeps_no_email_back(posted, office, frozen, caplog):
    owe(posted, "bob@mail.example")
    Notice.update(created_at=10**17).execute()  # no instant
    owe(posted)
    drain(posted)
    assert [to for to, _ in office.asked] == ["stranger@mail.example"]
    assert "email_unreadable" in caplog.text


def test_an_error_of_the_database_about_one_email_is_no_others(posted, office, frozen, monkeypatch):
    owe(posted, "bob@mail.example")
    owe(posted)
    written = compose.envelope

    def envelope(services, kind, notice):
        if notice.recipient == "bob@mail.example":
            raise DataError("integer out of range")
        return written(services, kind, notice)

    monkeypatch.setattr(compose, "envelope", envelope)
    drain(posted)
    assert statuses() == {SENT: 1, QUEUED: 1}
    assert Notice.get(Notice.status == QUEUED).next_attempt_at > frozen.now


@pytest.mark.parametrize("answer", [refused(500, "application_error"), (503, {}, b""), None])
def test_a_provider_in_trouble_is_tried_again_with_the_same_key(posted, office, frozen, answer):
    for number in range(4):
        owe(posted, f"listener{number}@mail.example")
    office.answer = lambda email, key: answer
    drain(posted)
    assert len(office.asked) == 2  # two in vain are enough to know
    for _ in range(18):  # six hours of trouble
        frozen.forward(minutes=20)
        drain(posted)
    assert len(office.asked) < 50
    office.answer = None
    frozen.forward(hours=2)
    drain(posted)
    assert statuses() == {SENT: 4}
    keys = {to: {key for one, key in office.asked if one == to} for to, _ in office.asked}
    assert all(len(found) == 1 for found in keys.values())


def test_an_accepted_email_whose_answer_was_lost_arrives_once(posted, office, frozen):
    owe(posted)
    lost = iter([True])

    def answer(email, key):
        if next(lost, False):
            office.delivered[key] = email  # taken, and then the line went dead
            return None
        return 200, {}, b""

    office.answer = answer
    drain(posted)
    assert statuses() == {UNCERTAIN: 1}
    frozen.forward(minutes=30)
    drain(posted)
    assert statuses() == {SENT: 1}
    assert (len(office.asked), len(office.delivered)) == (2, 1)


@pytest.mark.parametrize("between", [None, refused(429, "rate_limit_exceeded"), refused(401, "no")])
def test_what_may_have_gone_out_and_is_no_longer_true_is_not_owed_again(
    posted, office, frozen, between
):
    owe(posted, data={"expires_at": clock.to_ms(frozen.now + timedelta(hours=6))})

    def lost(email, key):
        office.delivered[key] = email

    office.answer = lost
    drain(posted)
    for _ in range(2 if between else 0):  # an answer to a later try says nothing of the first
        frozen.forward(hours=2)
        office.answer = lambda email, key: between
        drain(posted)
    assert statuses() == {UNCERTAIN: 1}
    frozen.forward(hours=6)
    office.answer = None
    began = clock.now()
    drain(posted)
    assert not owe(posted, data={"n": 2})
    drain(posted)
    assert (statuses(), len(office.delivered)) == ({SENT: 1}, 1)
    assert not notices.any_sent_after(began - timedelta(minutes=30))  # the provider took nothing


@pytest.mark.parametrize(("hours", "ends"), [(22, SENT), (25, FAILED)])
def test_what_may_have_gone_out_waits_for_its_key_while_the_provider_remembers_it(
    posted, office, frozen, hours, ends
):
    owe(posted)
    office.answer = lambda email, key: None
    drain(posted)
    mistaken = replace(posted, vault=Vault([Fernet.generate_key().decode()]))
    office.answer = None
    for _ in range(hours):
        assert statuses() == {UNCERTAIN: 1}
        frozen.forward(hours=1)
        drain(mistaken)
        if statuses() == {FAILED: 1}:
            break
    drain(posted)
    frozen.forward(hours=1)
    drain(posted)
    assert statuses() == {ends: 1}


def test_a_sender_that_died_is_followed_by_another_with_the_same_key(posted, office, frozen):
    owe(posted)
    (number,) = [row.id for row in Notice.select()]
    taken = notices.claim(number, clock.now())
    assert taken is not None
    assert taken.status == SENDING
    drain(posted)
    assert office.asked == []  # it may still be at it
    frozen.forward(seconds=121)
    drain(posted)
    assert office.asked == [("stranger@mail.example", taken.key)]
    assert statuses() == {SENT: 1}


def test_two_senders_at_once_take_each_email_once(posted, office, frozen):
    owe(posted)
    (number,) = [row.id for row in Notice.select()]
    assert notices.claim(number, clock.now()) is not None
    assert notices.claim(number, clock.now()) is None


def test_a_sender_that_slept_past_its_lease_overwrites_nothing(posted, office, frozen):
    owe(posted)
    (number,) = [row.id for row in Notice.select()]
    sleeper = notices.claim(number, clock.now())
    frozen.forward(seconds=121)
    drain(posted)
    assert sleeper is not None
    late = delivery._Round(posted, delivery.Report(), lambda seconds: None)
    late._finish(sleeper, FAILED, "too late")
    assert statuses() == {SENT: 1}


def test_an_email_that_expired_in_the_queue_is_dropped(posted, office, frozen):
    owe(posted, data={"expires_at": clock.to_ms(frozen.now + timedelta(minutes=30))})
    frozen.forward(minutes=31)
    drain(posted)
    assert (office.asked, statuses()) == ([], {OBSOLETE: 1})


def test_a_dropped_email_may_be_owed_again_and_a_sent_one_may_not(posted, office, frozen):
    owe(posted, data={"expires_at": clock.to_ms(frozen.now)})
    drain(posted)
    assert owe(posted, data={"n": 2})
    drain(posted)
    assert statuses() == {SENT: 1}
    assert not owe(posted, data={"n": 3})
    assert [one["subject"] for one in office.delivered.values()] == ["address_changed 2"]


def test_emails_about_the_archive_go_to_the_address_that_is_proven_now(posted, office, frozen):
    alice = make_user(email="old@mail.example", email_verified_at=clock.now())
    owe(posted, "old@mail.example", "welcome", user_id=alice.id)
    User.update(email="new@mail.example").where(User.id == alice.id).execute()
    drain(posted)
    assert (office.asked, statuses()) == ([], {OBSOLETE: 1})


def test_emails_that_were_switched_off_meanwhile_are_dropped(posted, office, frozen):
    alice = make_user(email="alice@mail.example", email_verified_at=clock.now())
    owe(posted, "alice@mail.example", "welcome", user_id=alice.id)
    off = json.dumps({"mail_off": ["welcome"]})
    User.update(preferences=off).where(User.id == alice.id).execute()
    drain(posted)
    assert (office.asked, statuses()) == ([], {OBSOLETE: 1})


def test_the_database_alone_remembers_a_pause(posted, office, frozen):
    owe(posted)
    office.answer = lambda email, key: refused(429, "daily_quota_exceeded")
    drain(posted)
    posted.redis.flushall()
    frozen.forward(hours=23)
    drain(replace(posted))
    assert len(office.asked) == 1


@pytest.mark.parametrize("hours", [3, 2400])
@pytest.mark.parametrize(
    "answer",
    [(503, "internal_server_error"), (429, "daily_quota_exceeded"), (401, "invalid_api_key")],
)
def test_what_was_put_off_while_the_clock_was_ahead_goes_once_it_is_set_back(
    posted, office, frozen, answer, hours
):
    frozen.forward(hours=hours)
    owe(posted)
    owe(posted, "bob@mail.example")
    office.answer = lambda email, key: refused(*answer)
    drain(posted)
    office.answer = None
    frozen.forward(hours=-hours)
    drain(posted)
    assert statuses() == {SENT: 2}


@pytest.mark.parametrize(
    ("note", "minutes", "waits"),
    [
        ("429 of a release that notes no begin", 60, True),
        ("429 of a release that notes no begin", 24 * 60 + 2, False),
        ("{now} 429", 60, True),
        ("{soon} 429", 60, True),  # clocks of two machines differ by less than a minute
        ("{later} 429", 60, False),
        ("{now} 429", 0, False),
    ],
)
def test_a_pause_holds_unless_it_is_over_or_began_later_than_now(
    posted, office, frozen, note, minutes, waits
):
    owe(posted)
    now = clock.to_ms(clock.now())
    said = note.format(now=now, soon=now + 59_000, later=now + 61_000)
    Mark.put(delivery.PAUSE, clock.now() + timedelta(minutes=minutes), said)
    drain(posted)
    assert (office.asked == []) == waits


def test_an_email_whose_sender_died_while_the_clock_was_ahead_goes_once_it_is_set_back(
    posted, office, frozen
):
    frozen.forward(days=100)
    owe(posted)
    (number,) = [row.id for row in Notice.select()]
    assert notices.claim(number, clock.now()) is not None
    frozen.forward(days=-100)
    drain(posted)
    assert statuses() == {SENT: 1}


def test_an_email_for_which_the_library_is_missing_certainly_did_not_go(
    posted, office, frozen, monkeypatch
):
    """Not even perhaps: an alarm that ends meanwhile has told nobody."""
    owe(posted)
    owe(posted, "bob@mail.example", dedupe_key="f")
    with monkeypatch.context() as broken:
        broken.setitem(sys.modules, "audiospective.clients.mail_http", None)
        broken.delattr("audiospective.clients.mail_http", raising=False)
        drain(posted)
    assert statuses() == {QUEUED: 2}
    (tried,) = Notice.select().where(Notice.attempts > 0)
    assert "ModuleNotFoundError" in tried.error
    frozen.forward(minutes=1)
    drain(posted)
    assert statuses() == {SENT: 2}
