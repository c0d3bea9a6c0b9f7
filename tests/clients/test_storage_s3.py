"""Storage in a bucket: a real S3 server, and one that refuses, hangs, breaks off or lies."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from audiospective.clients import storage
from audiospective.clients.storage import (
    AwayError,
    Bucket,
    DamagedError,
    Download,
    RefusedError,
    S3Storage,
    StorageError,
    s3_client,
)
from tests.support.processes import free_port
from tests.support.s3 import Trouble, in_front_of, raw_client

DOWNLOAD = Download("plays.csv", "text/csv", 60)


@pytest.fixture
def files(s3_bucket: Bucket) -> S3Storage:
    return S3Storage(s3_bucket)


@pytest.fixture
def trouble(s3_bucket: Bucket) -> Iterator[Trouble]:
    with in_front_of(s3_bucket.endpoint) as one:
        yield one


@pytest.fixture
def troubled(s3_bucket: Bucket, trouble: Trouble) -> S3Storage:
    return S3Storage(replace(s3_bucket, endpoint=trouble.address), seconds=20)


def test_nothing_and_much_come_back(files: S3Storage) -> None:
    much = bytes(range(256)) * 40_000  # more than waits in memory
    assert files.put("empty", b"") == 0
    assert files.put("much", io.BytesIO(much)) == len(much)
    assert files.get("empty") == b""
    assert files.get("much") == much


def test_a_file_is_sent_as_it_stands_and_its_rest_as_a_copy(
    files: S3Storage, monkeypatch, tmp_path
) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 4_000)
    with path.open("rb") as content:
        content.seek(1_000_000)
        assert files.put("rest", content) == 24_000
    assert files.get("rest") == path.read_bytes()[1_000_000:]
    monkeypatch.setattr("audiospective.clients.storage.s3.SpooledTemporaryFile", None)
    with path.open("rb") as content:
        assert files.put("whole", content) == 1_024_000
    assert files.get("whole") == path.read_bytes()


def test_a_file_of_which_a_part_was_sent_is_sent_again_from_its_beginning(
    troubled: S3Storage, trouble: Trouble, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 10_000)
    trouble.status, trouble.code, trouble.times = 500, "InternalError", 1
    with path.open("rb") as content:
        troubled.put("again", content)
    trouble.heal()
    assert troubled.get("again") == path.read_bytes()


def test_a_service_that_takes_a_file_piece_by_piece_for_ever_is_given_up(
    files: S3Storage, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    path = tmp_path / "file"
    path.write_bytes(bytes(2_000_000))
    seconds = [0.0]
    monkeypatch.setattr("audiospective.clock.monotonic", lambda: seconds[0])

    class Slowly(io.FileIO):
        """The next piece is wanted ten seconds after the one before."""

        sent = -1  # is it being read for its checksum

        def seek(self, *at: int) -> int:
            self.sent = max(self.sent, 0)
            return super().seek(*at)

        def read(self, size: int | None = -1, /) -> bytes:
            if self.sent >= 0:
                self.sent += 1
                seconds[0] += 10
            return super().read(-1 if size is None else size) or b""

    with Slowly(path) as content, pytest.raises(AwayError):
        files.put("slow", content)
    assert content.sent < 40  # of 123 pieces
    assert files.size("slow") is None


def test_a_listing_names_everything_below_a_path_over_many_pages(
    files: S3Storage, s3_bucket: Bucket, monkeypatch
) -> None:
    monkeypatch.setattr("audiospective.clients.storage.s3.PAGE", 2)
    for number in range(5):
        files.put(f"many/{number}", b"x")
    raw_client(s3_bucket.endpoint).put_object(Bucket="archive", Key="other/many/a", Body=b"x")
    files.put("many2/a", b"x")
    found = list(files.list("many"))
    assert [one.key for one in found] == [f"many/{number}" for number in range(5)]
    assert {one.size for one in found} == {1}
    assert found[0].modified_at.tzinfo is not None


def test_keys_stay_below_the_prefix(files: S3Storage, s3_bucket: Bucket) -> None:
    files.put("imports/a", b"x")
    listing = raw_client(s3_bucket.endpoint).list_objects_v2(Bucket="archive")
    assert [one["Key"] for one in listing["Contents"]] == ["one/instance/imports/a"]


def test_a_signed_link_gives_the_file_as_an_attachment_and_nothing_else(files: S3Storage) -> None:
    files.put("exports/1/plays.csv", b"a,b\n")
    link = files.link("exports/1/plays.csv", DOWNLOAD)
    assert link is not None
    answer = requests.get(link, timeout=60)
    assert answer.content == b"a,b\n"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="plays.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "test-secret" not in link
    assert "X-Amz-Expires=60" in link


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, "InternalError", AwayError),
        (503, "SlowDown", AwayError),
        (403, "AccessDenied", RefusedError),
        (404, "NoSuchBucket", RefusedError),
    ],
)
def test_what_the_service_answers_has_a_kind(
    troubled: S3Storage, trouble: Trouble, monkeypatch, status: int, code: str, error: type
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    troubled.put("a", b"x")
    trouble.status, trouble.code = status, code
    for act in (
        lambda: troubled.put("a", b"y"),
        lambda: troubled.get("a"),
        lambda: troubled.delete("a"),
        lambda: list(troubled.list("a")),
    ):
        with pytest.raises(error) as told:
            act()
        assert code in str(told.value)
    trouble.heal()
    assert troubled.get("a") == b"x"


def test_a_passing_fault_is_tried_again_but_not_for_ever(
    troubled: S3Storage, trouble: Trouble, monkeypatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    trouble.status, trouble.times = 503, 2
    assert troubled.put("a", b"x") == 1
    assert len(trouble.seen) == 3
    trouble.status, trouble.times = 503, None
    with pytest.raises(AwayError):
        troubled.put("a", b"x")
    assert len(trouble.seen) == 6


def test_other_bytes_than_were_put_are_no_answer(troubled: S3Storage, trouble: Trouble) -> None:
    troubled.put("a", b"what was put")
    trouble.garble = True
    with pytest.raises(DamagedError):
        troubled.get("a")
    with troubled.open("a") as stream, pytest.raises(DamagedError):
        stream.read()


def test_an_answer_that_breaks_off_is_no_answer(troubled: S3Storage, trouble: Trouble) -> None:
    troubled.put("a", b"what was put")
    trouble.cut = True
    with pytest.raises(AwayError):
        troubled.get("a")


def test_a_service_that_drips_is_given_up(s3_bucket: Bucket, trouble: Trouble) -> None:
    files = S3Storage(replace(s3_bucket, endpoint=trouble.address), seconds=-2)  # grace is 2.5 s
    S3Storage(s3_bucket).put("a", b"what was put")
    trouble.slow = threading.Event()
    with pytest.raises(AwayError):
        files.get("a")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ("50000000000", DamagedError),
        ("4", DamagedError),
        ("", RefusedError),  # in pieces
        ("-1", RefusedError),
        ("many", RefusedError),
    ],
)
def test_what_a_service_claims_of_a_size_is_not_waited_for(
    troubled: S3Storage, trouble: Trouble, claims: str, error: type
) -> None:
    troubled.put("a", b"abc")
    assert troubled.get("a", most=3) == b"abc"
    trouble.claims = claims
    with pytest.raises(error):
        troubled.get("a", most=3)
    assert len(trouble.seen) == 3


def test_a_members_service_that_talks_without_end_is_refused(
    troubled: S3Storage, trouble: Trouble, monkeypatch
) -> None:
    plain = s3_client._Http.__init__

    def bounded(self: s3_client._Http, *, outside: bool) -> None:  # loopback has no https
        plain(self, outside=outside)
        self._bounded = True

    monkeypatch.setattr(s3_client._Http, "__init__", bounded)
    much = bytes(2 * s3_client.MOST_SAID)
    assert troubled.put("a", much) == len(much)
    assert troubled.get("a") == much  # a stored file may be long
    trouble.talks = s3_client.MOST_SAID + 1
    for status in (None, 403):
        trouble.status = status
        with pytest.raises(RefusedError, match="without an end"):
            troubled.put("a", b"x")
    with pytest.raises(RefusedError, match="without an end"):
        troubled.get("a")
    trouble.talks = 0
    with pytest.raises(RefusedError, match="403 InternalError"):
        troubled.get("a")


@pytest.mark.parametrize("host", ["my_minio.example.com", "a b.example.com", "-a.example.com"])
def test_an_address_that_the_library_refuses_is_refused(s3_bucket: Bucket, host: str) -> None:
    files = S3Storage(replace(s3_bucket, endpoint=f"https://{host}"))
    with pytest.raises(RefusedError):
        files.put("a", b"x")


def test_a_service_that_is_not_there_is_away(s3_bucket: Bucket, monkeypatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    gone = S3Storage(replace(s3_bucket, endpoint=f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(AwayError) as told:
        gone.get("a")
    assert "test-secret" not in repr(told.value) + repr(gone.bucket)


def test_a_bucket_that_is_not_there_is_refused(s3_bucket: Bucket) -> None:
    with pytest.raises(RefusedError, match="NoSuchBucket"):
        S3Storage(replace(s3_bucket, name="another")).put("a", b"x")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(troubled: S3Storage, trouble: Trouble, status: int) -> None:
    with in_front_of(trouble.behind) as elsewhere:
        trouble.status, trouble.code = status, "PermanentRedirect"
        trouble.location = f"{elsewhere.address}/archive/one/instance/a"
        with pytest.raises(StorageError):
            troubled.get("a")
        assert elsewhere.seen == []


def test_nothing_that_the_machine_has_for_other_programs_counts(
    s3_bucket: Bucket, monkeypatch, tmp_path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = xx-nowhere-1\nendpoint_url = http://127.0.0.1:1\n")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "else",
        "AWS_SESSION_TOKEN": "token",
        "AWS_PROFILE": "missing",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_MAX_ATTEMPTS": "50",
    }.items():
        monkeypatch.setenv(name, value)
    files = S3Storage(s3_bucket)
    files.put("a", b"x")
    link = files.link("a", DOWNLOAD)
    assert link is not None
    assert "X-Amz-Credential=test-key%2F" in link
    assert "us-east-1" in link
    assert "token" not in link


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_members_service_cannot_lead_inside(s3_bucket: Bucket, monkeypatch, address: str) -> None:
    """The name is looked up and looked at again with every connection."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    asked = []

    def lookup(host: str, port: int, **_: object) -> list[tuple]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr("socket.getaddrinfo", lookup)
    inside = S3Storage(replace(s3_bucket, endpoint="https://s3.example.com", outside=True))
    with pytest.raises(AwayError):
        inside.put("a", b"x")
    assert asked == ["s3.example.com"] * 3


def test_a_members_service_is_asked_over_https_only(s3_bucket: Bucket, monkeypatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    with pytest.raises(AwayError):
        S3Storage(replace(s3_bucket, outside=True)).put("a", b"x")


def test_a_member_service_is_spoken_to_at_the_address_that_was_looked_at(
    s3_bucket: Bucket, monkeypatch
) -> None:
    """A name that means another address a moment later gains nothing."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    reached = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> None:
        reached.append(address)
        raise ConnectionRefusedError

    def lookup(host: str, port: int, **_: object) -> list[tuple]:
        return [(2, 1, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr("socket.getaddrinfo", lookup)
    monkeypatch.setattr("urllib3.connection.connection.create_connection", connect)
    away = S3Storage(replace(s3_bucket, endpoint="https://s3.example.com", outside=True))
    with pytest.raises(AwayError):
        away.put("a", b"x")
    assert reached == [("93.184.215.14", 443)] * 3


def test_the_address_says_which_bucket() -> None:
    built = storage.build("s3://archive/a/b", key_id="k", secret="s", endpoint="https://s3.example")
    assert isinstance(built, S3Storage)
    assert built.bucket == Bucket("archive", "k", "s", "a/b", "https://s3.example")
