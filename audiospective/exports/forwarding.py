"""Sending new plays on to a server of the member's choice: begun, tried, ended. Loads no Polars."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from audiospective import clock
from audiospective.clients import listen_server
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import ListenServer, ServerError, TokenRefusedError
from audiospective.clients.queues import EXPORT
from audiospective.imports import rounds as import_rounds
from audiospective.models import User, transaction
from audiospective.models.forwards import TOKEN_PLACE, Forward, ForwardedPlay
from audiospective.policy import listen_servers
from audiospective.services import Services
from audiospective.vault import VaultError

SECONDS = 240.0  # for one job
OVERDUE = timedelta(hours=1)
ASKING = 20.0  # seconds in which a server has to say whose token it is
AWAY = (
    "The server did not answer as ListenBrainz does. Look at the address; it has to be one of the"
    " public Internet, with https and a valid certificate."
)
REFUSED = "The server does not know this token."
FORBIDDEN = "The server forbids this (403). Look at the token, and at any filter before the server."
BROKEN = "Something broke on our side. It was noted and will be looked at."
SLOW = "The server took too long to answer."
BUSY = "The server has too many requests just now."
UNREADABLE = "The token cannot be read any more. Enter it again."


class UnusableError(Exception):
    """The server or the token does not work; the message is a sentence for the member."""


def of(user_id: int) -> Forward | None:
    """Where a member's plays are sent on to, if anywhere."""
    found: Forward | None = Forward.get_or_none(Forward.user == user_id)
    return found


def save(services: Services, user: User, root: str, token: str, *, players: bool) -> str:
    """Begin or change it, once the server has been asked whose token it is; that name.

    An empty `token` keeps the known one. With another server only plays from now on are sent, with
    the same one also what waited since it failed.
    Raises UnusableError or SignedOutError, and nothing is changed then.
    """
    known, now = of(user.id), clock.now()
    encrypted = services.vault.encrypt(TOKEN_PLACE, user.id, token) if token else ""
    if not encrypted and known is not None:
        encrypted = known.token_encrypted
    name = checked(services, user.id, root, encrypted)
    if not token:  # encrypted anew, it is known apart from what was refused
        encrypted = services.vault.rotate(encrypted)
    values = {"root": root, "token_encrypted": encrypted, "players": players, "next_at": now,
              "failures": 0, "refused": False, "error": None}  # fmt: skip
    with transaction():
        user.still_signed_in()  # the server may have taken its time on purpose
        same = (Forward.user == user.id) & (Forward.root == root)
        if not Forward.update(values).where(same).execute():
            stop(user.id)
            Forward.create(user=user.id, since=now, **values)
    return name


def checked(services: Services, user_id: int, root: str, encrypted: str) -> str:
    """Whose token it is, as the server says; raises UnusableError."""
    try:
        return server(services, user_id, root, encrypted, Deadline(ASKING)).name()
    except ServerError as error:
        raise UnusableError(told(error)) from None
    except VaultError:
        raise UnusableError(UNREADABLE) from None


def server(
    services: Services, user_id: int, root: str, encrypted: str, end: Deadline
) -> ListenServer:
    """The server with the member's token, for requests until `end`; raises VaultError."""
    return ListenServer(root, services.vault.decrypt(TOKEN_PLACE, user_id, encrypted), end)


def told(error: ServerError) -> str:
    """An error in words; what the server wrote is not repeated."""
    if isinstance(error, TokenRefusedError):
        return REFUSED
    if isinstance(error, listen_server.SlowError):
        return SLOW
    if isinstance(error, listen_server.ForbiddenError):
        return FORBIDDEN
    return BUSY if isinstance(error, listen_server.BusyError) else AWAY


def stop(user_id: int) -> bool:
    """End it; the token goes with it, and what was sent is forgotten. False if there was none."""
    with transaction():
        # First the row, which a round that is under way holds while it notes what was sent.
        ended = Forward.delete().where(Forward.user == user_id).execute()
        ForwardedPlay.delete().where(ForwardedPlay.user == user_id).execute()
    return bool(ended)


def send_past(user_id: int) -> bool:
    """Have everything before the beginning sent as well, slowly; False where that is under way."""
    row = of(user_id)
    if row is None or row.past_at is not None:
        return False
    return bool(
        Forward.update(past_at=clock.to_ms(row.since), past_track=0, next_at=clock.now())
        .where((Forward.user == user_id) & Forward.past_at.is_null())
        .execute()
    )


def is_due(now: datetime) -> Any:
    """Whether it is time for a row, as a condition on rows.

    What lies further ahead than any pause was written by a clock that ran ahead.
    """
    ahead = Forward.next_at > now + listen_servers.LONGEST_PAUSE + timedelta(minutes=1)
    return ((Forward.next_at <= now) | ahead) & ~Forward.refused


def due() -> list[int]:
    """Members for whom it is time, the longest waiting first."""
    rows = Forward.select(Forward.user).where(is_due(clock.now()))
    return [user_id for (user_id,) in rows.order_by(Forward.next_at).tuples()]


def look(services: Services) -> int:
    """Have a worker send on what is due, one job for all members; how many they are.

    Where listens are to be joined, that job sends on afterwards: one process for both. If it has
    not come so far for an hour, nobody waits for it any longer.
    """
    members = due()
    if members and (_is_overdue() or not import_rounds.to_join()):
        services.queues.enqueue_once(
            EXPORT, "forward_plays", job_id="forward-plays", timeout=int(SECONDS) + 60
        )
    return len(members)


def _is_overdue() -> bool:
    late = Forward.next_at < clock.now() - OVERDUE
    return bool(Forward.select().where(late & ~Forward.refused).exists())
