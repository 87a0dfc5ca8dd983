"""Jobs, put together."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.jobs.application.cancel_job import CancelJob
from ai_platform.jobs.application.follow_events import FollowEvents, ListEvents
from ai_platform.jobs.application.list_webhooks import ListWebhooks
from ai_platform.jobs.application.offer_due_retries import OfferDueRetries
from ai_platform.jobs.application.queries import GetJob, ListJobs
from ai_platform.jobs.application.recover_lost_jobs import RecoverLostJobs
from ai_platform.jobs.application.replay_job import ReplayJob
from ai_platform.jobs.application.retry_job import RetryJob
from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.application.submit_batch import SubmitBatch
from ai_platform.jobs.application.submit_job import SubmitJob
from ai_platform.jobs.application.sum_up_usage import SumUpUsage
from ai_platform.jobs.application.try_config import TryConfig
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.jobs.infrastructure.claims import PostgresClaims
from ai_platform.jobs.infrastructure.event_reads import PostgresEventReads
from ai_platform.jobs.infrastructure.followers import Followers
from ai_platform.jobs.infrastructure.intake import PostgresIntake
from ai_platform.jobs.infrastructure.known_jobs import KnownJobsTransactions
from ai_platform.jobs.infrastructure.live_progress import LiveProgress
from ai_platform.jobs.infrastructure.live_wire import changes_to
from ai_platform.jobs.infrastructure.lost_jobs import LostJobsTransactions
from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.jobs.infrastructure.retention import Retention
from ai_platform.jobs.infrastructure.usage import PostgresUsage
from ai_platform.jobs.infrastructure.webhook_log import PostgresWebhookLog
from ai_platform.jobs.interface.events_http import serve_events
from ai_platform.jobs.interface.http import BATCH_BYTES, BATCH_PATH, jobs_router
from ai_platform.jobs.interface.http_decisions import decisions_router
from ai_platform.jobs.interface.http_trials import trials_router
from ai_platform.jobs.interface.http_usage import usage_router
from ai_platform.jobs.interface.http_webhooks import job_webhooks_router
from ai_platform.jobs.interface.worker import JobWorker
from ai_platform.kernel.clock import SystemClock
from ai_platform.llm.contracts.api import LlmApi
from ai_platform.runtime.claims import Heartbeat
from ai_platform.runtime.db import Database
from ai_platform.runtime.live import LiveStream
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.spans import NO_SPANS, Spans
from ai_platform.runtime.telemetry import Metrics
from ai_platform.runtime.webhooks import CallbackPolicy, SigningSecrets


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsApi:
    """What the gateway serves of jobs; `body_limits` are the paths with larger bodies than others, in bytes."""

    submit: SubmitJob
    routers: Sequence[APIRouter]
    body_limits: Mapping[str, int]
    idle: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsWork:
    """What a worker process runs of jobs; `retention` forgets what is old, a bit each time."""

    worker: JobWorker
    heartbeat: Heartbeat
    retention: Retention
    idle: Callable[[], Awaitable[None]]


def build_jobs_api(
    *,
    database: Database,
    relay: Relay,
    live: LiveStream,
    llm: LlmApi,
    settings: Settings,
    metrics: Metrics,
    signing: SigningSecrets,
    draining: Callable[[], bool],
) -> JobsApi:
    queue, clock, retries = settings.rabbitmq_task_queue, SystemClock(), settings.job_default_max_retries
    intake = PostgresIntake(database, relay, task_queue=queue, queue_limit=settings.job_queue_limit, metrics=metrics)
    callbacks = CallbackPolicy(signing, allow_private=settings.webhook_allow_private)
    submit = SubmitJob(llm, intake, callbacks, clock, retries)
    known = KnownJobsTransactions(database, relay, task_queue=queue, metrics=metrics, changed=changes_to(live))
    cancel, reads = CancelJob(known, clock), PostgresReads(database)
    get, event_reads = GetJob(reads), PostgresEventReads(database)
    router = jobs_router(
        submit=submit,
        submit_batch=SubmitBatch(llm, intake, callbacks, clock, retries),
        get=get,
        list_jobs=ListJobs(reads),
    )
    follow = FollowEvents(event_reads, Followers(database, live, draining=draining))
    serve_events(router, list_events=ListEvents(event_reads), follow=follow)
    router.include_router(job_webhooks_router(ListWebhooks(PostgresWebhookLog(database))))
    routers = (
        router,
        decisions_router(cancel=cancel, retry=RetryJob(known, clock), get=get),
        usage_router(SumUpUsage(PostgresUsage(database), clock)),
        trials_router(try_config=TryConfig(submit, cancel, reads, clock, asyncio.sleep)),
    )
    return JobsApi(submit=submit, routers=routers, body_limits={BATCH_PATH: BATCH_BYTES}, idle=intake.idle)


def build_jobs_work(
    *,
    database: Database,
    relay: Relay,
    live: LiveStream,
    llm: LlmApi,
    settings: Settings,
    metrics: Metrics,
    webhooks_due: asyncio.Event,
    spans: Spans = NO_SPANS,
) -> JobsWork:
    queue, clock, changed = settings.rabbitmq_task_queue, SystemClock(), changes_to(live)
    claims = PostgresClaims(
        database,
        relay,
        task_queue=queue,
        lease_seconds=settings.job_lease_seconds,
        metrics=metrics,
        spans=spans,
        changed=changed,
        webhooks_due=webhooks_due,
    )
    retries = RetryPolicy(shortest=settings.job_retry_delay_min, longest=settings.job_retry_delay_max)
    known = KnownJobsTransactions(database, relay, task_queue=queue, metrics=metrics, changed=changed)
    worker = JobWorker(
        RunNextJob(claims, LiveProgress(database, live, clock), llm, clock, retries, random.random),
        OfferDueRetries(claims),
        RecoverLostJobs(LostJobsTransactions(database, relay, task_queue=queue, changed=changed), clock),
        ReplayJob(known, clock),
        concurrency=settings.llm_worker_concurrency,
        lease=settings.job_lease_seconds,
    )
    retention = Retention(database, event_days=settings.job_event_retention_days)
    return JobsWork(worker=worker, heartbeat=claims.heartbeat, retention=retention, idle=claims.idle)
