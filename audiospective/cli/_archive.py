"""What commands share: opening the archive, and ending with one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg
from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import models
from audiospective.accounts import members
from audiospective.models import User
from audiospective.models.base import DurabilityError
from audiospective.policy import redis_refusal
from audiospective.services import Services
from audiospective.settings import Settings

# Exit statuses, so that a script can tell what to look at; 1 is everything else, 2 the settings.
DATABASE, REDIS, FILES = 3, 4, 5


def unusable(message: str, status: int) -> click.ClickException:
    """One line about something that a command needs and cannot use; `status` is its exit code."""
    error = click.ClickException(message)
    error.exit_code = status  # type: ignore[misc]  # click reads it from the instance
    return error


@contextmanager
def one_line() -> Iterator[None]:
    """Whatever the block needs and cannot use ends the command with one line."""
    try:
        yield
    except (models.EncodingError, DurabilityError) as error:
        raise unusable(f"{error}.", DATABASE) from None
    except models.BrokenMigrationError as error:
        raise unusable(_said_of_migration(error), DATABASE) from None
    except (PeeweeException, psycopg.Error) as error:
        raise unusable(_said_of_database(error), DATABASE) from None
    except RedisError as error:
        said = redis_refusal.in_words(error, first_line(error))
        raise unusable(f"Redis: {said}", REDIS) from None
    except OSError as error:
        if error.filename is None:
            raise
        said = f"{error.filename} cannot be used ({error.strerror or type(error).__name__})."
        raise unusable(said, FILES) from None


@contextmanager
def opened() -> Iterator[Services]:
    """The archive that the environment names, with the database connected.

    A database or Redis that cannot be used, now or during the command, ends it with one line.
    """
    services = Services.build(Settings.from_env())
    with one_line(), services.database.connection_context():
        yield services


def member(text: str) -> User:
    """The member that `text` names: Spotify id, account id, confirmed e-mail address or number."""
    found = members.find(text)
    if found is None:
        raise click.ClickException(
            f"nobody here is known as {text!r}: give a Spotify id, an account id, "
            "a confirmed e-mail address or the number of a member."
        )
    return found


def first_line(error: BaseException) -> str:
    """What an error says, without the paragraphs that some libraries add."""
    return str(error).partition("\n")[0] or type(error).__name__


def _said_of_migration(error: models.BrokenMigrationError) -> str:
    why = first_line(error.__cause__ or error)
    if may_not_create := _of_rights(why):
        return may_not_create
    return (
        f"migration {error.name} failed ({why}). What came before it stays; the release before "
        "goes on with these tables."
    )


def _said_of_database(error: Exception) -> str:
    said = first_line(error)
    if may_not_create := _of_rights(said):
        return may_not_create
    if _tables_missing():
        return "the database cannot be used. Run 'python -m audiospective migrate' first."
    return f"the database cannot be used ({said})."


def _of_rights(said: str) -> str | None:
    if "permission denied for schema" not in said:
        return None
    # PostgreSQL 15 and newer no longer let everybody create tables in `public`.
    return (
        f"the database cannot be used ({said}). Let its user own the database, or run there: "
        "GRANT CREATE ON SCHEMA public TO the user."
    )


def _tables_missing() -> bool:
    try:
        return bool(models.pending())
    except (PeeweeException, psycopg.Error, models.EncodingError, OSError):
        return False
