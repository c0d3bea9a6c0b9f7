"""Pages go on while closed years cannot be read, and say which ones they are without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from audiospective import clock
from audiospective.accounts import shares
from audiospective.clients.storage import FileStorage
from audiospective.history import append, bulk_add, sealing, segment
from audiospective.history.closed import moving, prefix
from audiospective.history.closed.away import YearAwayError
from audiospective.models import User
from audiospective.policy import closed_years
from tests.factories import connected
from tests.history.closing import Fragile, bound, forget_cache
from tests.history.making import MINUTE, track
from tests.web.conftest import Site, Visitor

OLD = clock.to_ms(datetime(2021, 5, 1, tzinfo=UTC))
SAID = closed_years.told([2021]).title


@pytest.fixture
def files(site: Site, tmp_path) -> Iterator[Fragile]:
    with bound(Fragile(FileStorage(tmp_path / "storage"))) as one:
        yield one


@pytest.fixture
def alice(site: Site, files: Fragile) -> Visitor:
    """Signed in, with plays of now and of 2021, which is in storage."""
    user = connected(site.services).user
    song = track("Kept away")
    bulk_add.absorb(user.id, segment.of(
        [{"played_at": OLD + n * MINUTE, "track": song, "source": 2} for n in range(9)]
    ))  # fmt: skip
    sealing.seal(user.id, keep=0, trigger=0)
    append.polled([append.NewPlay(user.id, clock.to_ms(clock.now()), track("New"), None)])
    assert moving.take(user.id, 2021, prefix.own(files, clock.now()))
    forget_cache()
    return site.member(user)


def test_a_page_says_which_years_it_is_without(site: Site, alice: Visitor, files: Fragile) -> None:
    assert SAID not in alice.get("/dashboard").text
    forget_cache()
    files.away = True
    page = alice.get("/dashboard")
    assert page.status_code == 200
    assert SAID in page.text
    files.away = False
    forget_cache()
    assert SAID not in alice.get("/dashboard").text


def test_a_part_of_a_page_tells_the_page_around_it(alice: Visitor, files: Fragile) -> None:
    files.away = True
    part = alice.get("/ui/dashboard", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert 'id="years-away" hx-swap-oob="true"' in part.text
    assert SAID in part.text


def test_counts_without_a_year_are_not_kept(alice: Visitor, files: Fragile) -> None:
    files.away = True
    assert 'data-announce="1 play"' in alice.get("/history").text
    files.away = False
    forget_cache()
    assert 'data-announce="10 plays"' in alice.get("/history").text


def test_a_shared_page_says_which_years_it_is_without(
    site: Site, alice: Visitor, files: Fragile
) -> None:
    path = "/shared/" + shares.make(User.get(), shares.PROFILE, 7, "UTC")
    files.away = True
    assert SAID in site.visitor().get(path).text
    files.away = False
    forget_cache()
    assert SAID not in site.visitor().get(path).text


@pytest.mark.parametrize("end", ["text", "picture.svg", "picture.png"])
def test_a_report_to_take_along_is_put_off(alice: Visitor, files: Fragile, end: str) -> None:
    files.away = True
    answer = alice.get(f"/reports/all/{end}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    files.away = False
    forget_cache()
    assert alice.get(f"/reports/all/{end}").status_code == 200


def test_strangers_are_told_nothing(site: Site, alice: Visitor, files: Fragile) -> None:
    files.away = True
    alice.get("/dashboard")
    assert SAID not in site.visitor().get("/").text


def test_what_needs_every_play_is_put_off(site: Site, alice: Visitor, files: Fragile) -> None:
    @site.app.get("/needs-all")
    def needs_all() -> str:
        raise YearAwayError(2021, "storage answered 503")

    page = alice.get("/needs-all")
    assert page.status_code == 503
    assert "The plays of 2021 cannot be read just now" in page.text
