"""Which columns and rows of a member go with a bundle, and which belong to the account here."""

from __future__ import annotations

from dataclasses import dataclass

from peewee import Field, Model

from audiospective.models.hidden_artists import HiddenArtist
from audiospective.models.recordings import RecordingChoice
from audiospective.models.users import User

# Who somebody is here, what an operator settled and how polls are spread: of this instance alone.
STAYS = frozenset(
    {
        *("id", "spotify_account_id", "spotify_id", "display_name", "email", "email_verified_at"),
        *("tier", "founding_number", "minute_offset", "is_operator", "session_key", "created_at"),
    }
)


@dataclass(frozen=True)
class Belonging:
    """A table whose rows a member takes along; `tracks`, ... are columns with catalog numbers."""

    model: type[Model]
    owner: str = "user"
    tracks: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.model._meta.table_name)

    @property
    def fields(self) -> list[Field]:
        """The columns that are told; the owner and a number of the row are not."""
        every = self.model._meta.sorted_fields
        return [one for one in every if one.name not in (self.owner, "id")]


# Tables that go along as they are; plays, gaps, coverage and deletions have forms of their own.
BELONGINGS: tuple[Belonging, ...] = (
    Belonging(RecordingChoice, tracks=("track", "other")),
    Belonging(HiddenArtist, artists=("artist",)),
)


def settings() -> list[Field]:
    """The columns of `users` that a member chose; a new one is among them by itself."""
    every = User._meta.sorted_fields
    return [one for one in every if one.name not in STAYS]
