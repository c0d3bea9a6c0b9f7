"""The alarm of a disk comes before anybody's upload is refused."""

from __future__ import annotations

import pytest

from audiospective.policy.alarms import has_room, is_low

MB, GB = 1 << 20, 1 << 30


@pytest.mark.parametrize("total", [100 * MB, GB, 10 * GB, 13 * GB, 20 * GB, 100 * GB, 10_000 * GB])
def test_where_nothing_is_taken_any_more_the_disk_is_low_long_before(total: int) -> None:
    last = next(free for free in range(0, total, MB // 2) if has_room(free, total))
    assert is_low(last, total)
    assert is_low(last * 3 // 2, total)


@pytest.mark.parametrize(
    ("free", "total", "wanted", "fits"),
    [
        (256 * MB, 100 * GB, 0, True),
        (256 * MB - 1, 100 * GB, 0, False),
        (256 * MB + 10, 100 * GB, 10, True),
        (256 * MB + 10, 100 * GB, 11, False),
        (20 * MB, 1000 * MB, 0, True),
        (19 * MB, 1000 * MB, 0, False),
    ],
)
def test_what_is_to_come_leaves_a_part_of_the_disk_free(
    free: int, total: int, wanted: int, fits: bool
) -> None:
    assert has_room(free, total, wanted) is fits
