"""Which addresses a member may let this machine speak with."""

from __future__ import annotations

import pytest

from audiospective.policy import public_addresses


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # the service that gives keys to machines of Amazon
        ("168.63.129.16", False),  # the host of a machine of Azure
        ("168.63.129.17", True),
        ("::ffff:168.63.129.16", False),
        ("64:ff9b::a83f:8110", False),
        ("192.0.0.192", False),
        ("100.100.100.200", False),
        ("3fff::1", False),
        ("100.64.0.1", False),  # a provider's own network
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2002:7f00:1::", False),
        ("2002:5db8:d70e::", True),
        ("2001:0:7f00:1::", False),  # Teredo
        ("2606:2800::5efe:10.1.2.3", False),  # ISATAP
        ("2606:2800::200:5efe:169.254.169.254", False),
        ("2606:2800::200:5efe:93.184.215.14", True),
        ("fd00::5efe:93.184.215.14", False),
        ("fec0::1", False),
        ("no address", False),
    ],
)
def test_an_address_is_public_or_not(address: str, public: bool) -> None:
    assert public_addresses.is_public(address) is public


@pytest.mark.parametrize(
    ("addresses", "first"),
    [
        ([], None),
        (["93.184.215.14", "1.1.1.1"], "93.184.215.14"),
        (["93.184.215.14", "10.0.0.1"], None),  # a name that leads to both leads inside
    ],
)
def test_a_name_is_public_if_everything_it_leads_to_is(
    addresses: list[str], first: str | None
) -> None:
    assert public_addresses.first(addresses) == first


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://s3.example.com", True),
        ("https://s3.example.com:9000/", True),
        ("https://93.184.215.14", True),
        ("http://s3.example.com", False),
        ("https://localhost", False),
        ("https://minio.local", False),
        ("https://box", False),
        ("https://127.0.0.1", False),
        ("https://10.0.0.1:9000", False),
        ("https://[::1]", False),
        ("https://[::ffff:7f00:1]", False),
        ("https://me:word@s3.example.com", False),
        ("https://s3.example.com/path", False),
        ("https://s3.example.com?x", False),
        ("https://a-1.xn--mnchen-3ya.example.com.", True),
        ("https://" + "a" * 63 + ".example.com", True),
        ("https://" + "a" * 64 + ".example.com", False),
        ("https://" + "a." * 125 + "example.com", False),
        ("https://my_minio.example.com", False),
        ("https://foo..example.com", False),
        ("https://münchen.example.com", False),
        ("https://a b.example.com", False),
        ("https://-a.example.com", False),
        ("https://a-.example.com", False),
        ("https://ok.example.com;x", False),
        ("https://ok.example.com..", False),
        ("https://2130706433", False),  # 127.0.0.1 as one number
        ("https://", False),
        ("nonsense", False),
    ],
)
def test_the_address_of_a_service_is_judged_by_what_it_says(url: str, fine: bool) -> None:
    assert (public_addresses.endpoint_fault(url) is None) is fine
