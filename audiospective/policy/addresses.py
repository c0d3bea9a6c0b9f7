"""E-mail addresses: which are usable, and when two are the same."""

from __future__ import annotations

import re

from audiospective.policy import hosts

LONGEST = 254  # characters, RFC 5321 (4.5.3.1.3)
LONGEST_LOCAL = 64  # before the @, RFC 5321 (4.5.3.1.1)
LONGEST_LABEL = 63  # between two dots of the host, RFC 1035 (2.3.4)

# What e-mails are really sent to: dot-atoms (RFC 5322, 3.2.3). Quoted parts, comments, control
# characters and lists of addresses are refused, which also keeps headers free of injections.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


def normalized(text: str) -> str | None:
    """The address in the form that is stored and compared; None if no e-mail can go there.

    Blanks around it are dropped, a host in another script is put into its ASCII form, and case is
    folded: RFC 5321 gives the local part a case, mail servers as they are run give it
    none. Dots and tags ("+list") are kept, since what they mean is the host's matter.
    """
    local, at, host = text.strip(" \t").rpartition("@")
    if not at or len(local) > LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    ascii_host = hosts.ascii_host(host)
    if ascii_host is None or len(local) + 1 + len(ascii_host) > LONGEST:
        return None
    labels = ascii_host.split(".")
    usable = len(labels) > 1 and all(
        len(label) <= LONGEST_LABEL and _LABEL.fullmatch(label) for label in labels
    )
    if not usable or labels[-1].isdigit():
        return None
    return f"{local.lower()}@{ascii_host}"
