"""A stand-in for Spotify and for the mail service, with invented people and music.

In a test::

    with SandboxServer() as sandbox:
        alice = sandbox.control.make_listener("alice")["id"]
        sandbox.control.burst(alice, 60)
        tokens = sandbox.control.mint(alice)
        settings = Settings(spotify_api_url=sandbox.api_url,
                            spotify_accounts_url=sandbox.accounts_url,
                            spotify_client_id=CLIENT_ID, spotify_client_secret=CLIENT_SECRET,
                            resend_api_url=sandbox.mail_url, ...)

`sandbox.control` is a `Control`: time, apps, listeners, plays, faults, grants, calls and e-mails.
`RemoteControl(url)` offers the same verbs on a sandbox in another process.
"""

from audiospective.sandbox.app import create_sandbox
from audiospective.sandbox.apps import CLIENT_ID, CLIENT_SECRET
from audiospective.sandbox.control import Control
from audiospective.sandbox.remote import ControlError, RemoteControl
from audiospective.sandbox.server import SandboxServer

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "Control",
    "ControlError",
    "RemoteControl",
    "SandboxServer",
    "create_sandbox",
]
