"""The doctor writes a small file to storage, reads it and takes it away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audiospective import clock
from audiospective.clients.storage import Bucket, FileStorage, S3Storage, Storage
from audiospective.imports import storing
from audiospective.models import Import, dialects
from audiospective.operations.doctor import files, forgotten_imports, storage
from tests.factories import make_user
from tests.support.s3 import in_front_of

KIND = pytest.mark.parametrize("kind", ["file", "s3"])


@pytest.fixture
def kept(kind: str, tmp_path, s3_bucket: Bucket) -> Storage:
    return FileStorage(tmp_path / "files") if kind == "file" else S3Storage(s3_bucket)


@KIND
def test_storage_that_works_is_left_as_it_was(services, kept: Storage) -> None:
    kept.put("exports/a", b"x")
    finding = storage.look(replace(services, storage=kept))
    assert finding.state.endswith("can be written and read")
    assert not finding.advice
    assert [one.key for name in ("doctor", "exports") for one in kept.list(name)] == ["exports/a"]


def test_a_folder_that_is_none_is_a_finding(services, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    finding = storage.look(replace(services, storage=FileStorage(tmp_path / "file" / "below")))
    assert "cannot be written" in finding.state
    assert "STORAGE_URL" in finding.advice


@pytest.mark.parametrize(
    ("trouble", "says", "advice"),
    [
        ({"status": 403, "code": "AccessDenied"}, "403 AccessDenied", "keys"),
        ({"status": 404, "code": "NoSuchBucket"}, "NoSuchBucket", "bucket"),
        ({"status": 501, "code": "NotImplemented"}, "501", "Checks go on"),
        ({"garble": True}, "is not what was put", "STORAGE_URL"),
    ],
)
def test_what_is_wrong_is_told(services, s3_bucket: Bucket, trouble, says, advice) -> None:
    with in_front_of(s3_bucket.endpoint) as proxy:
        for name, value in trouble.items():
            setattr(proxy, name, value)
        found = replace(s3_bucket, endpoint=proxy.address)
        finding = storage.look(replace(services, storage=S3Storage(found)))
    assert says in finding.state
    assert advice in finding.advice
    assert "test-secret" not in finding.state + finding.advice


@pytest.mark.parametrize(
    ("change", "says", "serious"),
    [
        ({"host_platform": "Heroku"}, "whose disk is emptied with every deploy", True),
        ({"base_url": "https://archive.example"}, "SQLite under a public address", False),
        ({}, "the archive is in ", True),
    ],
)
def test_an_archive_on_a_disk_that_a_deploy_empties_is_a_finding(
    services, change, says, serious
) -> None:
    finding = files.disk(replace(services, settings=replace(services.settings, **change)))
    if dialects.file():
        assert says in finding.state
        assert (bool(finding.advice), finding.serious) == (bool(change), serious)
    else:
        assert finding.state == "the archive is on a database server"


def test_a_database_from_before_is_told_by_the_files_of_imports_that_it_forgot(services) -> None:
    alice, kept = make_user("alice").id, services.storage
    known = Import.create(user=alice, created_at=clock.now(), changed_at=clock.now())
    kept.put(f"{storing.home(known)}/tracks.parquet", b"x")
    kept.put("imports/9000/5/tracks.parquet", b"x")  # of a member who is being deleted
    kept.put("imports/odd", b"x")
    kept.put(f"imports/{alice}/{10**20}/x", b"x")
    finding = forgotten_imports.look(services)
    assert (finding.state, finding.advice) == ("the database knows all that was brought", "")
    kept.put(f"imports/{alice}/{known.id + 1}/tracks.parquet", b"x")
    finding = forgotten_imports.look(services)
    assert finding.state.endswith(f"of members {alice}")
    assert "import it again" in finding.advice
    assert not finding.serious


def test_where_only_the_first_files_of_imports_were_looked_at_the_doctor_says_so(
    services, monkeypatch
) -> None:
    monkeypatch.setattr(forgotten_imports, "_MOST", 2)
    alice = make_user("alice").id
    known = Import.create(user=alice, created_at=clock.now(), changed_at=clock.now())
    for name in ("a", "b"):
        services.storage.put(f"{storing.home(known)}/{name}", b"x")
    services.storage.put(f"imports/{alice}/{known.id + 1}/a", b"x")
    assert forgotten_imports.look(services).state == "the database knows all of the first 2 files"
    Import.delete().execute()
    state = forgotten_imports.look(services).state
    assert state.endswith(f"of members {alice} (looked at the first 2 files)")
