"""What a platform and an outside watch are told about this server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from redis import Redis

from audiospective import clock
from audiospective.clients import redis_trial
from audiospective.models import dialects
from tests.factories import connected
from tests.support import redis as servers


def ready(site):
    answer = site.visitor().get("/readyz")
    return answer.status_code, answer.text


def test_ready_while_polls_are_made(make_site):
    site = make_site()
    assert ready(site) == (200, "database: ok\npolling: ok\nredis: ok\n")


def test_not_ready_while_nobody_is_polled_although_polls_are_due(make_site):
    site = make_site()
    past = clock.now() - timedelta(minutes=40)
    connected(site.services, last_success_at=past, next_poll_at=past + timedelta(minutes=10))
    status, text = ready(site)
    assert status == 503
    assert "polling: none since" in text
    assert site.visitor().get("/healthz").status_code == 200  # nothing is restarted because of it


def test_a_redis_that_answers_and_takes_nothing_is_said(make_site, full_redis_url):
    site = make_site()
    for url, line in ((full_redis_url, "takes nothing"), ("redis://127.0.0.1:1/0", "no answer")):
        with Redis.from_url(url) as told:
            site.app.extensions["audiospective"] = replace(site.services, redis=told)
            assert ready(site) == (200, f"database: ok\npolling: ok\nredis: {line}\n")


def test_a_redis_that_lets_nobody_in_does_answer(make_site):
    site = make_site()
    with servers.running("--requirepass", "secret", password="secret") as url:
        for told in (url.replace(":secret@", ""), url.replace("secret", "wrong")):
            with Redis.from_url(told) as client:
                site.app.extensions["audiospective"] = replace(site.services, redis=client)
                assert ready(site)[1].endswith("redis: takes nothing\n")


def test_not_ready_while_a_copy_of_the_database_answers(make_site, monkeypatch):
    monkeypatch.setattr(dialects, "takes_writes", lambda: False)
    assert ready(make_site()) == (503, "database: takes nothing\npolling: ok\nredis: ok\n")


def test_asking_often_costs_the_database_little(make_site, monkeypatch):
    site = make_site()
    ready(site)
    connected(site.services, last_success_at=clock.now() - timedelta(days=1))
    assert ready(site)[0] == 200  # what was found a moment ago still holds


def test_asking_often_writes_to_redis_once(make_site, monkeypatch):
    site, tried = make_site(), []
    monkeypatch.setattr(redis_trial, "write", tried.append)
    visitor = site.visitor()
    assert [visitor.get("/readyz").status_code for _ in range(20)] == [200] * 20
    assert len(tried) == 1
