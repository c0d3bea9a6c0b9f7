"""Pages and e-mails say things the usual way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("templates", "static/js", "audiospective/web", "audiospective/notices",
           "audiospective/policy", "audiospective/exports", "audiospective/imports")  # fmt: skip
SUFFIXES = {".html", ".txt", ".js", ".py"}
# What was said before, and what is said for it.
FORMERLY = {
    r"practice spotify|practice mode": "sandbox",
    r"(possible|known|recorded) holes?|holes? (in|since)|\d holes?": "gap",
    r"letters? (has|have|went|is sent|are sent|stay|bring)|every letter|a letter to": "e-mail",
    r"you say yes once": "Connect once",
    r"nobody can see from outside": "What no app can see",
    r"throw the keys away|hold no key": "delete our access to your Spotify account",
    r"days and years of your archive": "Used for dates and daily totals",
    r"where you are, and when we write": "Time zone and e-mails",
    r"write to me when": "E-mail me when",
    r"bring your past": "Import your history",
    r"nobody will tell you": "Add an e-mail so we can warn you",
    r"ends at once|\bis lost</dt>": "Stops now, Kept, Not saved",
    r"spotify ends the permission": "Access expires",
    r"test and keep|sealed as soon as it arrives": "Test and save, encrypted, never shown again",
    r"has a slip in it": "contains a typo",
    r"somebody, you we hope": "You, or someone using your address",
    r"the door is open": "You're invited",
    r"these letters stay away": "Unsubscribed",
    r"leads nowhere": "This link is invalid or has expired",
    r"an empty list, which is odd": "Empty response, retried",
    r"what your membership brings": "what the e-mail is about",
}


def words() -> dict[str, str]:
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*"))
    return {
        str(file.relative_to(ROOT)): " ".join(file.read_text().split()).lower()
        for file in files
        if file.suffix in SUFFIXES
    }


@pytest.mark.parametrize("phrase", FORMERLY)
def test_a_phrase_that_had_to_be_decoded_is_said_no_more(phrase: str) -> None:
    found = {name: hit[0] for name, text in words().items() if (hit := re.search(phrase, text))}
    assert found == {}, FORMERLY[phrase]
