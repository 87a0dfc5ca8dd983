"""Model calls with nothing around them: the platform's own ChatOpenAI, and asyncio.

Run as `python -m benchmarks.bare_calls MODEL TIMES CALLS CONCURRENCY`: TIMES times CALLS calls one after the other,
CONCURRENCY at a time. Prints one JSON object: seconds, CPU seconds, and MiB at the highest.
"""

import asyncio
import json
import os
import resource
import sys
import time

import uvloop
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import SecretStr

from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.access import Access, Wire
from ai_platform.llm.infrastructure.openai_chat import chat_model
from ai_platform.processes.lifecycle import settle_garbage

MESSAGES = [SystemMessage("You are a helpful assistant."), HumanMessage("Write a haiku about programming")]
WARM_UP = 50


async def bare(model_name: str, times: int, calls: int, concurrency: int) -> dict[str, float]:
    access = Access(
        api_key=SecretStr(os.environ["OPENAI_API_KEY"]),
        base_url=os.environ["OPENAI_BASE_URL"],
        timeout=60,
        temperature=0.7,
        wire=Wire(),
    )
    config = LLMConfig(name="bare", provider="openai", model_name=model_name)
    model = chat_model(config, access)
    slots = asyncio.Semaphore(concurrency)

    async def job() -> None:
        async with slots:
            for _ in range(calls):
                await model.ainvoke(MESSAGES)

    await asyncio.gather(*(model.ainvoke(MESSAGES) for _ in range(WARM_UP)))
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(job() for _ in range(times)))
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    settle_garbage()  # as the worker does, or the bare calls would look dearer than they are
    model_name, *numbers = sys.argv[1:]
    print(json.dumps(uvloop.run(bare(model_name, *map(int, numbers)))))
