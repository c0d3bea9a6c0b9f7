"""Addresses that e-mails can go to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy.addresses import normalized


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ana@example.org", "ana@example.org"),
        ("  Ana.Silva+Music@Example.ORG\t", "ana.silva+music@example.org"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
        ("x@bücher.example", "x@xn--bcher-kva.example"),
        ("ana@straße.de", "ana@xn--strae-oqa.de"),  # strasse.de is somebody else's
        ("ana@faß.de", "ana@xn--fa-hia.de"),
        ("ana@βόλος.com", "ana@xn--nxasmm1c.com"),  # the final sigma is a letter of its own
        ("ana@نامه\u200cای.com", "ana@xn--mgba3gch31f060k.com"),  # and so is a joiner there
        ("ana@example\u3002org", "ana@example.org"),
        ("ana@r3---sn.example", "ana@r3---sn.example"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_usable_addresses_have_one_form(typed: str, stored: str) -> None:
    assert normalized(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@localhost",
        "ana@127.0.0.1",
        "ana@[127.0.0.1]",
        "ana@example..org",
        "ana@-example.org",
        ".ana@example.org",
        "ana.@example.org",
        "ana@@example.org",
        "ana silva@example.org",
        '"ana silva"@example.org',
        "ana@example.org, bob@example.org",
        "Ana <ana@example.org>",
        "ana@example.org\nBcc: bob@example.org",
        "ana@example.org\r\nBcc: bob@example.org",
        "ana\r\nSubject: hi@example.org",
        "ana@example.org\x00",
        "ana@example.org%0aBcc:bob@example.org",
        "änä@example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + ".".join(["bcdef"] * 50) + ".org",
        "ana@exam\u200bple.\u202eorg",
        "ana@exa\u200dmple.org",  # a joiner where no script has one
        "ana@xn--a.de",  # no name behind the prefix
        "ana@１２７.０.０.１",
        "ana@☃.net",
    ],
)
def test_everything_else_is_refused(typed: str) -> None:
    assert normalized(typed) is None


@given(st.text(max_size=300))
def test_whatever_is_typed_never_yields_a_second_line_or_address(typed: str) -> None:
    found = normalized(typed)
    if found is not None:
        assert found.isascii()
        assert found.count("@") == 1
        assert not set(found) & set(' \t\r\n,;<>"\\\x00')
        assert normalized(found) == found
