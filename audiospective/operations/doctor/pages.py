"""Whether the pages are reached by the name that people use."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import requests

from audiospective.operations.doctor.finding import Finding
from audiospective.operations.doctor.requesting import SECONDS
from audiospective.services import Services


def look(services: Services) -> Finding:
    """Ask for a page by the name that people use: a proxy may change the name or the scheme."""
    base = services.settings.base_url
    try:
        answer = requests.get(f"{base}/sign-in", timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Finding(
            "Pages",
            f"nothing answers at {base} from here ({type(error).__name__})",
            "If people cannot reach it either: start the web process, look at the proxy and DNS.",
            serious=False,
        )
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        return Finding(
            "Pages",
            f"{base} is refused: another name arrives at the web process",
            f"Let the proxy pass on Host: {urlsplit(base).netloc}, or correct BASE_URL.",
        )
    if answer.is_redirect:
        return Finding(
            "Pages",
            f"{base} leads elsewhere ({answer.status_code})",
            "If it leads to itself, the proxy does not say X-Forwarded-Proto: https.",
            serious=False,
        )
    if not answer.ok:
        return Finding("Pages", f"{base} answers {answer.status_code}", "Look at the web's log.")
    return Finding("Pages", f"answer at {base}")
