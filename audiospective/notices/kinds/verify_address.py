"""A member entered an address: a link that proves it is theirs, in the session that asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audiospective import clock
from audiospective.models.address_proofs import AddressProof
from audiospective.models.notices import Notice
from audiospective.notices import mail_tokens, outbox
from audiospective.notices.kind import Audience, Draft, Kind
from audiospective.services import Services


def put(
    services: Services,
    user_id: int,
    email: str,
    token: str,
    until: datetime,
    *,
    archive: str | None,
    device: str,
) -> bool:
    """Owe it to `email`; `token` is good until `until`, in the browser that `device` describes.

    `archive` is whose archive it will be the address of, in words that can stand in an e-mail to
    a stranger.
    """
    draft = Draft(
        recipient=email,
        dedupe_key=mail_tokens.digest(token)[:32],
        user_id=user_id,
        data={
            "token": token,
            "archive": archive,
            "device": device,
            "expires_at": clock.to_ms(until),
        },
    )
    return outbox.put(services, KIND, draft)


def still_true(_notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether the link can still be used."""
    token_hash = mail_tokens.digest(str(data["token"]))
    return AddressProof.get_or_none(AddressProof.token_hash == token_hash) is not None


KIND = Kind(
    name="verify_address",
    audience=Audience.ADDRESS,
    security=True,
    awaited=True,
    opt_out=None,
    warning=False,
    choice=None,
    due=None,
    still_true=still_true,
)
