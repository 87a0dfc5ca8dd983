"""`/v1/llm/configs`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response

from ai_platform.kernel.errors import Conflict, NotFound
from ai_platform.kernel.once import Asking, Json
from ai_platform.llm.application.create_config import CreateConfig
from ai_platform.llm.application.delete_config import DeleteConfig
from ai_platform.llm.application.ports import Stamped
from ai_platform.llm.application.queries import ReadConfiguration
from ai_platform.llm.application.replace_config import ReplaceConfig
from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.interface.config_schemas import ConfigPage, ConfigReplacement, ConfigResource, NewConfig
from ai_platform.llm.interface.tagged import TAG, made, tagged
from ai_platform.runtime.cursors import name_cursor_of, name_position_of
from ai_platform.runtime.http import ExpectedVersions, OnlyOnce, Operator
from ai_platform.runtime.problems import refusals

EXISTS = Conflict("There is a config 'shop' already.", code="config_exists")
UNKNOWN = NotFound("There is no config 'shop'.", code="config_not_found")
IN_USE = Conflict("The config 'shop' is in use by the agent 'main'.", code="config_in_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEndpoints:
    """`default_timeout` is what a config without a time limit of its own gets, in seconds."""

    create: CreateConfig
    replace: ReplaceConfig
    delete: DeleteConfig
    read: ReadConfiguration
    default_timeout: float


def configs_router(endpoints: ConfigEndpoints) -> APIRouter:
    router = APIRouter(prefix="/v1/llm/configs", tags=[TAG])

    def worded(stamped: Stamped[LLMConfig]) -> Json:
        return ConfigResource.of(stamped, endpoints.default_timeout).model_dump(mode="json")

    async def answer(name: str) -> Response:
        stamped = await endpoints.read.config(name)
        return tagged(ConfigResource.of(stamped, endpoints.default_timeout), stamped.row.version)

    @router.post(
        "",
        status_code=201,
        operation_id="createLlmConfig",
        summary="Make a configuration",
        response_model=ConfigResource,
        responses=refusals(EXISTS),
    )
    async def create_config(config: NewConfig, caller: Operator, once: OnlyOnce) -> Response:
        told = await endpoints.create(caller.tenant_id, config.config(config.name), Asking(worded, once))
        return made(told, ConfigResource)

    @router.get(
        "",
        operation_id="listLlmConfigs",
        summary="Configurations, by name",
    )
    async def list_configs(
        _: Operator, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: str | None = None
    ) -> ConfigPage:
        found, more = await endpoints.read.configs(after=name_position_of(cursor), limit=limit)
        items = [ConfigResource.of(one, endpoints.default_timeout) for one in found]
        return ConfigPage(items=items, next_cursor=name_cursor_of(items[-1].name) if more else None)

    @router.get(
        "/{name:path}",
        operation_id="getLlmConfig",
        summary="One configuration",
        response_model=ConfigResource,
        responses=refusals(UNKNOWN),
    )
    async def get_config(name: str, _: Operator) -> Response:
        return await answer(name)

    @router.put(
        "/{name:path}",
        operation_id="replaceLlmConfig",
        summary="Replace a configuration",
        response_model=ConfigResource,
        responses=refusals(UNKNOWN),
    )
    async def replace_config(name: str, config: ConfigReplacement, expected: ExpectedVersions, _: Operator) -> Response:
        """Effective in every running worker within two seconds."""
        await endpoints.replace(config.config(name), expected)
        return await answer(name)

    @router.delete(
        "/{name:path}",
        status_code=204,
        operation_id="deleteLlmConfig",
        summary="Delete a configuration that nothing uses",
        responses=refusals(UNKNOWN, IN_USE),
    )
    async def delete_config(name: str, expected: ExpectedVersions, _: Operator) -> None:
        """409 while an agent or another config's fallbacks name it, and for the one that jobs begin with."""
        await endpoints.delete(name, expected)

    return router
