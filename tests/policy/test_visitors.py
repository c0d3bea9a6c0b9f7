"""Whom a request comes from."""

from __future__ import annotations

import pytest

from audiospective.policy import visitors


@pytest.mark.parametrize(
    ("address", "visitor"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:9::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", ""),
        ("unix:" + "x" * 100, "unix:" + "x" * 59),
    ],
)
def test_one_person_is_one_visitor(address: str, visitor: str) -> None:
    assert visitors.visitor(address) == visitor


@pytest.mark.parametrize(
    ("told", "proxies", "address"),
    [
        ("", 0, "peer"),
        ("192.0.2.1", 0, "peer"),
        ("192.0.2.1", 1, "192.0.2.1"),
        ("forged, 192.0.2.1", 1, "192.0.2.1"),
        ("forged, 192.0.2.1, 192.0.2.2", 2, "192.0.2.1"),
        ("192.0.2.2", 2, "peer"),
        ("", 1, "peer"),
        ("192.0.2.1, ", 1, "peer"),
    ],
)
def test_of_what_a_request_says_of_its_way_only_our_proxies_are_believed(
    told: str, proxies: int, address: str
) -> None:
    assert visitors.forwarded("peer", told, proxies) == address


@pytest.mark.parametrize(
    ("address", "near"),
    [("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("fd00::1", True), ("", True),
     ("8.8.8.8", False), ("::ffff:8.8.8.8", False), ("2606:4700::1", False)],
)  # fmt: skip
def test_a_proxy_nearby_has_no_public_address(address: str, near: bool) -> None:
    assert visitors.is_near(address) is near
