"""`ai-platform dev`: the whole platform in one process, on a PostgreSQL of its own."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.llm.application.bind_default import Bound
from ai_platform.processes.commerce import commerce_of
from ai_platform.processes.commerce_agent import attend
from ai_platform.processes.data_dir import DataDir
from ai_platform.processes.foundation import embedded, spans_of
from ai_platform.processes.gateway import gateway_app, gauges_of, refuse_unsafe
from ai_platform.processes.lifecycle import WrongUse, environment, read_settings, run, stop_signals
from ai_platform.processes.llm_worker import work, working_parts
from ai_platform.processes.ready import Owner, Ready, announce
from ai_platform.processes.server import bind, serve_until, server_for
from ai_platform.processes.tenancy import require_readable, signing_secrets, tenancy_of
from ai_platform.runtime import migrations
from ai_platform.runtime.logging import configure_logging, get_logger
from ai_platform.runtime.periodic import Periodic
from ai_platform.runtime.postgres_binaries import PostgresUnavailable
from ai_platform.runtime.postgres_embedded import EmbeddedPostgres
from ai_platform.runtime.settings import Settings
from ai_platform.tenancy.wiring import Tenancy

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevOptions:
    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path(".data")
    json_ready: bool = False
    seed: bool = True


def main(options: DevOptions) -> None:
    run(develop(options))


async def develop(options: DevOptions) -> None:
    """Preflight, then everything up, then the ready line, then down again in the opposite order."""
    settings, data_dir, listener = preflight(options)
    if "public_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"public_url": url_of(listener)})
    configure_logging(level=settings.log_level, output_format="console", stream=sys.stderr)
    warn_of_ignored(environment())
    with listener, stop_signals() as stop:
        try:
            async with EmbeddedPostgres(data_dir.path) as postgres:
                await migrations.migrate(postgres.url)
                watch = Periodic("postgres-watch", lambda: revive(postgres), seconds=1.0)
                watch.start()
                try:
                    await _serve(settings, postgres.url, listener, options, data_dir=data_dir, stop=stop)
                finally:
                    await watch.stop()
        except PostgresUnavailable as error:
            raise WrongUse(str(error)) from None


def preflight(options: DevOptions) -> tuple[Settings, DataDir, socket.socket]:
    """Everything that could be wrong, all of it named at once."""
    problems: list[str] = []
    data_dir = DataDir(options.data_dir)
    settings: Settings | None = None
    listener: socket.socket | None = None
    try:
        data_dir.acquire()
    except WrongUse as problem:
        problems.append(str(problem))
    try:
        settings = dev_settings(read_settings(), data_dir if not problems else None)
        refuse_unsafe(settings, options.host)
    except WrongUse as problem:
        problems.append(str(problem))
    try:
        listener = bind(options.host, options.port)
    except WrongUse as problem:
        problems.append(str(problem))
    if problems or settings is None or listener is None:
        raise WrongUse("\n".join(problems))
    return settings, data_dir, listener


async def revive(postgres: EmbeddedPostgres) -> None:
    """A database that died is started again where it was, so that everything recovers without a restart."""
    if not postgres.is_running:
        _log.warning("postgres_ended", remedy="it is started again")
        await postgres.start()


def dev_settings(given: Settings, data_dir: DataDir | None) -> Settings:
    """Open on loopback unless asked otherwise, with keys of its own; settings of services do not apply."""
    changes: dict[str, object] = {"database_url": None, "rabbitmq_url": None, "redis_url": None}
    if "auth_mode" not in given.model_fields_set:
        changes["auth_mode"] = "open"
    if data_dir is not None:
        changes["ai_platform_admin_key"] = SecretStr(data_dir.platform_key())
        if given.webhook_secret is None:
            changes["webhook_secret"] = SecretStr(data_dir.webhook_secret())
        changes["secrets_key"] = SecretStr(data_dir.secrets_key())
    return given.model_copy(update=changes)


def warn_of_ignored(environ: Mapping[str, str]) -> None:
    ignored = [name for name in ("DATABASE_URL", "RABBITMQ_URL", "REDIS_URL") if environ.get(name)]
    if ignored:
        _log.warning("settings_ignored", names=ignored, reason="dev runs on services of its own")


async def _serve(
    settings: Settings,
    database_url: str,
    listener: socket.socket,
    options: DevOptions,
    *,
    data_dir: DataDir,
    stop: asyncio.Event,
) -> None:
    foundation = embedded(settings, database_url, spans_of(settings, "dev"))
    tenancy = tenancy_of(foundation)
    await require_readable(tenancy)
    owner = await owner_of(tenancy, data_dir) if options.seed else None
    llm, jobs = working_parts(foundation)
    bound = await llm.bind_default()
    commerce = commerce_of(foundation, tenancy)
    app = gateway_app(foundation, llm, tenancy, commerce, draining=stop.is_set)
    repeated = (gauges_of(foundation), *tenancy.housekeeping, *commerce.housekeeping)
    foundation.relay.start()
    for one in repeated:
        one.start()
    working = asyncio.create_task(work(foundation, llm, jobs, stop, signing=signing_secrets(tenancy, settings)))
    attending = asyncio.create_task(attend(foundation, commerce, stop))
    serving = asyncio.create_task(serve_until(server_for(app, grace=settings.shutdown_grace_seconds), listener, stop))
    announcing = asyncio.create_task(announce(ready_of(settings, listener, bound, owner), as_json=options.json_ready))
    await asyncio.wait([working, attending, serving], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    announcing.cancel()
    await asyncio.gather(working, attending, serving)
    for one in repeated:
        await one.stop()
    await commerce.close()
    await llm.close()
    await foundation.close()


async def owner_of(tenancy: Tenancy, data_dir: DataDir) -> Owner:
    """The default tenant's key and webhook secret, kept in the data directory."""
    key, webhook_secret = data_dir.owner_key(), data_dir.webhook_secret()
    if not await tenancy.furnish_default(key, webhook_secret):
        key = data_dir.owner_key(fresh=True)
        await tenancy.furnish_default(key, webhook_secret)
    return Owner(tenant_id=str(DEFAULT_TENANT), api_key=key, webhook_secret=webhook_secret)


def _name_of(host: str) -> str:
    """As one writes it in a URL: the usual loopback by its name, every address by a name that reaches it."""
    if host in ("127.0.0.1", "0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{_name_of(host)}:{port}"


def ready_of(settings: Settings, listener: socket.socket, bound: Bound | None, owner: Owner | None) -> Ready:
    key = settings.ai_platform_admin_key
    return Ready(
        url=url_of(listener),
        api_key=key.get_secret_value() if key else "",
        auth_mode=settings.auth_mode,
        model=f"{bound.provider}:{bound.model_name}" if bound else "none",
        pid=os.getpid(),
        owner=owner,
    )
