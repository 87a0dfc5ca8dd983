"""Settings refuse what would hurt, before anything runs."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from ai_platform.runtime.settings import WEAK_KEYS, Settings

STRONG = "aip_0123456789abcdefghij"

Read = Callable[..., Settings]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Settings of a process with exactly this environment."""
    for name in Settings.model_fields:
        for variable in [one for one in os.environ if one.lower() == name]:
            monkeypatch.delenv(variable)

    def read(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Settings(_env_file=None)

    return read


def test_without_an_environment_the_defaults_hold(read: Read) -> None:
    settings = read()
    assert (settings.app_env, settings.auth_mode, settings.log_format) == ("development", "required", "json")
    assert (settings.database_pool_size, settings.llm_worker_concurrency) == (10, 500)


def test_an_empty_variable_counts_as_unset(read: Read) -> None:
    settings = read(DATABASE_URL="", DATABASE_POOL_SIZE="", AUTH_MODE="", METRICS_PORT="", AI_PLATFORM_ADMIN_KEY="")
    assert settings == read()
    assert settings.database_url is None
    assert settings.metrics_port is None


def test_a_variable_of_another_program_is_ignored(read: Read) -> None:
    assert read(SOMETHING_ELSE="1") == read()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("APP_ENV", "staging"),
        ("AUTH_MODE", "none"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_SIZE", "many"),
        ("DATABASE_STATEMENT_TIMEOUT", "-1"),
        ("RABBITMQ_DELIVERY_LIMIT", "0"),
        ("METRICS_PORT", "70000"),
        ("LLM_WORKER_CONCURRENCY", "0"),
        ("JOB_DEFAULT_MAX_RETRIES", "11"),
        ("JOB_LEASE_SECONDS", "1"),
        ("PAYMENT_NOTICE_RETENTION_DAYS", "29"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(read: Read, variable: str, value: str) -> None:
    with pytest.raises(ValidationError, match=variable.lower()):
        read(**{variable: value})


def test_production_takes_a_strong_key(read: Read) -> None:
    assert read(APP_ENV="production", AI_PLATFORM_ADMIN_KEY=STRONG, SECRETS_KEY="k").app_env == "production"


def test_money_that_is_nobodys_is_taken_in_development_only(read: Read) -> None:
    assert read().serves_sandbox
    assert not read(SANDBOX_PAYMENTS="false").serves_sandbox
    production = {"APP_ENV": "production", "AI_PLATFORM_ADMIN_KEY": STRONG, "SECRETS_KEY": "k", "SANDBOX_PAYMENTS": ""}
    assert not read(**production).serves_sandbox
    with pytest.raises(ValidationError, match="SANDBOX_PAYMENTS"):
        read(**production | {"SANDBOX_PAYMENTS": "true"})


@pytest.mark.parametrize("key", ["", "short", *sorted(WEAK_KEYS), "CHANGEME"])
def test_production_refuses_a_missing_or_weak_key(read: Read, key: str) -> None:
    with pytest.raises(ValidationError, match="AI_PLATFORM_ADMIN_KEY is missing or too weak"):
        read(APP_ENV="production", AI_PLATFORM_ADMIN_KEY=key)


def test_production_refuses_to_go_without_a_key_for_secrets(read: Read) -> None:
    with pytest.raises(ValidationError, match="SECRETS_KEY is missing"):
        read(APP_ENV="production", AI_PLATFORM_ADMIN_KEY=STRONG)


def test_production_refuses_an_open_door(read: Read) -> None:
    with pytest.raises(ValidationError, match="AUTH_MODE=open is for development"):
        read(APP_ENV="production", AI_PLATFORM_ADMIN_KEY=STRONG, AUTH_MODE="open")


def test_development_takes_any_key(read: Read) -> None:
    assert read(AI_PLATFORM_ADMIN_KEY="secret").ai_platform_admin_key is not None


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, ["DATABASE_URL", "RABBITMQ_URL", "REDIS_URL"]),
        ({"DATABASE_URL": "postgresql://db/ai", "REDIS_URL": ""}, ["RABBITMQ_URL", "REDIS_URL"]),
        ({"DATABASE_URL": "postgresql://db/ai", "RABBITMQ_URL": "amqp://mq/", "REDIS_URL": "redis://r"}, []),
    ],
)
def test_a_service_is_told_which_addresses_are_missing(
    read: Read, environment: dict[str, str], missing: list[str]
) -> None:
    assert read(**environment).missing_services() == missing


def test_secrets_do_not_show(read: Read) -> None:
    secrets: dict[str, Any] = {
        "DATABASE_URL": "postgresql://app:hunter2@db/ai",
        "RABBITMQ_URL": "amqp://guest:hunter2@mq/",
        "REDIS_URL": "redis://:hunter2@cache/0",
        "AI_PLATFORM_ADMIN_KEY": "hunter2",
        "METRICS_TOKEN": "hunter2",
    }
    settings = read(**secrets)
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


STRONG_SIGNATURE = "whsec_" + "c2VjcmV0" * 5


@pytest.mark.parametrize("secret", ["whsec_", "not base64!", "whsec_****", "x"])
def test_a_webhook_secret_is_base64(read: Read, secret: str) -> None:
    with pytest.raises(ValidationError, match="base64"):
        read(WEBHOOK_SECRET=secret)


def test_a_webhook_secret_may_leave_out_its_prefix_and_its_padding(read: Read) -> None:
    assert read(WEBHOOK_SECRET="c2VjcmV0cw").webhook_secret is not None


def test_production_refuses_a_short_webhook_secret(read: Read) -> None:
    with pytest.raises(ValidationError, match="WEBHOOK_SECRET"):
        read(APP_ENV="production", AI_PLATFORM_ADMIN_KEY=STRONG, WEBHOOK_SECRET="whsec_c2VjcmV0")


def test_production_takes_a_long_webhook_secret_or_none(read: Read) -> None:
    production = {"APP_ENV": "production", "AI_PLATFORM_ADMIN_KEY": STRONG, "SECRETS_KEY": "k"}
    assert read(**production).webhook_secret is None
    assert read(**production, WEBHOOK_SECRET=STRONG_SIGNATURE).webhook_secret is not None
