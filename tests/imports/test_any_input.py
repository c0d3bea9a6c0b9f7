"""No file, however damaged, ends an import in an error or loses a row in silence."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.imports.sources import SOURCES
from tests.imports import fuzzing
from tests.imports.reading_files import read, zipped
from tests.imports.samples import SAMPLES, ZIPPED
from tests.imports.sources import (
    test_deezer,
    test_listenbrainz,
    test_maloja_and_koito,
    test_spotify_account,
    test_spotify_extended,
    test_youtube_music,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from([2**31, 2**63, 10**30, 1e300, "1970-01-01T00:00:00Z", "\ud800", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
ROWS: dict[str, dict[str, Any]] = {
    "spotify_extended": test_spotify_extended.row(),
    "spotify_account": test_spotify_account.row(),
    "listenbrainz": test_listenbrainz.listen(),
    "youtube_music": test_youtube_music.watched(),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_good_file_is_read_loose_and_zipped(name: str) -> None:
    loose, packed = read(SAMPLES[name]), read(ZIPPED[name])
    assert loose.plays
    assert not loose.broken
    assert set(loose.sources) <= {name.partition(" ")[0], None}
    assert [play | {"file": 0} for play in packed.plays] == [
        play | {"file": 0} for play in loose.plays
    ]


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in ("deezer", "navidrome")])
@pytest.mark.parametrize("change", ["CRLF", "mark", "renamed", "spaces after"])
def test_the_way_a_file_was_saved_and_called_does_not_matter(name: str, change: str) -> None:
    files = dict(SAMPLES[name])
    plays = len(read(files).plays)
    for one, content in SAMPLES[name].items():
        if one.endswith(".zip") or "CRLF" in name:
            continue
        if change == "CRLF":
            files[one] = content.replace(b"\n", b"\r\n")
        elif change == "mark":
            files[one] = b"\xef\xbb\xbf" + content.removeprefix(b"\xef\xbb\xbf")
        elif change == "spaces after":
            files[one] = content + b"\n\n"
        elif len(files) == 1:
            files = {f"copy of (1) {one[-4:]}": content}
    outcome = read(files)
    assert len(outcome.plays) == plays
    assert not outcome.broken


TITLES = {
    "long": "x" * 300,
    "right to left": "شتاء طويل",
    "emoji": "Tide 🌊🎶",
    "NUL": "Ti\0de",
    "control": "Ti\x1f\x07de",
    "combining": "Cafe\u0301",
}


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "navidrome"])
def test_odd_titles_are_kept_without_what_cannot_be_stored(name: str, title: str) -> None:
    if name == "deezer":
        files = test_deezer.deezer(test_deezer.row(TITLES[title].translate(UNSTORABLE)))
    else:
        files = {file: retitled(content, TITLES[title]) for file, content in SAMPLES[name].items()}
    outcome = read(files)
    assert not outcome.broken
    assert TITLES[title].translate(UNSTORABLE) in outcome.column("title")


UNSTORABLE = dict.fromkeys([0, 7, 0x1F])


def retitled(content: bytes, title: str) -> bytes:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return zipped({n: retitled(archive.read(n), title) for n in archive.namelist()})
    written = title
    if content.lstrip()[:1] in (b"[", b"{"):
        written = json.dumps(title)[1:-1]
    new = written.encode()
    content = content.replace(b"Slack Water", new).replace(b'"Heroes" live', new)
    return content.replace(b'"Slack"', b'"' + new + b'"')


HEADERS = [
    (name, file)
    for name, files in SAMPLES.items()
    for file in files
    if file.endswith((".csv", ".log")) and not name.startswith("lastfm lastfm-")
]


@pytest.mark.parametrize(("name", "file"), HEADERS)
def test_a_header_alone_has_no_rows_and_is_no_fault(name: str, file: str) -> None:
    lines = SAMPLES[name][file].splitlines(keepends=True)
    header = lines[: 3 if file.endswith(".log") else 1]
    outcome = read({file: b"".join(header)})
    assert (outcome.rows, outcome.broken) == (0, [])


@pytest.mark.parametrize("content", [b"[]", b"{}", b"", b"\n", b"[ ]", b"null", b"{\n}"])
def test_a_file_of_nothing_is_answered_with_a_sentence(content: bytes) -> None:
    outcome = read({"x.json": content})
    assert outcome.rows == 0
    assert len(outcome.sentences) == 1


def test_every_source_has_a_sample() -> None:
    assert {name.partition(" ")[0] for name in SAMPLES} == {about.name for about in SOURCES}


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_every_row_lands_in_one_bin_whatever_its_values_are(name: str, data: st.DataObject) -> None:
    good = ROWS[name]
    count = data.draw(st.integers(1, 4))
    rows: list[Any] = [good]
    for _ in range(count):
        keys = data.draw(st.lists(st.sampled_from(sorted(good)), max_size=4))
        rows.append({**good, **{key: data.draw(JSON) for key in keys}})
    rows.append(data.draw(JSON))
    outcome = read({"x.json": json.dumps(rows).encode()})
    assert not outcome.sentences
    assert outcome.sources == [name]
    assert outcome.rows == len(rows)


@given(rows=st.lists(JSON, max_size=4))
def test_scrobbles_of_maloja_too(rows: list[Any]) -> None:
    files = test_maloja_and_koito.maloja(test_maloja_and_koito.scrobble())
    whole = json.loads(next(iter(files.values())))
    whole["scrobbles"] += rows
    assert read({"m.json": json.dumps(whole).encode()}).rows == len(rows) + 1


@given(st.binary(max_size=300))
def test_any_bytes_are_answered_with_a_sentence_or_with_rows(content: bytes) -> None:
    outcome = read({"x.csv": content})
    assert outcome.files[0].source or outcome.files[0].sentence


@given(
    st.sampled_from(
        [b"[", b'[{"ts":', b'[{"endTime":"', b'{"scrobbles":[', b'"uts","artist","track"\n']
    ),
    st.binary(max_size=300),
)
def test_any_bytes_after_a_good_beginning_as_well(start: bytes, rest: bytes) -> None:
    fuzzing.judge({"x.json": start + rest})


def test_damaged_files_of_every_source_end_in_bins_and_sentences() -> None:
    figures = fuzzing.run(60, seed=1, most=400)
    assert figures["plays"]
    assert figures["rejected"]
    assert figures["refused files"]
