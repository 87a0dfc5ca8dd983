"""`/v1/ops`: queues and dead letters, for the operator."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from ai_platform.kernel.errors import InvalidInput, Unavailable, Violation
from ai_platform.runtime.bus import Bus
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.dead_letter_desk import (
    DeadLetterDesk,
    DeadLetterNotFound,
    DeadLetterReplayed,
    DeadLetterView,
    LetterFilter,
)
from ai_platform.runtime.http import Operator
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

_QUEUE: Final[dict[str, Any]] = {"queue": "ai_tasks", "depth": 12, "consumers": 2, "dead_letters": 1}
_REASON: Final = {"code": "rejected", "message": "It was rejected: what it asks for can never be done."}
_LETTER: Final[dict[str, Any]] = {
    "id": "0199f000-0000-7000-8000-000000000001",
    "queue": "ai_tasks",
    "type": "jobs.wake_up",
    "body": {},
    "headers": {"x-request-id": "3f1c"},
    "subject_id": None,
    "tenant_id": None,
    **_REASON,
    "attempts": [{"attempt": 1, "at": "2026-01-05T09:00:00Z", "error": _REASON}],
    "died_at": "2026-01-05T09:00:00Z",
    "replayed_at": None,
}

Word = Annotated[str | None, Query(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]


class QueueResource(BaseModel):
    """`depth`: messages that wait. `consumers`: worker processes. `dead_letters`: those that wait for a replay."""

    model_config = ConfigDict(json_schema_extra={"examples": [_QUEUE]})

    queue: str
    depth: int
    consumers: int
    dead_letters: int


class QueuePage(BaseModel):
    items: list[QueueResource]
    next_cursor: str | None = None


class DeadLetterResource(BaseModel):
    """Something that could not be done; `attempts` oldest first, `subject_id` e.g. the job it stands for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LETTER]})

    id: UUID
    queue: str
    type: str
    body: dict[str, Any]
    headers: dict[str, str]
    subject_id: UUID | None
    tenant_id: UUID | None
    code: str
    message: str
    attempts: list[dict[str, Any]]
    died_at: datetime
    replayed_at: datetime | None

    @classmethod
    def of(cls, view: DeadLetterView) -> Self:
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class DeadLetterPage(BaseModel):
    items: list[DeadLetterResource]
    next_cursor: str | None


class Replayed(BaseModel):
    replayed: int = Field(examples=[3], description="How many were put into their queues again.")


def queues_router(bus: Bus, desk: DeadLetterDesk, queues: Sequence[str]) -> APIRouter:
    router = APIRouter(prefix="/v1/ops", tags=["Operations"])

    @router.get(
        "/queues",
        operation_id="listQueues",
        summary="Every queue: what waits, who works, what died",
        responses=refusals(
            Unavailable("The message broker cannot be reached; try again shortly.", code="queue_unavailable")
        ),
    )
    async def list_queues(_: Operator) -> QueuePage:
        waiting = await desk.waiting()
        items = []
        for queue in queues:
            found = await bus.depth(queue)
            dead = found.dead + waiting.get(queue, 0)
            items.append(QueueResource(queue=queue, depth=found.ready, consumers=found.consumers, dead_letters=dead))
        return QueuePage(items=items)

    return router


def dead_letters_router(desk: DeadLetterDesk) -> APIRouter:
    router = APIRouter(prefix="/v1/ops/dead-letters", tags=["Operations"])

    @router.get(
        "",
        operation_id="listDeadLetters",
        summary="Dead letters, newest first",
    )
    async def list_dead_letters(
        _: Operator,
        queue: Word = None,
        code: Word = None,
        type: Word = None,  # noqa: A002 - the parameter's public name
        subject_id: UUID | None = None,
        replayed: Annotated[bool, Query(description="Those that were replayed, instead of those that wait.")] = False,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> DeadLetterPage:
        where = LetterFilter(queue=queue, code=code, type=type, subject_id=subject_id, replayed=replayed)
        found, more = await desk.page(where, before=position_of(cursor), limit=limit)
        items = [DeadLetterResource.of(one) for one in found]
        return DeadLetterPage(items=items, next_cursor=cursor_of(found[-1].id) if more else None)

    @router.post(
        "/replay",
        status_code=202,
        operation_id="replayDeadLetters",
        summary="Replay all that wait and fit",
    )
    async def replay_dead_letters(
        _: Operator,
        queue: Word = None,
        code: Word = None,
        type: Word = None,  # noqa: A002 - the parameter's public name
        all: Annotated[bool, Query(description="Without a filter: really every one of them.")] = False,  # noqa: A002
    ) -> Replayed:
        """Needs a filter or `all=true`."""
        where = LetterFilter(queue=queue, code=code, type=type)
        if where == LetterFilter() and not all:
            violation = Violation(("query", "queue"), "name a queue, a code or a type, or say all=true", "missing")
            raise InvalidInput("Say which: name a queue, a code or a type, or all=true.", violations=(violation,))
        return Replayed(replayed=await desk.replay_all(where))

    @router.get(
        "/{letter_id:uuid}",
        operation_id="getDeadLetter",
        summary="One dead letter, with its attempts",
        responses=refusals(DeadLetterNotFound(EXAMPLE_ID)),
    )
    async def get_dead_letter(letter_id: UUID, _: Operator) -> DeadLetterResource:
        return DeadLetterResource.of(await desk.get(letter_id))

    @router.post(
        "/{letter_id}/replay",
        status_code=202,
        operation_id="replayDeadLetter",
        summary="Put it into its queue again",
        responses=refusals(DeadLetterNotFound(EXAMPLE_ID), DeadLetterReplayed(EXAMPLE_ID)),
    )
    async def replay_dead_letter(letter_id: UUID, _: Operator) -> Replayed:
        """A second replay is refused with `dead_letter_replayed`."""
        await desk.replay(letter_id)
        return Replayed(replayed=1)

    return router
