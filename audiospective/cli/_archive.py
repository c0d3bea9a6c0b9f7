"""What commands share: opening the archive, and ending with one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import models
from audiospective.accounts import membership
from audiospective.models import User
from audiospective.services import Services
from audiospective.settings import Settings


@contextmanager
def opened() -> Iterator[Services]:
    """The archive that the environment names, with the database connected.

    A database or Redis that cannot be used, now or during the command, ends it with one line.
    """
    services = Services.build(Settings.from_env())
    try:
        with services.database.connection_context():
            yield services
    except PeeweeException as error:
        hint = (
            " Run 'python -m audiospective migrate' first."
            if _tables_missing()
            else f" ({_first_line(error)})"
        )
        raise click.ClickException(f"the database cannot be used.{hint}") from None
    except RedisError as error:
        raise click.ClickException(f"Redis does not answer ({_first_line(error)}).") from None


def member(text: str) -> User:
    """The member that `text` names: Spotify id, account id or e-mail address."""
    found = membership.find(text)
    if found is None:
        raise click.ClickException(f"nobody here is known as {text!r}.")
    return found


def _tables_missing() -> bool:
    try:
        return bool(models.pending())
    except PeeweeException:
        return False


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
