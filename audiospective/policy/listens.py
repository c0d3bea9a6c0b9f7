"""What a player may send at once, and what is wrong with it, as ListenBrainz has it.

Limits and sentences follow its API (listenbrainz.readthedocs.io, "JSON documentation"), so that
programs written for it understand the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

SINGLE, IMPORT, PLAYING_NOW = TYPES = ("single", "import", "playing_now")
MOST = 1_000  # listens at once
LONGEST = 10_240  # bytes of one as JSON
BODY = 2 << 20  # bytes of a request; the 10 MB of ListenBrainz may take 286 MB once parsed
EARLIEST = 1_033_430_400  # 2002-10-01, when Audioscrobbler began; Unix seconds


class WrongError(Exception):
    """A document that ListenBrainz would refuse; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read(document: object) -> tuple[str, list[Mapping[str, Any]]]:
    """The type and the listens of a document that was sent; raises WrongError."""
    if not isinstance(document, dict):
        raise WrongError("The document has to be a JSON object.")
    kind, listens = document.get("listen_type"), document.get("payload")
    if kind not in TYPES:
        raise WrongError("JSON document requires a valid listen_type key.")
    if not isinstance(listens, list) or not listens:
        raise WrongError("JSON document does not contain any listens")
    if len(listens) > MOST:
        raise WrongError(f"Too many listens. You may not submit more than {MOST} listens at once.")
    if kind != IMPORT and len(listens) > 1:
        raise WrongError(f"JSON document contains more than one listen for a {kind} listen.")
    for listen in listens:
        _check(listen, kind)
    return str(kind), listens


def _check(listen: object, kind: str) -> None:
    if not isinstance(listen, dict):
        raise WrongError("Each listen has to be a JSON object.")
    if size(listen) > LONGEST:
        raise WrongError(f"JSON document is too large. Each listen may not exceed {LONGEST} bytes.")
    at, told = listen.get("listened_at"), listen.get("track_metadata")
    if kind == PLAYING_NOW:
        if "listened_at" in listen:
            raise WrongError(
                "JSON document must not contain listened_at while submitting playing_now."
            )
    elif not isinstance(at, int) or isinstance(at, bool) or at < EARLIEST:
        raise WrongError(
            "JSON document should contain the key listened_at, an integer of Unix seconds from "
            f"{EARLIEST} on."
        )
    if not isinstance(told, dict):
        raise WrongError("JSON document should contain the key track_metadata.")
    for name in ("artist_name", "track_name"):
        value = told.get(name)
        if not isinstance(value, str) or not value.strip():
            raise WrongError(f"JSON document should contain the key track_metadata.{name}.")
    if told.get("release_name") is not None and not isinstance(told["release_name"], str):
        raise WrongError("track_metadata.release_name has to be a string.")
    if told.get("additional_info") is not None and not isinstance(told["additional_info"], dict):
        raise WrongError("track_metadata.additional_info has to be an object.")


def size(listen: dict[str, Any]) -> int:
    """Bytes as JSON; orjson reads deeper nesting than it writes."""
    try:
        return len(orjson.dumps(listen))
    except orjson.JSONEncodeError:
        return LONGEST + 1
