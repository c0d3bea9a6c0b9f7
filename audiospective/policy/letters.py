"""What kinds of letters there are, and in which order they leave when not all can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

# A refusal may be Spotify's mistake about everybody: before a letter says "reconnect", the
# mass-failure guard gets this long to see what happens to the others.
SECOND_THOUGHTS = timedelta(minutes=10)


@dataclass(frozen=True)
class Kind:
    """`waited_for`: somebody sits in front of the inbox. `security`: cannot be switched off.

    `hold` keeps the first letter of a ladder back for a while.
    """

    name: str
    waited_for: bool = False
    security: bool = False
    hold: timedelta = timedelta()


KINDS = {
    kind.name: kind
    for kind in (
        Kind("verify_address", waited_for=True, security=True),
        Kind("sign_in_link", waited_for=True, security=True),
        Kind("waitlist_confirm", waited_for=True, security=True),
        Kind("waitlist_invite"),
        Kind("welcome"),
        Kind("archive_stopped", hold=SECOND_THOUGHTS),
        Kind("back_on"),
        Kind("no_success"),
        Kind("renewal"),
        Kind("gap_found"),
        Kind("export_ready"),
        Kind("import_finished"),
        Kind("deletion_scheduled", security=True),
        Kind("deletion_done", security=True),
        Kind("operator_alert"),
    )
}


def order(waiting: Iterable[tuple[int, str]], counts: dict[str, int]) -> list[int]:
    """Ids of `waiting` (id, kind) in the order in which they should go.

    Those that somebody is waiting for go first, then the rarest kinds: behind a full quota, one
    "reconnect needed" must not stand behind nine hundred of something else.
    """

    def place(letter: tuple[int, str]) -> tuple[bool, int, int]:
        number, name = letter
        kind = KINDS.get(name)
        return (not (kind and kind.waited_for), counts.get(name, 0), number)

    return [number for number, _ in sorted(waiting, key=place)]
