"""How a tenant is paid: with whom, and with which credentials of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class PaymentProvider(StrEnum):
    MIDTRANS = "midtrans"
    XENDIT = "xendit"
    SANDBOX = "sandbox"


PAYMENT_SECRETS: Final = ("server_key", "secret_key", "callback_token")
"""Midtrans has the first, Xendit the other two."""

WEBHOOK_SECRET: Final = "webhook_secret"  # noqa: S105 - the name of one, not one
"""What WhatsApp's webhooks of a tenant are signed with, and those that tell it how its jobs ended."""


@dataclass(frozen=True, slots=True)
class PaymentOptions:
    """What of a payment configuration is no secret."""

    is_production: bool = False


@dataclass(frozen=True, slots=True)
class PaymentConfig:
    """A change: of secrets, those named are set, or forgotten when None; what is not named stays."""

    secrets: Mapping[str, str | None] = field(default_factory=dict)
    is_production: bool | None = None


UNCHANGED: Final = PaymentConfig()
