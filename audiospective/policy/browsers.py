"""Browsers by name, so that people recognise their own sessions: `Firefox on Windows`."""

from __future__ import annotations

# In this order: most browsers also name the ones that they descend from.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
UNKNOWN = "Unknown browser"


def described(user_agent: str) -> str:
    """Browser and system of a User-Agent header; never a word of the header itself."""
    browser = next((name for part, name in BROWSERS if part in user_agent), UNKNOWN)
    system = next((name for part, name in SYSTEMS if part in user_agent), "")
    return f"{browser} on {system}" if system else browser
