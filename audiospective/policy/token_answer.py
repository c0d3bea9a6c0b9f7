"""What a token answer says, however oddly: nothing in it may cost a living refresh token."""

from __future__ import annotations

import math

HOUR = 3600  # seconds; what Spotify gives, and what is assumed where the answer does not tell
LONGEST = 24 * HOUR


def lifetime(expires_in: object) -> int:
    """Seconds that an access token lives: a number or the text of one, else an hour.

    RFC 6749 (5.1) only recommends the field. A wrong guess costs one refresh: a token that is
    refused is renewed.
    """
    try:
        seconds = float(expires_in)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return HOUR
    if isinstance(expires_in, bool) or math.isnan(seconds):
        return HOUR
    return int(max(0, min(seconds, LONGEST)))
