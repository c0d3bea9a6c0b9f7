"""Addresses of services are read as the libraries that call them read them."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from psycopg.conninfo import conninfo_to_dict
from redis.connection import parse_url

from audiospective.operations.doctor import pooler
from audiospective.policy import service_urls
from audiospective.policy.service_urls import UrlError
from audiospective.policy.setting_faults import stores

PASSWORD = "a+b%c#d@e:f/g?h i"
ESCAPED = quote(PASSWORD, safe="+:")


@pytest.mark.parametrize(
    ("places", "hosts", "ports"),
    [
        ("db.example:5433", "db.example", "5433"),
        ("db.example", "db.example", None),
        ("[::1]:5433", "::1", "5433"),
        ("a.example:5433,b.example:5434", "a.example,b.example", "5433,5434"),
        ("[::1]:5433,b.example", "::1,b.example", "5433,"),
        ("%2Fvar%2Frun%2Fpostgresql", "/var/run/postgresql", None),
    ],
)
def test_a_database_is_found_where_libpq_looks_for_it(places, hosts, ports):
    url = f"postgresql://me:{ESCAPED}@{places}/listens?sslmode=require"
    assert stores.database_fault(url) is None
    read, told = service_urls.postgres(url), conninfo_to_dict(url)
    assert (told["host"], told.get("port")) == (hosts, ports)
    assert unquote(read.hostname or "").lower() == hosts.split(",")[0].lower()
    assert read.port == (int(ports.split(",")[0]) if ports else None)
    assert unquote(read.password or "") == told["password"] == PASSWORD
    assert read.path == "/listens"


@pytest.mark.parametrize("sign", ["#", "@", "/", "?", "%", "%00", "%zz"])
def test_a_password_that_libpq_would_read_otherwise_is_refused_without_being_told(sign):
    fault = stores.database_fault(f"postgres://me:secret{sign}word@db.example/listens")
    assert fault is not None
    assert "secret" not in fault
    assert "word" not in fault.replace("password", "")


@pytest.mark.parametrize("places", ["a.example:x", "a.example:1,b.example:x", "[::1", "h:99999"])
def test_a_database_without_a_readable_port_is_refused(places):
    with pytest.raises(UrlError):
        service_urls.postgres(f"postgres://{places}/listens")


def test_the_socket_of_a_database_may_stand_in_the_query():
    assert stores.database_fault("postgres:///listens?host=/var/run/postgresql") is None


def test_the_password_of_redis_is_what_its_library_reads():
    url = f"rediss://:{ESCAPED}@[::1]:6380/2"
    assert stores.redis_fault(url) is None
    assert parse_url(url)["password"] == PASSWORD
    assert (service_urls.server(url).hostname, service_urls.server(url).port) == ("::1", 6380)


@pytest.mark.parametrize("name", ["a+b", "a%20b", "a%23b"])
def test_a_path_on_this_machine_keeps_every_sign(name):
    for scheme in ("sqlite", "file"):
        path = f"/data/{unquote(name)}"
        assert service_urls.local_path(service_urls.local_url(scheme, path)) == path


def test_the_doctor_reads_the_options_of_a_database_as_libpq_does(monkeypatch):
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(pooler, "_holds", lambda *given: bool(asked.append(given)))
    url = "postgresql://h/listens?options=-c%20search_path%3Da+b"
    assert pooler._dropped(url) == ["search_path"]
    assert asked == [("search_path", "a+b")]
