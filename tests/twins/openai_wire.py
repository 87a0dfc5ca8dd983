"""OpenAI's Chat Completions: bodies, chunks, errors and the checks that the real API makes."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

from tests.twins.llm_calls import Call, Reply, Said, as_json, text_of

_IDS: Final = itertools.count(1)
_CREATED: Final = 1_795_248_000
_ENDINGS: Final = {"stop": "stop", "length": "length", "refusal": "content_filter"}
_REASONING: Final = ("gpt-5", "gpt-6", "o1", "o3", "o4")
_ERRORS: Final[dict[int, tuple[str, str | None, str]]] = {
    400: ("invalid_request_error", None, "Invalid value in the request."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-wrong12345678."),
    403: ("invalid_request_error", "unsupported_country_region_territory", "Not available in your region."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached on requests per min. Please try again in 1s."),
    503: ("service_unavailable_error", None, "The engine is currently overloaded, please try again later."),
}
_BROKEN: Final = ("server_error", None, "The server had an error while processing your request. Sorry about that!")


class OpenAiWire:
    name = "openai"
    path = "/v1/chat/completions"

    def key(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return key if scheme.lower() == "bearer" and key else None

    def parse(self, body: Mapping[str, Any]) -> Call:
        said = [(message.get("role"), text_of(message.get("content"))) for message in body.get("messages", [])]
        return Call(
            model=str(body.get("model", "")),
            prompt=next((text for role, text in reversed(said) if role == "user"), ""),
            words=sum(len(text.split()) for _, text in said),
            stream=bool(body.get("stream")),
            body=body,
        )

    def objection(self, call: Call) -> Reply | None:
        """A 400 where the real API gives one."""
        if not call.model or not call.body.get("messages"):
            return self.error(400, "you must provide a model parameter")
        if call.model.startswith(_REASONING) and call.body.get("temperature", 1) != 1:
            message = (
                "Unsupported value: 'temperature' does not support this value with this model. "
                "Only the default (1) value is supported."
            )
            return self.error(400, message, code="unsupported_value")
        if call.model.startswith(_REASONING) and "max_tokens" in call.body:
            return self.error(400, "Unsupported parameter: 'max_tokens'.", code="unsupported_parameter")
        return None

    def answer(self, call: Call, said: Said) -> bytes:
        refused = said.ending == "refusal"
        message = {"role": "assistant", "content": None if refused else said.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _ENDINGS[said.ending]}
        return as_json({**self._head(call, "chat.completion"), "choices": [choice], "usage": self._usage(call, said)})

    def events(self, call: Call, said: Said) -> tuple[bytes, ...]:
        head = self._head(call, "chat.completion.chunk")
        counts = bool((call.body.get("stream_options") or {}).get("include_usage"))
        nothing: dict[str, Any] = {"usage": None} if counts else {}

        def chunk(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return self._event({**head, "choices": [choice], **nothing})

        return (
            chunk({"role": "assistant", "content": "", "refusal": None}),
            *(chunk({"content": piece}) for piece in said.pieces),
            chunk({}, _ENDINGS[said.ending]),
            *((self._event({**head, "choices": [], "usage": self._usage(call, said)}),) if counts else ()),
            b"data: [DONE]\n\n",
        )

    def error_event(self) -> bytes:
        kind, code, message = _BROKEN
        return self._event({"error": {"message": message, "type": kind, "param": None, "code": code}})

    def error(
        self, status: int, message: str = "", *, code: str = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        kind, stated, words = _ERRORS.get(status) or (_ERRORS[400] if status < 500 else _BROKEN)
        error = {"message": message or words, "type": kind, "param": None, "code": code or stated}
        return Reply(status=status, body=as_json({"error": error}), headers=headers or {})

    def out_of_credit(self) -> Reply:
        message = "You exceeded your current quota, please check your plan and billing details."
        error = {"message": message, "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
        return Reply(status=429, body=as_json({"error": error}))

    def too_long(self) -> Reply:
        message = "This model's maximum context length is 128000 tokens. However, your messages resulted in more."
        return self.error(400, message, code="context_length_exceeded")

    def overloaded(self) -> Reply:
        return self.error(503)

    def _head(self, call: Call, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-twin{next(_IDS)}", "object": kind, "created": _CREATED, "model": call.model}

    def _usage(self, call: Call, said: Said) -> dict[str, int]:
        return {
            "prompt_tokens": call.words,
            "completion_tokens": said.words,
            "total_tokens": call.words + said.words,
        }

    def _event(self, value: object) -> bytes:
        return b"data: " + as_json(value) + b"\n\n"
