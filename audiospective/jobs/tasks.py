"""The jobs: the only functions that a queue can name."""

from __future__ import annotations

from collections.abc import Sequence

from audiospective import log
from audiospective.accounts import deletion_rounds, erasure, spotify_app
from audiospective.clients.queues import INTERRUPTS
from audiospective.exports import forwarding
from audiospective.exports import rounds as export_rounds
from audiospective.exports import schedule as export_schedule
from audiospective.imports import rounds as import_rounds
from audiospective.jobs.context import deadline, task
from audiospective.operations import (
    capacity,
    catalog,
    closed_years,
    maintenance,
    purge,
    seal,
    verify,
    watch,
)
from audiospective.polling import batch, plan, poll
from audiospective.services import Services

TIDYING = 10.0  # seconds in which a round of maintenance begins calls to storage


@task
def plan_polls(services: Services) -> None:
    """Plan the polls of this window, for the app as the environment names it now."""
    _bring_app_up_to_date(services)
    plan.plan(services)


@task
def archive_batch(services: Services, slot: str, user_ids: Sequence[int]) -> None:
    """Poll the people of one batch, and of those that wait behind it."""
    with deadline(poll.TURN + batch.SECONDS) as end:
        poll.in_turn(services, plan.slot_from(slot), user_ids, end)


@task
def poll_user(services: Services, user_id: int) -> None:
    """Poll one person at once: somebody is waiting for it."""
    with deadline(batch.SECONDS) as end:
        poll.wished(services, user_id, end)


@task
def maintain(services: Services) -> None:
    """Owe the e-mails that are due, send what waits, forget what is old; wake what has work; let
    storage go of what nobody needs."""
    maintenance.maintain(services)
    export_rounds.look(services)
    import_rounds.look(services)
    deletion_rounds.look(services)
    # Last, and not for long: storage that does not answer is all that may cost this job its end.
    with deadline(TIDYING) as end:
        export_rounds.let_go(services, end.part(TIDYING / 2))
        import_rounds.let_go(services, end)


@task
def send_emails(services: Services) -> None:
    """Empty the outbox now: somebody is waiting for an e-mail."""
    maintenance.deliver(services)


@task
def seal_due(services: Services) -> None:
    """Have whoever's hot tail is too long sealed within the hour."""
    seal.spread(services)


@task
def seal_members(_services: Services, user_ids: Sequence[int]) -> None:
    """Move the older plays of some people into segments."""
    seal.people(user_ids)


@task
def keep_ledger(services: Services) -> None:
    """Measure the archive, warn of a full budget, drop what can no longer be undone."""
    try:
        capacity.record(services)
    finally:  # what the ledger cannot measure keeps nothing that was to be dropped
        purge.tombstones()


@task
def make_export(services: Services, export_id: int) -> None:
    """Go on with an export until it is ready or others wait."""
    from audiospective.exports import export_job  # it loads Polars, which this module must not

    with deadline(export_job.SECONDS) as end:
        export_job.work(services, export_id, end)


@task
def deliver_export(services: Services, user_id: int) -> None:
    """Bring the monthly export of a member to where they want it."""
    export_schedule.deliver(services, user_id)


@task
def forward_plays(services: Services) -> None:
    """Send new plays on for the members who want that."""
    _send_on(services)


@task
def reconcile_imports(services: Services, user_id: int) -> None:
    """Look at what polls brought and opened in the time of imports: plays and gaps."""
    # They load Polars, which this module must not.
    from audiospective.imports import opened_since, reconcile

    reconcile.reconcile(user_id, lambda: opened_since.close(services.storage, user_id))


@task
def join_listens(services: Services) -> None:
    """Make one of plays that players sent and polls brought again, and send on what is due then."""
    from audiospective.imports import listens  # it loads Polars, which this module must not

    with deadline(import_rounds.JOIN_SECONDS) as end:
        import_rounds.join_each(listens.join, end)
    if not end.stopped and forwarding.due():
        _send_on(services)


@task
def work_on_import(services: Services, import_id: int) -> None:
    """Do the next step of an import."""
    from audiospective.imports import import_job  # it loads Polars, which this module must not

    import_job.work(services, import_id)


@task
def free_catalog(_services: Services) -> None:
    """Let go of tracks that no archive refers to."""
    catalog.free()


@task
def move_closed_years(services: Services) -> None:
    """Take years that ended to storage, where that is wanted; remove what nothing refers to."""
    with deadline(closed_years.SECONDS) as end:
        closed_years.round_of(services, end)


@task
def delete_accounts(services: Services) -> None:
    """Go on with the accounts whose deletion is due."""
    with deadline(erasure.SECONDS) as end:
        erasure.carry_out(services, end)


@task
def verify_archives(services: Services) -> None:
    """Re-read every segment."""
    verify.everything(services)


@task
def watch_server(services: Services) -> None:
    """Look for alarms: nobody else has for a while."""
    watch.look(services)


def _send_on(services: Services) -> None:
    from audiospective.exports import forwarding_round  # it loads Polars

    with deadline(forwarding.SECONDS) as end:
        forwarding_round.carry_out(services, end)


def _bring_app_up_to_date(services: Services) -> None:
    """A secret that its operator replaced counts from now on, not from the next sign-in on."""
    if not services.settings.spotify_client_id:
        return
    try:
        spotify_app.environment_app(services)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - the people are planned whatever it is
        log.trouble("app_not_kept", error)
