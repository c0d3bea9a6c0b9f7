"""The control handle: everything a test, a simulation or a demonstration can make happen.

The control API offers the same verbs with the same arguments over HTTP, so whatever a verb takes
and gives is plain JSON, except that instants may also be aware datetimes here.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from werkzeug.datastructures import MultiDict

from audiospective.sandbox.apps import CLIENT_ID, App
from audiospective.sandbox.clock import Instant, iso, to_ms
from audiospective.sandbox.consent import decide, read
from audiospective.sandbox.grants import ACCESS_SECONDS
from audiospective.sandbox.habits import HABITS, HOUR_MS
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.plays import UNSET, Play
from audiospective.sandbox.roster import person
from audiospective.sandbox.world import World

SCOPE = "user-read-recently-played"
SPAN = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


class Control:
    """Verbs on one world. Listeners are named by id; unknown ones raise KeyError."""

    def __init__(self, world: World) -> None:
        self.world = world

    # Time

    def now(self) -> str:
        """The sandbox's present instant."""
        return iso(self.world.clock.now_ms())

    def set_clock(self, at: Instant) -> str:
        """Jump to an instant, forward or back."""
        return self._turn(lambda: self.world.clock.set(to_ms(at)))

    def advance(self, **span: float) -> str:
        """Move on by seconds, minutes, hours or days."""
        milliseconds = round(timedelta(**span) / timedelta(milliseconds=1))
        return self._turn(lambda: self.world.clock.set(self.world.clock.now_ms() + milliseconds))

    def freeze(self, at: Instant | None = None) -> str:
        """Stop the clock, here or at an instant; `advance` and `set_clock` still move it."""

        def stop() -> None:
            self.world.clock.freeze()
            if at is not None:
                self.world.clock.set(to_ms(at))

        return self._turn(stop)  # fmt: skip

    def unfreeze(self) -> str:
        """Let the clock run on from where it stands."""
        return self._turn(self.world.clock.unfreeze)

    def real_time(self) -> str:
        """Go back to real time."""

        def follow() -> None:
            self.world.clock.unfreeze()
            self.world.clock.offset_ms = 0

        return self._turn(follow)  # fmt: skip

    def _turn(self, move: Callable[[], None]) -> str:
        with self.world.lock:
            move()
            self.world.keep_clock()
            return self.now()

    # Apps and people

    def make_app(self, client_id: str, client_secret: str, **facts: Any) -> dict[str, Any]:
        """Register an app; `facts` are the fields of `apps.App`."""
        with self.world.lock:
            return self.world.add_app(App(client_id, client_secret, **facts)).document()

    def set_app(self, client_id: str = CLIENT_ID, **facts: Any) -> dict[str, Any]:
        """Change an app: mode, allow_list, owner_premium, rotation, rate_limit, quota and so on."""
        with self.world.lock:
            known = self.world.apps[client_id].document()
            return self.world.add_app(App(**{**known, **facts})).document()

    def apps(self) -> list[dict[str, Any]]:
        """Every app."""
        with self.world.lock:
            return [app.document() for app in self.world.apps.values()]

    def make_listener(self, id: str | None = None, **facts: Any) -> dict[str, Any]:
        """Create a listener; `facts` are the fields of `listeners.Listener`, habit silent."""
        with self.world.lock:
            number = len(self.world.listeners)
            template = person(number, facts.get("display_name", f"Listener {number}"), prefix="one")
            known = {**template.document(), **facts}
            if id is not None:
                known |= {"id": id, "account_id": facts.get("account_id", f"acct-{id}")}
            if known["habit"] not in HABITS:
                raise ValueError(f"no such habit: {known['habit']}; there are {', '.join(HABITS)}")
            return self.world.meet([Listener(**known)])[0].document()

    def make_listeners(
        self,
        count: int,
        habit: str = "silent",
        prefix: str = "many",
        zones: Sequence[str] = ("UTC",),
    ) -> list[str]:
        """Create many listeners at once; their ids, in order, the same for the same prefix."""
        with self.world.lock:
            people = [
                person(
                    number, f"{prefix} {number}", zones[number % len(zones)], habit, "SE", prefix
                )
                for number in range(count)
            ]
            return [listener.id for listener in self.world.meet(people)]

    def listeners(self) -> list[dict[str, Any]]:
        """Everybody, the default one first."""
        with self.world.lock:
            return [listener.document() for listener in self.world.listeners.values()]

    def set_listener(self, listener: str, **facts: Any) -> dict[str, Any]:
        """Change what a profile says: display_name, has_image, country, email, product."""
        with self.world.lock:
            known = self.world.listeners[listener]
            for name, value in facts.items():
                if name not in ("display_name", "has_image", "country", "email", "product"):
                    raise ValueError(f"cannot change {name}")
                setattr(known, name, value)
            self.world.keep(known)
            return known.document()

    # Plays

    def add_plays(self, listener: str, plays: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Let somebody have played things; each play is a dict of what differs from the usual.

        `played_at` (default now), `recorded_at` (default: as soon as it is played and told),
        `track` (an id; null for none; default any), `context`, `ms_played`, `hidden` (a reason
        for the API not to show it), `raw` (the item as it will stand in the answer, however bad).
        """
        with self.world.lock:
            known = self.world.listeners[listener]
            made = [self._play(known, facts) for facts in plays]
            return [self._told(play) for play in self.world.add_plays(known, made)]

    def play(self, listener: str, **facts: Any) -> dict[str, Any]:
        """Let somebody have played one thing; see `add_plays`."""
        return self.add_plays(listener, [facts])[0]

    def burst(
        self, listener: str, count: int = 60, seconds_apart: float = 1, until: Instant | None = None
    ) -> list[dict[str, Any]]:
        """Many plays close together, the last one ending now; more than 50 overflow the window."""
        end = self.world.clock.now_ms() if until is None else to_ms(until)
        step = round(seconds_apart * 1000)
        times = [end - step * (count - 1 - index) for index in range(count)]
        return self.add_plays(listener, [{"played_at": at} for at in times])

    def late(self, listener: str, count: int = 1, hours: float = 9) -> list[dict[str, Any]]:
        """Plays that ended hours ago and are only known now, as after listening offline."""
        start = self.world.clock.now_ms() - round(hours * HOUR_MS)
        return self.add_plays(
            listener, [{"played_at": start + 200_000 * index} for index in range(count)]
        )

    def same_time(self, listener: str, count: int = 2) -> list[dict[str, Any]]:
        """Different tracks with one `played_at`."""
        now = self.world.clock.now_ms()
        tracks = list(self.world.catalog.tracks)
        return self.add_plays(
            listener, [{"played_at": now, "track": tracks[index]} for index in range(count)]
        )

    def offline(self, listener: str, **span: float) -> None:
        """From now on, hold plays back on the device; they all arrive when the span is over."""
        with self.world.lock:
            known, now = self.world.listeners[listener], self.world.clock.now_ms()
            self.world.heard(known)
            known.offline.append((now, now + round(timedelta(**span) / timedelta(milliseconds=1))))
            self.world.keep(known)

    def wake(self, listener: str) -> None:
        """Let somebody play something new every 30 to 60 seconds for the next three hours."""
        with self.world.lock:
            self.world.wake(self.world.heard(self.world.listeners[listener]))

    def tracks(self, count: int = 50) -> list[str]:
        """Ids of tracks in the catalog."""
        return list(self.world.catalog.tracks)[:count]

    def _play(self, listener: Listener, facts: dict[str, Any]) -> Play:
        now = self.world.clock.now_ms()
        at = to_ms(facts.get("played_at", now))
        known = {"played_at", "recorded_at", "track", "context", "ms_played", "hidden", "raw"}
        if set(facts) - known:
            raise ValueError(f"a play has no {', '.join(sorted(set(facts) - known))}")
        tracks = self.world.catalog.tracks
        if "track" in facts:
            track = None if facts["track"] is None else tracks[facts["track"]]
        else:
            track = Random(f"{listener.id}/{at}").choice(list(tracks.values()))
        return Play(
            played_at=at,
            recorded_at=max(to_ms(facts.get("recorded_at", max(at, now))), at),
            order=0,
            track=track,
            context=facts.get("context"),
            ms_played=facts.get("ms_played", track.duration_ms if track else 0),
            source="explicit",
            hidden=facts.get("hidden", ""),
            raw=facts.get("raw", UNSET),
        )

    # The oracle

    def plays(self, listener: str, state: str | None = None) -> list[dict[str, Any]]:
        """Everything somebody played, by time, and what became of it.

        States: `offered` (stood in an answer that arrived whole), `waiting` (in the window,
        not yet offered), `lost` (pushed out of the window unseen), `hidden` (never shown),
        `pending` (not yet known to Spotify).
        """
        with self.world.lock:
            tape = self.world.heard(self.world.listeners[listener]).tape
            told = [self._told(play) for play in (*tape.history, *tape.coming())]
        told.sort(key=lambda play: (play["played_ms"], play["order"]))
        return [play for play in told if state in (None, play["state"])]

    def balance(self, listener: str | None = None) -> dict[str, int]:
        """How many plays are in each state, of one listener or of all."""
        counts = dict.fromkeys(("offered", "waiting", "lost", "hidden", "pending"), 0)
        with self.world.lock:
            now = self.world.clock.now_ms()
            people = [listener] if listener else list(self.world.listeners)
            for name in people:
                tape = self.world.heard(self.world.listeners[name]).tape
                for play in (*tape.history, *tape.coming()):
                    counts[play.state(now)] += 1
        return counts

    def _told(self, play: Play) -> dict[str, Any]:
        return {
            "played_at": iso(play.played_at),
            "played_ms": play.played_at,
            "recorded_at": iso(play.recorded_at),
            "recorded_ms": play.recorded_at,
            "offered_ms": play.offered_at,
            "left_ms": play.left_at,
            "order": play.order,
            "track": play.track.id if play.track else None,
            "name": play.track.name if play.track else None,
            "ms_played": play.ms_played,
            "hidden": play.hidden,
            "state": play.state(self.world.clock.now_ms()),
        }

    # Faults

    def fault(
        self,
        name: str,
        *,
        listener: str | Sequence[str] | None = None,
        app: str | None = None,
        endpoint: str | None = None,
        times: int | None = None,
        skip: int = 0,
        **params: Any,
    ) -> int:
        """Put a fault in force and get its number; see docs/sandbox.md for names and parameters.

        Scope it by listener (one or several), app and endpoint; `times` ends it after so many
        calls, `skip` lets the first ones pass.
        """
        people = (listener,) if isinstance(listener, str) else tuple(listener or ())
        with self.world.lock:
            fault = self.world.faults.add(
                name, self.world.clock.now_ms(), endpoint=endpoint, listeners=people, app=app,
                times=times, skip=skip, params=params,
            )  # fmt: skip
            return fault.id

    def clear(self, id: int | None = None, name: str | None = None) -> None:
        """End one fault, all of a name, or all."""
        with self.world.lock:
            self.world.faults.clear(id, name)

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force."""
        with self.world.lock:
            return [fault.describe() for fault in self.world.faults.all.values()]

    # Grants

    def mint(
        self,
        listener: str,
        app: str = CLIENT_ID,
        scope: str = SCOPE,
        authorized_at: Instant | None = None,
        rotation: str | None = None,
        public: bool = False,
    ) -> dict[str, Any]:
        """Tokens of a listener without any browser, as the token endpoint would give them."""
        with self.world.lock:
            if app not in self.world.apps:
                raise KeyError(app)
            known = self.world.listeners[listener]
            at = None if authorized_at is None else to_ms(authorized_at)
            grant, access = self.world.grants.new_grant(
                app, known.id, scope, public=public, granted_ms=at, rotation=rotation
            )
            return {
                "access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS,
                "scope": scope, "refresh_token": grant.refresh_token, "id": known.id,
                "account_id": known.account_id, "display_name": known.display_name,
                "authorized_at": iso(grant.granted_ms),
            }  # fmt: skip

    def mint_many(self, listeners: Iterable[str], **options: Any) -> list[dict[str, Any]]:
        """`mint` for many listeners, in their order."""
        return [self.mint(listener, **options) for listener in listeners]

    def consent(self, authorize_url: str, listener: str, allow: bool = True) -> str:
        """Answer the consent page of an authorization URL; the address it leads back to.

        ValueError with the page's text where Spotify would show a page instead.
        """
        with self.world.lock:
            asked = read(self.world, MultiDict(parse_qsl(urlsplit(authorize_url).query)))
            if asked.page or asked.error:
                raise ValueError(asked.page or asked.error)
            place, text = decide(self.world, asked, self.world.listeners[listener].id, allow)
        if place is None:
            raise ValueError(text)
        return place

    def grants(self, listener: str | None = None, app: str | None = None) -> list[dict[str, Any]]:
        """Living authorizations, without their tokens."""
        with self.world.lock:
            return [
                {"listener": grant.listener_id, "app": grant.client_id, "scope": grant.scope,
                 "authorized_at": iso(grant.granted_ms), "ends_at": iso(grant.ends_ms()),
                 "refreshes": grant.refreshes}
                for grant in self.world.grants.of(listener, app)
            ]  # fmt: skip

    def revoke(
        self, listener: str | None = None, app: str | None = None, access: bool = True
    ) -> int:
        """The listener removes the app; `access=False` lets access tokens live out their hour."""
        with self.world.lock:
            grants = self.world.grants.of(listener, app)
            for grant in grants:
                self.world.grants.revoke(grant, access)
            return len(grants)

    def expire_access(self, listener: str | None = None, app: str | None = None) -> int:
        """End the life of access tokens now; refresh tokens stay."""
        with self.world.lock:
            grants = self.world.grants.of(listener, app)
            for grant in grants:
                self.world.grants.expire_access(grant)
            return len(grants)

    # Calls

    def calls(
        self,
        endpoint: str | None = None,
        listener: str | None = None,
        app: str | None = None,
        status: int | None = None,
    ) -> int:
        """How many calls came, filtered; status 0 counts those that got no answer."""
        with self.world.lock:
            return self.world.calls.count(endpoint, listener, app, status)

    def calls_by(self, key: str = "endpoint") -> dict[str, int]:
        """Calls by endpoint, listener, app or status."""
        with self.world.lock:
            return self.world.calls.by(key)

    def call_log(self) -> list[dict[str, Any]]:
        """The latest calls, oldest first, in sandbox time."""
        with self.world.lock:
            return list(self.world.calls.recent)

    def reset_calls(self) -> None:
        """Count calls from zero again."""
        with self.world.lock:
            self.world.calls.reset()

    # Letters

    def letters(self, to: str | None = None) -> list[dict[str, Any]]:
        """Letters caught, oldest first, to one address or to all."""
        with self.world.lock:
            return [
                {name: getattr(letter, name) for name in letter.__dataclass_fields__}
                for letter in self.world.mailbox.letters.values()
                if to is None or to in letter.to
            ]

    def clear_letters(self) -> None:
        """Empty the inbox."""
        with self.world.lock:
            self.world.mailbox.clear()

    def set_mail_keys(self, keys: Iterable[str] | None) -> None:
        """Which API keys the mail service takes; None for any."""
        with self.world.lock:
            self.world.mail_keys = None if keys is None else set(keys)
