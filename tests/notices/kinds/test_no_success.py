"""What a member reads when no check succeeded for a day."""

from __future__ import annotations

from audiospective.notices.kinds.no_success import REFUSED
from audiospective.policy.failures import Failure
from tests.notices.reading import ms, write

CAUSES = ("", REFUSED, "budget", *(failure.value for failure in Failure))
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
