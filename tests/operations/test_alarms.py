"""Every alarm is made to happen once, and is told by e-mail and by webhook, and so is its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from redis.exceptions import OutOfMemoryError

from audiospective import clock
from audiospective.clients.queues import FREE
from audiospective.clients.storage import NoStorage, RefusedError
from audiospective.imports import import_job
from audiospective.incidents import alarms, mass_failure, outage
from audiospective.models import CatalogBlock, Connection, DamagedSegment, Import, SpotifyApp, User
from audiospective.models.imports import READING, REVIEW
from audiospective.models.marks import Mark
from audiospective.models.notices import Notice
from audiospective.models.refusals import Refusal
from audiospective.models.webhook_calls import WebhookCall
from audiospective.notices import compose, delivery, webhooks
from audiospective.notices.kinds.operator_alert import TOPICS, Topic
from audiospective.operations import agreement, capacity, disk, maintenance, verify, watch
from audiospective.services import Services
from audiospective.vault import Vault
from tests.factories import connected, crowd, make_user
from tests.notices.test_delivery import owe
from tests.support import hooks
from tests.support.clocks import Frozen
from tests.support.hooks import Hooks
from tests.support.post_office import Answer, PostOffice, refused

ROOT = Path(__file__).parent.parent.parent
OPERATOR = "olga@mail.example"
HOUR = timedelta(hours=1)


@dataclass
class World:
    """An instance whose operator has an address and a webhook, and a clock."""

    services: Services
    frozen: Frozen
    office: PostOffice
    hooks: Hooks
    patch: pytest.MonkeyPatch
    always: Callable[[], object] = lambda: None  # what goes on between two looks

    def setting(self, **values: Any) -> None:
        settings = replace(self.services.settings, **values)
        self.services = replace(self.services, settings=settings)

    def pass_by(self, minutes: int = 30) -> None:
        """Let time go on, with a look every five minutes."""
        for _ in range(minutes // 5):
            self.frozen.forward(minutes=5)
            self.always()
            watch.look(self.services)

    def told(self) -> list[dict[str, Any]]:
        return [one.json for one in self.hooks.posted]


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """The rows behind are tried on both kinds of database elsewhere."""
    return sqlite_database_url


@pytest.fixture
def world(posted: Services, frozen: Frozen, office: PostOffice, monkeypatch: pytest.MonkeyPatch):
    with hooks.running() as server:
        found = World(posted, frozen, office, server, monkeypatch)
        found.setting(alarm_webhook_urls=(f"json+{server.url}/alarm",))
        make_user(
            "olga", email=OPERATOR, email_verified_at=clock.now(), is_operator=True,
            spotify_account_id=None,
        )  # fmt: skip
        watch.look(found.services)
        yield found


def guard(world: World) -> None:
    for one in crowd(world.services, 12, last_success_at=clock.now() - HOUR):
        now = clock.now()
        Refusal.create(app=1, kind="auth", user=one.user_id, first_at=now, at=now)
    mass_failure.review(HOUR)


def no_guard(world: World) -> None:
    Refusal.delete().execute()
    Connection.update(last_success_at=clock.now()).execute()
    mass_failure.review(HOUR)


def everybody_late(world: World) -> None:
    crowd(world.services, 3, last_success_at=clock.now() - 4 * HOUR)
    outage.review(HOUR)
    world.frozen.forward(hours=22)
    outage.review(HOUR)


def everybody_served(_world: World) -> None:
    Connection.update(last_success_at=clock.now(), next_poll_at=clock.now() + HOUR).execute()
    outage.review(HOUR)


def frozen_feed(world: World) -> None:
    now = clock.now()
    crowd(world.services, 12, last_success_at=now, newest_play_at=now - 20 * HOUR)
    outage.review_feeds()


def moving_feed(_world: World) -> None:
    Connection.update(last_success_at=clock.now(), newest_play_at=clock.now()).execute()
    outage.review_feeds()


def refused_app(world: World) -> None:
    connected(world.services, last_success_at=clock.now() - HOUR)
    SpotifyApp.update(block_reason="app", blocked_at=clock.now()).execute()


def unlisted(world: World) -> None:
    connected(world.services, status="not_allowed", last_failure_type="not_allowed")


def full(world: World) -> None:
    Mark.put("filler", clock.now(), "x" * 600_000)
    world.setting(storage_budget_mb=1)
    capacity.record(world.services)


def damaged(world: World) -> None:
    user, now = make_user("alice"), clock.now()
    DamagedSegment.create(
        user=user, year=2019, format=1, plays=1, first_at=0, last_at=0, size=1, sha256="",
        blob=b"x", sealed_at=now, reason="another checksum", found_at=now,
    )  # fmt: skip
    verify.report_damage(world.services)


def catalog_damaged(_world: World) -> None:
    CatalogBlock.create(id=(1 << 32) + 1, count=1, numbers=b"", facts=b"spoilt")


def catalog_whole(_world: World) -> None:
    CatalogBlock.delete().execute()


def nobody_polled(world: World) -> None:
    connected(world.services, last_success_at=clock.now(), next_poll_at=clock.now())


def key_refused(world: World) -> None:
    world.office.answer = lambda _email, _key: refused(401, "invalid_api_key")
    Mark.put("mail:account_refused", clock.now(), "401")


def key_accepted(world: World) -> None:
    world.office.answer = None
    Mark.drop("mail:paused_until")


def no_answer(world: World) -> None:
    world.office.answer = lambda _email, _key: refused(500, "application_error")
    owe(world.services, data={"until": 0})
    delivery.drain(world.services)
    world.frozen.forward(minutes=45)


def answers(world: World) -> None:
    world.office.answer = None
    world.frozen.forward(hours=1)  # the longest that an e-mail waits for its next try
    delivery.drain(world.services)


def disk_left(world: World, free: int) -> None:
    room = SimpleNamespace(total=10**10, free=free)
    world.patch.setattr(disk.shutil, "disk_usage", lambda _folder: room)


def storage_away(world: World) -> None:
    world.services = replace(world.services, storage=NoStorage("the host does not answer"))


def redis_away(world: World) -> None:
    world.services = replace(world.services, redis=Redis.from_url("redis://127.0.0.1:1/0"))


def jobs_wait(world: World) -> None:
    queues = world.services.queues
    queues.enqueue(FREE, "poll_user", 1, job_id="waits")
    queued = clock.now().replace(tzinfo=None).isoformat() + "Z"
    world.services.redis.hset("rq:job:waits", "enqueued_at", queued)


def jobs_taken(world: World) -> None:
    world.services.queues.drop(["waits"])


def import_waits(_world: World) -> None:
    long_ago = clock.now() - 24 * HOUR
    Import.create(
        user=make_user("alice"), status=READING, created_at=long_ago, changed_at=long_ago,
        error=import_job.DATABASE,
    )  # fmt: skip


def import_read(_world: World) -> None:
    Import.update(status=REVIEW).execute()


def no_backup(_world: World) -> None:
    Mark.put("backup.succeeded", clock.now() - 37 * HOUR)


def silence(_world: World) -> None:
    alarms.beat("scheduler")


def other_settings(world: World) -> None:
    own = world.services.settings
    world.always = lambda: (
        agreement.leave(world.services.redis, own, agreement.WEB),
        agreement.leave(world.services.redis, replace(own, secret_key="k" * 32), agreement.WORKER),
    )


def same_settings(world: World) -> None:
    world.always = lambda: None


Step = Callable[[World], None]
# topic: (what brings it about, what mends it; None where the end is told to nobody)
ALARMS: dict[str, tuple[Step, Step | None]] = {
    "guard": (guard, no_guard),
    "outage": (everybody_late, everybody_served),
    "frozen": (frozen_feed, moving_feed),
    "app_refused": (refused_app, everybody_served),
    "not_allowed": (unlisted, None),
    "storage": (full, None),
    "segment_damaged": (damaged, None),
    "catalog_damaged": (catalog_damaged, catalog_whole),
    "no_polls": (nobody_polled, everybody_served),
    "mail_refused": (key_refused, key_accepted),
    "mail_waits": (no_answer, answers),
    "disk_low": (lambda w: disk_left(w, 10**8), lambda w: disk_left(w, 10**9)),
    "storage_away": (storage_away, lambda w: None),
    "redis_away": (redis_away, lambda w: None),
    "queue_old": (jobs_wait, jobs_taken),
    "import_waits": (import_waits, import_read),
    "backup": (no_backup, lambda w: Mark.put("backup.succeeded", clock.now())),
    "timetable": (silence, silence),
    "settings_differ": (other_settings, same_settings),
}


def title(topic: str, *, over: bool = False) -> str:
    facts = {"since": 0, "said": "", "late": 1, "of": 1, "failure": "auth"}
    return compose.alarm(topic, facts, over=over)[0]


@pytest.mark.parametrize("topic", TOPICS)
def test_it_is_told_once_in_both_ways_and_so_is_its_end(topic: str, world: World) -> None:
    whole = world.services
    cause, cure = ALARMS[topic]
    cause(world)
    world.pass_by(40)
    if topic in ("mail_refused", "mail_waits"):  # no e-mail can tell before one is taken
        assert world.office.delivered == {}
    else:
        assert [one for one in world.office.subjects(OPERATOR) if one.startswith(title(topic))]
    (told,) = [one for one in world.told() if one["alarm"] == topic]
    assert (told["state"], told["title"]) == ("begun", title(topic))
    assert "alice" not in str(world.told())
    assert bool(cure) == TOPICS[topic].lasts
    if cure is None:
        return
    world.services = whole
    cure(world)
    if topic == "timetable":
        for _ in range(5):
            cure(world)
            world.pass_by(5)
    world.pass_by(25)
    about = [one["state"] for one in world.told() if one["alarm"] == topic]
    assert about == ["begun", "over"] + (["begun"] if topic == "timetable" else [])
    subjects = world.office.subjects(OPERATOR)
    assert len([one for one in subjects if one.startswith(title(topic, over=True))]) == 1
    assert len([one for one in subjects if one.startswith(title(topic))]) == about.count("begun")


@pytest.mark.parametrize("topic", TOPICS)
def test_the_runbook_has_a_heading_for_it(topic: str) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    (heading,) = re.findall(rf"^### (.*) \(`{topic}`\)$", text, flags=re.MULTILINE)
    assert heading == title(topic)


@pytest.mark.parametrize("event", ["import_waits", "import_unproven"])
def test_of_an_import_that_waits_each_event_that_tells_why_is_named(event: str) -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()
    facts = {"since": 0, "said": "", "late": 1, "of": 1, "failure": "auth"}
    assert event in compose.alarm("import_waits", facts, over=False)[1]
    assert f"`{event}`" in runbook.split("(`import_waits`)\n")[1].split("\n### ")[0]


class FullRedis:
    """Answers, and takes nothing more."""

    def __init__(self, behind: Redis) -> None:
        self.behind = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def set(self, *_: object, **__: object) -> None:
        raise OutOfMemoryError("OOM command not allowed when used memory > 'maxmemory'")


def test_a_redis_that_answers_and_takes_nothing_is_told_as_one_that_does_not_answer(
    world: World,
) -> None:
    world.services = replace(world.services, redis=FullRedis(world.services.redis))  # type: ignore[arg-type]
    world.pass_by(10)
    (told,) = [one for one in world.told() if one["alarm"] == "redis_away"]
    assert "OutOfMemoryError" in told["text"]


def waits(world: World) -> str | None:
    found = watch._mail_waits(world.services, clock.now())
    return found[1] if found else None


def test_an_email_that_waits_is_an_alarm_once_the_provider_took_none_for_an_hour(
    world: World,
) -> None:
    def tried_again(*, minutes: int) -> None:
        world.frozen.forward(minutes=minutes)
        Mark.drop(delivery.PAUSE)
        delivery.drain(world.services)

    def answer(email: dict[str, Any], _key: str) -> Answer | None:
        if email["to"] == ["bob@mail.example"]:
            return refused(200, "")
        return refused(500, "application_error")

    world.office.answer = answer
    owe(world.services, data={"until": 0})
    tried_again(minutes=0)
    tried_again(minutes=59)
    assert waits(world) is None
    tried_again(minutes=1)
    assert "The last try: 500 application_error." in (waits(world) or "")
    owe(world.services, "bob@mail.example", data={"until": 0})
    tried_again(minutes=0)
    assert waits(world) is None  # of one alone that is not taken its kind has to tell
    tried_again(minutes=61)
    assert waits(world)
    Mark.put(delivery.ALARM, clock.now())
    with pytest.raises(watch.Unknown):  # told by `mail_refused`
        waits(world)


def test_emails_that_nobody_tried_to_send_are_told_by_other_alarms(world: World) -> None:
    owe(world.services, data={"until": 0})
    world.frozen.forward(hours=5)
    assert waits(world) is None


def test_an_email_that_no_key_opens_says_nothing_of_the_provider(world: World) -> None:
    other = replace(world.services, vault=Vault([Fernet.generate_key().decode()]))
    owe(other, data={"until": 0})
    for _ in range(3):
        delivery.drain(world.services)
        world.frozen.forward(hours=1)
    assert waits(world) is None
    (notice,) = Notice.select()
    assert notice.attempts == 3
    assert "UnknownKeyError" in str(notice.error)


def test_an_alarm_that_only_a_newer_release_knows_is_left_to_it_and_silences_no_other(
    world: World,
) -> None:
    alarms.begin("of_tomorrow", clock.now(), "x")
    world.pass_by(5)
    assert world.told() == []
    assert world.office.delivered == {}
    no_backup(world)
    world.pass_by(30)
    assert [one["alarm"] for one in world.told()] == ["backup"]
    assert len(world.office.subjects(OPERATOR)) == 1


def test_what_a_newer_release_owes_waits_for_it_and_is_not_sent_without_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setitem(TOPICS, "of_tomorrow", Topic(lasts=True))
        alarms.begin("of_tomorrow", clock.now(), "x")
        newer.setattr(delivery, "drain", lambda *_args, **_kwargs: None)
        newer.setattr(webhooks, "deliver", lambda *_args, **_kwargs: None)
        world.pass_by(5)
    assert Notice.select().count() == WebhookCall.select().count() == 1
    for _ in range(30):  # looks of this release
        alarms.begin("of_tomorrow", clock.now(), "x")
        world.pass_by(5)
    assert world.told() == []
    assert world.office.delivered == {}
    assert Notice.get().status == WebhookCall.get().status == "queued"
    world.frozen.forward(hours=24)
    alarms.begin("of_tomorrow", clock.now(), "x")
    delivery.drain(world.services)
    assert Notice.get().status == "obsolete"


def test_an_alarm_that_no_release_looks_for_any_more_ends_after_a_day(world: World) -> None:
    alarms.begin("of_tomorrow", clock.now(), "x")
    no_backup(world)
    world.pass_by(5)
    world.frozen.forward(hours=23)
    world.pass_by(5)
    assert {one.topic for one in alarms.standing()} == {"of_tomorrow", "backup"}
    alarms.begin("of_tomorrow", clock.now(), "y")  # by a process of the other release
    world.frozen.forward(hours=23)
    world.pass_by(5)
    assert "of_tomorrow" in {one.topic for one in alarms.standing()}
    world.frozen.forward(hours=1)
    world.pass_by(5)
    assert [one.topic for one in alarms.standing()] == ["backup"]


def one_line(told: dict[str, Any]) -> str:
    return " ".join(str(told["text"]).split())


def test_storage_that_did_not_take_one_file_is_no_alarm(world: World) -> None:
    whole = world.services
    world.pass_by(10)
    storage_away(world)
    world.pass_by(5)
    world.services = whole
    world.pass_by(20)
    assert world.told() == []


def test_storage_that_failed_once_is_no_alarm_where_looks_lie_far_apart(world: World) -> None:
    whole = world.services

    def looked() -> None:
        world.frozen.forward(minutes=10)  # as `tick` may, while the web process sleeps
        watch.look(world.services)

    looked()
    storage_away(world)
    looked()
    world.services = whole
    world.frozen.forward(minutes=9)
    assert alarms.standing() == []  # which others read between two looks
    looked()
    assert not alarms.noted("storage_away")
    storage_away(world)
    looked()
    assert world.told() == []
    looked()
    assert [one["alarm"] for one in world.told()] == ["storage_away"]


def test_of_storage_that_says_no_the_alarm_says_what(world: World) -> None:
    left: list[str] = []

    class ReadsNothing(NoStorage):
        def put(self, key: str, *_: object) -> int:
            return 1

        def delete(self, key: str) -> None:
            left.append(key)

        def get(self, key: str, *_: object, **__: object) -> bytes:
            raise RefusedError(f"storage refused {key} (403 AccessDenied)")

    world.services = replace(world.services, storage=ReadsNothing("x"))
    world.pass_by(30)
    assert left  # every file that was written is removed again
    (told,) = [one for one in world.told() if one["alarm"] == "storage_away"]
    assert "Reading a small file there ends with RefusedError" in one_line(told)
    assert "403 AccessDenied" in one_line(told)


def test_of_polls_that_spotify_limits_the_alarm_says_until_when(world: World) -> None:
    nobody_polled(world)
    until = clock.now() + 20 * HOUR
    app = SpotifyApp.get()
    SpotifyApp.update(blocked_until=until, block_reason="quota").execute()
    world.pass_by(300)
    (told,) = [one for one in world.told() if one["alarm"] == "no_polls"]
    assert f"as app {app.id} makes no calls before {until:%d %B, %H:%M} UTC" in one_line(told)
    assert "(quota)" in one_line(told)


def test_of_polls_that_wait_for_their_next_try_the_alarm_does_not_say_that_nothing_polls(
    world: World,
) -> None:
    now = clock.now()
    connected(world.services, last_success_at=now, next_poll_at=now + 9 * HOUR)
    world.pass_by(300)
    (told,) = [one for one in world.told() if one["alarm"] == "no_polls"]
    assert "as none was due" in one_line(told)


def test_of_polls_that_wait_after_failures_the_alarm_says_why_and_until_when(
    world: World,
) -> None:
    until = clock.now() + 9 * HOUR
    for name, failure in (("bob", "locked"), ("charlie", "network")):
        connected(
            world.services, name, last_success_at=clock.now(), circuit_open_until=until,
            consecutive_failures=3, last_failure_type=failure,
        )  # fmt: skip
    world.pass_by(300)
    (told,) = [one for one in world.told() if one["alarm"] == "no_polls"]
    assert "as the last check of 2 members failed (locked, network)" in one_line(told)
    assert f"tried again at {until:%d %B, %H:%M} UTC" in one_line(told)


def test_an_app_that_makes_no_calls_does_not_explain_why_others_are_not_polled(
    world: World,
) -> None:
    until = clock.now() + 20 * HOUR
    own = connected(world.services, "bob", last_success_at=clock.now())
    app = SpotifyApp.create(
        owner=own.user_id, client_id="b" * 32, secret_encrypted="", created_at=clock.now(),
        blocked_until=until, block_reason="quota",
    )  # fmt: skip
    Connection.update(app=app.id).execute()
    connected(world.services, last_success_at=clock.now(), next_poll_at=clock.now() + 9 * HOUR)
    world.pass_by(300)
    (told,) = [one for one in world.told() if one["alarm"] == "no_polls"]
    assert "as none was due" in one_line(told)


def test_nothing_is_told_while_all_is_well(world: World) -> None:
    alarms.beat("tick")
    Mark.put("backup.succeeded", clock.now())
    connected(world.services, last_success_at=clock.now(), next_poll_at=clock.now() + HOUR)
    world.pass_by(20)
    assert (world.told(), world.office.delivered) == ([], {})


def test_an_import_that_moves_or_waits_for_its_member_is_no_alarm(world: World) -> None:
    alice, now = make_user("alice"), clock.now()
    for status, hours in ((READING, 23), (REVIEW, 100)):
        changed_at = now - hours * HOUR
        Import.create(user=alice, status=status, created_at=changed_at, changed_at=changed_at)
    world.pass_by(20)
    assert world.told() == []
    world.pass_by(45)
    (told,) = world.told()
    assert told["alarm"] == "import_waits"
    assert "1 import of files" in told["text"]
    assert "No worker has got through it." in told["text"]


def test_a_long_stop_of_everything_is_not_told_as_trouble_when_all_comes_up_again(world):
    connected(world.services, last_success_at=clock.now(), next_poll_at=clock.now() + HOUR)
    alarms.beat("scheduler")
    world.frozen.forward(hours=12)
    watch.look(world.services)
    Connection.update(last_success_at=clock.now(), next_poll_at=clock.now() + HOUR).execute()
    alarms.beat("scheduler")
    world.frozen.forward(minutes=1)
    watch.look(world.services)
    assert world.told() == []


def test_what_comes_and_goes_is_one_alarm(world: World) -> None:
    no_backup(world)
    world.pass_by(10)
    for _ in range(4):
        Mark.put("backup.succeeded", clock.now())
        world.pass_by(5)
        no_backup(world)
        world.pass_by(5)
    assert len(world.told()) == 1


def test_nobody_is_reminded_of_what_is_not_to_be_seen_any_more(world: World) -> None:
    no_backup(world)
    world.pass_by(15)
    told = world.office.subjects(OPERATOR)
    assert len(told) == 1
    world.frozen.forward(hours=49)  # everything was stopped, and a reminder would be due
    Mark.put("backup.succeeded", clock.now())
    watch.look(world.services)
    world.pass_by(5)
    assert world.office.subjects(OPERATOR) == told
    world.pass_by(5)
    assert world.office.subjects(OPERATOR)[1:] == ["There is a backup again"]


def test_an_alarm_begun_while_the_clock_was_ahead_is_told_once_it_is_set_back(services, frozen):
    frozen.forward(days=100)
    alarms.begin("redis_away", clock.now(), "x", after=watch.FLICKER)
    frozen.forward(days=-100)
    alarms.begin("redis_away", clock.now(), "x", after=watch.FLICKER)
    assert alarms.standing() == []
    frozen.forward(minutes=5)
    alarms.begin("redis_away", clock.now(), "x", after=watch.FLICKER)
    assert [one.topic for one in alarms.standing()] == ["redis_away"]


@pytest.mark.parametrize("hours", [3, 2400])
def test_an_alarm_told_while_the_clock_was_ahead_began_when_it_was_set_back_and_is_told_once(
    world: World, hours: int
) -> None:
    Mark.put("backup.succeeded", clock.now() + timedelta(hours=hours - 37))
    world.frozen.forward(hours=hours)
    watch.look(world.services)
    world.frozen.forward(hours=-hours)
    back = clock.now()
    Mark.put("backup.succeeded", clock.now() - 37 * HOUR)
    world.pass_by(10)
    (alarm,) = alarms.standing()
    assert alarm.since <= back + timedelta(minutes=5)
    assert [one["state"] for one in world.told()] == ["begun"]
    Mark.put("backup.succeeded", clock.now())
    world.pass_by(20)
    _begun, over = world.told()
    assert over["state"] == "over"
    assert over["since"] <= clock.to_ms(clock.now()) // 1000
    assert alarms.standing() == []


def test_an_alarm_that_was_calm_while_the_clock_was_ahead_is_over_once_it_is_set_back(
    services, frozen
):
    alarms.begin("backup", clock.now(), "x")
    frozen.forward(days=100)
    alarms.end("backup")
    frozen.forward(days=-100)
    alarms.end("backup")
    assert [one.topic for one in alarms.standing()] == ["backup"]
    frozen.forward(minutes=10)
    alarms.end("backup")
    assert alarms.standing() == []


def test_an_outage_noticed_while_the_clock_was_ahead_is_told_if_it_lasts_once_it_is_set_back(
    services, frozen
):
    crowd(services, 3, last_success_at=clock.now() - 4 * HOUR)
    frozen.forward(days=100)
    outage.review(HOUR)
    frozen.forward(days=-100)
    outage.review(HOUR)
    assert [found.noticed_at for found in outage.active().values()] == [frozen.now]
    frozen.forward(hours=21)
    outage.review(HOUR)
    (found,) = outage.active().values()
    assert found.is_told(clock.now())


def test_an_outage_told_while_the_clock_was_ahead_is_over_when_it_is_and_not_when_it_is_set_back(
    world: World,
) -> None:
    def states() -> list[str]:
        return [one["state"] for one in world.told() if one["alarm"] == "outage"]

    def fail(hours: int) -> None:
        for _ in range(hours):
            world.frozen.forward(hours=1)
            Connection.update(last_polled_at=clock.now()).execute()
            maintenance.maintain(world.services)

    world.frozen.forward(days=3)
    crowd(world.services, 3, last_success_at=clock.now(), last_polled_at=clock.now())
    fail(hours=26)
    world.pass_by(10)
    assert states() == ["begun"]
    world.frozen.forward(days=-3)
    for _ in range(3):
        world.pass_by(20)
        maintenance.maintain(world.services)
    fail(hours=25)
    world.pass_by(10)
    assert states() == ["begun"]
    everybody_served(world)
    world.pass_by(25)
    assert states() == ["begun", "over"]
    about = [one for one in world.office.subjects(OPERATOR) if title("outage", over=True) in one]
    assert len(about) == 1


def test_an_outage_seen_only_while_the_clock_was_ahead_does_not_last_once_it_is_set_back(
    services, frozen
):
    _late, *others = crowd(services, 12, last_success_at=clock.now() - 4 * HOUR)
    served = Connection.user.in_([one.user_id for one in others])
    Connection.update(last_success_at=clock.now()).where(served).execute()
    frozen.forward(days=100)
    outage.review(HOUR)
    assert outage.active()
    frozen.forward(days=-100)
    outage.review(HOUR)
    assert outage.active() == {}


def test_one_process_looks_a_minute_and_a_worker_when_nobody_does(world: World) -> None:
    assert not watch.look(world.services)
    world.frozen.forward(seconds=46)
    assert watch.look(world.services)
    assert 0 < world.services.redis.ttl("watched") <= 300


def test_a_webhook_that_refuses_is_tried_again_for_a_day_and_then_given_up(world: World) -> None:
    world.hooks.status = 500
    no_backup(world)
    world.pass_by(10)
    call = WebhookCall.get()
    assert (call.status, call.error, call.sent_at) == ("queued", "answered 500", None)
    assert len(world.hooks.posted) < 5
    world.hooks.status, world.hooks.headers = 429, {"Retry-After": "1800"}
    world.pass_by(20)
    assert WebhookCall.get().next_attempt_at > clock.now() + timedelta(minutes=9)
    world.frozen.forward(hours=24)
    webhooks.deliver(world.services)
    assert WebhookCall.get().status == "failed"


def test_a_redirect_is_not_followed_and_no_address_stands_in_a_row_or_a_log(world, caplog) -> None:
    world.hooks.status = 302
    world.hooks.headers = {"Location": f"{world.hooks.url}/elsewhere"}
    no_backup(world)
    world.pass_by(5)
    assert {one.path for one in world.hooks.posted} == {"/alarm"}
    assert world.hooks.url not in str(list(WebhookCall.select().dicts())) + caplog.text
    assert world.hooks.url not in repr(world.services.settings)


def test_no_address_gets_more_than_so_many_messages_a_day(world: World) -> None:
    for number in range(60):
        webhooks.put(world.services, "backup", f"backup.{number}", {"since": 1, "said": "x"}, 0)
    assert WebhookCall.select().count() == webhooks.A_DAY


def test_an_address_that_was_taken_out_of_the_settings_gets_nothing_more(world: World) -> None:
    webhooks.put(world.services, "backup", "backup.1", {"since": 1, "said": "x"}, webhooks.BEGUN)
    world.setting(alarm_webhook_urls=())
    assert webhooks.deliver(world.services) == {"obsolete": 1}
    assert world.hooks.posted == []


def test_a_member_with_an_own_app_is_the_only_one_who_hears_of_it(world: World) -> None:
    bob = make_user("bob", email="bob@mail.example", email_verified_at=clock.now())
    app = SpotifyApp.create(
        owner=bob, client_id="bobs", secret_encrypted="", block_reason="app",
        blocked_at=clock.now(), created_at=clock.now(),
    )  # fmt: skip
    connected(world.services, "carol", app=app)
    world.pass_by(5)
    assert [one for one in world.told() if one["alarm"] == "app_refused"] == []
    assert world.office.subjects("bob@mail.example")
    assert User.select().count() == 3
