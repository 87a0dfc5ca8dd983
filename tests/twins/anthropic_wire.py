"""Anthropic's Messages: bodies, events, errors and the checks that the real API makes."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

from tests.twins.llm_calls import Call, Reply, Said, as_json, text_of

_IDS: Final = itertools.count(1)
_ENDINGS: Final = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}
_WITHOUT_SAMPLING: Final = (
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-haiku-5",
    "claude-fable",
)
_ERRORS: Final = {
    400: ("invalid_request_error", "messages: Input should be a valid list"),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "There is an issue with your billing."),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: not found"),
    413: ("request_too_large", "Request exceeds the maximum allowed number of bytes."),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    504: ("timeout_error", "Request timed out."),
    529: ("overloaded_error", "Overloaded"),
}
_BROKEN: Final = ("api_error", "Internal server error")


class AnthropicWire:
    name = "anthropic"
    path = "/v1/messages"

    def key(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return headers.get("x-api-key") or (key if scheme.lower() == "bearer" and key else None)

    def parse(self, body: Mapping[str, Any]) -> Call:
        said = [(message.get("role"), text_of(message.get("content"))) for message in body.get("messages", [])]
        words = sum(len(text.split()) for _, text in said) + len(text_of(body.get("system")).split())
        return Call(
            model=str(body.get("model", "")),
            prompt=next((text for role, text in reversed(said) if role == "user"), ""),
            words=words,
            stream=bool(body.get("stream")),
            body=body,
        )

    def objection(self, call: Call) -> Reply | None:
        """A 400 where the real API gives one."""
        if not call.body.get("max_tokens"):
            return self.error(400, "max_tokens: Field required")
        if not call.body.get("messages"):
            return self.error(400, "messages: at least one message is required")
        if any(not text_of(message.get("content")).strip() for message in call.body["messages"]):
            return self.error(400, "messages: text content blocks must be non-empty")
        if call.model.startswith(_WITHOUT_SAMPLING) and "temperature" in call.body:
            return self.error(400, "`temperature` is deprecated for this model.")
        return None

    def answer(self, call: Call, said: Said) -> bytes:
        usage = {"input_tokens": call.words, "output_tokens": said.words}
        content = [{"type": "text", "text": said.text}] if said.text else []
        return as_json({**self._head(call), "content": content, "stop_reason": _ENDINGS[said.ending], "usage": usage})

    def events(self, call: Call, said: Said) -> tuple[bytes, ...]:
        start = {**self._head(call), "content": [], "usage": {"input_tokens": call.words, "output_tokens": 1}}
        delta = {"stop_reason": _ENDINGS[said.ending], "stop_sequence": None}
        return (
            self._event("message_start", message=start),
            self._event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            self._event("ping"),
            *(
                self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
                for piece in said.pieces
            ),
            self._event("content_block_stop", index=0),
            self._event("message_delta", delta=delta, usage={"output_tokens": said.words}),
            self._event("message_stop"),
        )

    def error_event(self) -> bytes:
        return self._event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def error(
        self, status: int, message: str = "", *, code: str = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        kind, words = _ERRORS.get(status) or (_ERRORS[400] if status < 500 else _BROKEN)
        error: dict[str, Any] = {"type": kind, "message": message or words}
        if code:
            error["details"] = {"error_code": code}
        body = {"type": "error", "error": error, "request_id": f"req_twin{next(_IDS)}"}
        return Reply(status=status, body=as_json(body), headers=headers or {})

    def out_of_credit(self) -> Reply:
        return self.error(429, "You have reached your spend limit.", code="enforced_spend_limit_reached")

    def too_long(self) -> Reply:
        return self.error(400, "prompt is too long: 1000001 tokens > 1000000 maximum")

    def overloaded(self) -> Reply:
        return self.error(529)

    def _head(self, call: Call) -> dict[str, Any]:
        return {
            "id": f"msg_twin{next(_IDS)}",
            "type": "message",
            "role": "assistant",
            "model": call.model,
            "stop_reason": None,
            "stop_sequence": None,
        }

    def _event(self, kind: str, **rest: Any) -> bytes:
        return f"event: {kind}\ndata: ".encode() + as_json({"type": kind, **rest}) + b"\n\n"
