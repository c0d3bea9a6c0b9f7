"""Where the beginning of a JSON file shows that the file is damaged or was cut off."""

from __future__ import annotations

import json
import re

_ENDS = re.compile(r"[\w.+-]*\s*\Z")  # a number or word that may go on
_CUT = "The file is incomplete: it ends in the middle{}. Download it again."
_BROKEN = "The file is damaged{}: that is no JSON. Download it again."


def sentence(text: str, *, whole: bool) -> str | None:
    """What is wrong with a text that begins as JSON; None if nothing is. `whole`: it is all of it.

    Lines of one JSON value each are looked at together.
    """
    at = 0
    try:
        while rest := text[at:].lstrip():
            _, at = _DECODER.raw_decode(text, len(text) - len(rest))
    except json.JSONDecodeError as error:
        open_text = error.msg.startswith(("Unterminated string", "Invalid \\u"))
        ends = open_text and "\n" not in text[error.pos :].rstrip()
        if ends or _ENDS.match(text, error.pos):
            return _CUT.format(_in(text.rstrip().count("\n") + 1)) if whole else None
        return _BROKEN.format(_in(error.lineno))
    except RecursionError:
        return None
    return None


def _in(line: int) -> str:
    return f" in line {line:,}" if line > 1 else ""


_DECODER = json.JSONDecoder(strict=False)
