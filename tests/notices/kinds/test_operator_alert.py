"""What whoever runs the server reads when something needs them."""

from __future__ import annotations

from audiospective.notices.kinds.operator_alert import TOPICS
from tests.notices.reading import ms, write

APP = {"app": 1, "since": ms(3), "user": 7, "failure": "auth", "late": 5, "of": 5}
SAID = {"since": ms(3), "said": "12 MB of 500 MB are used."}
WITH_APP = ("guard", "outage", "frozen", "app_refused", "not_allowed")
EXAMPLES = [
    {"topic": topic, "over": over, "facts": APP if topic in WITH_APP else SAID}
    for topic, about in TOPICS.items()
    for over in ((False, True) if about.lasts else (False,))
]


def test_an_end_speaks_of_plays_only_where_plays_were_at_risk():
    about_plays = {
        topic
        for topic, about in TOPICS.items()
        if about.lasts
        and "a gap is recorded" in " ".join(
            write("operator_alert", {"topic": topic, "over": True, "facts": SAID}).text.split()
        )
    }  # fmt: skip
    assert about_plays == {topic for topic, about in TOPICS.items() if about.lasts} - {
        "backup", "import_waits", "mail_refused", "settings_differ", "storage_away",
    }  # fmt: skip


def test_every_topic_has_words_of_its_own_and_so_has_its_end():
    assert len({write("operator_alert", one).subject for one in EXAMPLES}) == len(EXAMPLES)


def test_a_refused_app_names_the_settings_to_look_at_unless_it_is_a_members_own():
    name = "SPOTIFY_CLIENT_SECRET"
    said = [
        write("operator_alert", {"topic": "app_refused", "over": False, "facts": facts}).text
        for facts in (APP, APP | {"own": True})
    ]
    assert [name in text for text in said] == [True, False]
    assert ["Everyone who uses this app waits" in text for text in said] == [True, False]
