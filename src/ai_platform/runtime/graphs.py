"""The one place that runs a LangGraph graph. LangGraph is loaded with the first graph that is needed, not before."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Graph as Drawing
    from langgraph.graph import StateGraph
    from langgraph.graph.state import CompiledStateGraph

StateT = TypeVar("StateT")
ContextT = TypeVar("ContextT")


class Workflow(Generic[StateT, ContextT]):
    """A graph that is compiled once and run any number of times, without checkpoints.

    `design` imports LangGraph and returns the graph. The state is what the nodes hand on; the context is what stays
    the same for one run (who asks, what for) and never becomes state.
    """

    def __init__(self, design: "Callable[[], StateGraph[Any, Any, Any, Any]]") -> None:
        self._design = design
        self._compiled: CompiledStateGraph[Any, Any, Any, Any] | None = None
        self._compiling = asyncio.Lock()

    async def run(self, state: StateT, context: ContextT) -> StateT:
        """What a node raises comes out as it is."""
        graph = self._compiled or await self._compile()
        ended: Any = await graph.ainvoke(state, context=context)
        return cast("StateT", ended)

    def drawing(self) -> "Drawing":
        """The compiled graph as nodes and edges."""
        return self._design().compile().get_graph()

    async def _compile(self) -> "CompiledStateGraph[Any, Any, Any, Any]":
        """LangGraph takes a second to import, so that happens beside the event loop."""
        async with self._compiling:
            if self._compiled is None:
                self._compiled = await asyncio.to_thread(lambda: self._design().compile())
            return self._compiled
