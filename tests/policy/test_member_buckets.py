"""What is said beside the fields of a bucket that a member names."""

from __future__ import annotations

import pytest

from audiospective.policy.member_buckets import faults

GOOD = {
    "endpoint": "https://account.r2.cloudflarestorage.com",
    "region": "auto",
    "bucket": "my-archive",
    "prefix": "music/plays",
    "key_id": "AKIAEXAMPLE",
    "secret": "abc/def+ghi=",
}


@pytest.mark.parametrize("changed", [{}, {"endpoint": ""}, {"prefix": ""}, {"region": "eu-west-1"}])
def test_what_services_take_is_taken(changed: dict[str, str]) -> None:
    assert faults({**GOOD, **changed}, secret_known=False) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("endpoint", "http://s3.example.com"),
        ("endpoint", "https://127.0.0.1"),
        ("endpoint", "https://169.254.169.254"),
        ("endpoint", "https://10.1.2.3:9000"),
        ("endpoint", "https://[::1]"),
        ("endpoint", "https://localhost"),
        ("endpoint", "https://minio.internal"),
        ("endpoint", "https://user:word@s3.example.com"),
        ("endpoint", "https://s3.example.com/a/path"),
        ("endpoint", "file:///etc/passwd"),
        ("region", ""),
        ("region", "eu west"),
        ("bucket", "AB"),
        ("bucket", "a/b"),
        ("bucket", "../x"),
        ("prefix", "../up"),
        ("prefix", "/root"),
        ("prefix", "a//b"),
        ("key_id", ""),
        ("key_id", "with a blank"),
        ("key_id", "line\r\nbreak"),
        ("secret", ""),
        ("secret", "é" * 10),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(field: str, value: str) -> None:
    assert faults({**GOOD, field: value}, secret_known=False).keys() == {field}


def test_a_secret_that_is_kept_need_not_be_typed_again() -> None:
    assert faults({**GOOD, "secret": ""}, secret_known=True) == {}
