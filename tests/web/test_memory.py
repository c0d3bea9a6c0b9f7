"""How much memory web processes share."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiospective.policy import kept_memory
from audiospective.stats import cache
from audiospective.web import memory


def test_the_limit_of_a_container_counts_where_it_is_less(tmp_path: Path) -> None:
    of_group, of_first = tmp_path / "memory.max", tmp_path / "limit_in_bytes"
    machine = memory.available([of_group, of_first])
    of_group.write_text("max\n")
    of_first.write_text(f"{2**63 - 4096}\n")
    assert memory.available([of_group, of_first]) == machine
    of_group.write_text("512000000\n")
    assert memory.available([of_group, of_first]) == 512_000_000


def test_the_limit_of_a_unit_or_of_a_folder_above_it_counts(tmp_path: Path) -> None:
    own, groups = tmp_path / "cgroup", tmp_path / "groups"
    unit = groups / "system.slice" / "audiospective-web.service"
    unit.mkdir(parents=True)
    own.write_text("1:memory:/of/the/first/version\n0::/system.slice/audiospective-web.service\n")
    machine = memory.available([])
    assert memory.available(memory.control_groups(own, groups)) == machine
    (unit.parent / "memory.max").write_text("700000000\n")
    assert memory.available(memory.control_groups(own, groups)) == 700_000_000
    (unit / "memory.max").write_text("400000000\n")
    assert memory.available(memory.control_groups(own, groups)) == 400_000_000
    own.write_text("0::/\n")
    assert memory.available(memory.control_groups(own, groups)) == machine
    (groups / "memory.max").write_text("500000000\n")
    assert memory.available(memory.control_groups(own, groups)) == 500_000_000
    assert memory.control_groups(tmp_path / "none", groups)


def test_each_web_process_keeps_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "shared", cache.Cache(1))
    monkeypatch.setattr(memory, "available", lambda: 2_000_000_000)
    memory.divide(2)
    assert cache.shared.most == kept_memory.budget(2_000_000_000, 2) == 250_000_000
