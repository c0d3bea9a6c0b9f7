"""One request to somebody else's server, without this machine's proxies; no answer is None."""

from __future__ import annotations

from typing import Any

import requests

SECONDS = 10.0


def ask(url: str, **more: Any) -> requests.Response | None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=SECONDS, allow_redirects=False, **more)
    except requests.RequestException:
        return None
