"""The environment, the `.env` file, and who reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiospective import environment
from audiospective.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# only a comment\n\n", {}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=", {"A": ""}),
        ("A = spaced ", {"A": "spaced"}),
        ("export A=1", {"A": "1"}),
        ("A=1 # why", {"A": "1"}),
        ("A= # nothing", {"A": ""}),
        ("A=a#b", {"A": "a#b"}),
        ("A=x=y==", {"A": "x=y=="}),
        ("A='single # kept'", {"A": "single # kept"}),
        ('A="double # kept" # why', {"A": "double # kept"}),
        (r'A="a\"b\\c\nd"', {"A": 'a"b\\c\nd'}),
        (r"A='a\nb'", {"A": r"a\nb"}),
        ("A=$HOME", {"A": "$HOME"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("MAIL_FROM=Alice <alice@archive.example>", {"MAIL_FROM": "Alice <alice@archive.example>"}),
    ],
)
def test_values_of_the_env_file_are_read_as_they_are_written(
    text: str, values: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, monkeypatch, text)
    assert environment.env_file() == values


@pytest.mark.parametrize("line", ["A", "A B=2", "A='open", 'A="open', "A='a' b", "=x"])
def test_a_line_that_makes_no_sense_is_named_by_number_and_not_shown(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, monkeypatch, f"OK=1\n{line}\n")
    with pytest.raises(SettingsError) as refused:
        environment.env_file()
    assert str(refused.value) == f"{path}: line 2 is not NAME=value."


def test_every_reader_finds_the_archive_that_the_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "music #1"
    write(tmp_path, monkeypatch, f"AUDIOSPECTIVE_HOME='{home}'\nBATCH_SIZE=7\n")
    environment.completed(home, {})
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379/0")
    found = Settings.from_env()
    assert (found.home, found.batch_size) == (home, 7)
    monkeypatch.setenv("BATCH_SIZE", "9")
    assert Settings.from_env().batch_size == 9


def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    path = tmp_path / ".env"
    path.write_text(text)
    monkeypatch.setenv("AUDIOSPECTIVE_ENV_FILE", str(path))
    return path


@pytest.mark.parametrize("said", [None, "narenas:1"])
def test_workers_return_memory_unless_the_operator_says_how(
    said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "to be taken back when the test ends")
    if said is None:
        monkeypatch.delenv("_RJEM_MALLOC_CONF")
    else:
        monkeypatch.setenv("_RJEM_MALLOC_CONF", said)
    environment.give_memory_back()
    expected = said or "dirty_decay_ms:0,muzzy_decay_ms:0"
    assert environment.given()["_RJEM_MALLOC_CONF"] == expected


def test_an_empty_variable_counts_as_none_for_libraries_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = {"WEB_CONCURRENCY": "", "PORT": "8", "AUDIOSPECTIVE_ENV_FILE": ""}
    monkeypatch.setattr("os.environ", said)
    environment.drop_empty()
    assert environment.inherited() == {"PORT": "8", "AUDIOSPECTIVE_ENV_FILE": ""}
