"""Addresses that come from outside and may only lead back into this site."""

from __future__ import annotations

import re

# A path of plain URL characters. No backslash, no control character, no second slash: browsers
# read each of them as the start of another host.
_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")


def local_path(value: str | None, default: str) -> str:
    """`value` if it is a path on this site, else `default`."""
    if value and len(value) <= 500 and _PATH.fullmatch(value) and "%5c" not in value.lower():
        return value
    return default
