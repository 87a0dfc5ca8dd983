"""The model layer put together."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter
from redis.asyncio import Redis

from ai_platform.llm.application.bind_default import BindDefault
from ai_platform.llm.application.complete import Complete
from ai_platform.llm.application.facade import LlmFacade
from ai_platform.llm.application.gauge_breakers import GaugeBreakers
from ai_platform.llm.application.ports import ChatModels
from ai_platform.llm.application.recent_catalogue import RecentCatalogue
from ai_platform.llm.application.require_usable import RequireUsable
from ai_platform.llm.application.reset_breaker import ResetBreaker
from ai_platform.llm.application.resilient import ResilientModels
from ai_platform.llm.application.show_breakers import ShowBreakers
from ai_platform.llm.application.time_limit import TimeLimitedModels
from ai_platform.llm.application.turnstile import Turnstile
from ai_platform.llm.contracts.api import LlmApi
from ai_platform.llm.domain.breaker import BreakerRules
from ai_platform.llm.domain.retrying import RetryPolicy
from ai_platform.llm.infrastructure.call_spans import CallSpans
from ai_platform.llm.infrastructure.demo import DemoModel, DemoPace
from ai_platform.llm.infrastructure.gate_local import LocalGate
from ai_platform.llm.infrastructure.gate_redis import RedisGate
from ai_platform.llm.infrastructure.langchain_provider import LangChainModels
from ai_platform.llm.infrastructure.providers import MeasuredModels, Providers
from ai_platform.llm.infrastructure.repositories import LlmTransactions, SqlCatalogue, SqlConfigNames
from ai_platform.llm.infrastructure.tables import map_llm
from ai_platform.llm.interface.breakers import breakers_router
from ai_platform.runtime.db import Database
from ai_platform.runtime.spans import NO_SPANS, Spans
from ai_platform.runtime.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmOptions:
    """`default_timeout` in seconds; a base URL of None means the provider's own address."""

    default_timeout: float = 120.0
    openai_base_url: str | None = None
    anthropic_base_url: str | None = None
    demo: DemoPace = field(default_factory=DemoPace)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerRules = field(default_factory=BreakerRules)
    capture_prompts: bool = False

    def base_urls(self) -> Mapping[str, str]:
        stated = {"openai": self.openai_base_url, "anthropic": self.anthropic_base_url}
        return {provider: url for provider, url in stated.items() if url}


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm:
    api: LlmApi
    bind_default: BindDefault
    gauge_breakers: GaugeBreakers
    routers: tuple[APIRouter, ...]
    close: Callable[[], Awaitable[None]]


def build_llm(
    *,
    database: Database,
    environment: Mapping[str, str],
    metrics: Metrics,
    shared: Redis | None = None,
    options: LlmOptions = LlmOptions(),
    spans: Spans = NO_SPANS,
) -> Llm:
    """`environment` holds the API keys under the names that configs give. No provider is loaded before it is called.

    `shared` is what all workers share; without it, this process is all of them.
    """
    map_llm()
    catalogue = RecentCatalogue(SqlCatalogue(database), time.monotonic)
    names = SqlConfigNames(database)
    local = LocalGate(options.breaker)
    gate = local if shared is None else RedisGate(shared, local)
    vendors = LangChainModels(
        environment=environment, base_urls=options.base_urls(), default_timeout=options.default_timeout
    )
    told = CallSpans(spans=spans, capture=options.capture_prompts, base_urls=options.base_urls())
    models = ResilientModels(
        catalogue=catalogue,
        models=_measured(vendors, metrics, told, options),
        turnstile=Turnstile(gate, time.monotonic, random.random),
        policy=options.retry,
        clock=time.monotonic,
        chance=random.random,
    )

    def gauge(name: str, state: int) -> None:
        metrics.circuit_breaker_state.labels(name).set(state)

    async def close() -> None:
        await gate.close()
        await vendors.close()

    return Llm(
        api=LlmFacade(RequireUsable(catalogue), Complete(catalogue=catalogue, models=models)),
        bind_default=BindDefault(LlmTransactions(database), environment),
        gauge_breakers=GaugeBreakers(names, gate, gauge),
        routers=(breakers_router(show=ShowBreakers(names, gate), reset=ResetBreaker(catalogue, gate)),),
        close=close,
    )


def _measured(vendors: LangChainModels, metrics: Metrics, told: CallSpans, options: LlmOptions) -> ChatModels:
    providers = Providers(demo=DemoModel(options.demo), others=vendors)
    return MeasuredModels(TimeLimitedModels(providers, options.default_timeout), metrics, told)
