"""Signing what is sent, as Standard Webhooks says (the library standardwebhooks does the arithmetic). Pure but for
the secrets it makes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"


def generate() -> str:
    """A new secret, to be shown once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(message_id: str, moment: datetime, body: bytes, known: Iterable[str]) -> dict[str, str]:
    """The headers of a message: with a signature by each of the secrets in `known`, and none without one.

    `moment` is in UTC.
    """
    text = body.decode()
    signatures = [Webhook(secret).sign(message_id, moment, text) for secret in known]
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(moment.timestamp()))}
    return {**headers, "webhook-signature": " ".join(signatures)} if signatures else headers
