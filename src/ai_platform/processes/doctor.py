"""`ai-platform doctor`: every thing the installation needs, whether it is there, and the remedy if not."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from ai_platform.kernel.errors import PlatformError
from ai_platform.llm.infrastructure.missing_keys import missing_keys
from ai_platform.processes.foundation import Foundation, connected
from ai_platform.processes.lifecycle import WrongUse, environment, read_settings
from ai_platform.processes.tenancy import keyring_of, tenancy_of
from ai_platform.runtime import migrations
from ai_platform.runtime.db import Database
from ai_platform.runtime.health import schema_is_at
from ai_platform.runtime.logging import configure_logging
from ai_platform.runtime.postgres_binaries import PostgresUnavailable, find_binaries
from ai_platform.runtime.settings import Settings
from ai_platform.tenancy.infrastructure.secrets import SecretsLost

Outcome = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    outcome: Outcome
    detail: str


def examine(*, as_json: bool) -> int:
    """Print the findings; 0 when nothing failed, else 1."""
    configure_logging(level="ERROR", output_format="console", stream=sys.stderr)
    findings = asyncio.run(_findings(read_settings()))
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in findings], indent=2) + "\n")
    else:
        Console().print(_table(findings))
    return 1 if any(one.outcome == "failed" for one in findings) else 0


async def _findings(settings: Settings) -> list[Finding]:
    found = [_python(), _embedded_postgres(), _provider_keys(), _webhook_secret(settings), _secrets_key(settings)]
    missing = settings.missing_services()
    if missing:
        note = f"{', '.join(missing)} not set: only `ai-platform dev` can run"
        return [*found, Finding("services", "warning", note)]
    foundation = connected(settings, service="ai-platform doctor")
    try:
        return [*found, _admin_key(settings), *await _services(foundation)]
    finally:
        await foundation.close()


async def _services(foundation: Foundation) -> list[Finding]:
    database = foundation.database
    return [
        await _try("database", database.ping, "start PostgreSQL, or correct DATABASE_URL"),
        await _try(
            "schema", lambda: schema_is_at(migrations.head(), database.schema_revision), "run `ai-platform migrate`"
        ),
        await _try("queue", foundation.bus.ping, "start RabbitMQ, or correct RABBITMQ_URL"),
        await _try("cache", foundation.cache.ping, "start Redis, or correct REDIS_URL"),
        *await _config_keys(database),
        *await _sealed(foundation),
    ]


async def _sealed(foundation: Foundation) -> list[Finding]:
    """Whether SECRETS_KEY opens what is stored; no finding where the key or the database is the problem already."""
    try:
        await tenancy_of(foundation).require_readable()
    except SecretsLost as error:
        remedy = "Remedy: give it the key that sealed them; the old key may follow the new one and a comma."
        return [Finding("stored secrets", "failed", f"{error}. {remedy}")]
    except (WrongUse, DBAPIError, PlatformError):
        return []
    return [Finding("stored secrets", "ok", "SECRETS_KEY opens them")]


async def _config_keys(database: Database) -> list[Finding]:
    """Every config that jobs may name, whose key is not in this environment; no key is shown."""
    try:
        missing = await missing_keys(database, environment())
    except (DBAPIError, PlatformError):
        return []  # the database is away or its schema is not ours: said already
    return [
        Finding(f"config {name}", "warning", f"{variable} is not set here, so its calls would fail")
        for name, variable in missing.items()
    ]


async def _try(subject: str, check: Callable[[], Awaitable[None]], remedy: str) -> Finding:
    try:
        await check()
    except PlatformError as error:
        return Finding(subject, "failed", f"{error.detail} Remedy: {remedy}.")
    except OSError as error:
        return Finding(subject, "failed", f"{error.strerror or error}. Remedy: {remedy}.")
    return Finding(subject, "ok", "answers")


def _python() -> Finding:
    return Finding("python", "ok", ".".join(str(part) for part in sys.version_info[:3]))


def _embedded_postgres() -> Finding:
    try:
        binaries = find_binaries(None)
    except PostgresUnavailable as error:
        return Finding("embedded PostgreSQL", "warning", f"{error} `ai-platform dev` cannot run.")
    return Finding("embedded PostgreSQL", "ok", f"PostgreSQL {binaries.major}")


def _provider_keys() -> Finding:
    there = [name for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY") if environment().get(name)]
    if not there:
        return Finding("provider keys", "warning", "none set: only the demo model can answer")
    return Finding("provider keys", "ok", ", ".join(there))


def _webhook_secret(settings: Settings) -> Finding:
    if settings.webhook_secret is None:
        return Finding(
            "webhook secret",
            "warning",
            "WEBHOOK_SECRET is not set: tenants without a secret of their own may name no callback_url",
        )
    return Finding("webhook secret", "ok", "set")


def _secrets_key(settings: Settings) -> Finding:
    try:
        keyring = keyring_of(settings)
    except WrongUse as error:
        return Finding("secrets key", "failed", str(error))
    if keyring.is_empty:
        return Finding("secrets key", "warning", "SECRETS_KEY is not set: no tenant can be made, no secret be kept")
    return Finding("secrets key", "ok", "set")


def _admin_key(settings: Settings) -> Finding:
    if settings.auth_mode == "required" and settings.ai_platform_admin_key is None:
        return Finding("admin key", "failed", "AI_PLATFORM_ADMIN_KEY is not set. Remedy: `ai-platform init`.")
    return Finding("admin key", "ok", f"AUTH_MODE={settings.auth_mode}")


def _table(findings: list[Finding]) -> Table:
    table = Table("", "Subject", "Finding", box=None, header_style="bold")
    marks = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}
    for one in findings:
        table.add_row(marks[one.outcome], one.subject, one.detail)
    return table
