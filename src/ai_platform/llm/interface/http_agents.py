"""`/v1/llm/agents`."""

from fastapi import APIRouter, Response

from ai_platform.kernel.errors import NotFound
from ai_platform.llm.application.queries import ReadConfiguration
from ai_platform.llm.application.replace_agent import ReplaceAgent
from ai_platform.llm.domain.agent import AgentType
from ai_platform.llm.interface.schemas import AgentPage, AgentReplacement, AgentResource
from ai_platform.llm.interface.tagged import TAG, tagged
from ai_platform.runtime.http import ExpectedVersions, Operator
from ai_platform.runtime.problems import refusals

UNKNOWN = NotFound("There is no agent 'other'.", code="agent_not_found")


def agents_router(*, replace: ReplaceAgent, read: ReadConfiguration) -> APIRouter:
    router = APIRouter(prefix="/v1/llm/agents", tags=[TAG])

    async def answer(agent_type: str) -> Response:
        stamped = await read.agent(agent_type)
        return tagged(AgentResource.of(stamped), stamped.row.version)

    @router.get(
        "",
        operation_id="listAgents",
        summary="The agents of the multi-agent pipeline",
    )
    async def list_agents(_: Operator) -> AgentPage:
        return AgentPage(items=[AgentResource.of(one) for one in await read.agents()])

    @router.get(
        "/{agent_type}",
        operation_id="getAgent",
        summary="One agent",
        response_model=AgentResource,
        responses=refusals(UNKNOWN),
    )
    async def get_agent(agent_type: str, _: Operator) -> Response:
        return await answer(agent_type)

    @router.put(
        "/{agent_type}",
        operation_id="replaceAgent",
        summary="Replace an agent",
        response_model=AgentResource,
        responses=refusals(UNKNOWN),
    )
    async def replace_agent(
        agent_type: str, agent: AgentReplacement, expected: ExpectedVersions, _: Operator
    ) -> Response:
        """Effective in every running worker within two seconds."""
        await replace(agent.agent(_known(agent_type)), expected)
        return await answer(agent_type)

    return router


def _known(agent_type: str) -> AgentType:
    try:
        return AgentType(agent_type)
    except ValueError:
        raise NotFound(f"There is no agent '{agent_type}'.", code="agent_not_found") from None
