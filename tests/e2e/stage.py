"""A stage for real processes: services of its own, a model twin, and whatever is started on them."""

import asyncio
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from tests.e2e.client import Client
from tests.e2e.dev_program import DevProcess
from tests.e2e.programs import AgentProcess, GatewayProcess, Program, WorkerProcess
from tests.patience import PATIENCE
from tests.services.postgres import outside_the_loop
from tests.services.stack import Services
from tests.services.watchdog import Watchdog
from tests.twins.llm_server import LlmTwin

KEY: Final = "aip_the_key_of_the_end_to_end_tests_0123456789"
SECRETS_KEY: Final = "c2l4IGJ5IGZpdmUgaXMgdGhpcnR5IHR3byBieXRlcyE="
WEBHOOK_SECRET: Final = "whsec_" + "c2VjcmV0" * 5
WEBHOOKS: Final = {"WEBHOOK_SECRET": WEBHOOK_SECRET, "WEBHOOK_ALLOW_PRIVATE": "true"}
METRICS_TOKEN: Final = "the-token-of-the-metrics"
TALKATIVE: Final = {"METRICS_TOKEN": METRICS_TOKEN, "LOG_LEVEL": "DEBUG"}
OPENAI_KEY: Final = "sk-test-openai-0123456789"
ANTHROPIC_KEY: Final = "sk-test-anthropic-0123456789"
CALLS_AN_ATTEMPT: Final = 3
IMPATIENT: Final = {
    "LLM_MAX_RETRIES": str(CALLS_AN_ATTEMPT - 1),
    "LLM_RETRY_INITIAL_DELAY": "0.05",
    "CIRCUIT_BREAKER_FAILURE_THRESHOLD": "100",
}
"""Nobody waits long for a model that fails, and one that fails on purpose is no outage."""

ProgramT = TypeVar("ProgramT", bound=Program)


@dataclass
class Stage:
    """`directory` is temporary; what is started here is killed at the end, and must not have logged a traceback."""

    directory: Path
    watchdog: Watchdog
    database_url: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()

    def gateway(self, **variables: str) -> GatewayProcess:
        return self.has(GatewayProcess(**self._place("gateway", variables)))

    def worker(self, **variables: str) -> WorkerProcess:
        return self.has(WorkerProcess(**self._place("worker", variables)))

    def agent(self, **variables: str) -> AgentProcess:
        return self.has(AgentProcess(**self._place("agent", variables)))

    def dev(self, *more: str, data_dir: Path | None = None, port: int = 0, **variables: str) -> DevProcess:
        """On the stage's one data directory, unless another is named."""
        place = self._place("dev", variables)
        return self.has(DevProcess(data_dir or self.directory / "data", *more, port=port, **place))

    def has(self, program: ProgramT) -> ProgramT:
        self.programs.append(program)
        return program

    def sql(self, statement: str, *values: object) -> list[asyncpg.Record]:
        return run_sql(self.database_url, statement, *values)

    def config(self, name: str, model_name: str, *, provider: str = "demo", **columns: object) -> None:
        """A configuration as an operator inserts it."""
        add_config(self.database_url, name, model_name, provider=provider, **columns)

    def close(self) -> None:
        for program in self.programs:
            program.close()
        self.watchdog.close()

    def assert_no_traceback(self) -> None:
        """But those in a line with one of the `forgiven` words."""
        for program in self.programs:
            for line in program.history.splitlines():
                seen = "Traceback" in line and not any(words in line for words in self.forgiven)
                assert not seen, f"{type(program).__name__} logged a traceback:\n{line[:6000]}"

    def _place(self, name: str, variables: Mapping[str, str]) -> dict[str, Any]:
        directory = self.directory / f"{name}-{len(self.programs)}"
        return {"directory": directory, "watchdog": self.watchdog, "variables": self.variables | dict(variables)}


@contextmanager
def empty_stage(**variables: str) -> Iterator[Stage]:
    """Without a service."""
    watchdog = Watchdog()
    directory = Path(tempfile.mkdtemp(prefix="ai-platform-stage-"))
    watchdog.watch_directory(directory)
    stage = Stage(directory.resolve(), watchdog, variables=dict(variables))
    try:
        yield stage
        stage.assert_no_traceback()
    finally:
        stage.close()


@contextmanager
def connected_stage(
    services: Services, *, template: str, twin: LlmTwin | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """With a database (copied from `template`), a virtual host and a Redis database that nobody else uses.

    `variables` are in the environment of everything that is started there.
    """
    postgres, rabbitmq, redis = services.postgres, services.rabbitmq, services.redis
    name = f"stage_{uuid.uuid4().hex[:16]}"
    redis_url = redis.empty_database()
    with empty_stage() as stage:
        stage.database_url = postgres.create_database(name, template=template)
        stage.variables = {
            "DATABASE_URL": stage.database_url,
            "RABBITMQ_URL": rabbitmq.create_vhost(name),
            "REDIS_URL": redis_url,
            "AI_PLATFORM_ADMIN_KEY": KEY,
            "SECRETS_KEY": SECRETS_KEY,
            "JOB_RETRY_DELAY_MIN": "0.1",
            **(twin_variables(twin) if twin else {}),
            **(variables or {}),
        }
        try:
            yield stage
        finally:
            for program in stage.programs:
                program.close()
            postgres.drop_database(name)
            rabbitmq.drop_vhost(name)
            redis.clear_database(redis_url)


def twin_variables(twin: LlmTwin) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": twin.openai,
        "ANTHROPIC_BASE_URL": twin.anthropic,
        "OPENAI_API_KEY": OPENAI_KEY,
        "ANTHROPIC_API_KEY": ANTHROPIC_KEY,
    }


def client_of(gateway: GatewayProcess) -> Client:
    return Client(gateway.url, KEY)


def add_config(database_url: str, name: str, model_name: str, *, provider: str = "demo", **columns: object) -> None:
    values = {"name": name, "provider": provider, "model_name": model_name, **columns}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    statement = f"INSERT INTO llm_configs ({', '.join(values)}) VALUES ({places})"  # noqa: S608 - our own words
    run_sql(database_url, statement, *values.values())


def run_sql(database_url: str, statement: str, *values: object) -> list[asyncpg.Record]:
    return outside_the_loop(_fetch(database_url, statement, *values))


async def _fetch(database_url: str, statement: str, *values: object) -> list[asyncpg.Record]:
    async with asyncio.timeout(PATIENCE):
        connection = await asyncpg.connect(database_url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()
