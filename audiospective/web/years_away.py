"""One state on every page: which years of the reader's plays cannot be read just now."""

from __future__ import annotations

from flask import Flask, Response, render_template

from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.policy import closed_years
from audiospective.policy.closed_years import Told
from audiospective.web import errors
from audiospective.web.api import problems
from audiospective.web.errors import Words
from audiospective.web.htmx import is_fragment


def install(app: Flask) -> None:
    """Pages go on without years that are away and say so; what needs them whole is put off."""
    app.jinja_env.globals["years_away"] = told

    @app.before_request
    def begin() -> None:
        away.begin()

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        away.end()

    @app.after_request
    def tell(response: Response) -> Response:
        whole = response.status_code == 200 and response.mimetype == "text/html"
        if whole and is_fragment() and away.years():
            notice = render_template("_years_away.html", fragment=True)
            response.set_data(response.get_data(as_text=True) + notice)
        return response

    @app.errorhandler(YearAwayError)
    def put_off(error: YearAwayError) -> Response:
        if problems.asked_here():
            return problems.response(503, years=[error.year])
        return errors.answer(503, _words(error.year))


def told() -> Told | None:
    """What is said of the years that this page goes without, None if there are none."""
    years = away.years()
    return closed_years.told(years) if years else None


def _words(year: int) -> Words:
    return Words(
        f"The plays of {year} cannot be read just now",
        "The storage that keeps them does not answer, and this needs all of them. Nothing was "
        "changed, and nothing is lost. Try again in a few minutes.",
        "Try again",
        "",
    )
