"""`/v1/llm/configs/{name}/test`: here and not with the configs, because it takes a worker to try one."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from ai_platform.jobs.application.try_config import Trial, TryConfig
from ai_platform.jobs.domain.job import NAME_LENGTH
from ai_platform.kernel.errors import NotFound
from ai_platform.runtime import tracing
from ai_platform.runtime.http import Operator
from ai_platform.runtime.problems import refusals

_TEMPLATE = "default-assistant"


class TrialFailure(BaseModel):
    code: str
    message: str


class TrialResource(BaseModel):
    """Whether a worker got an answer under the config, and how fast."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ok": True, "config_name": "default-smart", "latency_ms": 812.4, "error": None}]
        }
    )

    ok: bool
    config_name: str
    latency_ms: float
    error: TrialFailure | None

    @classmethod
    def of(cls, trial: Trial) -> "TrialResource":
        failed = None if trial.code is None else TrialFailure(code=trial.code, message=trial.message or "")
        return cls(ok=failed is None, config_name=trial.config_name, latency_ms=trial.latency_ms, error=failed)


def trials_router(*, try_config: TryConfig) -> APIRouter:
    router = APIRouter(prefix="/v1/llm/configs", tags=["LLM configuration"])

    @router.post(
        "/{name}/test",
        operation_id="testLlmConfig",
        summary="Make one small call under a config",
        responses=refusals(NotFound("There is no LLM config 'fast'.", code="config_not_found")),
    )
    async def test_config(name: Annotated[str, Path(max_length=NAME_LENGTH)], caller: Operator) -> TrialResource:
        """Runs in a worker, as jobs do; gives up after 30 seconds."""
        trace = tracing.current()
        headers = trace.headers() if trace else {}
        return TrialResource.of(await try_config(caller.tenant_id, name, template_name=_TEMPLATE, trace=headers))

    return router
