"""The plain alternative to the gateway: FastAPI and asyncpg, with nothing between them.

`POST /rows` writes the rows that the platform's accept writes. `POST /inline` inserts one row and publishes the message
itself before it answers; `GET /inline/{id}` reads the row. `POST /orders/{id}/confirm` reserves the goods of an order
of one line and marks it, tells nobody, and knows neither tenants nor repeats.
Run with `uvicorn --factory benchmarks.plain_gateway:create_app`.
"""

import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import asyncpg
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

QUEUE = "plain_tasks"
INSERT_JOB = """
INSERT INTO jobs (id, tenant_id, status, pipeline, priority, fair_at, prompt, config_name, template_name, variables,
    context, metadata, stream, max_retries, trace, created_at)
VALUES ($1, '00000000-0000-7000-8000-000000000001', 'QUEUED', 'single', 1, now(), $2, 'demo', 'default-assistant',
    '{}', '{}', '{}', false, 3, '{}', now())
"""
INSERT_OUTBOX = """
INSERT INTO outbox (id, queue, type, body, headers, available_at)
VALUES ($1, 'nowhere', 'jobs.wake_up', $2, '{}', now() + interval '1 day')
"""
LINE = "SELECT variant_id, quantity FROM order_items WHERE order_id = $1"
TAKE = "UPDATE product_variants SET reserved = reserved + $2 WHERE id = $1 AND stock - reserved >= $2"
RESERVE = """
INSERT INTO stock_reservations (id, tenant_id, order_id, variant_id, quantity, created_at)
VALUES ($1, '00000000-0000-7000-8000-000000000001', $2, $3, $4, now())
"""
CONFIRM = """
UPDATE orders SET status = 'CONFIRMED', confirmed_at = now(), expires_at = now() + interval '1 day', updated_at = now(),
    version = version + 1
WHERE id = $1 AND status = 'PENDING'
"""


class Submission(BaseModel):
    prompt: str
    config_name: str = "demo"


def create_app() -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = await asyncpg.create_pool(os.environ["PLAIN_DSN"], min_size=10, max_size=30)
        connection = await aio_pika.connect(os.environ["RABBITMQ_URL"])
        app.state.channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await app.state.channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        yield
        await connection.close()
        await app.state.pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/rows", status_code=202)
    async def rows(submission: Submission) -> dict[str, str]:
        job_id = uuid.uuid4()
        async with app.state.pool.acquire() as connection, connection.transaction():
            await connection.execute(INSERT_JOB, job_id, submission.prompt)
            await connection.execute(INSERT_OUTBOX, uuid.uuid4(), json.dumps({"job_id": str(job_id)}))
        return {"job_id": str(job_id), "status": "QUEUED"}

    @app.post("/inline", status_code=202)
    async def inline(submission: Submission) -> dict[str, str]:
        job_id = uuid.uuid4()
        async with app.state.pool.acquire() as connection:
            await connection.execute(INSERT_JOB, job_id, submission.prompt)
        message = aio_pika.Message(
            json.dumps({"job_id": str(job_id)}).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await app.state.channel.default_exchange.publish(message, QUEUE)
        return {"job_id": str(job_id), "status": "QUEUED"}

    @app.get("/inline/{job_id}")
    async def read(job_id: uuid.UUID) -> dict[str, str | None]:
        async with app.state.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT status, result FROM jobs WHERE id = $1", job_id)
        return {"job_id": str(job_id), "status": row["status"], "result": row["result"]}

    @app.post("/orders/{order_id}/confirm")
    async def confirm(order_id: uuid.UUID) -> dict[str, str]:
        async with app.state.pool.acquire() as connection, connection.transaction():
            variant_id, quantity = await connection.fetchrow(LINE, order_id)
            if await connection.execute(CONFIRM, order_id) != "UPDATE 1":
                raise HTTPException(409, "invalid_transition")
            if await connection.execute(TAKE, variant_id, quantity) != "UPDATE 1":
                raise HTTPException(409, "out_of_stock")
            await connection.execute(RESERVE, uuid.uuid4(), order_id, variant_id, quantity)
        return {"id": str(order_id), "status": "CONFIRMED"}

    return app
