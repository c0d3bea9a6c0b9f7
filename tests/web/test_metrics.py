"""What Prometheus gets, read by its own parser, and what Grafana asks of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from audiospective import __version__, clock
from audiospective.models.counters import Counter, floor
from audiospective.models.marks import Mark
from tests.factories import connected, make_user

ROOT = Path(__file__).parent.parent.parent
TOKEN = "a-token-of-twenty-five-chars"


def scrape(site, **headers):
    return site.visitor().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"} | headers)


def families(site):
    answer = scrape(site)
    assert answer.status_code == 200
    return {one.name: one for one in text_string_to_metric_families(answer.text)}


def values(site):
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families(site).values()
        for sample in family.samples
    }


@pytest.fixture
def busy(make_site, redis_url, database_url):
    """Two members, a backup and some polls, with everything that a metric can tell of."""
    site = make_site(metrics_token=TOKEN, release="v42", database_url=database_url)
    now = clock.now()
    connected(site.services, "alice", last_success_at=now, last_polled_at=now)
    connected(site.services, "bob", consecutive_failures=2, last_failure_type="network")
    make_user("carol", spotify_account_id=None)
    Mark.put("backup.succeeded", now)
    Mark.put("pulse:timetable", now, "scheduler")
    Mark.put("alarm:mail_refused", now, "{}")
    Counter.add(
        {"polls:ok": 90, "polls:network": 10, "poll_ms": 30_000, "poll_ms_le:250": 95,
         "poll_ms_le:1000": 4, "poll_ms_le:inf": 1, "plays": 300, "calls": 120, "calls:1": 120,
         "limits:quota": 2, "limited:1:quota": 2, "hits": 5, "retries": 3},
        now,
    )  # fmt: skip
    return site


def test_without_a_token_there_is_no_such_page_and_a_wrong_one_is_refused(make_site):
    assert scrape(make_site()).status_code == 404
    site = make_site(metrics_token=TOKEN)
    assert scrape(site).status_code == 200
    for wrong in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"):
        answer = site.visitor().get("/metrics", headers={"Authorization": wrong})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_scraper_that_asks_by_address_is_answered(make_site):
    site = make_site(metrics_token=TOKEN, base_url="https://archive.example")
    assert scrape(site, Host="10.0.0.7:5000").status_code == 200


def test_what_was_counted_is_told_as_prometheus_reads_it(busy):
    found = values(busy)
    assert found["audiospective_polls_total", "ok"] == 90
    assert found["audiospective_polls_total", "network"] == 10
    assert found["audiospective_poll_duration_seconds_bucket", "0.25"] == 95
    assert found["audiospective_poll_duration_seconds_bucket", "1.0"] == 99
    assert found["audiospective_poll_duration_seconds_bucket", "+Inf"] == 100
    assert found["audiospective_poll_duration_seconds_count",] == 100
    assert found["audiospective_poll_duration_seconds_sum",] == 30
    assert found["audiospective_spotify_limits_total", "quota"] == 2
    assert found["audiospective_app_requests_24h", "1"] == 120
    assert found["audiospective_members", "active"] == 2
    assert found["audiospective_members", "import_only"] == 1
    assert found["audiospective_members_failing",] == 1
    assert found["audiospective_alarm", "mail_refused"] == 1
    assert found["audiospective_redis_up",] == 1
    assert found["audiospective_build_info", __version__, "v42"] == 1


def test_totals_do_not_fall_when_old_counters_are_rolled_up(busy):
    now = clock.now()
    # Counted within an hour, whatever the time of day: what stands at its beginning stays there.
    Counter.add({"polls:ok": 7}, floor(now, timedelta(hours=1)) - timedelta(minutes=40))
    before = values(busy)
    assert Counter.roll_up(now + timedelta(hours=5)) >= 1
    assert Counter.forget(now + timedelta(hours=9)) >= 1
    after = values(busy)
    totals = [name for name in before if name[0].endswith(("_total", "_bucket", "_sum"))]
    assert len(totals) > 10
    assert {name: after[name] for name in totals} == {name: before[name] for name in totals}


def test_without_redis_everything_else_is_told(make_site):
    site = make_site(metrics_token=TOKEN, redis_url="redis://127.0.0.1:1/0")
    found = values(site)
    assert found["audiospective_redis_up",] == 0
    assert ("audiospective_database_bytes",) in found


def test_nothing_in_it_names_a_member(busy):
    text = scrape(busy).text
    assert not any(word in text.lower() for word in ("alice", "bob", "carol", "slack water"))


def test_every_question_of_the_dashboard_names_a_metric_that_exists(busy):
    known = {sample.name for family in families(busy).values() for sample in family.samples}
    board = json.loads((ROOT / "deploy" / "grafana" / "audiospective.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [one["expr"] for one in board["annotations"]["list"]]
    named = {name for expression in asked for name in re.findall(r"audiospective_\w+", expression)}
    assert len(named) > 25
    assert sorted(named - known) == []
    assert sorted(known - named - {"audiospective_poll_duration_seconds_bucket"}) == []
