"""Whether e-mails are sent at all."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective.models import database
from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.operations.overview import mail
from audiospective.services import Services


def look(services: Services) -> Finding:
    settings = services.settings
    if missing := mail.unset(settings):
        return Finding(
            "E-mail",
            f"{' and '.join(missing)} not set: e-mails are kept, none is sent{_waiting()}",
            "Set them so that members hear when their connection breaks.",
            serious=False,
        )
    try:
        # No page needs it, so nothing else would tell before an e-mail is due.
        from audiospective.clients import mail_http  # noqa: F401
    except ImportError as error:
        return Finding(
            "E-mail",
            f"the library that sends cannot be loaded: {first_line(error)}",
            "Install the packages again; until then workers do not start.",
        )
    return Finding("E-mail", f"sent as {settings.mail_from}")


def _waiting() -> str:
    try:
        with database.connection_context():
            kept = mail.kept()
    except (PeeweeException, OSError):  # another finding says so
        return ""
    return f"; {kept:,} {'waits' if kept == 1 else 'wait'}" if kept else ""
