"""One database connection per request, opened by the first query and given back at the end."""

from __future__ import annotations

from flask import Flask, g

from audiospective.models import database


def install(app: Flask) -> None:
    @app.before_request
    def remember() -> None:
        # A caller on the same thread (a test, a shell) keeps the connection it brought.
        g.brought_connection = not database.is_closed()

    @app.teardown_request
    def give_back(_error: BaseException | None) -> None:
        # A request that was refused before `remember` ran has opened nothing.
        if not g.get("brought_connection", True) and not database.is_closed():
            database.close()
