"""An error at the first, second, third ... statement of a round; the next round makes it good."""

from __future__ import annotations

import pytest
from peewee import OperationalError

from audiospective import clock
from audiospective.clients.spotify import SpotifyError
from audiospective.models import Connection, database
from audiospective.models.base import is_sqlite
from audiospective.models.notices import SENT, Notice
from audiospective.operations import maintenance
from audiospective.policy.failures import Failure
from audiospective.polling import batch

REVOKED = SpotifyError(Failure.AUTH, "revoked", status=400)


class Fragile:
    """Lets so many statements through and fails the next one, before or after it was done."""

    def __init__(self, monkeypatch, fails_at, after):
        self.left, self.struck = fails_at, False
        self._after = after
        self._run = database.obj.execute_sql
        monkeypatch.setattr(database.obj, "execute_sql", self)

    def __call__(self, *args, **kwargs):
        self.left -= 1
        if self.left != 0:
            return self._run(*args, **kwargs)
        self.struck = True
        if self._after:
            self._run(*args, **kwargs)
        raise OperationalError("the line went dead")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whichever_statement_fails_the_same_emails_go_out_once(life, monkeypatch, after):
    """One installation, many breakdowns in turn: each meets the error one statement later.

    On PostgreSQL each statement fails in one of the two ways, on SQLite in both.
    """
    first, stride = (1, 1) if is_sqlite() else (1 + after, 2)
    alice = life.person("alice")
    bob = life.person("bob")
    life.step()
    fails_at, unharmed = first - stride, 0
    while unharmed < 2:
        fails_at += stride
        assert fails_at < 200
        life.frozen.forward(hours=2)
        life.breaks(alice, REVOKED)
        Connection.update(access_expires_at=clock.now()).execute()
        already = len(life.office.asked)
        life.step()  # the refusal itself; it is believed when it comes again
        life.frozen.forward(minutes=40)
        for one in (alice, bob):
            batch.now(life.services, one.user_id)
        with monkeypatch.context() as patch:
            fragile = Fragile(patch, fails_at, after)
            maintenance.maintain(life.services)
        unharmed += not fragile.struck
        life.frozen.forward(minutes=5)  # past the lease of a sender that failed
        maintenance.maintain(life.services)
        keys = {key for _, key in life.office.asked[already:]}
        assert len(keys) == 1, fails_at
        assert Notice.select().where(Notice.status != SENT).count() == 0, fails_at
        life.reconnect(alice)
        life.step()
        life.frozen.forward(minutes=20)
        life.step()
    assert fails_at > 10
    subjects = life.emails()
    assert subjects.count(subjects[0]) <= fails_at
    assert len(subjects) == len(life.office.delivered) == Notice.select().count()
