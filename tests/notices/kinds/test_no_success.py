"""What a member reads when no check succeeded for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.notices.kinds import no_success
from audiospective.notices.kinds.no_success import OWN_LOCKED, REFUSED
from audiospective.policy.failures import Failure
from tests.notices.reading import ms, write
from tests.support.archive_states import connected, own_app

CAUSES = ("", REFUSED, OWN_LOCKED, "budget", *(failure.value for failure in Failure))
EXAMPLES = [{"since": ms(3), "failure": cause} for cause in CAUSES] + [
    {"since": ms(3), "failure": "network", "never": True}
]


def test_where_no_check_ever_worked_none_is_called_the_last_that_did():
    words = write("no_success", EXAMPLES[-1])
    assert "None has since you connected Spotify on 3 November" in " ".join(words.text.split())
    assert "one that worked" not in words.text + words.html


def test_every_cause_is_explained_in_words_of_its_own():
    texts = {
        cause: write("no_success", {"since": ms(3), "failure": cause}).text for cause in CAUSES
    }
    alike = [cause for cause in CAUSES if texts[cause] == texts["unknown"]]
    # What breaks a connection has an e-mail of its own.
    assert set(alike) == {"unknown", "auth", "not_allowed"}
    assert len({texts[cause] for cause in ("network", "silent", "refused", "app", "quota")}) == 5


LOCKED = {"consecutive_failures": 9, "last_failure_type": "locked"}
DAYS = timedelta(days=3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (connected(ago=DAYS, **LOCKED), "If this lasts, reconnecting helps."),
        (own_app(ago=DAYS, **LOCKED), "If this lasts, reconnecting helps."),
        (own_app(ago=DAYS, secret_encrypted="x", **LOCKED), "Enter it once more"),
    ],
)
def test_where_a_key_is_missing_it_says_what_its_reader_can_do(services, frozen, make, said):
    user = make(services)
    user.email, user.email_verified_at = "alice@mail.example", clock.now()
    user.save()
    (candidate,) = no_success.due(services)
    draft = candidate.draft()
    assert draft is not None
    text = write("no_success", {"since": ms(3), "failure": draft.data["failure"]}).text
    assert said in " ".join(text.split())
