"""The pages that make up the site: one blueprint a group, endpoints named `group.view`."""

from __future__ import annotations

from audiospective.web import assets, components, metrics, probes, short_addresses, theme
from audiospective.web.accounts import address, auth, callback, detach, sign_in, welcome
from audiospective.web.api import description as api_description
from audiospective.web.api import figures as api_figures
from audiospective.web.api import health as api_health
from audiospective.web.api import listenbrainz
from audiospective.web.api import listens as api_listens
from audiospective.web.api import plays as api_plays
from audiospective.web.dashboard import pages as dashboard
from audiospective.web.email_links import reconnect, unsubscribe
from audiospective.web.exports import pages as exports
from audiospective.web.exports import schedule as export_schedule
from audiospective.web.health import pages as health
from audiospective.web.history import pages as history
from audiospective.web.history import play
from audiospective.web.imports import answering, reminder, sending
from audiospective.web.imports import pages as imports
from audiospective.web.landing import guide, status
from audiospective.web.landing import pages as landing
from audiospective.web.music import pages as music
from audiospective.web.ops import pages as ops
from audiospective.web.reports import pages as reports
from audiospective.web.settings import address as address_settings
from audiospective.web.settings import (
    api_tokens,
    connection,
    counting,
    data,
    deletion,
    emails,
    forwarding,
    hidden,
    overview,
    profile,
    recordings,
    sessions,
    spotify_app,
)
from audiospective.web.shares import pages as shares
from audiospective.web.shares import shared
from audiospective.web.waitlist import pages as waitlist

BLUEPRINTS = tuple(
    group.blueprint
    for group in (
        assets,
        probes,
        metrics,
        theme,
        components,
        short_addresses,
        landing,
        guide,
        status,
        waitlist,
        auth,
        callback,
        sign_in,
        welcome,
        address,
        detach,
        dashboard,
        history,
        play,
        music,
        reports,
        shares,
        shared,
        api_plays,
        api_figures,
        api_health,
        api_description,
        listenbrainz,
        api_listens,
        health,
        exports,
        export_schedule,
        imports,
        sending,
        answering,
        reminder,
        overview,
        profile,
        counting,
        emails,
        connection,
        spotify_app,
        recordings,
        hidden,
        data,
        address_settings,
        sessions,
        api_tokens,
        forwarding,
        deletion,
        reconnect,
        unsubscribe,
        ops,
    )
)
