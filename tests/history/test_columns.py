"""A column of plays stands in several lists; they have to say the same."""

from __future__ import annotations

import re

import pytest

from audiospective.bench import storage
from audiospective.history import flags, hot_tail, row_size, segment
from audiospective.imports import archive_frames
from audiospective.models import Play

FLAGS = {"shuffle", "skipped", "offline", "incognito"}  # four columns of a segment, one of a row
KEPT_WITH_THE_PLAY = {"played_at", "track", "source", "context", "import_id", "timing", "seen"}


def names(ddl: str) -> set[str]:
    columns = ddl.partition("PRIMARY KEY")[0]
    return {
        word.removesuffix("_id") for word in re.findall(r"(\w+) (?:int|bigint|small|text)", columns)
    }


def test_a_row_has_the_columns_of_a_segment() -> None:
    assert set(hot_tail.COLUMNS) == set(segment.COLUMNS) - FLAGS | {"flags"}
    assert set(hot_tail.COLUMNS) <= set(Play._meta.fields)


@pytest.mark.parametrize("ddl", [row_size._COLUMNS, storage._COLUMNS])
def test_a_row_is_measured_with_all_its_columns(ddl: str) -> None:
    assert names(ddl) == {name.removesuffix("_id") for name in hot_tail.COLUMNS} | {"user"}


def test_every_fact_that_a_file_told_goes_with_its_import() -> None:
    assert set(archive_frames.FACTS) == set(segment.COLUMNS) - KEPT_WITH_THE_PLAY


def test_every_flag_is_packed() -> None:
    assert set(flags.NAMES) == FLAGS
