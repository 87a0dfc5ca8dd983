"""The payment providers of an installation, and the credentials that its tenants share."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import SecretStr

from ai_platform.commerce.application.payment_ports import Account, Gate
from ai_platform.commerce.infrastructure.midtrans import NAME as MIDTRANS
from ai_platform.commerce.infrastructure.midtrans import Midtrans, MidtransAddresses
from ai_platform.commerce.infrastructure.midtrans_wire import MidtransNotices
from ai_platform.commerce.infrastructure.provider_http import ProviderHttp
from ai_platform.commerce.infrastructure.sandbox import NAME as SANDBOX
from ai_platform.commerce.infrastructure.sandbox import Sandbox, SandboxNotices
from ai_platform.commerce.infrastructure.xendit import ADDRESS, Xendit
from ai_platform.commerce.infrastructure.xendit import NAME as XENDIT
from ai_platform.commerce.infrastructure.xendit_wire import XenditNotices
from ai_platform.runtime.db import Database
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.trust import trusted_certificates

_CONNECTIONS: Final = httpx.Limits(max_connections=50, max_keepalive_connections=20)


@dataclass(frozen=True, slots=True)
class Providers:
    """`client` is closed with its process."""

    gates: Mapping[str, Gate]
    shared: Mapping[str, Account]
    sandbox: Sandbox
    client: httpx.AsyncClient


def providers_of(settings: Settings, database: Database) -> Providers:
    trust = trusted_certificates()
    client = httpx.AsyncClient(verify=trust, limits=_CONNECTIONS, follow_redirects=False, trust_env=False)
    wait = settings.payment_timeout_seconds
    addresses = MidtransAddresses(settings.midtrans_snap_url, settings.midtrans_api_url)
    midtrans = Midtrans(ProviderHttp(MIDTRANS, client, timeout=wait), addresses)
    xendit = Xendit(ProviderHttp(XENDIT, client, timeout=wait), settings.xendit_api_url or ADDRESS)
    sandbox = Sandbox(database, settings.public_url.rstrip("/"))
    gates = {MIDTRANS: Gate(midtrans, MidtransNotices()), XENDIT: Gate(xendit, XenditNotices())}
    if settings.serves_sandbox:
        gates[SANDBOX] = Gate(sandbox, SandboxNotices())
    return Providers(gates, _shared(settings), sandbox, client)


def _shared(settings: Settings) -> Mapping[str, Account]:
    found: dict[str, Account] = {}
    if key := _plain(settings.midtrans_server_key):
        found[MIDTRANS] = Account(provider=MIDTRANS, secret=key, is_production=settings.midtrans_is_production)
    if key := _plain(settings.xendit_secret_key):
        found[XENDIT] = Account(
            provider=XENDIT, secret=key, callback_token=_plain(settings.xendit_callback_token) or None
        )  # fmt: skip
    if settings.serves_sandbox:
        found[SANDBOX] = Account(provider=SANDBOX, secret=_sandbox_secret(settings))
    return found


def _sandbox_secret(settings: Settings) -> str:
    """The same in every process of the installation, and nobody's to guess."""
    root = _plain(settings.secrets_key) or secrets.token_hex(32)
    return hmac.new(root.encode(), b"sandbox payments", hashlib.sha256).hexdigest()


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
