"""Jobs as JSON."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ai_platform.jobs.application.ports import JobView
from ai_platform.jobs.application.submit_job import SubmitJobCommand
from ai_platform.jobs.domain.job import MAX_RETRIES, NAME_LENGTH, PROMPT_LENGTH, JobStatus, Pipeline, Priority
from ai_platform.runtime.fields import SaidText, StoredText

METADATA_BYTES: Final = 16 * 1024
CONTEXT_BYTES: Final = 1024 * 1024
_DEEPEST: Final = 32


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        raise ValueError(f"must not be nested deeper than {_DEEPEST} levels")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, depth + 1)


def check_storable(value: dict[str, Any], most: int) -> dict[str, Any]:
    """An object that PostgreSQL can hold as JSON: finite numbers, no NUL, real Unicode, at most `most` bytes."""
    if any("\x00" in one for one in _strings(value)):
        raise ValueError("must not contain NUL characters")
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    if size > most:
        raise ValueError(f"must be at most {most} bytes as JSON")
    return value


def _storable(most: int) -> AfterValidator:
    return AfterValidator(lambda value: check_storable(value, most))


Name = Annotated[StoredText, StringConstraints(min_length=1, max_length=NAME_LENGTH)]


class HistoryItem(BaseModel):
    """One earlier message of the conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: Annotated[StoredText, Field(max_length=PROMPT_LENGTH)]


class JobContext(BaseModel):
    """What the prompt continues. Further keys are kept with the job."""

    model_config = ConfigDict(extra="allow")

    history: list[HistoryItem] = Field(default_factory=list, max_length=200)
    is_followup: bool = Field(False, strict=True)

    @model_validator(mode="after")
    def _is_storable(self) -> Self:
        check_storable(self.model_dump(), CONTEXT_BYTES)
        return self


class JobSubmission(BaseModel):
    """A prompt, and how it is to be answered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "prompt": "Write a haiku about programming",
                    "config_name": "default-smart",
                    "template_name": "default-assistant",
                }
            ]
        },
    )

    prompt: Annotated[SaidText, Field(min_length=1, max_length=PROMPT_LENGTH)]
    config_name: Name = "default-smart"
    template_name: Name = "default-assistant"
    pipeline: Literal["single", "multi_agent"] = "single"
    needs_moderation: bool = Field(True, strict=True, description="Whether `multi_agent` moderates the prompt first.")
    callback_url: StoredText | None = Field(None, description="Told, signed, how the job ended (Standard Webhooks).")
    variables: Annotated[dict[str, StoredText], _storable(CONTEXT_BYTES)] = Field(default_factory=dict)
    context: JobContext | None = None
    max_retries: int | None = Field(None, ge=0, le=MAX_RETRIES, strict=True)
    timeout_seconds: float | None = Field(
        None, gt=0, le=3600, strict=True, allow_inf_nan=False, description="Bounds one attempt, from its claim."
    )
    priority: Literal["high", "normal", "low"] = "normal"
    stream: bool = Field(False, strict=True)
    metadata: Annotated[dict[str, Any], _storable(METADATA_BYTES)] = Field(default_factory=dict)

    def command(self, tenant_id: UUID, trace: dict[str, str]) -> SubmitJobCommand:
        return SubmitJobCommand(
            tenant_id=tenant_id,
            prompt=self.prompt,
            config_name=self.config_name,
            template_name=self.template_name if self._names_template() else None,
            pipeline=Pipeline(self.pipeline),
            needs_moderation=self.needs_moderation,
            callback_url=self.callback_url,
            priority=Priority[self.priority.upper()],
            variables=self.variables,
            context=self.context.model_dump(exclude_defaults=True) if self.context else {},
            metadata=self.metadata,
            trace=trace,
            stream=self.stream,
            timeout_seconds=self.timeout_seconds,
            max_retries=self.max_retries,
        )

    def _names_template(self) -> bool:
        """The default is the single pipeline's; in `multi_agent` the main agent has its own."""
        return self.pipeline == "single" or "template_name" in self.model_fields_set


class JobAccepted(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"job_id": "550e8400-e29b-41d4-a716-446655440000", "status": "QUEUED"}]}
    )

    job_id: UUID
    status: JobStatus


class JobFailure(BaseModel):
    code: str
    message: str
    retryable: bool


class JobUsage(BaseModel):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: float | None


class JobResource(BaseModel):
    """One job, for its whole life."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "550e8400-e29b-41d4-a716-446655440000",
                    "status": "COMPLETED",
                    "pipeline": "single",
                    "prompt": "Write a haiku about programming",
                    "config_name": "default-smart",
                    "template_name": "default-assistant",
                    "result": "Code flows like water…",
                    "error": None,
                    "agent_type": "main",
                    "usage": {"input_tokens": 24, "output_tokens": 19, "total_tokens": 43, "cost_usd": 0.000215},
                    "retry_count": 0,
                    "max_retries": 3,
                    "next_retry_at": None,
                    "metadata": {"order": "1041"},
                    "version": 3,
                }
            ]
        }
    )

    job_id: UUID
    status: JobStatus
    pipeline: str
    prompt: str
    config_name: str
    template_name: str
    result: str | None
    error: JobFailure | None
    agent_type: str | None
    usage: JobUsage | None
    retry_count: int
    max_retries: int
    next_retry_at: datetime | None
    metadata: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, view: JobView) -> Self:
        fields = {name: getattr(view, name) for name in cls.model_fields if name != "job_id"}
        return cls(job_id=view.id, **fields)


class JobPage(BaseModel):
    items: list[JobResource]
    next_cursor: str | None
