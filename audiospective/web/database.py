"""One database connection per request, opened by the first query and given back at the end."""

from __future__ import annotations

from flask import Flask, g

from audiospective.models import database


def install(app: Flask) -> None:
    """Has to come before everything else that looks at requests, since that may open one."""

    @app.before_request
    def remember() -> None:
        # A caller on the same thread (a test, a shell) keeps the connection it brought, unless
        # that has broken: no request of this thread would ever be answered again.
        usable = database.is_closed() or database.is_connection_usable()
        if not usable and not database.in_transaction():
            database.close()
        g.brought_connection = not database.is_closed()

    @app.teardown_request
    def give_back(_error: BaseException | None) -> None:
        # Where `remember` did not run, nothing was answered: a context of a test or a shell.
        if not g.get("brought_connection", True) and not database.is_closed():
            database.close()
