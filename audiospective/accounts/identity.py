"""Who a Spotify account is here: the ids by which Spotify has named it."""

from __future__ import annotations

from audiospective.clients.spotify import Profile
from audiospective.models import User, transaction
from audiospective.policy import member_names

NAME_CHOSEN = "name_chosen"  # in users.preferences


class AmbiguousError(Exception):
    """The answer names nobody for certain: a known id is missing, or an id has had two owners."""


def known(profile: Profile) -> User | None:
    """The member of this account, None for an account that was never here.

    Spotify's `account_id` never changes and decides; its `id` may change and may go to somebody
    else. An answer that lacks the first is matched by the second. Raises AmbiguousError for such an
    answer with an `id` that nobody here has: it may be a member whose `id` has changed, and a
    second archive would be made for them.
    """
    if profile.account_id:
        found: User | None = User.get_or_none(User.spotify_account_id == profile.account_id)
        return found or _signed_up_without_account_id(profile)
    rows = list(
        User.select()
        .where(
            (User.spotify_id == profile.spotify_id)
            | (User.spotify_account_id == profile.spotify_id)
        )
        .limit(2)
    )
    if len(rows) != 1:
        raise AmbiguousError
    member: User = rows[0]
    return member


def columns(profile: Profile, member: User | None = None) -> dict[str, str | None]:
    """What a member's row keeps of the account: nothing that the answer does not tell.

    A name that `member` has chosen here stays.
    """
    found: dict[str, str | None] = {"spotify_id": profile.spotify_id}
    if member is None or not member.wishes.get(NAME_CHOSEN):
        found["display_name"] = member_names.kept(profile.display_name)
    if profile.account_id:
        found["spotify_account_id"] = profile.account_id
    return found


def release(profile: Profile, user_id: int | None) -> None:
    """Take the `id` from whoever had it before: Spotify has given it to this account."""
    if not profile.account_id:
        return
    others = (User.spotify_id == profile.spotify_id) & (
        User.spotify_account_id != profile.spotify_id
    )
    if user_id is not None:
        others &= User.id != user_id
    User.update(spotify_id=None).where(others).execute()


def rename(user_id: int, name: str | None) -> None:
    """Call a member `name` from now on; None: as Spotify does, from the next sign-in on."""
    with transaction():
        User.wish(user_id, **{NAME_CHOSEN: name is not None})
        if name is not None:
            User.update(display_name=name).where(User.id == user_id).execute()


def _signed_up_without_account_id(profile: Profile) -> User | None:
    """A member from before May 2026, when Spotify's answers had one id, which served as both."""
    if profile.account_id == profile.spotify_id:
        return None
    found: User | None = User.get_or_none(
        (User.spotify_account_id == profile.spotify_id) & (User.spotify_id == profile.spotify_id)
    )
    return found
