"""Whether the database went away, rather than refused what was asked of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ai_platform.kernel.errors import Unavailable

_CONNECTION_LOST = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's last words came between two statements
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
)
"""What passes without anybody mending the statement: losses, time limits, a failover, a deadlock's victim."""


@contextmanager
def unavailable_when_lost() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_connection_loss(error):
            raise database_unavailable() from error
        raise


def is_connection_loss(error: BaseException) -> bool:
    """Whether the database went away, rather than refused the statement."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_connection_loss_of_driver(error.orig)
    return isinstance(error, _CONNECTION_LOST)


def is_connection_loss_of_driver(error: BaseException | None) -> bool:
    cause = getattr(error, "__cause__", None)
    return isinstance(error, _CONNECTION_LOST) or isinstance(cause, _CONNECTION_LOST)


def database_unavailable() -> Unavailable:
    return Unavailable("The database cannot be reached; try again shortly.", code="database_unavailable")
