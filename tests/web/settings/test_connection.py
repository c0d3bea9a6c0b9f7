"""Check now, pause, resume, disconnect: by form, with and without htmx."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.clients.queues import INTERACTIVE
from audiospective.models import Connection, User
from audiospective.models.poll_log import PollLog
from audiospective.notices import kind
from audiospective.policy.check_wait import PATIENCE
from tests.factories import connected, make_user
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import MakeSite, Site, Visitor

CHECK = "/connection/check"


def token(member: Visitor) -> str:
    return member.page("/dashboard").all("input", name="csrf_token")[0].attributes["value"]


def ask(member: Visitor) -> str:
    """What htmx gets for the button "Check now"."""
    answer = member.post(CHECK, data={"csrf_token": token(member)}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.text


def test_check_now_makes_the_poll_due_and_wakes_a_worker(site: Site, frozen: Frozen) -> None:
    found = connected(site.services, next_poll_at=frozen.now + timedelta(minutes=50))
    member = site.member(found.user)
    answer = member.submit(member.page("/dashboard"), CHECK)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    assert "The check is on its way" in member.page("/dashboard").text
    assert Connection.get().next_poll_at == frozen.now
    assert site.services.queues.queue(INTERACTIVE).count == 1


def test_a_second_wish_within_minutes_is_told_when(site: Site, frozen: Frozen) -> None:
    found = connected(site.services, last_polled_at=frozen.now - timedelta(minutes=2))
    assert "We have just checked. You can check again at 15:12 UTC." in ask(site.member(found.user))
    assert site.services.queues.queue(INTERACTIVE).count == 0


def test_circuits_and_limits_hold_for_the_impatient(site: Site, frozen: Frozen) -> None:
    found = connected(site.services, circuit_open_until=frozen.now + timedelta(minutes=30))
    assert "The last checks failed. We try again by ourselves at 15:39 UTC." in ask(
        site.member(found.user)
    )
    assert site.services.queues.queue(INTERACTIVE).count == 0


def test_nobody_is_polled_who_is_paused_or_gone(site: Site) -> None:
    found = connected(site.services, status="paused")
    assert "Checks are stopped" in ask(site.member(found.user))
    bob = site.member(make_user("bob"))
    assert "Checks are stopped" in ask(bob)
    assert site.services.queues.queue(INTERACTIVE).count == 0


def test_the_page_watches_until_the_check_is_done(site: Site, frozen: Frozen) -> None:
    found = connected(site.services)
    member = site.member(found.user)
    watching = markup.read(ask(member)).one("span")
    assert watching.attributes["hx-trigger"] == "every 2s"
    address = watching.attributes["hx-get"]

    frozen.forward(seconds=30)
    slower = markup.read(member.fragment(address).text).one("span")
    assert slower.attributes["hx-trigger"] == "every 5s"

    Connection.update(last_polled_at=frozen.now, last_success_at=frozen.now).execute()
    PollLog.create(user=found.user, at=frozen.now, outcome="ok", offered=50, added=3)
    done = member.fragment(address)
    assert "Checked at 15:09 UTC. 3 new plays." in done.text
    assert done.headers["HX-Trigger"] == "archive-changed"
    assert "hx-get" not in done.text
    assert markup.read(done.text).one("div", hx_swap_oob="innerHTML:#status")


def test_a_check_that_failed_is_not_called_a_success(site: Site, frozen: Frozen) -> None:
    found = connected(site.services, last_success_at=frozen.now - timedelta(hours=1))
    member = site.member(found.user)
    address = markup.read(ask(member)).one("span").attributes["hx-get"]
    Connection.update(last_polled_at=frozen.forward(seconds=4)).execute()
    assert "did not give us your plays" in member.fragment(address).text


def test_watching_ends_by_itself(site: Site, frozen: Frozen) -> None:
    member = site.member(connected(site.services).user)
    address = markup.read(ask(member)).one("span").attributes["hx-get"]
    frozen.forward(minutes=3)
    answer = member.fragment(address).text
    assert "still waiting for its turn" in answer
    assert "hx-get" not in answer


def test_nonsense_ends_watching_too(site: Site) -> None:
    member = site.member(connected(site.services).user)
    for since in ("", "x", "-1", "9" * 40, "١٢"):
        answer = member.fragment(f"/ui/check?since={since}")
        assert answer.status_code == 200
        assert "hx-get" not in answer.text


def test_pausing_and_resuming_are_two_forms(site: Site, frozen: Frozen) -> None:
    found = connected(site.services, next_poll_at=frozen.now + timedelta(minutes=50))
    member = site.member(found.user)
    paused = member.submit(member.page("/settings/connection"), "/connection/pause")
    assert paused.headers["Location"] == "/settings/connection"
    assert Connection.get().status == "paused"
    assert "Paused by you" in member.page("/settings/connection").text
    page = member.page("/dashboard")
    member.submit(page, "/connection/resume")
    assert Connection.get().status == "active"
    assert Connection.get().next_poll_at <= frozen.now
    assert site.services.queues.queue(INTERACTIVE).count == 1


def test_pausing_and_resuming_over_and_over_spends_no_calls(site: Site, frozen: Frozen) -> None:
    polled = frozen.now - timedelta(minutes=1)
    found = connected(
        site.services, last_polled_at=polled, next_poll_at=frozen.now + timedelta(minutes=50)
    )
    member = site.member(found.user)
    form = {"csrf_token": token(member)}
    for _ in range(3):
        for verb in ("pause", "resume"):
            assert member.post(f"/connection/{verb}", data=form).status_code == 303
    assert Connection.get().status == "active"
    assert Connection.get().next_poll_at == polled + PATIENCE
    assert site.services.queues.queue(INTERACTIVE).count == 0
    assert "Resumed. Checks go on by themselves." in member.get("/dashboard").text


def test_many_wishes_before_the_first_is_heard_are_one_job(site: Site, frozen: Frozen) -> None:
    member = site.member(connected(site.services).user)
    form = {"csrf_token": token(member)}
    for _ in range(5):
        assert member.post(CHECK, data=form).status_code == 303
    assert site.services.queues.queue(INTERACTIVE).count == 1


def test_a_poll_under_way_writes_nothing_after_a_pause(site: Site) -> None:
    found = connected(site.services, fence=7)
    member = site.member(found.user)
    member.submit(member.page("/settings/connection"), "/connection/pause")
    assert Connection.get().fence == 8


def test_disconnecting_is_explained_and_forgets_the_tokens(site: Site) -> None:
    found = connected(site.services)
    member = site.member(found.user)
    page = member.page("/connection/disconnect")
    assert Connection.get().status == "active"  # looking changes nothing
    assert "It deletes nothing" in page.text
    member.submit(page, "/connection/disconnect")
    left = Connection.get()
    assert (left.status, left.access_encrypted, left.refresh_encrypted) == ("disconnected", "", "")
    assert member.page("/dashboard").one("h1").text == "Disconnected"


def test_what_cannot_be_paused_or_resumed_stays_as_it_is(site: Site) -> None:
    found = connected(site.services, status="needs_reauth")
    member = site.member(found.user)
    form = {"csrf_token": token(member)}
    for verb in ("pause", "resume"):
        assert member.post(f"/connection/{verb}", data=form).status_code == 303
        assert Connection.get().status == "needs_reauth"


def test_everything_works_while_redis_is_away(site: Site, frozen: Frozen) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    def away(*_: object, **__: object) -> None:
        raise RedisConnectionError("away")

    found = connected(site.services, next_poll_at=clock.now() + timedelta(minutes=50))
    site.services.queues.enqueue = away  # type: ignore[method-assign]
    assert "Asking Spotify" in ask(site.member(found.user))
    assert Connection.get().next_poll_at == frozen.now  # the next plan finds it


PAGES = ("/dashboard", "/health", "/settings/connection")


def test_in_a_pause_nothing_asks_to_renew_which_would_end_it(site: Site, frozen: Frozen) -> None:
    user = connected(
        site.services, status="paused", reauth_due_at=frozen.now + timedelta(days=5)
    ).user
    User.update(email="alice@mail.example", email_verified_at=frozen.now).execute()
    for address in PAGES:
        page = site.member(user).page(address)
        assert "intent=renew" not in str([tag.attributes for tag in page.all("a")]), address
        assert "e-mail you" not in page.text, address
        assert page.all("form", action="/connection/resume"), address


def test_after_a_pause_that_outlasted_the_access_resuming_begins_with_a_consent(
    site: Site, frozen: Frozen
) -> None:
    user = connected(
        site.services, status="paused", reauth_due_at=frozen.now - timedelta(days=5)
    ).user
    for address in PAGES:
        page = site.member(user).page(address)
        assert "Access expired" in page.text, address
        assert "Access expires" not in page.text, address
        (link,) = [tag for tag in page.all("a") if tag.text == "Reconnect and resume"]
        assert link.attributes["href"] == "/connect?intent=reconnect"
        assert not page.all("form", action="/connection/resume"), address


def test_reminders_are_promised_only_to_whoever_gets_them(
    make_site: MakeSite, frozen: Frozen
) -> None:
    site = make_site(resend_api_key="re_key", mail_from="a@archive.example")
    user = connected(site.services, reauth_due_at=frozen.now + timedelta(days=90)).user
    promised = "we e-mail you 30, 7 and 1 days before"
    assert promised not in site.member(user).page("/settings/connection").text
    User.update(email="alice@mail.example", email_verified_at=frozen.now).execute()
    assert promised in site.member(user).page("/settings/connection").text
    kind.switch(user.id, "renewal", on=False)
    assert promised not in site.member(user).page("/settings/connection").text
    assert "e-mail you before" not in site.member(user).page("/dashboard").text


def test_while_checks_go_on_after_the_access_ended_no_end_is_announced(
    make_site: MakeSite, frozen: Frozen
) -> None:
    site = make_site(resend_api_key="re_key", mail_from="a@archive.example")
    user = connected(
        site.services,
        last_success_at=frozen.now,
        reauth_due_at=frozen.now - timedelta(days=5),
    ).user
    User.update(email="alice@mail.example", email_verified_at=frozen.now).execute()
    member = site.member(user)
    for address in PAGES:
        page = member.page(address)
        assert "Access expired" in page.text, address
        for untrue in ("Access expires", "Renewing", "e-mail you"):
            assert untrue not in page.text, address
        links = {tag.text: tag.attributes["href"] for tag in page.all("a")}
        assert links["Reconnect"] == "/connect?intent=reconnect", address
        assert "Renew" not in links, address
    assert "; access expired" in member.page("/settings").text


def test_the_dashboard_names_only_what_the_page_of_the_connection_offers(site: Site) -> None:
    member = site.member(connected(site.services, last_success_at=clock.now()).user)
    assert "Pause, renew or disconnect" in member.page("/dashboard").text
    for status in ("paused", "disconnected", "needs_reauth"):
        Connection.update(status=status).execute()
        page = member.page("/dashboard")
        assert "Pause, renew or disconnect" not in page.text
        (link,) = [tag for tag in page.all("a") if tag.text == "Your connection to Spotify"]
        assert link.attributes["href"] == "/settings/connection"
