"""What a span tells of a model call, in the words of OpenTelemetry's GenAI conventions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from ai_platform.llm.domain.calls import Answer, Ending, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.sampling import accepts_temperature
from ai_platform.runtime.spans import NO_SPANS, Spans, Value

_NAMES: Final = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""Providers whose name in the conventions is not LangChain's."""

_ADDRESSES: Final = {"openai": "https://api.openai.com", "anthropic": "https://api.anthropic.com"}
_FINISH: Final = {Ending.COMPLETE: "stop", Ending.TRUNCATED: "length", Ending.REFUSED: "content_filter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpans:
    """`base_urls` serve configs that name none; the text of prompts and answers is told only with `capture`."""

    spans: Spans = NO_SPANS
    capture: bool = False
    base_urls: Mapping[str, str] = field(default_factory=dict)

    def asked(self, config: LLMConfig, messages: Sequence[Message]) -> dict[str, Value]:
        told: dict[str, Value] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _NAMES.get(config.provider, config.provider),
            "gen_ai.request.model": config.model_name,
            "gen_ai.request.max_tokens": config.max_tokens,
            "ai_platform.llm_config": config.name,
        }
        if accepts_temperature(config.provider, config.model_name):
            told["gen_ai.request.temperature"] = config.temperature
        if self.capture:
            told["gen_ai.input.messages"] = _as_json([_said(one.role, one.content) for one in messages])
        return told | self._server(config)

    def answered(self, answer: Answer) -> dict[str, Value]:
        finish = _FINISH[answer.ending]
        told: dict[str, Value] = {"gen_ai.response.finish_reasons": [finish]}
        if answer.tokens is not None:
            told["gen_ai.usage.input_tokens"] = answer.tokens.input
            told["gen_ai.usage.output_tokens"] = answer.tokens.output
        if self.capture:
            told["gen_ai.output.messages"] = _as_json([{**_said("assistant", answer.text), "finish_reason": finish}])
        return told

    def _server(self, config: LLMConfig) -> dict[str, Value]:
        """The host alone: an address may hold a password."""
        named = config.base_url or self.base_urls.get(config.provider) or _ADDRESSES.get(config.provider)
        try:
            parts = urlsplit(named or "")
            host, port = parts.hostname, parts.port
        except ValueError:
            return {}
        if not host:
            return {}
        return {"server.address": host, "server.port": port or (80 if parts.scheme == "http" else 443)}


def _said(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _as_json(messages: list[dict[str, object]]) -> str:
    return json.dumps(messages, ensure_ascii=False)
