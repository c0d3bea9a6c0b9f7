"""`verify`: re-read every segment and say what is wrong."""

from __future__ import annotations

import click

from audiospective.cli._archive import member, opened


@click.command()
@click.argument("user", required=False)
@click.pass_context
def command(ctx: click.Context, user: str | None) -> None:
    """Re-read every stored year of USER, or of everybody; exits 1 if anything is wrong.

    Checks hash, number, range and order of the plays, that none is there twice or deleted, and
    that the catalog knows their tracks and, of everybody, can be read. A damaged year is set
    aside, whole, and never read in part; once its bytes are put back, this command takes it in
    again.
    """
    from audiospective.operations import verify

    faults = segments = plays = 0
    with opened():
        ids = [member(user).id] if user else verify.members()
        with click.progressbar(
            verify.archives(ids), length=len(ids), label="Verifying", hidden=len(ids) < 20
        ) as archives:
            for user_id, found in archives:
                segments += found.segments
                plays += found.plays
                faults += len(found.faults)
                for year in found.healed:
                    click.echo(f"user {user_id}: year {year} is whole again and was taken in")
                for fault in found.faults:
                    click.echo(f"user {user_id}: {fault}", err=True)
        if user is None:
            for fault in verify.catalog():
                faults += 1
                click.echo(fault, err=True)
    click.echo(f"{len(ids)} archives, {segments} segments, {plays} sealed plays, {faults} faults")
    ctx.exit(1 if faults else 0)
