"""The process that reads files: `python -m audiospective.imports.child`, bounded and killable.

It is told on its input, as one line of JSON, what to read (see `Order`), says on its output how
far it is, a number of rows a line, and leaves its tables and `findings.json` in a folder. It ends
when its input does: a worker that was killed leaves nobody behind.
"""

from __future__ import annotations

import gc
import resource
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from os import _exit
from os import read as read_input
from pathlib import Path
from typing import Any

import orjson

from audiospective.imports.errors import RefusedError
from audiospective.imports.findings import Findings, FoundFile
from audiospective.policy.import_limits import MEMORY_BYTES, READ_SECONDS, SCRATCH_BYTES

OK, REFUSED = 0, 3  # exit codes; any other is an accident
FINDINGS, REFUSAL = "findings.json", "refusal.txt"


@dataclass(frozen=True)
class Order:
    """`uploads` are (path, name); `answers` the fields of sources.base.Answers.

    `restore`: a bundle of ours is taken as the whole archive that it is.
    With `strip` the files are copied without what is personal instead (see stripping).
    """

    uploads: list[tuple[str, str]]
    scratch: str
    out: str
    answers: dict[str, Any]
    restore: bool = False
    strip: bool = False

    def dumps(self) -> bytes:
        return orjson.dumps(asdict(self)) + b"\n"


def main() -> int:
    """Read one order and carry it out."""
    line = sys.stdin.buffer.readline()
    if not line.strip():
        return 1
    threading.Thread(target=_until_left_alone, daemon=True).start()
    confine()
    gc.set_threshold(50_000)  # rows are no cycles, and looking for some takes a tenth of the time
    order = Order(**orjson.loads(line))
    out = Path(order.out)
    try:
        found = strip(order) if order.strip else read(order)
    except RefusedError as error:
        (out / REFUSAL).write_text(error.sentence)
        return REFUSED
    (out / FINDINGS).write_text(found.dumps())
    return OK


def confine() -> None:
    """Bound memory, time, and what it may write; where a system knows no such bound, go without."""
    bounds = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: READ_SECONDS * 2,
        resource.RLIMIT_FSIZE: SCRATCH_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        with suppress(OSError, ValueError):
            _, hard = resource.getrlimit(kind)
            most = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            resource.setrlimit(kind, (most, most))


def strip(order: Order) -> Findings:
    """Leave the uploads as `out`/0, `out`/1, ... without what is personal; raises RefusedError."""
    from audiospective.imports import stripping
    from audiospective.imports.survey import Upload

    uploads = [Upload(Path(path), name) for path, name in order.uploads]
    stripping.strip(uploads, order.answers["names"], Path(order.scratch), Path(order.out))
    return Findings()


def read(order: Order) -> Findings:
    """Read the uploads into tables; raises RefusedError."""
    from audiospective.imports.restore import files, found

    bundle = len(order.uploads) == 1 and files.is_bundle(Path(order.uploads[0][0]))
    if bundle and order.restore:
        return found.read(*order.uploads[0], Path(order.scratch), Path(order.out))
    gathered = _gathered(order)
    gathered.restore = {"possible": False} if bundle else None
    return gathered


def _gathered(order: Order) -> Findings:
    from audiospective.imports.opening import opened
    from audiospective.imports.sources.base import Answers
    from audiospective.imports.staging import Staging
    from audiospective.imports.survey import Upload

    answers = Answers(**{**order.answers, "names": frozenset(order.answers.get("names", ()))})
    staging = Staging()
    uploads = [Upload(Path(path), name) for path, name in order.uploads]
    with opened(uploads, Path(order.scratch), answers=answers) as survey:
        staging.gather(survey.read(answers), _tell)
        found = Findings(
            [
                FoundFile(
                    number=one.number,
                    name=one.name,
                    size=one.size,
                    source=one.source,
                    sentence=one.sentence,
                    helps=not one.plays,
                    questions=[asdict(question) for question in one.questions],
                    sample=[dict(row) for row in one.sample],
                    mapping=dict(one.mapping),
                    columns=list(one.columns),
                )
                for one in survey.files
            ]
        )
    for one in found.files:
        _account(one, staging.tallies[one.number])
    staging.write(Path(order.out))
    found.tracks = staging.tracks
    return found


def _account(one: FoundFile, tally: Any) -> None:
    from audiospective.imports.plays import Rejected

    if tally.broken:
        one.source, one.sentence = None, tally.broken
        return
    reasons = [(isinstance(left, Rejected), left.reason.value) for left in tally.left_out]
    one.rejected = dict(Counter(reason for rejected, reason in reasons if rejected))
    one.skipped = dict(Counter(reason for rejected, reason in reasons if not rejected))
    one.plays = sum(frame.height for frame in tally.plays)
    one.rows = one.plays + len(reasons)
    one.notes = dict(tally.notes)
    one.first_at, one.last_at = tally.span()


def _tell(rows: int) -> None:
    sys.stdout.write(f"{rows}\n")
    sys.stdout.flush()


def _until_left_alone() -> None:
    """The input ends when whoever gave the order is gone."""
    while read_input(sys.stdin.fileno(), 4096):
        pass
    _exit(1)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    _exit(code)  # at once: letting go of every row, one by one, takes a while
