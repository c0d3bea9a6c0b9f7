"""Hosts in the form in which they are looked up."""

from __future__ import annotations

import pytest

from audiospective.policy.hosts import ascii_host, with_ascii_host


@pytest.mark.parametrize(
    ("written", "looked_up"),
    [
        ("Archive.Example", "archive.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("strasse.example", "strasse.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("βόλοσ.example", "xn--nxasmq6b.example"),
        ("XN--STRAE-OQA.example", "xn--strae-oqa.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("a..b", "a..b"),  # plain ASCII is judged by whoever asks
        ("é..b", None),
        ("xn--a.example", None),
        ("", None),
        ("é" * 300, None),
    ],
)
def test_a_host_has_one_ascii_form(written: str, looked_up: str | None) -> None:
    assert ascii_host(written) == looked_up


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://straße.example:8443/", "https://xn--strae-oqa.example:8443/"),
        ("https://user@straße.example/a", "https://user@xn--strae-oqa.example/a"),
        ("https://archive.example:8443", "https://archive.example:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://a\u200db.example", None),
        ("https://", None),
    ],
)
def test_an_address_keeps_everything_but_the_script_of_its_host(
    written: str, used: str | None
) -> None:
    assert with_ascii_host(written) == used
