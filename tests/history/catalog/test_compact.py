"""The catalog in today's form: the same entries under the same names, in less room, at any time."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from audiospective.bench.invented_catalog import arrivals
from audiospective.history.catalog import (
    buckets,
    compact,
    dictionaries,
    encode,
    examine,
    lookup,
    polled,
    rows,
    tidy,
)
from audiospective.history.catalog.buckets import Bucket, Family
from audiospective.history.catalog.decode import Block, UnreadableBlockError
from audiospective.history.catalog.entries import Entry, Kind
from audiospective.models import database as bound
from audiospective.models import dialects
from audiospective.policy.plays import TrackFacts

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are chosen from few names, and portions are small."""
    monkeypatch.setattr(compact, "LEAST", 500)
    monkeypatch.setattr(compact, "PORTION", 3)
    monkeypatch.setattr(compact, "BUCKETS", 300)
    monkeypatch.setattr(compact, "HEADS", 4)


@cache
def invented() -> list[TrackFacts]:
    """Made when it is first asked for: every process of a run reads this file, one uses it."""
    return list(arrivals(1_200))


def stored(tracks: list[TrackFacts]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for start in range(0, len(tracks), 100):
        ids |= polled.remember(tracks[start : start + 100])
    return ids


def everything() -> dict[tuple[Kind, int], Entry]:
    return {
        (kind, one.first + place): entry
        for kind in Kind
        for one in tidy.every_block(kind)
        for place, entry in enumerate(Block(kind, one.count, one.numbers, one.facts))
        if entry is not None
    }


def forms() -> set[tuple[int, bool]]:
    """The formats of blocks, each with whether any bucket is narrow."""
    narrow = any(packed[0] & 0x10 for _, packed in rows.buckets_from(0, 100_000))
    return {(one.facts[0], narrow) for kind in Kind for one in tidy.every_block(kind)}


def as_the_release_before_wrote() -> None:
    """Blocks and buckets of the first formats: without words, nothing else is written."""
    assert forms() == {(encode.FIRST_FORMAT, False)}


def size() -> int:
    return sum(one.size for kind in Kind for one in tidy.every_block(kind))


def test_everything_is_as_it_was_and_takes_less_room() -> None:
    ids = stored(invented())
    as_the_release_before_wrote()
    before, room = everything(), size()
    done = compact.compact()
    assert done.learned
    assert list(examine.faults()) == []
    assert done.blocks > 10
    assert done.buckets > 500
    assert everything() == before
    assert size() < room - 2_000
    words = rows.state().words
    large = [one for kind in Kind for one in tidy.every_block(kind) if not one.is_open]
    assert {encode.words_of(one.facts) for one in large} == {words}
    assert not any(buckets.outdated(*one) for one in rows.buckets_from(0, 100_000))
    assert compact.compact() == compact.Compacted()
    assert stored(invented()) == ids
    assert everything() == before


def test_the_reader_that_the_documentation_shows_reads_everything() -> None:
    text = (Path(__file__).parents[3] / "docs" / "catalog.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {}
    exec(code, shown)
    lines = replace(invented()[0], spotify_id="0" * 21 + "1", name="two\nlines", artists=())
    stored([*invented()[:600], lines])
    assert compact.compact().learned
    stored(invented()[600:650])

    class Database:
        execute = staticmethod(bound.execute_sql)

    told = {(kind, number): one for kind, number, one in shown["entries"](Database)}
    known = everything()
    assert told.keys() == known.keys()
    for key, entry in known.items():
        assert told[key].items() <= entry._asdict().items()
    assert "two\nlines" in {one["name"] for one in told.values()}


def test_before_the_first_run_the_release_before_reads_everything_and_after_it_no_more() -> None:
    stored(invented()[:400])
    assert compact.compact() == compact.Compacted()  # too few tracks for words
    stored([replace(one, name=f"{one.name}!") for one in invented()[::7]])
    stored(invented()[400:1_000])
    assert forms() == {(encode.FIRST_FORMAT, False)}
    assert compact.compact().learned
    stored(invented()[1_000:])
    assert (encode.FORMAT, True) in forms()


def test_a_database_of_the_release_before_migrates_with_its_catalog() -> None:
    ids = stored(invented())
    as_the_release_before_wrote()
    before = everything()
    bound.execute_sql("ALTER TABLE catalog_state DROP COLUMN words")
    bound.execute_sql("DROP TABLE catalog_words")
    step = importlib.import_module("audiospective.migrations.0024_catalog_words")
    for _ in range(2):  # stopped before it was noted, it runs again
        step.up(None, bound.obj)
        assert everything() == before
        assert stored(invented()) == ids
    compact.compact()
    assert everything() == before
    assert stored(invented()) == ids


def test_old_forms_are_read_and_changed_without_it() -> None:
    ids = stored(invented())
    as_the_release_before_wrote()
    renamed = [replace(one, name=f"{one.name}!") for one in invented()[::50]]
    assert stored(renamed) == {one.spotify_id: ids[one.spotify_id] for one in renamed}
    assert stored(invented()[:10]) == {
        one.spotify_id: ids[one.spotify_id] for one in invented()[:10]
    }
    names = lookup.tracks([ids[one.spotify_id] for one in renamed[1:]])
    assert [one.title for one in names.values()] == [one.name for one in renamed[1:]]


def test_it_may_end_anywhere_and_goes_on_while_polls_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = stored(invented()[:1_000])
    as_the_release_before_wrote()
    before, put, rest = everything(), rows.put_blocks, invented()[1_000:]

    class KilledError(Exception):
        pass

    def killed(blocks: list[rows.StoredBlock]) -> None:
        put(blocks)
        raise KilledError

    ends = 0
    while rest:
        monkeypatch.setattr(rows, "put_blocks", killed)
        with pytest.raises(KilledError):
            compact.compact()
        monkeypatch.setattr(rows, "put_blocks", put)
        assert before.items() <= everything().items()
        compact._renew_portion(Kind.TRACK, compact._outdated(Kind.TRACK, 0) or 1)
        ids |= stored(rest[:50])
        del rest[:50]
        ends += 1
    compact.compact()
    assert ends > 3
    assert before.items() <= everything().items()
    assert stored(invented()) == ids


def test_polls_between_two_portions_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = stored(invented()[:900])
    as_the_release_before_wrote()
    before, rest, portion = everything(), invented()[900:], compact._renew_portion

    def with_a_poll(kind: Kind, first: int) -> tuple[int, int | None]:
        done = portion(kind, first)
        ids.update(stored(rest[:20]))
        del rest[:20]
        return done

    monkeypatch.setattr(compact, "_renew_portion", with_a_poll)
    compact.compact()
    ids |= stored(rest)
    assert before.items() <= everything().items()
    assert stored(invented()) == ids
    told = lookup.tracks(ids.values())
    assert [told[ids[one.spotify_id]].title for one in invented()] == [
        one.name for one in invented()
    ]


def test_words_come_from_spotify_alone_and_are_chosen_once() -> None:
    stored(invented()[:400])
    assert not compact.compact().learned
    stored(invented())
    assert compact.compact().learned
    kept = dialects.run("SELECT id, words FROM catalog_words").fetchall()
    assert [number for number, _ in kept] == [rows.state().words]
    text = bytes(kept[0][1]).decode()
    assert len(text.encode()) <= dictionaries.SIZE
    said = " ".join(
        name
        for one in invented()
        for name in (
            one.name,
            one.album.name if one.album else "",
            *(artist.name for artist in one.artists),
        )
    )
    assert all(word in said for word in text.split())


def test_a_block_whose_words_are_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stored(invented())
    compact.compact()
    bound.execute_sql("DELETE FROM catalog_words")
    monkeypatch.setattr(dictionaries, "_read", {0: b""})
    with pytest.raises(UnreadableBlockError, match="words"):
        everything()
    faults = list(examine.faults())
    assert faults
    assert "are missing" in faults[0].said


def test_words_that_were_altered_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    number = dictionaries.keep(b"love the night ")
    assert dictionaries.of(number) == b"love the night "
    dialects.run("UPDATE catalog_words SET words = ?", [b"love the light "])
    monkeypatch.setattr(dictionaries, "_read", {0: b""})
    with pytest.raises(dictionaries.MissingWordsError):
        dictionaries.of(number)


def test_a_narrow_hash_still_splits_as_far_as_catalogs_grow() -> None:
    names = [buckets.by_words(Kind.ARTIST, f"somebody {one}", None) for one in range(200)]
    bucket = Bucket(Family.OTHERS, 0, narrow=True)
    parts = {0: bucket}
    for place, name in enumerate(names):
        bucket.add(name._replace(hash=name.hash & ~1_023), buckets.Found(place + 1, 0))
    for level in range(10, 16):
        for number, part in list(parts.items()):
            parts[number + (1 << level)] = part.divide(number + (1 << level))
    for place, name in enumerate(names):
        home = buckets.bucket_of(name._replace(hash=name.hash & ~1_023), 1 << 16)
        assert any(one.id == place + 1 for one in parts[home].find(name))
