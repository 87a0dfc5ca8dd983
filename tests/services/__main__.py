"""Private PostgreSQL, RabbitMQ and Redis for development: `python -m tests.services`, until Ctrl-C.

Standard output is a script: `eval` it, or copy its lines into `.env`.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.services.locate import ServiceNotFound
from tests.services.process import ServerDidNotStart
from tests.services.stack import Services

_DATABASE: Final = "ai_platform"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    parser.add_argument("--dir", type=Path, help="keep the data here; without it, the data is temporary")
    parser.add_argument("--durable", action="store_true", help="let every commit of PostgreSQL reach the disk")
    for name in _EXPORTS:
        parser.add_argument(f"--no-{name}", dest=name, action="store_false", help=f"do not start {name}")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Services(wanted.dir, private=True, durable=wanted.durable) as services, ThreadPoolExecutor() as threads:
        try:
            exports = threads.map(
                lambda name: _EXPORTS[name](services), [name for name in _EXPORTS if vars(wanted)[name]]
            )
            sys.stdout.write("\n".join([*exports, ""]))
            sys.stdout.flush()
            sys.stderr.write("Ready. Ctrl-C stops them.\n")
            signal.pause()
        except KeyboardInterrupt:
            sys.stderr.write("Stopping.\n")
        except (ServiceNotFound, ServerDidNotStart) as refusal:
            sys.stderr.write(f"{refusal}\n")
            return 2
    return 0


def _postgres(services: Services) -> str:
    server = services.postgres
    exists = server.has_database(_DATABASE)
    return f"export DATABASE_URL={server.database_url(_DATABASE) if exists else server.create_database(_DATABASE)}"


def _rabbitmq(services: Services) -> str:
    """The management URL serves the tests, and a browser, as guest/guest."""
    server = services.rabbitmq
    return f"export RABBITMQ_URL={server.url}\nexport RABBITMQ_MANAGEMENT_URL={server.management_url}"


def _redis(services: Services) -> str:
    return f"export REDIS_URL={services.redis.url}"


_EXPORTS: Final[dict[str, Callable[[Services], str]]] = {
    "postgres": _postgres,
    "rabbitmq": _rabbitmq,
    "redis": _redis,
}

if __name__ == "__main__":
    sys.exit(main())
