"""The people a new sandbox comes with; the first one plays something new every minute."""

from audiospective.sandbox.ids import base62
from audiospective.sandbox.listeners import Listener

PEOPLE = (
    ("Juniper Vale", "Europe/Berlin", "steady", "DE"),
    ("Tomasz Okoń", "Europe/Warsaw", "commuter", "PL"),
    ("水野 ひかり", "Asia/Tokyo", "night", "JP"),
    ("Renée O'Dell-Íñiguez", "America/Los_Angeles", "loop", "US"),
    ("☕ café radio ☕", "Africa/Accra", "radio", "GH"),
    ("ليلى المنصور", "Asia/Riyadh", "steady", "SA"),
    (None, "Pacific/Auckland", "seldom", "NZ"),
    ("Fresh Account", "America/St_Johns", "silent", "CA"),
)


def person(
    number: int,
    name: str | None,
    zone: str = "UTC",
    habit: str = "silent",
    country: str = "SE",
    prefix: str = "demo",
) -> Listener:
    """A listener whose ids follow from a prefix and a number."""
    return Listener(
        id="31" + base62("user", prefix, number).lower(),
        account_id=base62("account", prefix, number, length=10),
        display_name=name,
        zone=zone,
        habit=habit,
        country=country,
        email=f"{prefix}.{number}@listeners.example",
        has_image=number % 4 != 3,
    )


def roster() -> list[Listener]:
    """The demonstration listeners, the default one first."""
    people = [person(number, *facts) for number, facts in enumerate(PEOPLE)]
    people[0].lively = True
    # Accounts from the early years have an id like this; it has to be percent-encoded in a URL.
    people[-1].id = "old.name+1@listeners.example"
    return people
