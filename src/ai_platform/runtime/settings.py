"""Settings from the environment and `.env`, read once in `processes` and passed down.

An empty variable counts as unset. `docs/reference/settings.md` is generated from this class.
"""

import base64
import binascii
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

WEBHOOK_SECRET_BYTES: Final = 24
"""The least of Standard Webhooks 1.0 for a symmetric secret."""

WEAK_KEYS = frozenset({"changeme", "change-me", "secret", "admin", "password", "test"})


class Settings(BaseSettings):
    """Everything an operator may set; the field's name in capitals is the variable's name."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    app_env: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start with a missing or default secret."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The lowest level that is logged."
    )
    log_format: Literal["json", "console"] = Field("json", description="JSON lines, or lines for a person's eye.")

    database_url: SecretStr | None = Field(
        None, description="PostgreSQL: `postgresql+asyncpg://…`, `postgresql://…`, or a hosted one's connection string."
    )
    database_pool_size: int = Field(10, ge=1, description="Connections kept open a process.")
    database_max_overflow: int = Field(
        20, ge=0, description="Connections beyond it under load, and four for lone statements."
    )
    database_pool_recycle: int = Field(3600, ge=1, description="Seconds after which a connection is replaced.")
    database_statement_cache: int = Field(
        100, ge=0, description="Prepared statements kept a connection; 0 behind a transaction pooler."
    )
    database_statement_timeout: float = Field(
        30.0, gt=0, description="Seconds after which PostgreSQL ends a statement."
    )

    rabbitmq_url: SecretStr | None = Field(None, description="RabbitMQ: `amqp://user:password@host:5672/vhost`.")
    rabbitmq_task_queue: str = Field("ai_tasks", min_length=1, description="Queue of the LLM workers' wake-ups.")
    rabbitmq_crm_queue: str = Field("crm_tasks", min_length=1, description="Queue of the commerce agent's wake-ups.")
    rabbitmq_event_exchange: str = Field("ai_events", min_length=1, description="Topic exchange of contract events.")
    rabbitmq_delivery_limit: int = Field(
        20, ge=1, description="Redeliveries of one message before it becomes a dead letter."
    )
    redis_url: SecretStr | None = Field(None, description="Redis: `redis://host:6379/0`.")

    auth_mode: Literal["required", "open"] = Field(
        "required", description="`open` serves callers without a key, on loopback only."
    )
    ai_platform_admin_key: SecretStr | None = Field(None, description="The bootstrap key of role `platform`.")
    secrets_key: SecretStr | None = Field(
        None,
        description="Seals tenants' secrets in the database: 32 bytes in URL-safe base64, as `ai-platform init` makes "
        "them. Several with commas: the first seals, all open.",
    )
    rate_limit_per_second: float = Field(50.0, gt=0, description="Requests a second of one tenant key, for good.")
    rate_limit_burst: int = Field(500, ge=1, description="Requests of one tenant key at once, after a rest.")
    session_idle_hours: float = Field(12.0, gt=0, description="Hours after which an unused console session ends.")
    session_max_hours: float = Field(168.0, gt=0, description="Hours after which every console session ends.")
    metrics_token: SecretStr | None = Field(
        None, description="A token that may read `/metrics` besides a platform key."
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port on which a worker process serves `/metrics`; none when unset."
    )
    metrics_host: str = Field("127.0.0.1", description="Address on which a worker process serves `/metrics`.")
    shutdown_grace_seconds: float = Field(
        30.0, gt=0, description="Seconds in which a process finishes or hands back what is in hand."
    )

    llm_worker_concurrency: int = Field(500, ge=1, le=5000, description="Jobs one worker process runs at a time.")
    llm_default_timeout_seconds: float = Field(
        120.0, gt=0, description="Timeout of a model call whose config names none."
    )
    llm_max_retries: int = Field(
        3, ge=0, le=10, description="Calls after the first within one attempt of a job, when a call fails in passing."
    )
    llm_retry_initial_delay: float = Field(
        1.0, gt=0, description="Seconds before the first of them; doubles each time, ± 10 %."
    )
    llm_retry_max_delay: float = Field(60.0, gt=0, description="The longest wait between two calls, in seconds.")
    circuit_breaker_failure_threshold: int = Field(
        5, ge=1, description="Failures in a row after which a config's breaker opens."
    )
    circuit_breaker_success_threshold: int = Field(
        2, ge=1, description="Successful probes after which a half-open breaker closes; also how many run at a time."
    )
    circuit_breaker_timeout_seconds: float = Field(
        60.0, gt=0, description="Seconds for which an open breaker refuses calls before it lets probes through."
    )
    openai_base_url: str | None = Field(None, description="Stands in for OpenAI's address; ends in `/v1`.")
    anthropic_base_url: str | None = Field(None, description="Stands in for Anthropic's address; the host root.")

    job_default_max_retries: int = Field(3, ge=0, le=10, description="Attempts after the first when a job names none.")
    job_retry_delay_min: float = Field(5.0, ge=0, description="Seconds before a job's first retry; doubles each time.")
    job_retry_delay_max: float = Field(300.0, gt=0, description="The longest wait between two attempts, in seconds.")
    job_lease_seconds: float = Field(
        4.0, ge=2, description="How long a worker's claim on a job holds without a heartbeat (one a second)."
    )

    job_queue_limit: int = Field(
        100_000, ge=1, description="Jobs of one tenant that may wait; a submission beyond it is 429."
    )
    job_event_retention_days: float = Field(30.0, gt=0, description="Days for which a finished job's events are kept.")

    webhook_secret: SecretStr | None = Field(
        None,
        description="Signs completion webhooks (Standard Webhooks, `whsec_…`) of tenants without their own secret.",
    )
    webhook_allow_private: bool = Field(
        False, description="Whether a completion webhook may go to a private or loopback address."
    )

    public_url: str = Field(
        "http://localhost:8000", description="Where the gateway is reached from outside; the host root."
    )
    midtrans_server_key: SecretStr | None = Field(
        None, description="Midtrans' server key of tenants that have none of their own."
    )
    midtrans_is_production: bool = Field(False, description="Whether that key is a production key.")
    midtrans_snap_url: str | None = Field(None, description="Stands in for Midtrans' Snap; ends in `/snap/v1`.")
    midtrans_api_url: str | None = Field(None, description="Stands in for Midtrans' Core API; the host root.")
    xendit_secret_key: SecretStr | None = Field(
        None, description="Xendit's secret key of tenants that have none of their own."
    )
    xendit_callback_token: SecretStr | None = Field(
        None, description="Xendit's callback verification token that goes with it."
    )
    xendit_api_url: str | None = Field(None, description="Stands in for Xendit's address; the host root.")
    payment_timeout_seconds: float = Field(
        10.0, gt=0, le=30, description="Seconds for each step of a call to a payment provider."
    )
    payment_notice_retention_days: float = Field(
        400.0,
        ge=30,
        description="Days for which a provider's notification is kept as it came. What is quarantined, not applied "
        "yet, or of a payment that needs a person, is kept for ever.",
    )
    sandbox_payments: bool | None = Field(
        None,
        description="Whether the sandbox's pay page is served, where anybody pays without money. Unset: in development "
        "only; production refuses it.",
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        description="Where OpenTelemetry spans go (OTLP over HTTP), e.g. `http://collector:4318`; none when unset.",
    )
    otel_capture_prompts: bool = Field(
        False, description="Whether spans carry the text of prompts and answers. Off: they never do."
    )

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _webhook_key(secret):
            raise ValueError("is no `whsec_` and base64; `ai-platform init` makes one.")
        return secret

    @model_validator(mode="after")
    def _production_has_real_secrets(self) -> Self:
        if self.app_env != "production":
            return self
        if self.auth_mode == "open":
            raise ValueError("AUTH_MODE=open is for development; set AUTH_MODE=required in production.")
        key = self.ai_platform_admin_key.get_secret_value() if self.ai_platform_admin_key else ""
        if len(key) < 20 or key.lower() in WEAK_KEYS:
            raise ValueError("AI_PLATFORM_ADMIN_KEY is missing or too weak; `ai-platform init` makes one.")
        if self.webhook_secret is not None and len(_webhook_key(self.webhook_secret)) < WEBHOOK_SECRET_BYTES:
            raise ValueError(
                f"WEBHOOK_SECRET holds less than {WEBHOOK_SECRET_BYTES} bytes; `ai-platform init` makes one."
            )
        if self.sandbox_payments:
            raise ValueError("SANDBOX_PAYMENTS lets anybody pay without money; unset it in production.")
        if self.secrets_key is None:
            raise ValueError("SECRETS_KEY is missing; `ai-platform init` makes one.")
        return self

    @property
    def serves_sandbox(self) -> bool:
        return self.app_env == "development" if self.sandbox_payments is None else self.sandbox_payments

    def missing_services(self) -> list[str]:
        """The variables that a service process cannot run without and that are unset."""
        wanted = {"DATABASE_URL": self.database_url, "RABBITMQ_URL": self.rabbitmq_url, "REDIS_URL": self.redis_url}
        return [name for name, value in wanted.items() if value is None]


def _webhook_key(secret: SecretStr) -> bytes:
    """The bytes that sign; none when the secret is not base64."""
    text = secret.get_secret_value().removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
