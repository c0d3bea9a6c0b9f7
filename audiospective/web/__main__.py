"""The web process: `python -m audiospective.web`, with the options of gunicorn."""

from __future__ import annotations

import sys

from audiospective import environment

APPLICATION = "audiospective.app:create_app()"

if __name__ == "__main__":
    environment.drop_empty()
    from gunicorn.app.wsgiapp import run  # it reads WEB_CONCURRENCY and PORT when it is imported

    sys.argv[0] = "-maudiospective.web"  # gunicorn starts a new release as Python with these
    if APPLICATION not in sys.argv:
        sys.argv.insert(1, APPLICATION)
    run(prog="gunicorn")
