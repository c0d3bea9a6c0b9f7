"""The index of names: what was put under a name is found under it, among any number of buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audiospective.history.catalog import buckets
from audiospective.history.catalog.buckets import FEWEST, Bucket, Family, Found, Name
from audiospective.history.catalog.entries import Kind

hashes = st.integers(0, 2**64 - 1)
ids = st.integers(1, 50) | st.integers(1, 2**31 - 1)


@given(hashes, st.integers(FEWEST, 1 << 20))
def test_a_name_moves_only_to_a_bucket_that_was_split_from_its_own(hash_: int, count: int) -> None:
    name = Name(Family.OTHERS, hash_)
    before, after = (buckets.bucket_of(name, many) for many in (count, count + 1))
    assert before < count
    assert after == before or (after == count and buckets.split_from(count) == before)


@given(st.lists(st.tuples(hashes, ids, st.integers(0, 2**24 - 1)), max_size=60),
       st.sampled_from(list(Family)), st.booleans())  # fmt: skip
def test_a_bucket_holds_what_was_added(
    entries: list[tuple[int, int, int]], family: Family, narrow: bool
) -> None:
    bucket = Bucket(family, 0, narrow=narrow)
    more = sum(bucket.add(Name(family, hash_), Found(one, check)) for hash_, one, check in entries)
    packed = bucket.packed()
    again = Bucket(family, 0, packed)
    bits = (1 << 8 * (family.hashed if narrow else 3)) - 1
    last = {(hash_ >> 10 & bits, one): check for hash_, one, check in entries}
    assert len(again) == len(last) == more
    for (part, one), check in last.items():
        found = again.find(Name(family, part << 10))
        assert Found(one, check if family is Family.TRACKS else 0) in found
        if family is Family.TRACKS:
            fits = {own for (other, own), said in last.items() if (other, said) == (part, check)}
            assert buckets.known(packed, Name(family, part << 10), check) in fits
            other = next(n for n in range(100) if n not in set(last.values()))
            assert buckets.known(packed, Name(family, part << 10), other) is None


@given(st.lists(st.tuples(hashes, ids), max_size=40), st.data())
def test_what_is_removed_is_gone_and_the_rest_stays(
    entries: list[tuple[int, int]], data: st.DataObject
) -> None:
    bucket = Bucket(Family.TRACKS, 0)
    for hash_, one in entries:
        bucket.add(Name(Family.TRACKS, hash_), Found(one, 7))
    gone = data.draw(st.lists(st.sampled_from(entries), max_size=5)) if entries else []
    for hash_, one in gone:
        bucket.remove(Name(Family.TRACKS, hash_), one)
    for hash_, one in entries:
        same = any(one == own and hash_ >> 10 & 0xFFFFFF == part >> 10 & 0xFFFFFF
                   for part, own in gone)  # fmt: skip
        assert (Found(one, 7) in bucket.find(Name(Family.TRACKS, hash_))) is not same


@given(st.sets(hashes, min_size=1, max_size=80), st.integers(FEWEST, 3 * FEWEST))
def test_splitting_loses_no_name(hashes_: set[int], count: int) -> None:
    names = {Name(Family.TRACKS, hash_): place + 1 for place, hash_ in enumerate(sorted(hashes_))}
    kept = {number: Bucket(Family.TRACKS, number) for number in range(count)}
    for name, one in names.items():
        kept[buckets.bucket_of(name, count)].add(name, Found(one, one))
    for number in range(count, count + 40):
        kept[number] = kept[buckets.split_from(number)].divide(number)
    for name, one in names.items():
        assert Found(one, one) in kept[buckets.bucket_of(name, count + 40)].find(name)
    assert sum(map(len, kept.values())) == len(names)


def test_words_are_told_apart_by_where_they_end() -> None:
    names = {
        buckets.by_words(Kind.TRACK, "track", "ab", "c", None),
        buckets.by_words(Kind.TRACK, "track", "a", "bc", None),
        buckets.by_words(Kind.TRACK, "track", "ab", None, "c"),
        buckets.by_words(Kind.ALBUM, "track", "ab", "c", None),
        buckets.by_id(Kind.ARTIST, "ab"),
        buckets.by_words(Kind.ARTIST, "ab"),
        buckets.by_id(Kind.ALBUM, "ab"),
    }
    assert len(names) == 7


def test_hashes_are_those_that_stand_in_databases() -> None:
    assert buckets.by_id(Kind.TRACK, "4uLU6hMCjMI75M1A2tKUQD").hash == 146608510177126516
    assert buckets.by_words(Kind.ALBUM, "Café", None).hash == 3261698751215788148
    words = (None, "track", "x\udfff", "", "B")
    assert buckets.by_words(Kind.TRACK, *words).hash == 1888432822565901054


@given(st.lists(st.tuples(hashes, ids), max_size=40), st.sampled_from(list(Family)))
def test_buckets_of_the_first_format_are_read(
    entries: list[tuple[int, int]], family: Family
) -> None:
    width = 4 if any(one >> 24 for _, one in entries) else 3
    packed = bytes([width]) + b"".join(
        [(hash_ >> 10 & 0xFFFFFF).to_bytes(3, "little") for hash_, _ in entries]
        + [one.to_bytes(width, "little") for _, one in entries]
        + [(7).to_bytes(3, "little")[: family.check] for _ in entries]
    )
    read = Bucket(family, 0, packed)
    assert len(read) == len(entries)
    again = Bucket(family, 0, read.packed(), narrow=True)
    for hash_, one in entries:
        for bucket in (read, again):
            found = bucket.find(Name(family, hash_))
            assert Found(one, 7 if family is Family.TRACKS else 0) in found
    key = buckets.key_of(family, 0)
    assert buckets.outdated(key, packed) is (family is Family.OTHERS)
    assert read.packed() == packed
    assert not buckets.outdated(key, again.packed())


def test_a_bucket_of_a_hundred_names_takes_nine_bytes_a_track_and_five_another() -> None:
    for family, size in ((Family.TRACKS, 9), (Family.OTHERS, 5)):
        bucket = Bucket(family, 0, narrow=True)
        for one in range(100):
            bucket.add(Name(family, one << 10), Found(16_000_000 + one, 1))
        assert len(bucket.packed()) == 1 + 100 * size
