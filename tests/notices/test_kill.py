"""A sender that is killed between the provider's yes and its own stamp."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from audiospective import clock
from audiospective.models import transaction
from audiospective.models.notices import SENDING, SENT, UNCERTAIN, Notice
from audiospective.notices import delivery
from audiospective.notices.kinds import sign_in_link
from tests.fixtures import TOKEN_KEY
from tests.support.processes import start, until

ROOT = Path(__file__).parent.parent.parent
PEOPLE = 5
SENDER = """
from audiospective.notices import delivery
from audiospective.services import Services
from audiospective.settings import Settings
services = Services.build(Settings.from_env())
with services.database.connection_context():
    delivery.drain(services)
"""


@pytest.fixture
def environment(posted, tmp_path):
    settings = posted.settings
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "AUDIOSPECTIVE_HOME": str(tmp_path / "home"),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": TOKEN_KEY,
        "MAIL_FROM": settings.mail_from,
        "RESEND_API_KEY": settings.resend_api_key,
        "RESEND_API_URL": settings.resend_api_url,
    }


def test_only_that_email_is_repeated_and_under_the_same_key(posted, office, environment):
    for number in range(PEOPLE):
        with transaction():
            sign_in_link.put(
                posted, f"listener{number}@mail.example", f"t{number}",
                clock.now() + timedelta(days=9), known=True,
            )  # fmt: skip
    held: list[str] = []

    def answer(email, key):
        if len(held) < 3:
            held.append(key)
        if len(held) == 3 and key == held[2]:
            # Taken and delivered; the sender dies before it hears of it.
            office.delivered[key] = email
            os.kill(sender.pid, signal.SIGKILL)
            return None
        return 200, {}, b""

    office.answer = answer
    sender = start(
        [sys.executable, "-c", SENDER],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: sender.poll() is not None, "the sender is gone")
    assert sender.returncode == -signal.SIGKILL
    posted.redis.flushall()
    (torn,) = Notice.select().where(Notice.status == SENDING)
    assert torn.key == held[2]
    assert Notice.select().where(Notice.status == SENT).count() == 2

    office.answer = None
    delivery.drain(posted)  # the others go on; the torn one may still be in somebody's hands
    assert Notice.get_by_id(torn.id).status == SENDING
    spent = clock.now() - timedelta(seconds=1)
    Notice.update(lease_until=spent).where(Notice.id == torn.id).execute()
    delivery.drain(posted)
    assert Notice.select().where(Notice.status.in_((SENDING, UNCERTAIN))).count() == 0
    assert len(office.delivered) == PEOPLE
    times = [key for _, key in office.asked]
    assert {key: times.count(key) for key in times if times.count(key) > 1} == {torn.key: 2}
