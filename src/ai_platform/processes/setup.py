"""One-off commands: the schema, a first `.env`."""

import secrets
import sys
from pathlib import Path

from ai_platform.kernel.errors import Unavailable
from ai_platform.processes.foundation import readable
from ai_platform.processes.lifecycle import WrongUse, fail, read_settings
from ai_platform.runtime import migrations
from ai_platform.runtime.db_faults import is_connection_loss
from ai_platform.runtime.db_pool import async_url
from ai_platform.runtime.keyring import new_secrets_key
from ai_platform.tenancy.application.create_tenant import new_webhook_secret
from ai_platform.tenancy.domain.api_key import new_key

ENV = """\
# Written by `ai-platform init`. Every setting: docs/reference/settings.md
APP_ENV=production
AI_PLATFORM_ADMIN_KEY={admin_key}
METRICS_TOKEN={metrics_token}
WEBHOOK_SECRET={webhook_secret}
# Seals the secrets of tenants in the database. Keep it: without it they are lost.
SECRETS_KEY={secrets_key}

DATABASE_URL=postgresql+asyncpg://ai_platform:ai_platform@localhost:5432/ai_platform
RABBITMQ_URL=amqp://guest:guest@localhost:5672/
REDIS_URL=redis://localhost:6379/0

# One of these, for answers from a real model:
OPENAI_API_KEY=
ANTHROPIC_API_KEY=
"""


def migrate_database(revision: str) -> None:
    settings = read_settings()
    if settings.database_url is None:
        raise WrongUse("Set DATABASE_URL in the environment or in .env.")
    url = settings.database_url.get_secret_value()
    with readable("DATABASE_URL"):
        async_url(url)
    try:
        migrations.upgrade(url, revision)
    except Exception as error:
        if is_connection_loss(error) or isinstance(error, Unavailable):
            fail("The database cannot be reached; check DATABASE_URL.", 1)
        raise
    sys.stdout.write(f"The schema is at {revision if revision != 'head' else migrations.head()}.\n")


def write_env(file: Path) -> None:
    text = ENV.format(
        admin_key=new_key(),
        metrics_token=secrets.token_urlsafe(32),
        webhook_secret=new_webhook_secret(),
        secrets_key=new_secrets_key(),
    )
    try:
        with file.open("x") as new:
            file.chmod(0o600)
            new.write(text)
    except FileExistsError:
        fail(f"{file} exists already and is never overwritten; remove it first for fresh secrets.", 1)
    except OSError as error:
        fail(f"Cannot write {file} ({error.strerror}).", 2)
    sys.stdout.write(f"Wrote {file}. Now set the services in it, then run `ai-platform doctor`.\n")
