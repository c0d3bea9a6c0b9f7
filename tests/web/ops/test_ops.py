"""The pages for operators: who may open them, what stands there, and what their buttons do."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from redis import Redis
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.results import Result

from audiospective import clock
from audiospective.clients.queues import UPKEEP, Later, TaskJob
from audiospective.incidents import alarms
from audiospective.models import Connection, SpotifyApp, StorageRecord, User
from audiospective.models.counters import Counter
from audiospective.models.marks import Mark
from audiospective.models.notices import PERHAPS, Notice
from audiospective.models.operator_actions import OperatorAction
from audiospective.operations.overview import database_size
from audiospective.policy.ops_windows import WINDOWS
from tests.factories import connected, make_user
from tests.web.conftest import Site, Visitor
from tests.web.markup import Tag

TOLD = [
    *("95.0", "570 of 600", "under 5 s", "mean 0.4 s", "24 of 624", "12 of 660", "660"),
    *("429s: 6, quota: 0", "80.0", "8 of 10", "at least 97 %, missed", "targets are missed"),
    *("budget 512.0 MB", "+0.50 MB a day", "No. ", "No answer", "v41"),
]
BASE = "http://127.0.0.1:8000/"
NAMES = ("polls", "duration", "retries", "skipped", "calls", "queue", "mail", "storage")


def operator(name: str = "olga") -> User:
    return make_user(name, is_operator=True, spotify_account_id=None, display_name="Olga")


def busy(site: Site) -> None:
    """Polls of the last hours, a member whose polls fail, e-mails, days of the ledger, a deploy."""
    now = clock.now()
    for back in range(0, 60, 10):
        Counter.add(
            {"polls:ok": 95, "polls:network": 5, "poll_ms": 40_000, "poll_ms_le:250": 80,
             "poll_ms_le:1000": 20, "calls": 110, "calls:1": 110, "limits:rate_limit": 1,
             "limited:1:rate_limit": 1, "hits": 4, "retries": 2, "plays": 300,
             "queue:looks": 10, "queue:ms": 25_000},
            now - timedelta(minutes=back),
        )  # fmt: skip
    connected(
        site.services, "alice", consecutive_failures=3, last_failure_type="network",
        last_failed_at=now, circuit_open_until=now + timedelta(minutes=40), last_success_at=now,
    )  # fmt: skip
    connected(site.services, "bob", status="needs_reauth", last_success_at=now, next_poll_at=now)
    for number, status in enumerate(("sent",) * 8 + ("failed",) * 2):
        Notice.create(
            key=str(number), recipient=f"{number}@x.example", kind="renewal", dedupe_key="d",
            status=status, next_attempt_at=now, created_at=now,
        )  # fmt: skip
    for day in range(5):
        StorageRecord.create(
            day=(now - timedelta(days=5 - day)).date().isoformat(), measured_at=now, hot=1,
            size=10_000_000 + day * 500_000, members=2, sealed=1, segments_size=1, warned=0,
            tables="{}",
        )  # fmt: skip
    ahead = [12_000_000 + 35_000_000 * n for n in range(25)]
    database_size.remember(site.services, 400.0, now, 28.0, ahead)
    Mark.put("deploy:v41", now - timedelta(minutes=30))


def die(site: Site, job_id: str = "dead-1", queue: str = UPKEEP) -> FailedJobRegistry:
    """A job of this id that gave up."""
    queues = site.services.queues
    queues.enqueue(queue, "seal_members", 7, job_id=job_id)
    job = TaskJob.fetch(job_id, connection=site.services.redis)
    queues.queue(queue).remove(job)
    job.set_status(JobStatus.FAILED)
    registry = FailedJobRegistry(queue=queues.queue(queue))
    registry.add(job, ttl=3600)
    Result.create_failure(job, ttl=3600, exc_string="ValueError: a file ends too early")
    return registry


def press(browser: Visitor, page: Tag, action: str, queue: str = UPKEEP, job: str = "dead-1"):
    """Press a button of one of the jobs on the page."""
    (token, *_) = [tag.attributes["value"] for tag in page.all("input", name="csrf_token")]
    data = {"csrf_token": token, "queue": queue, "job": job}
    answer = browser.post(f"/ops/jobs/{action}", data=data, headers={"Referer": BASE})
    assert answer.status_code == 303


def test_for_everybody_but_operators_these_pages_do_not_exist(site: Site) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    olga = site.member(operator())
    bob = site.member(connected(site.services, "bob").user)
    seen = 0
    for rule in site.app.url_map.iter_rules():
        if not getattr(site.app.view_functions[rule.endpoint], "for_operators", False):
            continue
        address = rule.rule.replace("<any(retry,discard):action>", "retry")
        address = re.sub(r"<any\(([a-z]+).*>", r"\1", address)
        for method in {"GET", "POST"} & set(rule.methods or ()):
            seen += 1
            for browser in (site.visitor(), bob):
                assert browser.open(address, method=method).status_code == 404, address
            assert olga.open(address, method=method).status_code in (200, 303), address
    assert seen >= 4


def test_an_old_session_of_an_operator_has_to_be_proven(site: Site, frozen) -> None:
    olga = site.member(operator())
    die(site)
    frozen.forward(minutes=16)
    for address in ("/ops", "/ops/polls"):
        assert "/sign-in?" in olga.get(address).headers["Location"]
    assert olga.fragment("/ui/ops/summary").status_code == 401


def test_the_live_part_opened_directly_leads_to_its_page(site: Site) -> None:
    answer = site.member(operator()).get("/ui/ops/summary?w=7d")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ops")
    assert site.visitor().get("/ui/ops/summary").status_code == 404


def test_a_button_without_its_token_does_nothing(site: Site) -> None:
    registry = die(site)
    data = {"queue": UPKEEP, "job": "dead-1"}
    assert site.member(operator()).post("/ops/jobs/discard", data=data).status_code == 400
    assert registry.get_job_ids() == ["dead-1"]


def test_the_navigation_leads_operators_there_and_nobody_else(site: Site) -> None:
    assert site.member(operator()).get("/settings").text.count('href="/ops"') == 1
    assert 'href="/ops"' not in site.member(make_user("bob")).get("/settings").text


@pytest.mark.parametrize("window", [*WINDOWS, "nonsense"])
def test_an_empty_instance_has_no_data_and_never_a_hundred_percent(site, window) -> None:
    page = site.member(operator()).page(f"/ops?w={window}")
    text = page.text
    assert "No poll was made in this time" in text
    assert text.count("no data") >= 5
    assert "100" not in text.partition("Members whose polls fail")[0].replace("1,000", "")


def test_figures_have_numerator_denominator_target_line_and_list(make_site, database_url) -> None:
    site = make_site(database_url=database_url)
    busy(site)
    browser = site.member(operator())
    text = browser.page("/ops?w=1h").text
    for told in TOLD:
        assert told in text, told
    for window in WINDOWS:
        for name in NAMES:
            assert "no data" not in browser.page(f"/ops/{name}?w={window}").one("h1").text, name
    polls = browser.page("/ops/polls?w=24h").text
    assert "network" in polls
    assert "570 of 600" in polls
    assert "development" in browser.page("/ops/calls?w=24h").text
    assert "renewal" in browser.page("/ops/mail").text


def test_an_email_that_may_have_arrived_counts_as_neither_accepted_nor_refused(site: Site) -> None:
    busy(site)
    Notice.update(error=PERHAPS).where(Notice.status == "sent").execute()
    page = site.member(operator()).page("/ops/mail").text
    assert "0 of 2" in page
    assert "unknown" in page


def test_no_listening_and_no_names_stand_on_it(site: Site) -> None:
    busy(site)
    User.update(email="alice@mail.example").where(User.spotify_id == "alice").execute()
    browser = site.member(operator())
    text = browser.get("/ops").text + "".join(browser.get(f"/ops/{one}").text for one in NAMES)
    # As words: three letters stand in the forms' random tokens now and then.
    told = re.findall(r"\b(?:alice|bob|mail\.example|slack water)\b", text, re.IGNORECASE)
    assert told == []


@pytest.mark.parametrize(
    ("key", "says"),
    [("", ["No e-mail leaves this server", "RESEND_API_KEY is not set: 2 e-mails wait."]),
     ("re_x", [])],
)  # fmt: skip
def test_a_server_without_a_mail_account_says_how_many_emails_wait(
    make_site, database_url, key: str, says: list[str]
) -> None:
    site = make_site(database_url=database_url, resend_api_key=key)
    busy(site)
    Notice.update(status="queued").where(Notice.status == "failed").execute()
    text = site.member(operator()).page("/ops").text
    assert [one in text for one in says] == [True] * len(says)
    assert ("No e-mail leaves" in text) == bool(says)


def test_an_alarm_is_the_headline(site: Site) -> None:
    alarms.begin("backup", clock.now(), "The last one failed.")
    text = site.member(operator()).page("/ops").text
    assert "There is no recent backup" in text
    assert "The last one failed." in text


def test_an_alarm_of_a_newer_release_has_its_name_for_a_title(site: Site) -> None:
    alarms.begin("of_tomorrow", clock.now(), "Something that is not known yet.")
    text = site.member(operator()).page("/ops").text
    assert "of_tomorrow" in text
    assert "Something that is not known yet." in text


def test_the_live_part_is_the_same_as_that_of_the_page(site: Site) -> None:
    browser = site.member(operator())
    assert 'hx-get="/ui/ops/summary?w=7d"' in browser.get("/ops?w=7d&live=1").text
    assert 'hx-trigger="every 10s"' in browser.fragment("/ui/ops/summary?w=7d").text
    assert "hx-get" not in browser.page("/ops").one("div", id="summary").attributes
    alarms.begin("backup", clock.now(), "The last one failed.")
    said = browser.fragment("/ui/ops/summary").text
    assert '<div hx-swap-oob="innerHTML:#ops-state">There is no recent backup' in said


def test_a_dead_job_is_put_back_and_that_is_noted(site: Site, caplog) -> None:
    olga, registry = operator(), die(site)
    browser = site.member(olga)
    page = browser.page("/ops")
    assert "a file ends too early" in page.text
    press(browser, page, "retry")
    assert registry.get_job_ids() == []
    assert site.services.queues.queue(UPKEEP).job_ids == ["dead-1"]
    (noted,) = OperatorAction.select()
    assert (noted.operator, noted.action, noted.what) == (
        olga.id,
        "retried",
        "job dead-1 of upkeep",
    )
    assert "operator_action" in caplog.text
    assert "job dead-1 of upkeep" in browser.page("/ops").text
    press(browser, page, "retry")
    assert "That job is no longer there." in browser.page("/ops").text


def test_a_dead_job_is_discarded_and_one_of_the_timetable_stays_defined(site: Site) -> None:
    registry = die(site)
    die(site, "periodic-plan")
    browser = site.member(operator())
    page = browser.page("/ops")
    for job in ("dead-1", "periodic-plan"):
        press(browser, page, "discard", job=job)
    assert registry.get_job_ids() == []
    exists = site.services.redis.exists
    assert (exists("rq:job:dead-1"), exists("rq:job:periodic-plan")) == (0, 1)


def test_what_is_no_dead_job_is_left_alone(site: Site) -> None:
    site.services.queues.enqueue(UPKEEP, "maintain", job_id="alive")
    browser = site.member(operator())
    die(site)
    page = browser.page("/ops")
    for queue, job in ((UPKEEP, "alive"), ("nowhere", "dead-1"), ("", "")):
        press(browser, page, "discard", queue, job)
    assert site.services.queues.queue(UPKEEP).job_ids == ["alive"]
    assert OperatorAction.select().count() == 0


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_a_job_that_lives_again_under_its_id_is_left_alone(site: Site, action: str) -> None:
    registry, queues = die(site), site.services.queues
    browser = site.member(operator())
    page = browser.page("/ops")
    assert queues.enqueue_once(UPKEEP, "maintain", job_id="dead-1")
    assert registry.get_job_ids() == []
    registry.add(TaskJob.fetch("dead-1", connection=site.services.redis), ttl=3600)  # as before
    assert "seal_members" not in browser.page("/ops").text
    press(browser, page, action)
    assert "That job is no longer there." in browser.page("/ops").text
    assert registry.get_job_ids() == []
    assert queues.queue(UPKEEP).job_ids == ["dead-1"]
    assert TaskJob.fetch("dead-1", connection=site.services.redis).func_name.endswith("maintain")
    assert OperatorAction.select().count() == 0


def test_a_planned_job_takes_the_place_of_one_that_failed(site: Site) -> None:
    registry = die(site)
    when = clock.now() + timedelta(hours=1)
    site.services.queues.enqueue_later([Later(when, UPKEEP, "maintain", (), "dead-1")])
    assert registry.get_job_ids() == []


def test_without_redis_the_page_says_so(make_site) -> None:
    site = make_site(redis_url="redis://127.0.0.1:1/0")
    text = site.member(operator()).page("/ops").text
    assert text.count("Redis does not answer") == 2


def test_many_members_cost_no_more_statements(site: Site, queries: list[str]) -> None:
    busy(site)
    browser = site.member(operator())
    browser.get("/ops")
    counts = []
    for more in (0, 40):
        app = SpotifyApp.get()
        for number in range(more):
            user = make_user(f"m{number}")
            Connection.create(
                user=user, app=app, authorized_at=clock.now(), reauth_due_at=clock.now(),
                next_poll_at=clock.now(), consecutive_failures=1, last_failure_type="auth",
            )  # fmt: skip
        queries.clear()
        browser.get("/ops?w=30d")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20, json.dumps(queries, indent=1)


def test_a_mark_of_a_deploy_stands_where_it_was(site: Site) -> None:
    busy(site)
    tile = site.member(operator()).get("/ops?w=1h").text.partition("figure-duration")[2]
    place = re.search(r'ops-deploy" d="M([0-9.]+) 0V30', tile)
    assert place
    assert 40 < float(place[1]) < 60


def test_a_redis_of_an_old_release_is_read(site: Site) -> None:
    registry = die(site)
    redis: Redis = site.services.redis
    redis.hset("rq:job:dead-1", "data", b"not json at all")
    assert site.member(operator()).get("/ops").status_code == 200
    assert registry.get_job_ids() == ["dead-1"]


def test_the_database_is_drawn_up_to_its_budget_with_a_band(site: Site) -> None:
    olga, now = operator(), clock.now()
    browser = site.member(olga)
    for address in ("/ops", "/ops/storage"):
        assert browser.page(address).by_id("outlook") is None  # the ledger was never written
    for back in (1, 2):
        at = now - timedelta(days=back)
        StorageRecord.create(
            day=at.date().isoformat(), measured_at=at, size=400_000_000 - back * 5_000_000,
            members=1, hot=0, sealed=0, segments_size=0, warned=0, tables="{}",
        )  # fmt: skip
    budget = site.services.settings.storage_budget_mb * 1_000_000
    ahead = [budget * (0.5 + n / 16) for n in range(13)]
    database_size.remember(site.services, 80, now, 10.0, ahead)
    for address in ("/ops", "/ops/storage"):
        figure = browser.page(address).by_id("outlook")
        assert figure is not None
        earliest, latest = now + timedelta(days=60), now + timedelta(days=120)
        assert f"The budget is reached between {earliest:%B %Y} and {latest:%B %Y}" in figure.text
        paths = {tag.attributes["class"]: tag.attributes["d"] for tag in figure.all("path")}
        assert paths["outlook-likely"].count("L") == 12
        assert paths["outlook-past"].count("L") == 2  # to today
        assert paths["outlook-band"].endswith("z")
        assert len(figure.all("tr")) == 1 + 4


@pytest.mark.parametrize("note", ["three days", "[3]"])
def test_a_forecast_that_cannot_be_read_is_none(site: Site, note: str) -> None:
    Mark.put(database_size.FULL, clock.now(), note)
    found = database_size.look(site.services)
    assert (found.full_at, found.reckoned, found.ahead) == (None, None, ())
    assert site.member(operator()).page("/ops").by_id("room")
