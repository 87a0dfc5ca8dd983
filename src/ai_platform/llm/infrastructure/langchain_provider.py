"""Models of real providers through LangChain. Nothing of LangChain or a vendor is loaded before the first call."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from pydantic import SecretStr

from ai_platform.llm.domain import failures
from ai_platform.llm.domain.calls import Answer, Call, Message
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.sampling import accepts_temperature

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from ai_platform.llm.infrastructure.access import Access, Wire

_VENDORS: Final = {"openai": "openai_chat", "anthropic": "anthropic_chat"}
_MODELS_KEPT: Final = 256


class _Vendor(Protocol):
    def chat_model(self, config: LLMConfig, access: "Access") -> "BaseChatModel": ...


@dataclass(frozen=True, slots=True)
class _Spec:
    """All that a client is made from: configs that agree in it share one, and a changed config gets another."""

    provider: str
    model_name: str
    key_variable: str | None
    base_url: str | None
    temperature: float
    max_tokens: int
    timeout: float


@dataclass(slots=True, kw_only=True)
class LangChainModels:
    """`environment` holds the keys, `base_urls` the addresses by provider that serve configs which name none."""

    environment: Mapping[str, str] = field(repr=False)
    base_urls: Mapping[str, str]
    default_timeout: float
    _models: "dict[_Spec, BaseChatModel]" = field(default_factory=dict, repr=False)
    _wire: "Wire | None" = field(default=None, repr=False)
    _building: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def prepare(self, config: LLMConfig) -> None:
        """Load what a first call needs. Raises ModelCallFailed when nothing can be made of the config."""
        await self._model(config)

    async def answer(self, config: LLMConfig, messages: Sequence[Message], call: Call) -> Answer:
        model = await self._model(config)
        from ai_platform.llm.infrastructure import langchain_call  # noqa: PLC0415 - loads LangChain, with the model

        return await langchain_call.ask(model, config, messages, call)

    async def close(self) -> None:
        if self._wire is not None:
            await self._wire.close()

    async def _model(self, config: LLMConfig) -> "BaseChatModel":
        return self._models.get(self._spec(config)) or await self._build(config)

    async def _build(self, config: LLMConfig) -> "BaseChatModel":
        """Vendors take seconds to import, so they are loaded beside the event loop, one at a time."""
        key = self._key(config)
        spec = self._spec(config)
        async with self._building:
            if spec not in self._models:
                while len(self._models) >= _MODELS_KEPT:
                    self._models.pop(next(iter(self._models)))
                self._models[spec] = await asyncio.to_thread(self._load, config, key)
            return self._models[spec]

    def _load(self, config: LLMConfig, key: SecretStr | None) -> "BaseChatModel":
        try:
            return self._vendor(config).chat_model(config, self._access(config, key))
        except ImportError:
            failure = failures.provider_missing(config)
        except ValueError as error:
            unknown = str(error).startswith("Unsupported ")
            failure = failures.provider_missing(config) if unknown else failures.unusable_config(config, _REFUSED)
        raise failure

    def _vendor(self, config: LLMConfig) -> _Vendor:
        module = import_module(f"{__package__}.{_VENDORS.get(config.provider, 'any_chat')}")
        import_module(f"{__package__}.langchain_call")
        return cast("_Vendor", module)

    def _access(self, config: LLMConfig, key: SecretStr | None) -> "Access":
        from ai_platform.llm.infrastructure.access import Access, Wire  # noqa: PLC0415 - loads a vendor's library

        self._wire = self._wire or Wire()
        return Access(
            api_key=key,
            base_url=config.base_url or self.base_urls.get(config.provider),
            timeout=config.timeout_seconds or self.default_timeout,
            temperature=config.temperature if accepts_temperature(config.provider, config.model_name) else None,
            wire=self._wire,
        )

    def _key(self, config: LLMConfig) -> SecretStr | None:
        if config.key_variable is None:
            return None
        key = self.environment.get(config.key_variable, "").strip()
        if not key:
            raise failures.key_missing(config)
        return SecretStr(key)

    def _spec(self, config: LLMConfig) -> _Spec:
        return _Spec(
            config.provider,
            config.model_name,
            config.key_variable,
            config.base_url,
            config.temperature,
            config.max_tokens,
            config.timeout_seconds or self.default_timeout,
        )


_REFUSED: Final = "its LangChain package refuses these settings"
