"""The multi-agent pipeline as a LangGraph graph. Loaded late: importing this module imports LangGraph.

The graph is the same under every configuration, for the agents' rows travel in the runtime context with the request:
a changed row needs no new graph.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from ai_platform.llm.application.agents import ROUTER, Agents
from ai_platform.llm.application.turn import Progress, Turn
from ai_platform.llm.domain.agent import AgentType

_Step = Callable[[Progress, Turn], Awaitable[Progress]]

MODERATION, MAIN, FOLLOWUP, FALLBACK = (
    one.value for one in (AgentType.MODERATION, AgentType.MAIN, AgentType.FOLLOWUP, AgentType.FALLBACK)
)
_ROUTES: Final = {MAIN: "new subject", FOLLOWUP: "follow-up", FALLBACK: "violation"}


class State(TypedDict):
    progress: Progress


def design(agents: Agents) -> "StateGraph[State, Turn, State, State]":
    graph = StateGraph(State, context_schema=Turn)
    graph.add_node(MODERATION, _node(agents.moderate))
    graph.add_node(ROUTER, _node(agents.choose))
    graph.add_node(MAIN, _node(partial(agents.answer, AgentType.MAIN)))
    graph.add_node(FOLLOWUP, _node(partial(agents.answer, AgentType.FOLLOWUP)))
    graph.add_node(FALLBACK, _node(agents.fall_back))
    graph.add_conditional_edges(START, _entrance, {"moderated": MODERATION, "unmoderated": ROUTER})
    graph.add_edge(MODERATION, ROUTER)
    graph.add_conditional_edges(ROUTER, _route, {label: node for node, label in _ROUTES.items()})
    for node in (MAIN, FOLLOWUP):
        graph.add_conditional_edges(node, _outcome, {"answered": END, "failed": FALLBACK})
    graph.add_edge(FALLBACK, END)
    return graph


def _node(step: _Step) -> Any:
    async def node(state: State, runtime: Runtime[Turn]) -> State:
        return {"progress": await step(state["progress"], runtime.context)}

    return node


def _entrance(_: State, runtime: Runtime[Turn]) -> str:
    return "moderated" if runtime.context.request.needs_moderation else "unmoderated"


def _route(state: State) -> str:
    chosen = state["progress"].chosen
    assert chosen is not None  # noqa: S101 - the router comes before
    return _ROUTES[chosen]


def _outcome(state: State) -> str:
    return "failed" if state["progress"].reply is None else "answered"
