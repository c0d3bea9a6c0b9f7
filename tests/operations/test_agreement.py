"""Processes that run with different settings are seen, and nothing of the settings is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from redis import Redis

from audiospective.jobs import worker
from audiospective.operations import agreement
from audiospective.operations.agreement import SCHEDULER, WEB, WORKER
from audiospective.operations.doctor import agreement as doctor
from audiospective.services import Services
from audiospective.settings import Settings
from tests.support.clocks import Frozen


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    return sqlite_database_url


def leave(services: Services, role: str, **values: Any) -> None:
    agreement.leave(services.redis, replace(services.settings, **values), role)


CHANGED = [
    ("SECRET_KEY", {"secret_key": "another secret key of 32 letters"}),
    ("TOKEN_KEYS", {"token_keys": (Fernet.generate_key().decode(),)}),
    ("BASE_URL", {"base_url": "https://elsewhere.example"}),
    ("SPOTIFY_CLIENT_ID", {"spotify_client_id": "f" * 32}),
    ("SPOTIFY_CLIENT_SECRET", {"spotify_client_secret": "e" * 32}),
    ("STORAGE_URL", {"storage_url": "s3://bucket/prefix"}),
    ("MAIL_FROM", {"mail_from": "Another <another@mail.example>"}),
    ("RESEND_API_KEY", {"resend_api_key": "re_1"}),
    ("POLL_MAX_MINUTES", {"poll_max_minutes": 59}),
]


@pytest.mark.parametrize(("name", "values"), CHANGED)
def test_each_setting_that_has_to_be_the_same(
    services: Services, frozen: Frozen, name: str, values: dict[str, Any]
) -> None:
    services = replace(services, settings=replace(services.settings, resend_api_key=""))
    leave(services, SCHEDULER)
    leave(services, WEB)
    assert agreement.differences(services.redis) == {}
    leave(services, WORKER, **values)
    assert agreement.differences(services.redis) == {name: [[SCHEDULER, WEB], [WORKER]]}


def test_what_may_differ(services: Services, frozen: Frozen) -> None:
    leave(
        services, WEB, storage_url="file:///data/storage", resend_api_key="re_1", log_level="INFO"
    )
    leave(services, WORKER, storage_url="file:///srv/storage", resend_api_key="re_2",
          log_level="DEBUG", database_url="postgres://pooler/x")  # fmt: skip
    assert agreement.differences(services.redis) == {}


def test_one_bucket_may_be_written_in_several_ways(services: Services, frozen: Frozen) -> None:
    leave(services, WEB, storage_url="s3://bucket")
    leave(services, WORKER, storage_url="s3://bucket/")
    assert agreement.differences(services.redis) == {}
    leave(services, SCHEDULER, storage_url="s3://bucket/prefix/")
    assert agreement.differences(services.redis) == {"STORAGE_URL": [[SCHEDULER], [WEB, WORKER]]}


def test_keys_that_are_changed_on_purpose_agree_once_all_processes_read_both(
    services: Services, frozen: Frozen
) -> None:
    old, new = services.settings.secret_key, "a new secret key of 32 letters.."
    leave(services, WEB, secret_key=new, secret_key_fallbacks=(old,))
    leave(services, WORKER)
    assert agreement.differences(services.redis) == {"SECRET_KEY": [[WEB], [WORKER]]}
    frozen.forward(minutes=6)  # that worker is gone
    leave(services, WEB, secret_key=new, secret_key_fallbacks=(old,))
    leave(services, WORKER, secret_key=new, secret_key_fallbacks=(old,))
    assert agreement.differences(services.redis) == {}
    assert services.redis.hlen(agreement.KEY) == 2


def test_what_tick_runs_with_is_compared_until_it_should_have_run_again(
    services: Services, frozen: Frozen
) -> None:
    for _ in range(6):
        leave(services, agreement.TICK, base_url="https://elsewhere.example")
        for _ in range(10):
            frozen.forward(minutes=1)
            leave(services, WEB)
            assert agreement.differences(services.redis) == {"BASE_URL": [["tick"], [WEB]]}
    frozen.forward(minutes=16)
    leave(services, WEB)
    assert agreement.differences(services.redis) == {}


def test_redis_holds_nothing_that_any_value_could_be_told_from(
    services: Services, frozen: Frozen
) -> None:
    leave(services, WEB)
    (first,) = services.redis.hgetall(agreement.KEY).values()
    services.redis.delete(agreement.KEY)
    leave(services, WEB, token_keys=(Fernet.generate_key().decode(),))
    (second,) = services.redis.hgetall(agreement.KEY).values()
    told, other = json.loads(first), json.loads(second)
    for values, others in zip(told["under"].values(), other["under"].values(), strict=True):
        assert all(values[name] != others[name] for name in values)  # the key tells what they are
    settings = services.settings
    for value in (settings.secret_key, *settings.token_keys, settings.base_url):
        assert value not in first.decode()


@pytest.mark.parametrize(
    "raw",
    ["", "x", "[]", "null", "{}", '{"at": "x", "role": "web", "token_keys": [], "under": {}}',
     '{"at": 1e400, "role": "web", "token_keys": [], "under": {}}',
     '{"at": 0, "role": "web", "token_keys": 1, "under": {}}',
     '{"at": 0, "role": "web", "token_keys": [], "under": {"a": 1}}'],
)  # fmt: skip
def test_what_another_program_writes_there_is_taken_away(
    services: Services, frozen: Frozen, raw: str
) -> None:
    services.redis.hset(agreement.KEY, "web 1", raw)
    leave(services, WORKER)
    assert agreement.differences(services.redis) == {}
    assert agreement.roles(services.redis) == [WORKER]
    assert services.redis.hlen(agreement.KEY) == 1


def test_what_another_program_keeps_in_the_same_redis_stays(
    services: Services, frozen: Frozen
) -> None:
    services.redis.hset("settings", "theme", "dark")
    leave(services, WEB)
    assert agreement.differences(services.redis) == {}
    assert services.redis.hgetall("settings") == {b"theme": b"dark"}
    assert services.redis.ttl("settings") == -1


def test_a_worker_says_with_what_its_jobs_run_now(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = replace(services.settings, secret_key="the file was changed since it began")
    monkeypatch.setattr(Settings, "from_env", lambda: now)
    for bulk in (False, True):
        worker.build(services.redis, bulk=bulk).run_maintenance_tasks()
    assert agreement.roles(services.redis) == [agreement.BULK, WORKER]
    assert agreement.differences(services.redis) == {}
    leave(services, WEB)
    assert list(agreement.differences(services.redis)) == ["SECRET_KEY"]


def test_the_doctor_tells_what_runs_apart_and_what_runs_otherwise_than_it_reads(
    services: Services, frozen: Frozen
) -> None:
    assert doctor.look(services).state == "no process has said yet which it runs with"
    leave(services, WEB)
    leave(services, WORKER)
    assert doctor.look(services).state == "the same in web, worker"
    here = replace(services, settings=replace(services.settings, base_url="https://a.example"))
    found = doctor.look(here)
    assert "BASE_URL (web, worker)" in found.state
    assert (found.serious, bool(found.advice)) == (False, True)
    leave(services, WORKER, spotify_client_secret="x")
    found = doctor.look(services)
    assert (
        found.state == "not the same in all processes: SPOTIFY_CLIENT_SECRET (web, worker / worker)"
    )
    assert found.serious
    frozen.forward(minutes=4)
    leave(services, WEB)
    leave(services, WORKER, base_url="http://127.0.0.1:8001")  # started anew on another port
    found = doctor.look(services)
    assert (found.serious, bool(found.advice)) == (False, True)  # plays are archived all the same
    leave(services, agreement.TICK, spotify_client_secret="x")
    frozen.forward(minutes=4)
    leave(services, WEB)
    found = doctor.look(services)
    assert found.state == "not the same in all processes: SPOTIFY_CLIENT_SECRET (tick / web)"
    assert "25 minutes" in found.advice
    away = replace(services, redis=Redis.from_url("redis://127.0.0.1:1/0"))
    assert doctor.look(away).advice == "Repair Redis first."
