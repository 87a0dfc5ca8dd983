"""An agent is replaced as a whole; one whose row was deleted is made anew."""

from dataclasses import dataclass

from ai_platform.kernel.transactions import Transactions
from ai_platform.llm.application.editing import as_expected, check_agent
from ai_platform.llm.application.ports import Editing
from ai_platform.llm.domain.agent import AgentConfig


@dataclass(frozen=True, slots=True)
class ReplaceAgent:
    transactions: Transactions[Editing]

    async def __call__(self, wanted: AgentConfig, expected: frozenset[int] | None) -> None:
        """Raises PreconditionFailed, and InvalidInput for a config or template that does not exist."""
        async with self.transactions(None) as work:
            agent = await work.agents.get(wanted.agent_type)
            as_expected(agent.version if agent else 0, expected)
            await check_agent(work, wanted)
            if agent is None:
                await work.agents.add(wanted)
            else:
                agent.rewrite(wanted)
