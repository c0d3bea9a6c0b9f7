"""The sandbox answers under its own name only."""

from __future__ import annotations

import pytest
import requests

from audiospective.sandbox import SandboxServer


@pytest.mark.parametrize("path", ["/inbox", "/v1/me", "/api/token", "/control/people", "/nowhere"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8888", "127.0.0.1", "localhost"])
def test_a_name_that_was_pointed_at_this_machine_reads_nothing(
    sandbox: SandboxServer, path: str, host: str
) -> None:
    answer = requests.get(sandbox.url + path, headers={"Host": host}, timeout=60)
    assert answer.status_code == 421
    assert "Sandbox" not in answer.text


def test_the_sandbox_is_also_known_under_the_address_it_was_told() -> None:
    with SandboxServer(base="https://sandbox.example") as sandbox:
        for host in ("sandbox.example", sandbox.url.removeprefix("http://")):
            answer = requests.get(f"{sandbox.url}/inbox", headers={"Host": host}, timeout=60)
            assert answer.status_code == 200
