"""Every page in every state, as functions that bring it about; used by all browser tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.accounts import deletion
from audiospective.history import append, recordings, removal
from audiospective.history.catalog import lookup, polled
from audiospective.imports.findings import Findings, FoundFile
from audiospective.models import Import, Play, SpotifyApp, User
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.exports import CANCELLED, EXPIRED, FAILED, READY, WORKING, Export
from audiospective.models.founding import FoundingRegister
from audiospective.models.gaps import Gap
from tests.browser.conftest import House
from tests.factories import connected, make_user, track

NAMES = [
    ("Paper Lanterns", "Nora Feld"),
    ("سماء بعيدة", "ليلى ناصر"),
    ("遠い海の記憶 🎻", "青木 鈴"),
    ("<script>alert(1)</script>", "Quote & “Ampersand”"),
    ("Unbreakable" * 30, "One, Two, Three " * 12),
]


def member(house: House, name: str = "alice", plays: int = 12, **values: Any) -> User:
    """A member whose last check was 23 minutes ago, with plays that have difficult names."""
    now = clock.now()
    connection = connected(
        house.services,
        name,
        **{
            "last_polled_at": now - timedelta(minutes=23),
            "last_success_at": now - timedelta(minutes=23),
            "next_poll_at": now + timedelta(minutes=37),
            **values,
        },
    )
    user: User = connection.user
    User.update(founding_number=614, timezone="Europe/Berlin").where(User.id == user.id).execute()
    save(user, plays)
    return user


def save(user: User, plays: int, *, newest: timedelta = timedelta(minutes=12)) -> None:
    """Store plays, half an hour apart, the newest `newest` ago."""
    if not plays:
        return
    facts = [track(title, artist) for title, artist in NAMES]
    ids = polled.remember(facts)
    append.polled(
        [
            append.NewPlay(
                user.id,
                clock.to_ms(clock.now() - newest - back * timedelta(minutes=31)),
                ids[facts[back % len(facts)].spotify_id],
                None,
            )
            for back in range(plays)
        ]
    )


def pictures() -> None:
    """Give every album a cover on Spotify's image host."""
    url = "https://i.scdn.co/image/ab67616d00001e02"
    told = [track(title, artist) for title, artist in NAMES]
    polled.remember([replace(one, album=replace(one.album, image_url=url)) for one in told])


State = Callable[[House], tuple[str, User | None]]


def _taken(number: int) -> State:
    def state(house: House) -> tuple[str, User | None]:
        with house.services.database.atomic():
            FoundingRegister.locked()
            FoundingRegister.update(last_number=number).execute()
        return "/", None

    return state


def _no_seat(house: House) -> tuple[str, User | None]:
    _taken(4)(house)
    member(house, "bob", 0)
    SpotifyApp.update(seats=1).execute()
    object.__setattr__(house.services.settings, "spotify_seats", 1)
    return "/", None


def _dashboard(**values: Any) -> State:
    def state(house: House) -> tuple[str, User | None]:
        return "/dashboard", member(house, **values)

    return state


def _limited(house: House) -> tuple[str, User | None]:
    user = member(house, last_success_at=clock.now() - timedelta(hours=5))
    SpotifyApp.update(
        blocked_until=clock.now() + timedelta(hours=2), block_reason="rate_limit"
    ).execute()
    return "/dashboard", user


def _import_only(_house: House) -> tuple[str, User | None]:
    return "/dashboard", make_user("carol", spotify_account_id=None, spotify_id=None)


def _address(house: House) -> tuple[str, User]:
    user = member(house)
    User.update(email="alice@mail.example", email_verified_at=clock.now()).where(
        User.id == user.id
    ).execute()
    return "/settings/address", user


def _of_music(kind: str) -> State:
    """The page of the first track, artist or album; its history is a year long."""

    def state(house: House) -> tuple[str, User]:
        user = member(house, plays=60)
        save(user, 30, newest=timedelta(days=380))
        named = lookup.tracks([Play.select().where(Play.user == user).get().track])
        (first,) = named.values()
        number = {"tracks": first.id, "artists": first.artists[0][0], "albums": first.album_id}
        return f"/{kind}/{number[kind]}", user

    return state


def _gap(house: House) -> tuple[str, User]:
    user = member(house, plays=30)  # fifteen hours, so that there are plays on both sides
    end = clock.now() - timedelta(hours=9)
    Gap.create(
        user=user, started_at=end - timedelta(hours=5), probably_from=end - timedelta(hours=5),
        ended_at=end, cause="overflow", certainty="possible", opened_at=end,
    )  # fmt: skip
    return "/history", user


def _one_play(house: House) -> tuple[str, User]:
    user = member(house)
    play = Play.select().where(Play.user == user).get()
    return f"/history/plays/{play.played_at}-{play.track}", user


def _removed(house: House) -> tuple[str, User]:
    user = member(house)
    play = Play.select().where(Play.user == user).get()
    removal.remove(user.id, [(play.played_at, play.track)])
    return "/history/removed", user


def _twins(house: House) -> tuple[str, User]:
    user = member(house)
    ids = sorted({play.track for play in Play.select().where(Play.user == user)})
    recordings.merge(user.id, ids[0], ids[1])
    recordings.set_apart(user.id, ids[2], ids[3])
    return "/settings/recordings", user


def _one_recording(house: House) -> tuple[str, User]:
    _, user = _twins(house)
    return f"/settings/recordings/tracks/{recordings.choices(user.id)[0].track}", user


def _leaving(house: House) -> tuple[str, User]:
    user = member(house)
    deletion.schedule(house.services, user)
    return "/settings/delete", user


def _shelf(house: House) -> tuple[str, User]:
    """Exports in every state, and one that is being made."""
    user, now = member(house), clock.now()
    told = {"user": user, "created_at": now, "changed_at": now}
    for status in (READY, FAILED, CANCELLED, EXPIRED, WORKING):
        Export.create(
            form="bundle", status=status, plays=12, size=4_200_000, done=4, total=12,
            file_name="audiospective-alice-2026-11-26.zip", key="exports/1/a",
            expires_at=now + timedelta(days=7),
            error="Our worker did not get through it." if status == FAILED else None, **told,
        )  # fmt: skip
    return "/exports", user


def _monthly(house: House) -> tuple[str, User]:
    """An export goes into a bucket every month, and the last one did not arrive."""
    user, now = member(house), clock.now()
    ExportSchedule.create(
        user=user, goes_to="bucket", endpoint="https://s3.example.com", region="auto",
        bucket="my-listening", prefix="music", key_id="AKIAEXAMPLE", secret_encrypted="x",
        created_at=now, next_at=now + timedelta(days=12), failures=1,
        error="The service did not answer. Look at the address.",
    )  # fmt: skip
    return "/exports/schedule", user


def _restore(house: House) -> tuple[str, User]:
    """A bundle was read and waits for its member's yes."""
    user, now = member(house), clock.now()
    told = {"possible": True, "plays": 41_873, "removed": 3, "gaps": 7,
            "sealed_at": clock.to_ms(now), "owner": "Juniper Vale"}  # fmt: skip
    file = FoundFile(
        0, "audiospective-Juniper-Vale-2026-11-26.zip", 9, "audiospective", rows=41_873
    )
    row = Import.create(user=user, status="review", created_at=now, changed_at=now, rows=41_873,
                        findings=Findings([file], restore=told).dumps())  # fmt: skip
    return f"/imports/{row.id}", user


STATES: dict[str, State] = {
    "landing": _taken(613),
    "landing with few places left": _taken(980),
    "landing when full": _taken(1000),
    "landing without a seat": _no_seat,
    "landing for a member": lambda house: ("/", member(house)),
    "dashboard": _dashboard(),
    "dashboard of a new member": _dashboard(
        plays=0, last_polled_at=None, last_success_at=None, next_poll_at=clock.now()
    ),
    "dashboard catching up": _dashboard(next_poll_at=clock.now() - timedelta(hours=4)),
    "dashboard with a consent that ended": _dashboard(status="needs_reauth"),
    "dashboard without a place on the list": _dashboard(status="not_allowed"),
    "dashboard paused": _dashboard(status="paused"),
    "dashboard disconnected": _dashboard(status="disconnected"),
    "dashboard while Spotify is silent": _dashboard(
        last_success_at=clock.now() - timedelta(hours=7),
        consecutive_failures=3,
        last_failure_type="network",
    ),
    "dashboard while Spotify has us wait": _limited,
    "dashboard of an import-only member": _import_only,
    "history": lambda house: ("/history", member(house, plays=60)),
    "history with a gap": _gap,
    "history of a new member": lambda house: ("/history", member(house, plays=0)),
    "history that finds something": lambda house: ("/history?q=feld&source=poll", member(house)),
    "history that finds nothing": lambda house: ("/history?q=nothing", member(house)),
    "history with a bad date": lambda house: ("/history?from=soon", member(house)),
    "a year of the history": lambda house: (f"/history/{clock.now().year}", member(house)),
    "one play": _one_play,
    "deleted plays": _removed,
    "track": _of_music("tracks"),
    "artist": _of_music("artists"),
    "album": _of_music("albums"),
    "a track that is not there": lambda house: ("/tracks/999", member(house)),
    "recordings": _twins,
    "one recording": _one_recording,
    "exports": _shelf,
    "exports of a new member": lambda house: ("/exports", member(house, plays=0)),
    "export every month": lambda house: ("/exports/schedule", member(house)),
    "export every month that did not arrive": _monthly,
    "a bundle that comes back": _restore,
    "health": lambda house: ("/health", member(house)),
    "welcome": lambda house: ("/welcome", member(house)),
    "own Spotify app": lambda house: ("/settings/spotify-app", member(house)),
    "guide to an own Spotify app": lambda _house: ("/guide/own-spotify-app", None),
    "privacy": lambda _house: ("/privacy", None),
    "sessions": lambda house: ("/settings/sessions", member(house)),
    "address": lambda house: ("/settings/address", member(house)),
    "address that is confirmed": _address,
    "waitlist": lambda _house: ("/waitlist", None),
    "waitlist joined": lambda _house: ("/waitlist/thanks", None),
    "sign-in": lambda _house: ("/sign-in", None),
    "sign-in e-mail sent": lambda _house: ("/sign-in/sent", None),
    "disconnect": lambda house: ("/connection/disconnect", member(house)),
    "delete": lambda house: ("/settings/delete", member(house)),
    "delete in seven days": _leaving,
    "deleted": lambda _house: ("/deleted", None),
    "link to keep that is over": lambda _house: ("/keep/over", None),
    "signed out": lambda _house: ("/fail/401", None),
    "nothing there": lambda _house: ("/nowhere", None),
    "something broke": lambda _house: ("/fail/500", None),
}
