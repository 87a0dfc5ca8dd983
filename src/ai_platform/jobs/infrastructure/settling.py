"""Writing how attempts ended, with all that follows from it, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.jobs.application.wake_ups import REPLAY
from ai_platform.jobs.domain.job import Job, JobStatus
from ai_platform.jobs.infrastructure.notices import notices_of, owes_notice
from ai_platform.jobs.infrastructure.rows import attempts_document, consequences_of, outcome_row, storable
from ai_platform.kernel.ids import new_id
from ai_platform.runtime import dead_letters, outbox, webhooks
from ai_platform.runtime.claims import Claim
from ai_platform.runtime.dead_letters import DeadLetter
from ai_platform.runtime.outbox import Entry

_SETTLE = outbox.adding(
    """
    WITH settled AS (
        UPDATE jobs SET status = ended.status, retry_count = ended.retry_count, next_retry_at = ended.next_retry_at,
            completed_at = ended.completed_at, error = ended.error, result = ended.result,
            agent_type = ended.agent_type, answered_by = ended.answered_by,
            template_revision = ended.template_revision,
            input_tokens = ended.input_tokens, output_tokens = ended.output_tokens, cost_usd = ended.cost_usd,
            attempts = ended.attempts, parked_since = ended.parked_since,
            lease_expires_at = NULL, updated_at = now(), version = version + 1
        FROM jsonb_to_recordset(:outcomes) AS ended (
            id uuid, attempt int, status text, retry_count smallint, next_retry_at timestamptz,
            completed_at timestamptz, error jsonb, result text, agent_type text, answered_by text,
            template_revision int, input_tokens int, output_tokens int, cost_usd numeric, attempts jsonb,
            parked_since timestamptz, event_type text, event_at timestamptz, event_data jsonb
        )
        WHERE jobs.id = ended.id AND jobs.attempt = ended.attempt AND jobs.status = 'PROCESSING'
        RETURNING jobs.id, jobs.attempt, jobs.tenant_id, jobs.status, jobs.result,
            ended.event_type, ended.event_at, ended.event_data
    ), told AS (
        INSERT INTO job_events (tenant_id, job_id, type, at, data)
        SELECT tenant_id, id, event_type, event_at, CASE status WHEN 'COMPLETED'
            THEN event_data || jsonb_build_object('result', result) ELSE event_data END
        FROM settled
    ), published AS (
        {outbox}
        JOIN settled ON entry.cause = concat(settled.id, '/', settled.attempt)
    )
    SELECT id, attempt FROM settled
    """
).bindparams(bindparam("outcomes", type_=JSONB))
"""It carries the fence: attempt and status must still be the claimed ones, or nothing is published either."""


class Ending:
    """How one attempt ended. The job's events are taken once, however often the write is tried."""

    def __init__(self, job: Job, task_queue: str) -> None:
        self.job = job
        self.task_queue = task_queue
        self.claim = Claim(job.id, job.attempt)
        self.consequences = consequences_of(job, task_queue)
        self.row: dict[str, Any] = outcome_row(job) | self.consequences.event_columns()

    @property
    def is_one_statement(self) -> bool:
        """Nothing is written with it but what `_SETTLE` writes."""
        return self.job.status is not JobStatus.FAILED and not owes_notice(self.job)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was ours to end, and which messages go with it.

    Whoever may follow such a job is told in any case: who began to while this was being written is not seen here.
    """

    claims: frozenset[Claim]
    entries: Sequence[Entry]
    owes_webhooks: bool


async def settle(connection: AsyncConnection, endings: Sequence[Ending]) -> Settled:
    """Once it is committed, the entries go to the relay."""
    given = [entry for ending in endings for entry in ending.consequences.entries]
    parameters = {"outcomes": [ending.row for ending in endings]} | outbox.added(given)
    rows = (await connection.execute(_SETTLE, parameters)).all()
    claims = frozenset(Claim(row.id, row.attempt) for row in rows)
    ours = [ending for ending in endings if ending.claim in claims]
    entries = [entry for ending in ours for entry in ending.consequences.entries]
    await dead_letters.write(connection, [_letter(ending) for ending in ours if ending.job.status is JobStatus.FAILED])
    notices = await notices_of(connection, [ending.job for ending in ours])
    await webhooks.write(connection, notices)
    return Settled(claims, entries, bool(notices))


def _letter(ending: Ending) -> DeadLetter:
    job = ending.job
    assert job.error is not None  # noqa: S101 - a failed job has one
    return DeadLetter(
        id=new_id(),
        queue=ending.task_queue,
        type=REPLAY,
        body={"job_id": str(job.id)},
        headers=dict(job.trace),
        subject_id=job.id,
        tenant_id=job.tenant_id,
        code=job.error.code,
        message=storable(job.error.message),
        attempts=attempts_document(job),
    )
