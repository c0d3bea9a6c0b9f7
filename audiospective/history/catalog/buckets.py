"""The index of the catalog: hashed names in buckets that split one by one as the catalog grows.

A name is a Spotify id, or what an import said. Its hash has 64 bits: the lowest say which bucket,
the next 24 (of artists and albums 16) stand in the bucket beside our id. Buckets are split as in
linear hashing: with n of them, between 2^k and 2^(k+1), those before n - 2^k are split already and
take k + 1 bits. A split needs nothing but what the bucket holds.

One module although it is long: what a bucket's bytes mean stands once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from audiospective.history.catalog.entries import Kind

FEWEST = 1_024  # buckets of a family; their number says the lowest ten bits of every hash in them
_LOWEST = FEWEST.bit_length() - 1
_SHORT, _LONG = 3, 4  # bytes of our id, and of one beyond 16.7 million
_WIDE = 3  # bytes of every hash in buckets of the first format
_CHECK = 3  # bytes beside the id of a track
_NARROW = 0x10  # in a bucket's first byte, beside the bytes of an id: hashes have two bytes


class Family(IntEnum):
    """Names of tracks carry 24 bits more; names of artists and albums are looked up and compared.

    What the 24 bits are: of a Spotify id the digest of what Spotify last said (0: nothing yet), of
    an import's names the next bits of their hash.
    """

    OTHERS = 0
    TRACKS = 1

    @property
    def check(self) -> int:
        """Bytes beside an id."""
        return _CHECK if self is Family.TRACKS else 0

    @property
    def hashed(self) -> int:
        """Bytes of a narrow hash: a wrong hit on a track could give a play to another one."""
        return 3 if self is Family.TRACKS else 2

    @property
    def load(self) -> int:
        """Names a bucket, on average; beyond it one is split."""
        return 60 if self is Family.TRACKS else 100


_FAMILIES = len(Family)  # asked for with every name


class Name(NamedTuple):
    """What something is found by."""

    family: Family
    hash: int

    @property
    def check(self) -> int:
        """The next 24 bits of the hash."""
        return self.hash >> 40 & 0xFFFFFF


class Found(NamedTuple):
    """One entry of a bucket."""

    id: int
    check: int


@lru_cache(maxsize=8_192)  # one page of plays asks for the same few again and again
def by_id(kind: Kind, spotify_id: str) -> Name:
    """The name of something that has a Spotify id."""
    data = _bytes(spotify_id)
    return _name(kind, _OF_IDS[kind], b"%d:%b" % (len(data), data))


@lru_cache(maxsize=8_192)
def by_words(kind: Kind, *words: str | None) -> Name:
    """The name of something that is known by words: those of an import, or an album's artist."""
    # Lengths (of bytes) keep ("a", "b") and ("ab", "") apart, whatever characters names hold.
    body = "".join([f"{len(one)}:{one}" if one else "0:" for one in words])
    if body.isascii():
        return _name(kind, _OF_WORDS[kind], body.encode())
    parts = [b"%d:%b" % (len(one), one) for one in map(_bytes, words)]
    return _name(kind, _OF_WORDS[kind], b"".join(parts))


# What the hashes of a kind begin with: a copy takes half the time of a new one.
_OF_IDS, _OF_WORDS = (
    {kind: hashlib.blake2b(word, digest_size=8, person=b"catalog%d" % kind) for kind in Kind}
    for word in (b"2:id", b"5:words")
)
_FAMILY = {kind: Family.TRACKS if kind is Kind.TRACK else Family.OTHERS for kind in Kind}


def _name(kind: Kind, begun: hashlib.blake2b, body: bytes) -> Name:
    hashed = begun.copy()
    hashed.update(body)
    return Name(_FAMILY[kind], int.from_bytes(hashed.digest(), "big"))


def _bytes(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogatepass")


def bucket_of(name: Name, buckets: int) -> int:
    """The number of a name's bucket among so many of its family."""
    wide = 1 << buckets.bit_length() - 1  # 2^k <= buckets
    number = name.hash & 2 * wide - 1
    return number if number < buckets else number & wide - 1


def wanted(family: Family, names: int, buckets: int) -> int:
    """How many buckets so many names need; never fewer than there are."""
    return max(buckets, FEWEST, -(-names // family.load))


def split_from(bucket: int) -> int:
    """The bucket that is divided to make a new one."""
    return bucket - (1 << bucket.bit_length() - 1)


class Bucket:
    """The names of one bucket, as columns of bytes: hashes, ids, checks.

    One that is wide stays so, and the release before can read it, unless it is to be `narrow`.
    """

    __slots__ = (
        "_check", "_checks", "_hashed", "_hashes", "_ids", "_width", "family", "key", "number",
    )  # fmt: skip

    def __init__(
        self, family: Family, number: int, packed: bytes = b"", *, narrow: bool = False
    ) -> None:
        self.family, self.number, self.key = family, number, key_of(family, number)
        form = packed[0] if packed else _SHORT
        self._width, hashed = form & ~_NARROW, family.hashed if form & _NARROW else _WIDE
        self._hashed = family.hashed if narrow else hashed
        self._check = family.check
        count = (len(packed) - 1) // (hashed + self._width + self._check) if packed else 0
        ids = 1 + hashed * count
        checks = ids + self._width * count
        self._hashes, self._ids, self._checks = packed[1:ids], packed[ids:checks], packed[checks:]
        if hashed > self._hashed:
            self._hashes = b"".join(
                _at(self._hashes, place, hashed)[: self._hashed] for place in range(count)
            )

    def __len__(self) -> int:
        return len(self._hashes) // self._hashed

    def find(self, name: Name) -> list[Found]:
        """What may have this name: a few bits are compared, seldom more than one fits."""
        part = self._part(name)
        if part not in self._hashes:  # as for most names of an import that nobody else brought
            return []
        return [self._found(place) for place in self._places(part)]

    def add(self, name: Name, one: Found) -> int:
        """Note a name that stands for `one.id`, or its new check; how many names more that are."""
        part = self._part(name)
        gone = self.remove(name, one.id) if part in self._hashes else 0
        self._append(part, one)
        return 1 - gone

    def remove(self, name: Name, own: int) -> int:
        """Forget that a name stands for this id; how many names fewer that are."""
        for place in self._places(self._part(name)):
            if self._found(place).id == own:
                self._hashes = _without(self._hashes, place, self._hashed)
                self._ids = _without(self._ids, place, self._width)
                self._checks = _without(self._checks, place, self._check)
                return 1
        return 0

    def divide(self, number: int) -> Bucket:
        """Give the names of the new bucket `number` to it."""
        bit = number.bit_length() - 1 - _LOWEST  # of what stands in the bucket
        narrow = self._hashed < _WIDE
        parts = tuple(Bucket(self.family, one, narrow=narrow) for one in (self.number, number))
        for place in range(len(self)):
            part = _at(self._hashes, place, self._hashed)
            parts[int.from_bytes(part, "little") >> bit & 1]._append(part, self._found(place))
        stay, other = parts
        self._width, self._hashes, self._ids, self._checks = (
            stay._width, stay._hashes, stay._ids, stay._checks,
        )  # fmt: skip
        return other

    def packed(self) -> bytes:
        form = self._width | (_NARROW if self._hashed < _WIDE else 0)
        return bytes([form]) + self._hashes + self._ids + self._checks

    def _append(self, part: bytes, one: Found) -> None:
        if one.id >> 8 * self._width:
            known = [self._found(place).id for place in range(len(self))]
            self._width = _LONG
            self._ids = b"".join(number.to_bytes(_LONG, "little") for number in known)
        self._hashes += part
        self._ids += one.id.to_bytes(self._width, "little")
        if self._check:
            self._checks += one.check.to_bytes(self._check, "little")

    def _places(self, part: bytes) -> Iterator[int]:
        at, size = -1, len(part)
        while (at := self._hashes.find(part, at + 1)) >= 0:
            if at % size == 0:
                yield at // size

    def _found(self, place: int) -> Found:
        own = int.from_bytes(_at(self._ids, place, self._width), "little")
        return Found(own, int.from_bytes(_at(self._checks, place, self._check), "little"))

    def _part(self, name: Name) -> bytes:
        return (name.hash >> _LOWEST & 0xFFFFFF).to_bytes(_WIDE, "little")[: self._hashed]


def _at(data: bytes, place: int, size: int) -> bytes:
    return data[place * size : (place + 1) * size]


def _without(data: bytes, place: int, size: int) -> bytes:
    return data[: place * size] + data[(place + 1) * size :]


def known(packed: bytes, name: Name, check: int) -> int | None:
    """The id of a track's name with this very check: what nearly every play of a poll asks.

    Looks into the bytes as they are: taking the bucket apart takes longer.
    """
    form = packed[0]
    width, hashed, own = form & ~_NARROW, _WIDE, _CHECK  # of tracks the same in every format
    count = (len(packed) - 1) // (hashed + width + own)
    ids = 1 + hashed * count
    checks = ids + width * count
    part = (name.hash >> _LOWEST & 0xFFFFFF).to_bytes(hashed, "little")
    wanted = check.to_bytes(own, "little")
    at = packed.find(part, 1, ids)
    while at >= 0:
        place, rest = divmod(at - 1, hashed)
        if rest == 0 and packed.startswith(wanted, checks + place * own):
            first = ids + place * width
            return int.from_bytes(packed[first : first + width], "little")
        at = packed.find(part, at + 1, ids)
    return None


def outdated(key: int, packed: bytes) -> bool:
    """Whether a bucket was written in the first format and would take less room as a narrow one."""
    family = Family(key % _FAMILIES)
    return family.hashed < _WIDE and not packed[0] & _NARROW


def key_of(family: Family, number: int) -> int:
    """The key of a bucket's row."""
    return number * _FAMILIES + family


def keys_by_name(names: Iterable[Name], buckets: dict[Family, int]) -> dict[Name, int]:
    """The key of the bucket of each name."""
    return {name: bucket_of(name, buckets[name.family]) * _FAMILIES + name.family for name in names}
