"""Throws damaged files at every source: `python -m tests.imports.fuzzing --minutes 10`.

A source may answer with plays, bins and sentences. It may not raise, lose a row or take for ever.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from audiospective.imports.unpacking_limits import Limits
from tests.imports.reading_files import Outcome, read, zipped
from tests.imports.samples import SAMPLES, ZIPPED

SLOW = 20.0  # seconds of processor time
LIMITS = Limits(total_bytes=64 << 20, file_bytes=32 << 20, members=500)
TOKENS = (
    b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b",", b";", b"\t", b"\n", b"\r", b":", b"\0", b"-",
    b"NaN", b"Infinity", b"1e999", b"-1", b"0", b"null", b"true", b"1" * 400, b"[" * 3000,
    b'{"a":' * 3000, b"\\ud800", b"\\u0000", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"PK\3\4",
    b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00+23:59", b"1970-01-01", b"<!DOCTYPE", b"&#x41;",
    "\u202e".encode(), b"x" * 70_000, b"2199", b"99999999999", b"#", b'""', b" - ", b"/",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -(10**30), 1.5, 1e300, "", " ", "\0",
    "x" * 5000, "\ud800", [], {}, [[]], {"a": {"b": [1]}}, ["x"], "1970-01-01T00:00:00Z",
    "2199-01-01T00:00:00Z",
    "0000-00-00 00:00", "9999-12-31T23:59:59+00:00", 1_699_136_376, 1_699_136_376_000, "1699136376",
    10**11, 10**12, 10**15, 10**18, "24:61", "31/02/2022 10:00", "TRACK", "scrobble", float("nan"),
)  # fmt: skip


def damage(content: bytes, chance: random.Random) -> bytes:
    """The file with one to eight small things done to its bytes."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        size = chance.choice((1, 1, 2, 8, 100))
        what = chance.randrange(7)
        if what == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif what == 1:
            del data[at : at + size]
        elif what == 2:
            data[at:at] = chance.choice(TOKENS)
        elif what == 3:
            data[at : at + size] = chance.choice(TOKENS)
        elif what == 4:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[other : other + size]
        elif what == 5:
            del data[at:]
        else:
            data[at:at] = chance.randbytes(size)
    return bytes(data)


def reshape(content: bytes, chance: random.Random) -> bytes:
    """JSON (or lines of it) with values exchanged for others; everything else is damaged."""
    try:
        documents = [json.loads(content)]
        lined = False
    except ValueError:
        try:
            documents = [json.loads(line) for line in content.splitlines() if line.strip()]
            lined = True
        except ValueError:
            return damage(content, chance)
    for _ in range(chance.choice((1, 2, 5))):
        places = [place for document in documents for place in _places(document)]
        if not places:
            break
        holder, key = chance.choice(places)
        try:
            if chance.random() < 0.15:
                del holder[key]
            else:
                holder[key] = deepcopy(chance.choice(VALUES))
        except (IndexError, KeyError):
            continue
    written = [json.dumps(document) for document in documents]
    return "\n".join(written).encode() if lined else written[0].encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        keys: list[Any] = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    else:
        return []
    found = [(value, key) for key in keys]
    for key in keys:
        found += _places(value[key])
    return found


def case(chance: random.Random) -> tuple[str, dict[str, bytes]]:
    """A damaged upload and the name of what it was."""
    name = chance.choice(list(SAMPLES))
    change: Callable[[bytes, random.Random], bytes] = chance.choice((damage, reshape))
    files = dict(SAMPLES[name] if chance.random() < 0.8 else ZIPPED[name])
    hit = chance.choice(list(files))
    files[hit] = change(files[hit], chance)
    if chance.random() < 0.1:
        files = {"upload.zip": zipped(files)}
    if chance.random() < 0.1:
        files = {f"{number}.bin": content for number, content in enumerate(files.values())}
    return name, files


def judge(files: Mapping[str, bytes]) -> Outcome:
    """Read it; raises AssertionError for what may never be."""
    outcome = read(files, LIMITS, zone="Europe/Berlin", person="alice", names=frozenset({"alice"}))
    ours = [one for one in outcome.sentences if "fault is ours" in one]
    assert not ours, ours
    assert all(file.source or file.sentence for file in outcome.files)
    return outcome


def run(
    seconds: float, seed: int, keep: Path | None = None, most: int | None = None
) -> Counter[str]:
    """Figures of so many seconds or cases; raises at the first fault, whose files are kept."""
    figures: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end and (most is None or figures["cases"] < most):
        number = seed + figures["cases"]
        name, files = case(random.Random(number))
        if keep:  # so that a case that ends the process is known
            keep.joinpath("last-case").write_text(f"{number}, a damaged {name}\n")
        began = time.process_time()
        try:
            outcome = judge(files)
            assert time.process_time() - began < SLOW, "it took too long"
        except BaseException:
            print(f"case {number}, a damaged {name}", file=sys.stderr)
            for file, content in files.items() if keep else ():
                (keep or Path()).joinpath(file.replace("/", "_")).write_bytes(content)
            raise
        figures["cases"] += 1
        figures["plays"] += len(outcome.plays)
        figures["skipped"] += len(outcome.skipped)
        figures["rejected"] += len(outcome.rejected)
        figures["refused files"] += len(outcome.sentences)
        figures["slowest, ms"] = max(
            figures["slowest, ms"], round(1000 * (time.process_time() - began))
        )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--keep", type=Path, help="a folder for the files of a fault")
    given = parser.parse_args()
    print(f"seed {given.seed}")
    try:
        print(dict(run(given.minutes * 60, given.seed, given.keep)))
    except Exception:
        traceback.print_exc()
        sys.exit(1)


if __name__ == "__main__":
    main()
