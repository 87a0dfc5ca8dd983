"""The plain alternatives to the worker: an aio-pika consumer that commits one row a job.

Run as `python -m benchmarks.plain_worker sleep SECONDS CONCURRENCY` or `… langgraph MODEL CONCURRENCY`.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import aio_pika
import asyncpg
import uvloop

from benchmarks.plain_gateway import QUEUE

DONE = "UPDATE jobs SET status = 'COMPLETED', result = $2, completed_at = now() WHERE id = $1"

Answer = Callable[[str], Awaitable[str]]


def sleeping(seconds: float) -> Answer:
    async def answer(prompt: str) -> str:
        if seconds:
            await asyncio.sleep(seconds)
        return prompt

    return answer


def graph_of(model: str) -> Answer:
    """One LangGraph node around ChatOpenAI, as one writes it first."""
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415
    from langchain_openai import ChatOpenAI  # noqa: PLC0415 - seconds and megabytes that the other worker has no use for
    from langgraph.graph import END, START, MessagesState, StateGraph  # noqa: PLC0415

    chat = ChatOpenAI(model=model, max_retries=0, timeout=60)

    async def call(state: MessagesState) -> dict[str, object]:
        return {"messages": [await chat.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("call", call)
    graph.add_edge(START, "call")
    graph.add_edge("call", END)
    compiled = graph.compile()

    async def answer(prompt: str) -> str:
        said = MessagesState(messages=[SystemMessage("You are helpful."), HumanMessage(prompt)])
        state = await compiled.ainvoke(said)
        return str(state["messages"][-1].content)

    return answer


async def consume(answer: Answer, concurrency: int) -> None:
    pool = await asyncpg.create_pool(os.environ["PLAIN_DSN"], min_size=10, max_size=30)
    connection = await aio_pika.connect(os.environ["RABBITMQ_URL"])
    channel = await connection.channel(publisher_confirms=False)
    await channel.set_qos(prefetch_count=concurrency)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})

    async def work(incoming: aio_pika.abc.AbstractIncomingMessage) -> None:
        body = json.loads(incoming.body)
        result = await answer("hello " + body["job_id"])
        await pool.execute(DONE, UUID(body["job_id"]), result)
        await incoming.ack()

    await queue.consume(work)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    kind, argument, concurrency = sys.argv[1:]
    chosen = sleeping(float(argument)) if kind == "sleep" else graph_of(argument)
    uvloop.run(consume(chosen, int(concurrency)))
