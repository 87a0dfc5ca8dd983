"""Connection strings as hosts hand them out, bound to the driver that we use."""

import pytest

from ai_platform.kernel.errors import Unavailable
from ai_platform.runtime.db import Database
from ai_platform.runtime.db_faults import database_unavailable, is_connection_loss
from ai_platform.runtime.db_pool import PoolOptions, async_url


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ("postgresql://app:pw@db:5432/ai", "postgresql+asyncpg://app:pw@db:5432/ai"),
        ("postgres://app:pw@db/ai", "postgresql+asyncpg://app:pw@db/ai"),
        ("postgresql+asyncpg://app:pw@db/ai", "postgresql+asyncpg://app:pw@db/ai"),
        ("postgresql+psycopg://app:pw@db/ai", "postgresql+asyncpg://app:pw@db/ai"),
        ("postgresql://app:pw@db/ai?sslmode=require", "postgresql+asyncpg://app:pw@db/ai?ssl=require"),
        (
            "postgresql://app:pw@ep-x-pooler.eu.neon.tech/ai?sslmode=require&channel_binding=require",
            "postgresql+asyncpg://app:pw@ep-x-pooler.eu.neon.tech/ai?ssl=require",
        ),
        (
            "postgres://postgres.ref:p%40ss%2Fword@aws-0.pooler.supabase.com:5432/postgres",
            "postgresql+asyncpg://postgres.ref:p%40ss%2Fword@aws-0.pooler.supabase.com:5432/postgres",
        ),
        ("postgresql+asyncpg://db/ai?ssl=verify-full", "postgresql+asyncpg://db/ai?ssl=verify-full"),
    ],
)
def test_a_hosted_string_is_bound_to_the_driver(given: str, bound: str) -> None:
    assert async_url(given).render_as_string(hide_password=False) == bound


def test_a_password_keeps_its_special_characters() -> None:
    url = async_url("postgres://app:p%40ss%2Fword@db/ai")
    assert (url.password, url.host) == ("p@ss/word", "db")


@pytest.mark.parametrize("url", ["postgresql://app:pw@db/ai?sslmode=require", "postgres://app:pw@db/ai?ssl=require"])
async def test_the_listening_connection_speaks_the_drivers_own_words(url: str) -> None:
    database = Database(url)
    assert database.listen_dsn() == "postgresql://app:pw@db/ai?sslmode=require"
    await database.close()


def test_the_pool_has_the_documented_sizes() -> None:
    options = PoolOptions()
    assert (options.size, options.overflow, options.recycle) == (10, 20, 3600)
    assert (options.statement_timeout, options.statement_cache) == (30.0, 100)


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), OSError("no route")], ids=repr)
def test_a_server_that_cannot_be_reached_is_a_loss(error: Exception) -> None:
    assert is_connection_loss(error)


@pytest.mark.parametrize("error", [ValueError("bad"), LookupError(), database_unavailable()], ids=repr)
def test_a_fault_of_the_caller_is_no_loss(error: Exception) -> None:
    assert not is_connection_loss(error)


def test_what_is_told_names_no_address() -> None:
    error = database_unavailable()
    assert isinstance(error, Unavailable)
    assert (error.stable_code, error.retry_after) == ("database_unavailable", 1.0)
