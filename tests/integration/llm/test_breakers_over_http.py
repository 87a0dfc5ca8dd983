"""Operators see every active config's breaker and may close one; nobody else may."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from ai_platform.llm.domain.breaker import BreakerRules, Verdict
from ai_platform.llm.domain.entrance import Outcome, Permit
from ai_platform.llm.infrastructure.gate_local import LocalGate
from ai_platform.llm.infrastructure.gate_redis import RedisGate
from ai_platform.llm.wiring import Llm, build_llm
from ai_platform.runtime.cache import shared_state
from ai_platform.runtime.db import Database
from ai_platform.runtime.telemetry import Metrics
from tests.doors import OPERATORS_KEY, app_of
from tests.unit.llm.fakes import a_config


@pytest_asyncio.fixture
async def worker(redis_url: str) -> AsyncIterator[RedisGate]:
    """The gate of a worker, which is another process than the one that serves HTTP."""
    client = shared_state(redis_url)
    gate = RedisGate(client, LocalGate(BreakerRules(failure_threshold=2)))
    yield gate
    await gate.close()
    await client.aclose(close_connection_pool=True)


@pytest_asyncio.fixture
async def llm(database: Database, redis_url: str) -> AsyncIterator[Llm]:
    client = shared_state(redis_url)
    llm = build_llm(database=database, environment={}, metrics=Metrics(), shared=client)
    yield llm
    await llm.close()
    await client.aclose(close_connection_pool=True)


@pytest_asyncio.fixture
async def client(llm: Llm) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(llm.routers)),
        base_url="http://gateway",
        headers={"Authorization": f"Bearer {OPERATORS_KEY}"},
    ) as client:
        yield client


async def opened(worker: RedisGate, name: str) -> None:
    for _ in range(2):
        permit = await worker.enter(a_config(name=name), 1)
        assert isinstance(permit, Permit)
        worker.leave(permit, Outcome(Verdict.FAILURE))
    await worker.close()


async def test_every_active_config_has_a_breaker(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/llm/breakers")).json()

    assert told["next_cursor"] is None
    assert [item["name"] for item in told["items"]] == [
        "claude-opus",
        "claude-sonnet",
        "default-fast",
        "default-smart",
        "demo",
    ]
    assert told["items"][0] == {
        "name": "claude-opus",
        "state": "closed",
        "failures": 0,
        "opened_at": None,
        "retry_at": None,
    }


async def test_a_breaker_that_a_worker_opened_is_shown_and_can_be_closed(
    client: httpx.AsyncClient, worker: RedisGate
) -> None:
    await opened(worker, "default-fast")
    before = {item["name"]: item for item in (await client.get("/v1/llm/breakers")).json()["items"]}

    reset = await client.post("/v1/llm/breakers/default-fast/reset")

    after = {item["name"]: item for item in (await client.get("/v1/llm/breakers")).json()["items"]}
    assert (before["default-fast"]["state"], before["default-fast"]["failures"]) == ("open", 2)
    assert before["default-fast"]["retry_at"] > before["default-fast"]["opened_at"]
    assert reset.status_code == 204
    assert after["default-fast"]["state"] == "closed"


async def test_the_metric_follows_the_breaker(database: Database, redis_url: str, worker: RedisGate) -> None:
    await opened(worker, "default-fast")
    client, metrics = shared_state(redis_url), Metrics()
    llm = build_llm(database=database, environment={}, metrics=metrics, shared=client)

    await llm.gauge_breakers()
    await llm.close()
    await client.aclose(close_connection_pool=True)

    shown = metrics.exposition().decode()
    assert 'circuit_breaker_state{name="default-fast"} 2.0' in shown
    assert 'circuit_breaker_state{name="demo"} 0.0' in shown


async def test_a_config_that_nobody_made_has_no_breaker(client: httpx.AsyncClient) -> None:
    refusal = await client.post("/v1/llm/breakers/nobody/reset")

    assert (refusal.status_code, refusal.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/demo/reset")])
async def test_a_stranger_sees_nothing(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, f"/v1/llm/breakers{path}", headers={"Authorization": "Bearer nobody"})

    assert answer.status_code == 401
