"""The import pages in a real browser: sending, the review, the report, and the way back."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from audiospective.imports import import_job, uploads
from audiospective.models import User
from audiospective.models.imports import DONE, UNDONE, UPLOADING, WORK, Import
from audiospective.web.imports import sending
from tests.browser import axe
from tests.browser.conftest import House
from tests.factories import make_user
from tests.imports.importing import month, spotify_file, spotify_row, without_processes
from tests.imports.reading_files import as_json, read, zipped
from tests.imports.samples import SAMPLES, ZIPPED
from tests.support.browser import Gate, OpenPage
from tests.support.processes import until

SHOTS = os.environ.get("SHOTS")  # a folder; then pictures of every step are left there


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    without_processes(monkeypatch)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files go in pieces of 64 KB."""
    monkeypatch.setattr(sending, "CHUNK_BYTES", 1 << 16)
    monkeypatch.setattr(uploads.limits, "CHUNK_BYTES", 1 << 16)


def opened(house: House, open_page: OpenPage, user: User, *modes: str) -> Page:
    page = open_page(*modes, reduced_motion="reduce")
    page.context.add_cookies([house.cookie(user)])  # type: ignore[list-item]
    page.goto(f"{house.url}/imports")
    return page


def worked(house: House) -> Import:
    with house.services.database.connection_context():
        until(lambda: Import.get().status in WORK, "the pressed button has arrived")
        import_job.work(house.services, Import.get().id)
        found: Import = Import.get()
        return found


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def kept(house: House) -> bytes:
    """The bytes of all files that storage holds, in order."""
    storage = house.services.storage
    return b"".join(storage.get(one.key) for one in storage.list("imports"))


def brought(folder: Path, rows: list[dict[str, Any]], name: str = "endsong_0.json") -> Path:
    path = folder / name
    path.write_bytes(as_json(rows))
    return path


@pytest.mark.parametrize("style", ["narrow", "no-js", *(("light", "dark") if SHOTS else ())])
def test_the_whole_way_by_keyboard(
    house: House, open_page: OpenPage, tmp_path: Path, style: str
) -> None:
    page = opened(house, open_page, make_user("alice"), style)
    with_script = style != "no-js"
    picture(page, f"start-{style}")
    private = spotify_row("2025-03-05T13:00:00Z", incognito_mode=True)
    older = [spotify_row(f"{year}-06-05T1{hour}:00:00Z") for year in (2019, 2023) for hour in "012"]
    file = brought(tmp_path, [*older, *month(), private, {"ts": "never"}])  # type: ignore[list-item]
    page.get_by_label("Files (one import)").set_input_files(file)
    picture(page, f"chosen-{style}")
    page.get_by_role("button", name="Upload and review").press("Enter")
    page.wait_for_url("**/imports/*")
    assert b"203.0.113.7" not in kept(house)
    if with_script:
        page.get_by_text("Reading your files").first.wait_for()
    picture(page, f"reading-{style}")
    worked(house)
    if not with_script:
        page.reload()
    page.get_by_role("heading", name="62 plays to add").wait_for()
    picture(page, f"review-{style}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Add 1 play of private sessions").press("Space")
    page.get_by_role("button", name="Work it out again").press("Enter")
    page.wait_for_load_state()
    worked(house)
    if not with_script:
        page.reload()
    page.get_by_role("button", name="Add 63 plays").press("Enter")
    page.wait_for_load_state()
    picture(page, f"adding-{style}")
    assert worked(house).status == DONE
    if not with_script:
        page.reload()
    page.get_by_role("heading", name="63 plays added").wait_for()
    picture(page, f"done-{style}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as report:
        page.get_by_role("link", name="Download this report").press("Enter")
    assert "all,,64" in Path(report.value.path()).read_text()
    page.get_by_role("button", name="Take this import back").press("Enter")
    page.wait_for_load_state()
    assert worked(house).status == UNDONE


@pytest.mark.parametrize("address", ["/imports", "/imports/1"])
def test_no_violation_on_the_pages(
    house: House, open_page: OpenPage, tmp_path: Path, address: str
) -> None:
    page = opened(house, open_page, make_user("alice"))
    table = tmp_path / "plays.csv"
    table.write_text("when,what,who\n03/04/2024 10:11,Tide,Ann\n05/06/2024 11:12,Reed,Bo\n")
    page.get_by_label("Files (one import)").set_input_files(table)
    page.get_by_role("button", name="Upload and review").click()
    page.wait_for_url("**/imports/*")
    worked(house)
    page.goto(f"{house.url}{address}")
    for media in ("light", "dark"):
        page.emulate_media(color_scheme=media, reduced_motion="reduce")  # type: ignore[arg-type]
        assert axe.violations(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.usefixtures("small_pieces")
def test_a_dropped_line_costs_one_piece(
    house: House, open_page: OpenPage, gate: Gate, tmp_path: Path
) -> None:
    gate.allow("net::ERR_FAILED")
    page = opened(house, open_page, make_user("alice"))
    rows = [spotify_row("2025-03-05T13:00:00Z", song=song) for song in range(400)]
    file = brought(tmp_path, rows)
    asked: list[str] = []

    def line(route: Route) -> None:
        asked.append(route.request.url.rpartition("=")[2])
        if len(asked) == 2:
            route.abort("failed")
        else:
            route.continue_()

    page.route("**/files/*", line)
    page.get_by_label("Files (one import)").set_input_files(file)
    page.get_by_role("button", name="Upload and review").click()
    page.wait_for_url("**/imports/*")
    assert asked[:3] == ["0", "65536", "65536"]
    assert len(set(asked)) == len(asked) - 1
    assert read({"a.json": kept(house)}).plays == read({"a.json": file.read_bytes()}).plays


@pytest.mark.usefixtures("small_pieces")
def test_sending_goes_on_after_the_page_was_closed(
    house: House, open_page: OpenPage, gate: Gate, tmp_path: Path
) -> None:
    gate.allow("net::ERR_FAILED")
    page = opened(house, open_page, make_user("alice"))
    rows = [spotify_row("2025-03-05T13:00:00Z", song=song) for song in range(400)]
    file = brought(tmp_path, rows)
    page.route(
        "**/files/*",
        lambda route: route.continue_() if route.request.url.endswith("=0") else route.abort(),
    )
    page.get_by_label("Files (one import)").set_input_files(file)
    page.get_by_role("button", name="Upload and review").click()
    page.get_by_text("The line dropped").first.wait_for()
    assert Import.get().status == UPLOADING
    page.close(run_before_unload=False)
    page = page.context.new_page()
    page.goto(f"{house.url}/imports")
    page.get_by_text("has not arrived in full").wait_for()
    picture(page, "unfinished")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Files (one import)").set_input_files(file)
    page.get_by_role("button", name="Upload and review").click()
    page.wait_for_url("**/imports/1")
    pieces = [url.rpartition("=")[2] for url in asked if "/files/" in url]
    assert pieces[0] == "65536"
    assert read({"a.json": kept(house)}).plays == read({"a.json": file.read_bytes()}).plays


def test_stopping_leaves_nothing(house: House, open_page: OpenPage, tmp_path: Path) -> None:
    page = opened(house, open_page, make_user("alice"))
    page.route("**/files/*", lambda _route: None)  # an answer that never comes
    page.get_by_label("Files (one import)").set_input_files(brought(tmp_path, month()))
    with page.expect_request("**/files/*"):
        page.get_by_role("button", name="Upload and review").click()
    with page.expect_request("**/discard"):
        page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped. Nothing was kept.").wait_for(state="attached")
    assert not kept(house)


def test_files_are_dropped_on_the_page(house: House, open_page: OpenPage) -> None:
    page = opened(house, open_page, make_user("alice"))
    content = spotify_file(*month())["endsong_0.json"].decode()
    page.evaluate(
        """content => {
          const held = new DataTransfer();
          held.items.add(new File([content], "endsong_0.json"));
          for (const name of ["dragenter", "dragover", "drop"]) {
            const how = { dataTransfer: held, bubbles: true, cancelable: true };
            document.querySelector("#send").dispatchEvent(new DragEvent(name, how));
          }
        }""",
        content,
    )
    page.get_by_text("endsong_0.json").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Upload and review"
    page.keyboard.press("Enter")
    page.wait_for_url("**/imports/*")
    worked(house)
    page.get_by_role("heading", name="56 plays to add").wait_for()


STRIPPED = """async ({url, fflate, rules, name, bytes}) => {
  const worker = new Worker(url);
  const file = new File([new Uint8Array(bytes)], name);
  return await new Promise(resolve => {
    worker.onmessage = async ({ data }) => {
      if (data.failed) resolve(data.failed);
      if (data.blobs) resolve([...new Uint8Array(await data.blobs[0].arrayBuffer())]);
    };
    worker.postMessage({ files: [file], rules, fflate: new URL(fflate, location.href).href });
  });
}"""


def stripped(page: Page, name: str, content: bytes) -> Any:
    """What the browser makes of a file: its bytes, or why it leaves that to the server."""
    told = page.evaluate(
        "() => { const d = document.querySelector('form[data-upload]').dataset;"
        " return {url: d.worker, fflate: d.fflate, rules: JSON.parse(d.rules)}; }"
    )
    answer = page.evaluate(STRIPPED, {**told, "name": name, "bytes": [*content]})
    return answer if isinstance(answer, str) else bytes(answer)


def test_the_browser_strips_every_kind_of_file_and_loses_no_row(
    house: House, open_page: OpenPage
) -> None:
    page = opened(house, open_page, make_user("alice", spotify_id="alice"))
    left_to_the_server = []
    for sample in SAMPLES:
        for files in (SAMPLES[sample], ZIPPED[sample]):
            sent = {}
            for name, content in files.items():
                answer = stripped(page, name, content)
                if isinstance(answer, str):
                    left_to_the_server.append(sample)
                    answer = content
                sent[name] = answer
            before, after = read(files), read(sent)
            assert after.plays == before.plays, sample
            assert after.skipped == before.skipped, sample
            assert [(one.row, one.reason) for one in after.rejected] == [
                (one.row, one.reason) for one in before.rejected
            ], sample
            if sample not in left_to_the_server:
                assert b"203.0.113.7" not in all_of(b"".join(sent.values())), sample
    assert set(left_to_the_server) == {"navidrome"}


def test_what_the_browser_takes_out_and_what_it_leaves_to_the_server(
    house: House, open_page: OpenPage
) -> None:
    page = opened(house, open_page, make_user("alice", spotify_id="alice"))
    rows = [
        spotify_row("2025-03-05T13:00:00Z", username=name, user_agent_decrypted='A "b" é 🎻')
        for name in ("Alice", "bob", None)
    ]
    content = stripped(page, "endsong_0.json", as_json(rows)).decode()
    assert content.count('"username": null') == 2
    assert content.count('"username": "*"') == 1
    assert "🎻" not in content
    assert "203.0.113.7" not in content
    export = zipped(
        {
            "MyData/endsong_0.json": as_json(rows),
            "MyData/Userdata.json": as_json({"email": "alice@example.org"}),
            "MyData/ReadMeFirst.pdf": b"%PDF-1.7 alice@example.org",
            "MyData/inner.zip": zipped({"streaming.csv": SAMPLES["tidal"]["plays.csv"]})
            if "plays.csv" in SAMPLES["tidal"]
            else zipped(SAMPLES["tidal"]),
        }
    )
    answer = all_of(stripped(page, "my_spotify_data.zip", export))
    assert b"alice@example.org" not in answer
    assert b"203.0.113.7" not in answer
    damaged = bytearray(export)
    damaged[80] ^= 0xFF
    for bad in (export[:400], bytes(damaged)):
        assert isinstance(stripped(page, "a.zip", bad), str)


def all_of(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(all_of(archive.read(name)) for name in archive.namelist())
