"""Verbs about apps and listeners."""

from collections.abc import Sequence
from typing import Any

from audiospective.sandbox.apps import CLIENT_ID, App
from audiospective.sandbox.first_listeners import person
from audiospective.sandbox.habits import HABITS
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.verbs.base import Verbs


class PeopleVerbs(Verbs):
    """Apps and the people who use them."""

    def make_app(self, client_id: str, client_secret: str, **facts: Any) -> dict[str, Any]:
        """Register an app; `facts` are the fields of `apps.App`."""
        with self.state.lock:
            return self.state.add_app(App(client_id, client_secret, **facts)).document()

    def set_app(self, client_id: str = CLIENT_ID, **facts: Any) -> dict[str, Any]:
        """Change an app: mode, allow_list, owner_premium, rotation, rate_limit, quota and so on."""
        with self.state.lock:
            known = self.state.apps[client_id].document()
            return self.state.add_app(App(**{**known, **facts})).document()

    def apps(self) -> list[dict[str, Any]]:
        """Every app."""
        with self.state.lock:
            return [app.document() for app in self.state.apps.values()]

    def make_listener(self, id: str | None = None, **facts: Any) -> dict[str, Any]:
        """Create a listener; `facts` are the fields of `listeners.Listener`, habit silent."""
        with self.state.lock:
            number = len(self.state.listeners)
            template = person(number, facts.get("display_name", f"Listener {number}"), prefix="one")
            known = {**template.document(), **facts}
            if id is not None:
                known |= {"id": id, "account_id": facts.get("account_id", f"acct-{id}")}
            if known["habit"] not in HABITS:
                raise ValueError(f"no such habit: {known['habit']}; there are {', '.join(HABITS)}")
            return self.state.meet([Listener(**known)])[0].document()

    def make_listeners(
        self,
        count: int,
        habit: str = "silent",
        prefix: str = "many",
        zones: Sequence[str] = ("UTC",),
    ) -> list[str]:
        """Create many listeners at once; their ids, in order, the same for the same prefix."""
        with self.state.lock:
            people = [
                person(
                    number, f"{prefix} {number}", zones[number % len(zones)], habit, "SE", prefix
                )
                for number in range(count)
            ]
            return [listener.id for listener in self.state.meet(people)]

    def listeners(self) -> list[dict[str, Any]]:
        """Everybody, the default one first."""
        with self.state.lock:
            return [listener.document() for listener in self.state.listeners.values()]

    def set_listener(self, listener: str, **facts: Any) -> dict[str, Any]:
        """Change what a profile says: display_name, has_image, country, email, product."""
        with self.state.lock:
            known = self.state.listeners[listener]
            for name, value in facts.items():
                if name not in ("display_name", "has_image", "country", "email", "product"):
                    raise ValueError(f"cannot change {name}")
                setattr(known, name, value)
            self.state.keep(known)
            return known.document()
