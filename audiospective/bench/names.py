"""Invented names of music: as long, as varied and as hard to compress as real ones.

Real titles (17.5 characters on average) deflate to about 0.6 bytes a character in groups of 256;
these do so too. Words fall in frequency as in Zipf's law, frequent ones are short.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

WORDS = 30_000  # of each tongue
_TONGUES = (
    (0.62, "b bl br c ch d f fl g gr h j k l m n p pr r s sh st t th tr v w y",
     "a e i o u ee ea oo ai ou", "  n r s t l d m ng st ght ck ve"),
    (0.16, "b c d f g gu h j l ll m n p qu r rr s t tr v z", "a e i o u ia ue ie",
     "   n s r l d"),
    (0.12, "b d f g gl h j k kl l m n pf r s sch sp st t w z", "a e i o u au ei ie ä ö ü",
     "  n r ch t l nd ng cht s"),
    (0.10, "カ キ ク サ シ タ ナ ニ マ ミ ラ リ ル ヤ ユ ハ ヒ", "ー ア イ ウ エ オ",
     "   ン ス ト"),
)  # fmt: skip
_ENDINGS = (
    (0.05, " - Remastered {year}"), (0.03, " - Live"), (0.02, " - Radio Edit"), (0.02, " (Remix)"),
    (0.01, " (Acoustic)"), (0.05, " (feat. {artist})"), (0.01, " - {year} Remaster"),
    (0.01, " - Instrumental"),
)  # fmt: skip
_EDITIONS = (
    (0.05, " (Deluxe Edition)"), (0.03, " (Remastered)"), (0.02, " EP"), (0.01, ", Vol. {digit}"),
    (0.02, " (Original Motion Picture Soundtrack)"),
)  # fmt: skip


def artist(rng: Random) -> str:
    """One to three words."""
    return _phrase(rng, rng.choices((1, 2, 3), (35, 50, 15))[0])


def album(rng: Random) -> str:
    return _phrase(rng, rng.choices((1, 2, 3, 4, 5), (18, 26, 26, 18, 12))[0]) + _ending(
        rng, _EDITIONS
    )


def title(rng: Random, guest: str) -> str:
    """`guest` is who may be named as playing along."""
    words = _phrase(rng, rng.choices((1, 2, 3, 4, 5, 6), (20, 28, 24, 16, 8, 4))[0])
    return words + _ending(rng, _ENDINGS, guest)


def _ending(rng: Random, endings: tuple[tuple[float, str], ...], guest: str = "") -> str:
    drawn = rng.random()
    for share, text in endings:
        if drawn < share:
            return text.format(year=rng.randrange(1998, 2026), artist=guest, digit=rng.randrange(9))
        drawn -= share
    return ""


def _phrase(rng: Random, words: int) -> str:
    shares = [share for share, *_ in _TONGUES]
    tongue = rng.choices(range(len(_TONGUES)), shares)[0]
    known = _vocabulary(tongue)
    # Log-uniform ranks are Zipf's law.
    picked = (known[int(len(known) ** rng.random()) - 1] for _ in range(words))
    return " ".join(word.capitalize() for word in picked)


@lru_cache(maxsize=len(_TONGUES))
def _vocabulary(tongue: int) -> list[str]:
    _, onsets, vowels, codas = _TONGUES[tongue]
    rng = Random(f"bench/words/{tongue}")
    parts = onsets.split(" "), vowels.split(" "), codas.split(" ")
    found: dict[str, None] = {}
    while len(found) < WORDS:
        longest = 1 + (len(found) > 120) + (len(found) > 3_000)
        syllables = rng.randint(1, longest)
        found["".join(rng.choice(part) for _ in range(syllables) for part in parts)] = None
    return list(found)
