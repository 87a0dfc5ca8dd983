"""Runs the multi-agent pipeline. LangGraph is loaded with the first run."""

from typing import TYPE_CHECKING, Any

from ai_platform.llm.application.agents import Agents
from ai_platform.llm.application.turn import Progress, Turn
from ai_platform.runtime.graphs import Workflow

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Graph as Drawing


class AgentRuns:
    """Implements `ports.AgentGraph`."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._workflow: Workflow[dict[str, Progress], Turn] = Workflow(self._design)

    async def run(self, turn: Turn) -> Progress:
        ended = await self._workflow.run({"progress": Progress()}, turn)
        return ended["progress"]

    def drawing(self) -> "Drawing":
        return self._workflow.drawing()

    def _design(self) -> Any:
        from ai_platform.llm.infrastructure.agent_graph import design  # noqa: PLC0415 - loads LangGraph

        return design(self._agents)
