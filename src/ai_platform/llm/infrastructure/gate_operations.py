"""What workers ask of the gate in Redis, in the words of its script."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from ai_platform.llm.domain.breaker import BreakerRules
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.entrance import Outcome, Permit, reserved

Operation: TypeAlias = Mapping[str, Any]
Result: TypeAlias = Mapping[str, Any]


def entering(call: str, config: LLMConfig, tokens: int, rules: BreakerRules) -> Operation:
    limits = {
        "slots": config.max_concurrency,
        "requests": config.requests_per_minute,
        "minute": config.tokens_per_minute,
    }
    return {
        "act": "enter",
        "name": config.name,
        "call": call,
        "tokens": reserved(tokens, config),
        "probes": rules.success_threshold,
        **{limit: value for limit, value in limits.items() if value is not None},
    }


def leaving(permit: Permit, outcome: Outcome, rules: BreakerRules) -> Operation:
    operation: dict[str, Any] = {
        "act": "leave",
        "name": permit.config_name,
        "call": permit.id,
        "epoch": permit.epoch,
        "slot": permit.has_slot,
        "probe": permit.is_probe,
        "verdict": outcome.verdict,
        "failures": rules.failure_threshold,
        "successes": rules.success_threshold,
        "timeout": rules.timeout,
    }
    if outcome.pause is not None:
        operation["pause"] = outcome.pause
    if outcome.tokens is not None and permit.tokens:
        operation |= {"second": permit.second, "correct": outcome.tokens - permit.tokens}
    return operation


def pausing(name: str, seconds: float) -> Operation:
    return {"act": "pause", "name": name, "pause": seconds}


def renewing(permit: Permit) -> Operation:
    return {
        "act": "renew",
        "name": permit.config_name,
        "call": permit.id,
        "slot": permit.has_slot,
        "probe": permit.is_probe,
    }


def showing(name: str) -> Operation:
    return {"act": "show", "name": name}
