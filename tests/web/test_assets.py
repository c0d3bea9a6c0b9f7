"""Static files: named by their content, compressed, and kept for ever."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

from tests.web.conftest import Site, Visitor

STATIC = Path("static")
# From the npm package htmx.org 2.0.11, dist/htmx.min.js; see static/vendor/htmx/LICENSE.
HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"

# From the npm package fflate 0.8.3, umd/index.js.
FFLATE = "462ef8041fc970e3615a20a9dd2b2e3047a073b2da729ef4f02b634bba8b7b83"

# Made as static/vendor/hyparquet/README.md says.
HYPARQUET = "154fb152230a8e45d642f1d89d1cdf0266048ee8eee63c00e93a345251d02c67"


def test_the_vendored_reader_of_parquet_is_the_one_that_was_made() -> None:
    folder = STATIC / "vendor/hyparquet"
    body = (folder / "hyparquet-1.31.5.min.js").read_bytes()
    assert hashlib.sha256(body).hexdigest() == HYPARQUET
    assert b"</script" not in body.lower()  # it stands inside a page
    assert body.isascii()
    assert (folder / "LICENSE").read_text().count("without restriction") == 2


def test_the_vendored_zip_library_is_the_published_file() -> None:
    folder = STATIC / "vendor/fflate"
    body = (folder / "fflate-0.8.3.min.js").read_bytes()
    assert hashlib.sha256(body).hexdigest() == FFLATE
    assert "Permission is hereby granted" in (folder / "LICENSE").read_text()


def test_the_vendored_htmx_is_the_published_file() -> None:
    body = (STATIC / "vendor/htmx/htmx-2.0.11.min.js").read_bytes()
    assert hashlib.sha256(body).hexdigest() == HTMX
    assert b'version:"2.0.11"' in body


def test_a_file_is_kept_for_ever_under_a_name_with_its_hash(visitor: Visitor) -> None:
    page = visitor.page("/")
    address = page.one("link", rel="stylesheet").attributes["href"]
    answer = visitor.get(address)
    digest = hashlib.sha256(answer.data).hexdigest()[:12]
    assert address == f"/static/css/site.{digest}.css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_page_of_another_release_gets_this_style_once_and_no_script(visitor: Visitor) -> None:
    today = visitor.get(visitor.page("/").one("link", rel="stylesheet").attributes["href"])
    found = visitor.get("/static/css/site.0123456789ab.css")
    assert (found.status_code, found.data) == (200, today.data)
    assert found.headers["Cache-Control"] == "no-store"
    assert visitor.get("/static/js/app.0123456789ab.js").status_code == 404


def test_text_is_sent_compressed_to_who_takes_it(visitor: Visitor) -> None:
    address = visitor.page("/").one("link", rel="stylesheet").attributes["href"]
    packed = visitor.get(address, headers={"Accept-Encoding": "br, gzip"})
    plain = visitor.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert (
        "Content-Encoding"
        not in visitor.get(address, headers={"Accept-Encoding": "gzip;q=0"}).headers
    )


def test_the_stylesheet_holds_every_file_in_layers(visitor: Visitor) -> None:
    address = visitor.page("/").one("link", rel="stylesheet").attributes["href"]
    style = visitor.get(address).text
    # Few need these, so their pages ask for them.
    apart = {STATIC / "css/operators.css", STATIC / "css/imports.css"}
    for path in set(STATIC.glob("css/**/*.css")) - apart:
        said = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        assert "".join(said.split()) in "".join(style.split())
    assert ".table :is(th, td)" in style  # without the blank it is about something else
    assert 'content:attr(data-label) ": ";' in style  # and this one is a word
    assert style.index("@layer tokens, base, layout") < style.index("@layer base{")
    assert "@import" not in style
    assert "url(" not in style  # nothing to fetch, so the policy needs no data: addresses


def test_unknown_and_plain_names_are_not_served(visitor: Visitor) -> None:
    for name in ("css/site.css", "css/none.000000000000.css", "../app.py", "js/app.js", ""):
        assert visitor.get(f"/static/{name}").status_code == 404


def test_no_session_is_touched_by_a_file(site: Site) -> None:
    from tests.factories import make_user

    member = site.member(make_user())
    page = member.get("/")
    address = re.search(r'href="(/static/css/[^"]+)"', page.text)
    assert address
    answer = member.get(address[1])
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
