"""What is personal in the files that services hand out; it is dropped before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Collection

OTHER = "*"  # stands where another user's name stood: the member is asked about such files

# Keys of JSON whose values are dropped. Of a user name it stays known whether it is another's.
KEYS = (
    *("ip_addr", "ip_addr_decrypted", "ip_address", "email"),
    *("user_agent", "user_agent_decrypted"),
)
NAME_KEYS = ("username", "user_name")

# Columns of tables, by letters and digits alone.
COLUMNS = frozenset(
    {
        *("ipaddr", "ipaddress", "clientipaddress", "useragent", "username", "userid", "email"),
        *("appleidnumber", "appleuserid", "deviceidentifier", "deviceid", "devicename"),
        *("postalcode", "zipcode", "cityname", "city", "regionname", "latitude", "longitude"),
    }
)

# A field of JSON: its key, the colon, its value. The same pattern serves browsers.
FIELDS = (
    f'"({"|".join((*KEYS, *NAME_KEYS))})"'
    r'(\s*:\s*)("(?:[^"\\]|\\.)*"|[-+.\w]+(?=[\s,}\]]))'
)
# A whole cell of a workbook that is an address of the network, and who wrote the workbook.
CELLS = (
    r"(<t(?:\s[^<>]*)?>)\s*(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4})"
    r"\s*(?=</t>)|(<(?:dc:creator|cp:lastModifiedBy)>)[^<]*"
)


def rules(own: Collection[str], nothing: str) -> dict[str, object]:
    """All of this for the browser's script; `nothing` is a pattern of files without plays."""
    return {
        "fields": FIELDS,
        "nameKeys": NAME_KEYS,
        "own": sorted({name.lower() for name in own}),
        "mark": OTHER,
        "columns": sorted(COLUMNS),
        "cells": CELLS,
        "nothing": nothing,
    }


def is_column(name: str) -> bool:
    """Whether a column of that name holds what is dropped."""
    return re.sub(r"[\W_]+", "", name).lower() in COLUMNS


def header(name: str) -> str:
    """A column's name without the user name that one tool writes into it (`Date#alice`)."""
    return re.sub(r"(?i)^(\W*date#).*", r"\1", name)
