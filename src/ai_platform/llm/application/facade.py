"""The model layer as other contexts call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ai_platform.llm.application.complete import Complete
from ai_platform.llm.application.require_usable import RequireUsable
from ai_platform.llm.contracts.api import Completion, CompletionRequest


@dataclass(frozen=True, slots=True)
class LlmFacade:
    """Implements `contracts.api.LlmApi`."""

    check: RequireUsable
    run: Complete

    async def require_usable(
        self,
        *,
        config_name: str,
        template_name: str | None,
        variables: Mapping[str, str],
        pipeline: Literal["single", "multi_agent"] = "single",
    ) -> None:
        await self.check(config_name=config_name, template_name=template_name, variables=variables, pipeline=pipeline)

    async def complete(self, request: CompletionRequest) -> Completion:
        return await self.run(request)
