"""The state of an archive as a bundle tells it: JSON from outside, taken apart and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from audiospective import clock
from audiospective.imports.errors import ContainerError
from audiospective.policy import stretches
from audiospective.policy.gaps import Cause, Certainty

FORMAT, VERSION = "audiospective archive", 1
MOST = 200_000  # gaps, stretches or other rows of one kind
MOST_BYTES = 64 << 20
TEXT = 20_000  # characters of a text
# Polls archive every time that Spotify tells from 1970 on, and what is archived comes back.
EARLIEST, LATEST = clock.EPOCH, datetime.max.replace(tzinfo=UTC)
SENTENCE = "The bundle's restore/state.json is not what an archive's is ({})."
Rows = list[dict[str, Any]]
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z_]{1,60}")


def state(body: bytes) -> dict[str, Any]:
    """The checked document, instants as UTC milliseconds; raises ContainerError."""
    if len(body) > MOST_BYTES:
        raise _wrong("length")
    try:
        told = orjson.loads(body)
    except ValueError:
        raise _wrong("JSON") from None
    if not isinstance(told, dict) or (told.get("format"), told.get("version")) != (FORMAT, VERSION):
        raise _wrong("version")
    gaps = [_gap(one) for one in _rows(told, "gaps")]
    return {
        "sealed_at": _instant(told, "sealed_at"),
        "plays": _count(told, "plays"),
        "display_name": _text(told, "display_name"),
        "settings": _settings(told.get("settings")),
        "coverage": _coverage(_rows(told, "coverage"), gaps),
        "gaps": gaps,
        "unreadable": [_unreadable(one) for one in _rows(told, "unreadable")],
        "belongings": _belongings(told.get("belongings")),
    }


def _coverage(rows: Rows, gaps: Rows) -> list[dict[str, int]]:
    found = [(_instant(one, "from"), _instant(one, "to")) for one in rows]
    if any(end < start for start, end in found):
        raise _wrong("coverage")
    missing = [(gap["probably_from"], gap["to"]) for gap in gaps if gap["closed_at"] is None]
    return [{"from": start, "to": end} for start, end in stretches.apart(found, missing)]


def _gap(one: Mapping[str, Any]) -> dict[str, Any]:
    start, probably, end = (_instant(one, name) for name in ("from", "probably_from", "to"))
    if not start <= probably <= end or start == end:
        raise _wrong("gaps")
    if one.get("cause") not in set(Cause) or one.get("certainty") not in set(Certainty):
        raise _wrong("gaps")
    return {
        "from": start,
        "probably_from": probably,
        "to": end,
        "cause": one["cause"],
        "certainty": one["certainty"],
        "opened_at": _instant(one, "opened_at"),
        "closed_at": None if one.get("closed_at") is None else _instant(one, "closed_at"),
        "by_import": one.get("closed_by_import") is not None,
        "recovered": _count(one, "recovered"),
    }


def _unreadable(one: Mapping[str, Any]) -> dict[str, Any]:
    digest, at = one.get("digest"), one.get("played_at")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _wrong("unreadable")
    if at is not None and (type(at) is not int or not _possible(at)):
        raise _wrong("unreadable")
    return {
        "digest": digest,
        "reason": _text(one, "reason") or "",
        "item": _text(one, "item") or "",
        "played_at": at,
        "seen_at": _instant(one, "seen_at"),
    }


def _settings(told: object) -> dict[str, Any]:
    if not isinstance(told, dict) or len(told) > MOST:
        raise _wrong("settings")
    return {name: value for name, value in told.items() if _is_value(name, value)}


def _belongings(told: object) -> dict[str, Rows]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise _wrong("belongings")
    return {
        name: [
            {column: value for column, value in row.items() if _is_value(column, value)}
            for row in _rows(told, name)
        ]
        for name in told
        if _NAME.fullmatch(name)
    }


def _is_value(name: str, value: object) -> bool:
    if value is not None and type(value) not in (str, int, float, bool):
        raise _wrong(name[:40])
    too_long = isinstance(value, str) and (len(value) > TEXT or "\0" in value)
    if too_long or (type(value) is int and abs(value) >= 2**63):
        raise _wrong(name[:40])
    return bool(_NAME.fullmatch(name))


def _rows(told: Mapping[str, Any], name: str) -> Rows:
    rows = told.get(name)
    if not isinstance(rows, list) or len(rows) > MOST:
        raise _wrong(name[:40])
    if not all(isinstance(one, dict) for one in rows):
        raise _wrong(name[:40])
    return rows


def _instant(told: Mapping[str, Any], name: str) -> int:
    written = told.get(name)
    try:
        at = datetime.fromisoformat(written if isinstance(written, str) else "")
    except ValueError:
        raise _wrong(name) from None
    if at.tzinfo is None or not EARLIEST <= at <= LATEST:
        raise _wrong(name)
    return clock.to_ms(at)


def _possible(ms: int) -> bool:
    return 0 <= ms <= clock.to_ms(LATEST)


def _count(told: Mapping[str, Any], name: str) -> int:
    found = told.get(name)
    if type(found) is not int or not 0 <= found < 2**31:
        raise _wrong(name)
    return found


def _text(told: Mapping[str, Any], name: str) -> str | None:
    found = told.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or len(found) > TEXT or "\0" in found:
        raise _wrong(name)
    return found


def _wrong(what: str) -> ContainerError:
    return ContainerError(SENTENCE.format(what))
