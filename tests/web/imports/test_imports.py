"""The import pages: sending, looking, agreeing, taking back; and that nobody else can."""

from __future__ import annotations

import csv
import errno
import io
import re
import shutil
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audiospective import clock, history
from audiospective.clients.storage import AwayError
from audiospective.imports import import_job, rounds
from audiospective.imports.findings import Findings
from audiospective.models import User
from audiospective.models.imports import CANCELLED, DONE, REVIEW, UNDONE, Import, ImportFile
from audiospective.policy import import_limits
from audiospective.policy.sessions import FRESH
from audiospective.web import sent_files
from audiospective.web.imports import answering, sending
from audiospective.web.throttle import Limit
from tests.factories import make_user
from tests.imports.importing import lastfm_file, month, spotify_file, without_processes
from tests.imports.reading_files import zipped
from tests.imports.sources import test_servers
from tests.web.conftest import MakeSite, Site, Visitor


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    without_processes(monkeypatch)


@pytest.fixture
def alice(site: Site) -> User:
    return make_user("alice")


@pytest.fixture
def browser(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def send(browser: Visitor, action: str, **values: Any) -> Any:
    inputs = browser.page("/imports").all("input")
    token = next(one for one in inputs if one.attributes["name"] == "csrf_token")
    fields = {"csrf_token": token.attributes["value"], **values}
    return browser.post(action, data=fields, headers={"Referer": "http://127.0.0.1/"})


def brought(site: Site, browser: Visitor, *rows: dict[str, Any]) -> Import:
    ((name, data),) = spotify_file(*(rows or month())).items()
    answer = send(browser, "/imports", files=(io.BytesIO(data), name))
    assert answer.status_code == 303, answer.text
    row = Import.select().order_by(Import.id.desc()).get()
    assert answer.headers["Location"] == f"/imports/{row.id}"
    return worked(site, row)


def worked(site: Site, row: Import) -> Import:
    import_job.work(site.services, row.id)
    found: Import = Import.get_by_id(row.id)
    return found


def test_at_the_sandbox_the_page_says_of_whom_it_has_a_file(make_site: MakeSite) -> None:
    page = (
        make_site(spotify_api_url="http://127.0.0.1:9999/v1").member(make_user()).page("/imports")
    )
    assert "of each listener who has let this app in" in " ".join(page.text.split())


def test_files_are_sent_looked_at_added_and_taken_back(
    site: Site, browser: Visitor, alice: User
) -> None:
    row = brought(site, browser, *month(), {"ts": "never", "ms_played": 3})
    assert row.status == REVIEW
    page = browser.get(f"/imports/{row.id}").text
    assert "Add 56 plays" in page
    assert "difference 0" in page
    assert history.total(alice.id) == 0
    rejected = browser.get(f"/imports/{row.id}/rejected.csv")
    assert rejected.text.count("\n") == 2
    send(browser, f"/imports/{row.id}/agree")
    row = worked(site, row)
    assert (row.status, history.total(alice.id)) == (DONE, 56)
    page = browser.get(f"/imports/{row.id}").text
    assert "Take this import back" in page
    assert ("Your archive afterwards" in page, "plays your archive did not have" in page) == (
        True,
        True,
    )
    send(browser, f"/imports/{row.id}/undo")
    assert (worked(site, row).status, history.total(alice.id)) == (UNDONE, 0)
    page = browser.get(f"/imports/{row.id}").text
    assert "What it had added is out of your archive again" in page
    assert "Your archive now" not in page  # an archive of the time of the review
    assert "does not have yet" not in page


def test_tables_that_storage_does_not_give_now_are_to_be_asked_for_later(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = brought(site, browser, *month(range(1, 3)))

    def away(key: str) -> None:
        raise AwayError("away")

    monkeypatch.setattr(site.services.storage, "open", away)
    answer = browser.get(f"/imports/{row.id}/rejected.csv")
    assert answer.status_code == 503
    assert "Try again in a few minutes" in answer.text


def test_choices_are_worked_out_again(site: Site, browser: Visitor) -> None:
    private = [{**one, "incognito_mode": True} for one in month(range(1, 3))]
    row = brought(site, browser, *month(range(3, 5)), *private)
    assert "Add 4 plays" in browser.get(f"/imports/{row.id}").text
    send(browser, f"/imports/{row.id}/choices", private="on", podcasts="on", audiobooks="on")
    assert worked(site, row).status == REVIEW
    assert "Add 8 plays" in browser.get(f"/imports/{row.id}").text


@pytest.mark.usefixtures("frozen")  # else a window of the limit may end meanwhile
def test_choices_that_change_without_end_occupy_no_worker(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "CHANGES", Limit("import choices", 1, 86_400))
    row = brought(site, browser)
    send(browser, f"/imports/{row.id}/choices", private="on")
    assert worked(site, row).status == REVIEW
    send(browser, f"/imports/{row.id}/choices")
    assert Import.get_by_id(row.id).status == REVIEW
    assert "very often today" in browser.get(f"/imports/{row.id}").text


def test_a_state_that_only_a_newer_release_knows_is_said_to_be_unknown(
    browser: Visitor, alice: User
) -> None:
    now = clock.now()
    row = Import.create(user=alice, status="of_tomorrow", created_at=now, changed_at=now)
    for path in ("/imports", f"/imports/{row.id}"):
        assert "Unknown to this release" in browser.page(path).text


def test_where_nothing_could_be_read_other_files_can_be_chosen(
    site: Site, browser: Visitor
) -> None:
    row = table(site, browser, "")
    page = browser.page(f"/imports/{row.id}")
    assert page.one("h1").text.strip() == "Nothing was added"
    assert page.one("a", href="/imports#send").text == "Choose other files"


def test_what_is_discarded_leaves_nothing(site: Site, browser: Visitor) -> None:
    row = brought(site, browser)
    send(browser, f"/imports/{row.id}/discard")
    assert Import.get_by_id(row.id).status == CANCELLED
    assert not list(site.services.storage.list("imports"))


def test_what_storage_does_not_delete_now_is_deleted_by_a_round(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = brought(site, browser, *month(range(1, 3)))

    def away(key: str) -> None:
        raise AwayError("away")

    with monkeypatch.context() as patch:
        patch.setattr(site.services.storage, "delete", away)
        assert send(browser, f"/imports/{row.id}/discard").status_code == 303
    assert Import.get_by_id(row.id).status == CANCELLED
    rounds.tidy(site.services)
    assert not list(site.services.storage.list("imports"))


def test_sending_needs_a_fresh_sign_in(frozen: Any, site: Site) -> None:
    browser = site.member(make_user("alice"))
    assert browser.get("/imports/new").headers["Location"].startswith("/imports")
    frozen.forward(seconds=FRESH.total_seconds() + 1)
    assert "/sign-in" in browser.get("/imports/new").headers["Location"]
    assert "Confirm and choose files" in browser.get("/imports").text


def test_nobody_else_sees_or_moves_an_import(site: Site, browser: Visitor) -> None:
    row = brought(site, browser)
    bob = site.member(make_user("bob"))
    for path in ("", "/rejected.csv"):
        assert bob.get(f"/imports/{row.id}{path}").status_code == 404
    for action in ("agree", "discard", "undo", "choices"):
        assert send(bob, f"/imports/{row.id}/{action}").status_code == 404
    assert Import.get_by_id(row.id).status == REVIEW


def table(site: Site, browser: Visitor, text: str) -> Import:
    answer = send(browser, "/imports", files=(io.BytesIO(text.encode()), "plays.csv"))
    assert answer.status_code == 303, answer.text
    return worked(site, Import.select().order_by(Import.id.desc()).get())


def shown(browser: Visitor, row: Import) -> str:
    browser.page(f"/imports/{row.id}")  # its markup is as it should be
    return str(browser.get(f"/imports/{row.id}").text)


def test_columns_that_nobody_can_guess_are_asked_for_and_then_read(
    site: Site, browser: Visitor, alice: User
) -> None:
    row = table(site, browser, "when;what;who\n2024-02-03T10:00:00Z;Tide;Ann\n")
    assert (row.status, row.rows) == (REVIEW, 0)
    page = shown(browser, row)
    assert "Which columns are the time and the title?" in page
    assert "Add " not in page.partition("Discard this import")[0]
    assert "2024-02-03T10:00:00Z" in page
    send(browser, f"/imports/{row.id}/agree")
    assert Import.get_by_id(row.id).status == REVIEW
    named = {"started_at-0": "when", "title-0": "what", "artist-0": "who", "ends-0": "yes"}
    send(browser, f"/imports/{row.id}/answers", **named)
    assert worked(site, row).rows == 1
    page = shown(browser, row)
    assert "Add 1 play" in page
    send(browser, f"/imports/{row.id}/answers", **named, **{"album-0": "no such column"})
    worked(site, row)
    send(browser, f"/imports/{row.id}/agree")
    worked(site, row)
    (play,) = history.recent(alice.id, 1)
    assert (play.title, str(play.played_at)) == ("Tide", "2024-02-03 10:00:00+00:00")
    assert not list(site.services.storage.list(f"imports/{alice.id}/{row.id}/file-0"))


def test_day_or_month_and_the_zone_are_asked_for(site: Site, browser: Visitor, alice: User) -> None:
    row = table(site, browser, "date,track,artist\n03/04/2024 10:00,Tide,Ann\n")
    page = shown(browser, row)
    assert "written with the day or with the month first" in page
    send(browser, f"/imports/{row.id}/answers", day_first="month")
    worked(site, row)
    assert "Answer what is asked first" in shown(browser, row)
    answers = {"day_first": "month", "zone": "Europe/Berlin"}
    send(browser, f"/imports/{row.id}/answers", **answers)
    worked(site, row)
    send(browser, f"/imports/{row.id}/agree")
    worked(site, row)
    (play,) = history.recent(alice.id, 1)
    assert play.played_at.strftime("%Y-%m-%d %H:%M") in ("2024-03-04 09:00", "2024-03-04 09:03")


def test_a_wrong_clock_is_asked_about_and_moved(site: Site, browser: Visitor, alice: User) -> None:
    row = brought(site, browser)
    send(browser, f"/imports/{row.id}/agree")
    worked(site, row)
    start = int(datetime(2025, 3, 1, 22, 0, tzinfo=UTC).timestamp())
    plays = [(start + day * 86_400 + more, (day + 1) % 5 + 1) for day in range(28)
             for more in (0, 180)]  # fmt: skip
    ((name, data),) = lastfm_file(*plays).items()
    send(browser, "/imports", files=(io.BytesIO(data), name))
    row = worked(site, Import.select().order_by(Import.id.desc()).get())
    page = shown(browser, row)
    assert "taken as 2 hours earlier" in page
    assert "Answer what is asked first" in page
    send(browser, f"/imports/{row.id}/choices", **{"clock-lastfm": "move"})
    worked(site, row)
    page = shown(browser, row)
    assert "Add 0 plays" in page
    send(browser, f"/imports/{row.id}/agree")
    assert worked(site, row).matched == 56
    assert history.total(alice.id) == 56


def test_another_user_name_is_asked_about(site: Site, browser: Visitor, alice: User) -> None:
    row = brought(site, browser, *[{**one, "username": "somebody"} for one in month()])
    page = shown(browser, row)
    assert "1 file carries another user name" in page
    assert "somebody" not in page
    send(browser, f"/imports/{row.id}/choices", others="no")
    worked(site, row)
    assert "Add 0 plays" in shown(browser, row)


def test_whose_plays_are_meant_is_asked(site: Site, browser: Visitor, tmp_path: Path) -> None:
    rows = test_servers.scrobbles(("m", "1", 1_700_000_000), ("m", "2", 1_700_000_300))
    content = test_servers.database(tmp_path, rows)
    send(browser, "/imports", files=(io.BytesIO(content), "navidrome.db"))
    row = worked(site, Import.get())
    assert "Whose plays do you want to import?" in shown(browser, row)
    found = Findings.loads(row.findings)
    (person, _) = found.files[0].questions[0]["choices"]
    send(browser, f"/imports/{row.id}/answers", person=person)
    worked(site, row)
    assert "Add 1 play" in shown(browser, row)


def test_the_report_adds_up_and_no_cell_is_a_formula(site: Site, browser: Visitor) -> None:
    bad = {"ts": "never", "master_metadata_track_name": "=1+1"}
    row = brought(site, browser, *month(), bad)
    report = list(csv.reader(io.StringIO(browser.get(f"/imports/{row.id}/report.csv").text)))
    rows = {tuple(line[2:4]): int(line[4]) for line in report[1:]}
    assert rows["all", ""] == 57 == sum(rows.values()) - rows["all", ""]
    rejected = browser.get(f"/imports/{row.id}/rejected.csv").text
    for text in (rejected, "\n".join(",".join(line) for line in report)):
        assert not re.search(r"(?m)(^|,)\"?[=+@-]", text)


@pytest.mark.parametrize("name", ["=1+1.zip", "＝1.zip"])
def test_no_name_in_the_report_is_a_formula(site: Site, browser: Visitor, name: str) -> None:
    content = zipped(spotify_file(*month()))
    send(browser, "/imports", files=(io.BytesIO(content), name))
    row = worked(site, Import.get())
    report = browser.get(f"/imports/{row.id}/report.csv").text
    names = {line[0] for line in csv.reader(io.StringIO(report))}
    assert names == {"file", f"'{name}/endsong_0.json"}


def test_an_archive_without_plays_is_told_as_one(site: Site, browser: Visitor) -> None:
    empty = b'{"format":"audiospective","version":1,"owner":"A","count":0,"plays":[\n]}\n'
    send(browser, "/imports", files=(io.BytesIO(empty), "plays.json"))
    text = shown(browser, worked(site, Import.get()))
    assert "There is not one play in these files." in text
    assert "not known" not in text


def pieces(browser: Visitor, name: str, size: int, stamp: str = "s") -> Any:
    return post(browser, "/imports/uploads", {"name": name, "size": str(size), "stamp": stamp})


def post(browser: Visitor, address: str, data: Any) -> Any:
    inputs = browser.page("/imports").all("input")
    token = next(one for one in inputs if one.attributes["name"] == "csrf_token")
    headers = {"X-CSRFToken": token.attributes["value"], "Referer": "http://127.0.0.1/"}
    return browser.post(address, data=data, headers=headers)


def test_pieces_arrive_once_each_and_in_order(site: Site, browser: Visitor, alice: User) -> None:
    ((name, data),) = spotify_file(*month()).items()
    told = pieces(browser, name, len(data)).get_json()
    where = told["files"][0]["url"]
    assert post(browser, told["arrived"], {}).status_code == 409
    assert post(browser, f"{where}?offset=5", data).get_json() == {"received": 0}
    assert post(browser, f"{where}?offset=0", data[:-1]).status_code == 422
    for _ in range(2):
        assert post(browser, f"{where}?offset=0", data).get_json() == {"received": len(data)}
    assert pieces(browser, name, len(data)).get_json()["files"][0]["received"] == len(data)
    assert pieces(browser, name, len(data), "other").get_json()["files"][0]["received"] == 0
    bob = site.member(make_user("bob"))
    assert post(bob, f"{where}?offset=0", data).status_code == 404
    assert post(bob, told["arrived"], {}).status_code == 404
    assert post(browser, told["arrived"], {}).get_json()["url"] == "/imports/1"
    assert post(browser, f"{where}?offset={len(data)}", b"x").status_code == 409
    assert worked(site, Import.get_by_id(1)).status == REVIEW


def disk_left(patch: pytest.MonkeyPatch, free: int) -> None:
    patch.setattr(shutil, "disk_usage", lambda _: (100 << 30, 0, free))


def test_uploads_leave_room_on_the_disk_for_the_plays_of_all(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((name, data),) = spotify_file(*month()).items()
    where = f"{pieces(browser, name, len(data)).get_json()['files'][0]['url']}?offset=0"
    with monkeypatch.context() as patch:
        disk_left(patch, 100 << 20)
        answer = post(browser, where, data)
        assert (answer.status_code, "did not take the file" in answer.text) == (503, True)
        answer = pieces(browser, "another", 1)
        assert (answer.status_code, answer.text) == (422, sending.NO_ROOM)
    assert not list(site.services.storage.list("imports"))
    assert Import.select().count() == 1
    assert post(browser, where, data).get_json() == {"received": len(data)}


def test_what_is_announced_needs_room_for_all_that_becomes_of_it(
    browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_files, "SMALL", 1_000)
    disk_left(monkeypatch, (256 << 20) + 1_000_000)
    assert pieces(browser, "a", 600_000).status_code == 422
    assert pieces(browser, "b", 400_000).status_code == 200
    send(browser, "/imports", files=(io.BytesIO(bytes(300_000)), "c"))
    assert sending.AWAY in browser.get("/imports").text
    assert Import.select().count() == 1


@pytest.mark.parametrize("where", ["SpooledTemporaryFile", "copyfileobj"])
def test_a_form_that_fills_the_disk_is_told_so_and_leaves_nothing(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile if where[0] == "S" else shutil, where, full)
        ((name, data),) = spotify_file(*month()).items()
        answer = send(browser, "/imports", files=(io.BytesIO(data), name))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/imports")
    assert sending.AWAY in browser.get("/imports").text
    assert not Import.select().exists()
    assert not list((site.services.settings.home / "scratch").iterdir())


def test_what_has_arrived_is_read_and_added_also_where_no_more_is_taken(
    site: Site, browser: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = brought(site, browser)
    disk_left(monkeypatch, 100 << 20)
    assert worked(site, row).status == REVIEW
    send(browser, f"/imports/{row.id}/agree")
    assert worked(site, row).status == DONE


@pytest.mark.parametrize("bad", [{"size": "x"}, {"size": "-1"}, {"name": ["a", "b"]}])
def test_an_announcement_that_makes_no_sense_is_refused(browser: Visitor, bad: Any) -> None:
    told = {"name": "a", "size": "1", "stamp": "s", **bad}
    assert post(browser, "/imports/uploads", told).status_code == 400
    assert not Import.select().exists()


def test_a_stamp_holds_nothing_that_a_database_refuses(browser: Visitor) -> None:
    told = {"name": "a\0b", "size": "1", "stamp": "s\0s"}
    assert post(browser, "/imports/uploads", told).status_code == 200
    file = ImportFile.get()
    assert (file.name, file.stamp) == ("ab", "ss")


def test_more_than_a_member_may_have_open_or_keep_is_refused(
    site: Site, browser: Visitor, alice: User
) -> None:
    for number in range(import_limits.OPEN_IMPORTS):
        assert pieces(browser, f"{number}.json", 5).status_code == 200
    answer = pieces(browser, "more.json", 5)
    assert (answer.status_code, "under way already" in answer.text) == (422, True)
    ((name, data),) = spotify_file(*month()).items()
    answer = send(browser, "/imports", files=(io.BytesIO(data), name))
    assert answer.headers["Location"] == "/imports"
    assert "under way already" in browser.get("/imports").text
    Import.update(status=DONE, kept_bytes=import_limits.KEPT_BYTES + 1).execute()
    answer = pieces(browser, "more.json", 5)
    assert (answer.status_code, "all the room" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("a", import_limits.FILE_BYTES + 1)], "at most 1 GB"),
        ([("a", import_limits.FILE_BYTES)] * 3, "All files together"),
        ([(str(n), 1) for n in range(import_limits.FILES + 1)], "At most 60 files"),
        ([], "No file was chosen"),
    ],
)
def test_sizes_and_numbers_of_files_are_bounded(
    browser: Visitor, files: list[tuple[str, int]], words: str
) -> None:
    told = {
        "name": [name for name, _ in files],
        "size": [str(size) for _, size in files],
        "stamp": ["s"] * len(files),
    }
    answer = post(browser, "/imports/uploads", told)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert not Import.select().exists()


def test_a_hostile_file_is_refused_before_anything_is_kept(site: Site, browser: Visitor) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endsong_0.json", b"[" + b" " * (20 << 20) + b"]")
    answer = send(browser, "/imports", files=(io.BytesIO(packed.getvalue()), "bomb.zip"))
    assert answer.headers["Location"] == "/imports"
    assert "times its size" in browser.get("/imports").text
    assert not list(site.services.storage.list("imports"))
    assert Import.get().status == CANCELLED


def test_a_review_that_waits_is_named_on_the_dashboard(site: Site, browser: Visitor) -> None:
    assert "Import files" in browser.get("/dashboard").text
    row = brought(site, browser)
    page = browser.get("/dashboard").text
    assert f'href="/imports/{row.id}"' in page
    send(browser, f"/imports/{row.id}/agree")
    worked(site, row)
    page = browser.get("/dashboard").text
    assert "Your imported archive is safe" in page
    assert "This week" not in page


def test_pages_say_that_an_import_waits_and_since_when(site: Site, browser: Visitor) -> None:
    row = brought(site, browser)
    send(browser, f"/imports/{row.id}/agree")
    Import.update(error=import_job.STORAGE).execute()
    assert "Waiting for our server" in browser.get("/imports").text
    for address in (f"/imports/{row.id}", f"/ui/imports/{row.id}"):
        page = browser.get(address, headers={"HX-Request": "true"}).text
        assert page.count(import_job.STORAGE) == 1
        assert "Waiting for our server" in page
        assert "It has waited since" not in page
    Import.update(changed_at=clock.now() - timedelta(days=1)).execute()
    for address in (f"/imports/{row.id}", f"/ui/imports/{row.id}"):
        page = browser.get(address, headers={"HX-Request": "true"}).text
        assert page.count("It has waited since") == 1
    worked(site, row)
    page = browser.get("/imports").text + browser.get(f"/imports/{row.id}").text
    assert "Waiting for our server" not in page
    assert import_job.STORAGE not in page
