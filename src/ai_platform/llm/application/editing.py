"""What every change to the configuration checks."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar
from urllib.parse import urlsplit

from ai_platform.kernel.errors import Conflict, InvalidInput, NotFound, PreconditionFailed, Violation
from ai_platform.llm.application.ports import Editing
from ai_platform.llm.domain.agent import AgentConfig
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.domain.provider_names import KNOWN_PROVIDERS
from ai_platform.llm.domain.redaction import looks_like_key
from ai_platform.llm.domain.template import PromptTemplate

DEFAULT_TEMPLATE: Final = "default-assistant"

RowT = TypeVar("RowT", LLMConfig, PromptTemplate, AgentConfig)


def found(row: RowT | None, what: str, name: str) -> RowT:
    """Raises NotFound; `what` is `config`, `template` or `agent`."""
    if row is None:
        raise NotFound(f"There is no {what} '{name}'.", code=f"{what}_not_found")
    return row


def as_expected(version: int, expected: frozenset[int] | None) -> None:
    """Raises PreconditionFailed when the caller saw another version than the one that it would change."""
    if expected is not None and version not in expected:
        raise PreconditionFailed(f"It was changed meanwhile: its version is {version} now. Read it and try again.")


def unused(users: Sequence[str], what: str, name: str) -> None:
    """Raises Conflict while somebody would miss it."""
    if users:
        raise Conflict(f"The {what} '{name}' is in use by {' and '.join(users)}.", code=f"{what}_in_use")


async def check_config(work: Editing, config: LLMConfig) -> None:
    """Raises InvalidInput with one violation a field."""
    wrong = [*_unfit(config), *(_no_config("fallbacks", name) for name in await work.configs.unknown(config.fallbacks))]
    refuse(wrong)


async def check_agent(work: Editing, agent: AgentConfig) -> None:
    """Raises InvalidInput with one violation a field."""
    wrong: list[Violation] = []
    if agent.config_name is not None and await work.configs.unknown([agent.config_name]):
        wrong.append(_no_config("config_name", agent.config_name))
    if await work.templates.get(agent.template_name) is None:
        msg = f"There is no prompt template '{agent.template_name}'."
        wrong.append(Violation(("template_name",), msg, "template_unknown"))
    refuse(wrong)


def refuse(wrong: Sequence[Violation]) -> None:
    if wrong:
        raise InvalidInput(" ".join(one.msg for one in wrong), violations=tuple(wrong))


def _unfit(config: LLMConfig) -> Iterator[Violation]:
    if config.provider not in KNOWN_PROVIDERS:
        msg = f"There is no provider '{config.provider}'. Known: {', '.join(sorted(KNOWN_PROVIDERS))}."
        yield Violation(("provider",), msg, "provider_unknown")
    if config.api_key_env is not None and looks_like_key(config.api_key_env):
        msg = "This looks like a key. Put the key into the workers' environment, and its variable's name here."
        yield Violation(("api_key_env",), msg, "looks_like_key")
    if config.base_url is not None and not _is_address(config.base_url):
        yield Violation(("base_url",), "An http or https address without a user or password.", "not_an_address")
    if len(set(config.fallbacks)) != len(config.fallbacks):
        yield Violation(("fallbacks",), "Each fallback is named once.", "repeated")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False


def _no_config(field: str, name: str) -> Violation:
    return Violation((field,), f"There is no LLM config '{name}'.", "config_unknown")
