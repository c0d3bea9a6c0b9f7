"""What somebody types finds what Spotify writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy.folding import fold, words


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Björk", "bjork"),
        ("BEYONCÉ", "beyonce"),
        ("Sigur Rós", "sigur ros"),
        ("Mø", "mo"),
        ("Łąki Łan", "laki lan"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ﬁre", "fire"),
        ("Ｆｕｌｌ Ｗｉｄｔｈ", "full width"),
        ("Don’t — Stop", "don't - stop"),
        ("Ἀθῆναι", "αθηναι"),
        ("Ёлка", "елка"),
        ("مَرْحَبًا", "مرحبا"),
        ("שָׁלוֹם", "שלום"),
        ("  two \u3000 spaces\n", "two spaces"),
        ("Æther", "aether"),
    ],
)
def test_spellings_of_one_thing_are_equal(written: str, typed: str) -> None:
    assert fold(written) == fold(typed)


@pytest.mark.parametrize(
    ("one", "other"),
    [("カ", "ガ"), ("遠い", "近い"), ("한국", "하늘"), ("कि", "क"), ("🎻", "🎺"), ("a", "b")],
)
def test_letters_of_other_scripts_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["遠い海の記憶", "ガラス", "밤의 우체국"])
def test_ideographs_kana_and_hangul_stay_what_they_are(text: str) -> None:
    assert fold(text) == text


@given(st.text())
def test_folding_twice_adds_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(max_codepoint=0x24F)), st.text("aé ", max_size=3))
def test_case_never_matters_to_latin_letters(text: str, more: str) -> None:
    whole = text + more
    assert fold(whole.upper()) == fold(whole.upper().lower())


def test_each_word_counts_once() -> None:
    assert words(" Slow  slow HARBOUR ") == ["slow", "harbour"]
    assert words(" \t ") == []
