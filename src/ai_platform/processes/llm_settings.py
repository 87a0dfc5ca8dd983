"""What the settings say about model calls."""

from ai_platform.llm.domain.breaker import BreakerRules
from ai_platform.llm.domain.retrying import RetryPolicy
from ai_platform.llm.wiring import LlmOptions
from ai_platform.runtime.settings import Settings


def llm_options(settings: Settings) -> LlmOptions:
    return LlmOptions(
        default_timeout=settings.llm_default_timeout_seconds,
        openai_base_url=settings.openai_base_url,
        anthropic_base_url=settings.anthropic_base_url,
        capture_prompts=settings.otel_capture_prompts,
        retry=RetryPolicy(
            max_retries=settings.llm_max_retries,
            initial_delay=settings.llm_retry_initial_delay,
            max_delay=settings.llm_retry_max_delay,
        ),
        breaker=BreakerRules(
            failure_threshold=settings.circuit_breaker_failure_threshold,
            success_threshold=settings.circuit_breaker_success_threshold,
            timeout=settings.circuit_breaker_timeout_seconds,
        ),
    )
