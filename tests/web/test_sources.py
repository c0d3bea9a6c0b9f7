"""Requests of one source get few threads at a time, and those of others do not wait for them."""

from __future__ import annotations

import pytest

from audiospective.web.sources import MAKING, THREADS, Sources, source

ALICE, BOB = "8.8.8.8", "192.0.2.2"


@pytest.fixture
def started() -> list[int]:
    return []


@pytest.fixture
def sources(started: list[int]) -> Sources[int]:
    return Sources(started.append)


def test_one_source_has_few_answers_made_and_others_come_at_once(
    sources: Sources[int], started: list[int]
) -> None:
    for number in range(100):
        sources.arrived(number, ALICE)
    assert started == [*range(MAKING)]
    sources.arrived(200, BOB)
    assert started == [*range(MAKING), 200]
    sources.ended(1)
    sources.ended(0)
    assert started[-2:] == [MAKING, MAKING + 1]  # who came first goes first
    sources.ended(200)
    assert len(started) == 2 * MAKING + 1  # a thread that is free is nobody's own


def test_what_waits_for_its_visitor_keeps_none_of_theirs_waiting_but_has_its_thread(
    sources: Sources[int], started: list[int]
) -> None:
    for number in range(100):
        sources.arrived(number, ALICE)
    for number in range(THREADS):
        sources.made(number)
        sources.made(number)  # header and body of an answer are sent one by one
    assert started == [*range(THREADS)]
    sources.ended(3)
    assert started == [*range(THREADS + 1)]


def test_a_connection_that_is_kept_is_counted_anew(
    sources: Sources[int], started: list[int]
) -> None:
    for _ in range(5):
        sources.arrived(1, ALICE)
        sources.made(1)
        sources.ended(1)
    assert started == [1] * 5
    sources.arrived(2, ALICE)
    assert started[-1] == 2


def test_requests_of_nobody_in_particular_are_not_held_back(
    sources: Sources[int], started: list[int]
) -> None:
    for number in range(100):
        sources.arrived(number, "")
    assert started == [*range(100)]


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("head", "proxies", "found"),
    [
        (HEAD + b"\r\n", 1, ALICE),
        (HEAD + b"X-Forwarded-For: 192.0.2.2\r\n\r\n", 0, ALICE),
        (HEAD + b"X-Forwarded-For: 192.0.2.2\r\n\r\n", 1, BOB),
        (HEAD + b"x-forwarded-for:forged,192.0.2.2 \r\n\r\n", 1, BOB),
        (HEAD + b"X-Forwarded-For: forged\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n", 1, BOB),
        (HEAD + b"\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n", 1, ALICE),  # it is of the body
        (HEAD + b"X-Not-X-Forwarded-For: 192.0.2.2\r\n\r\n", 1, ALICE),
        (HEAD + b"X-Forwarded-For: \xff\xfe\r\n\r\n", 1, "\xff\xfe"),
        (b"", 1, ALICE),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 1, f"{ALICE} probes"),
        (b"HEAD /readyz?a HTTP/1.1\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n", 1, f"{BOB} probes"),
        (b"GET /healthz-of-mine HTTP/1.1\r\n\r\n", 1, ALICE),
    ],
)
def test_a_source_is_who_stands_behind_our_proxies(head: bytes, proxies: int, found: str) -> None:
    assert source(head, ALICE, proxies) == found


def test_behind_a_proxy_that_the_settings_leave_out_nobody_waits_for_all_others() -> None:
    told = HEAD + b"X-Forwarded-For: 192.0.2.2\r\n\r\n"
    assert [source(told, peer, 0) for peer in ("10.0.0.1", "127.0.0.1", "")] == ["", "", ""]
    assert source(HEAD + b"\r\n", "127.0.0.1", 0) == "127.0.0.1"
