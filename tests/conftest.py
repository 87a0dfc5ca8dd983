"""Services for tests: one of each a session, and within it a database, a virtual host and keys of a test's own."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.postgres import PostgresServer
from tests.services.rabbitmq import RabbitServer
from tests.services.redis import RedisServer
from tests.services.stack import Services

pytest_plugins = ["tests.measured"]


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Starts nothing before it is asked for it."""
    with Services() as services:
        yield services


@pytest.fixture(scope="session")
def postgres_server(services: Services) -> PostgresServer:
    return services.postgres


@pytest.fixture(scope="session")
def rabbitmq_server(services: Services) -> RabbitServer:
    return services.rabbitmq


@pytest.fixture(scope="session")
def redis_server(services: Services) -> RedisServer:
    return services.redis


@pytest.fixture
def fresh_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database without a table."""
    name = _unused_name()
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a database at the newest revision, to be copied and not to be used."""
    from ai_platform.runtime.migrations import upgrade  # noqa: PLC0415 -- only tests with a database pay for Alembic

    name = _unused_name()
    url = postgres_server.create_database(name)
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(upgrade, url).result()
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def database_url(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """The URL of a database at the newest revision, without a row but those that migrations put there."""
    name = _unused_name()
    yield postgres_server.create_database(name, template=migrated_template)
    postgres_server.drop_database(name)


@pytest.fixture
def rabbitmq_url(rabbitmq_server: RabbitServer) -> Iterator[str]:
    """The URL of a virtual host without a queue; nothing that another test publishes gets there."""
    name = _unused_name()
    yield rabbitmq_server.create_vhost(name)
    rabbitmq_server.drop_vhost(name)


@pytest.fixture
def redis_url(redis_server: RedisServer) -> Iterator[str]:
    """The URL of a numbered database without a key."""
    url = redis_server.empty_database()
    yield url
    redis_server.clear_database(url)


def _unused_name() -> str:
    return f"test_{uuid.uuid4().hex[:16]}"
