"""Jobs, put together."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.jobs.application.follow_events import FollowEvents, ListEvents
from ai_platform.jobs.application.offer_due_retries import OfferDueRetries
from ai_platform.jobs.application.queries import GetJob, ListJobs
from ai_platform.jobs.application.recover_lost_jobs import RecoverLostJobs
from ai_platform.jobs.application.run_next_job import RunNextJob
from ai_platform.jobs.application.submit_job import SubmitJob
from ai_platform.jobs.domain.retry import RetryPolicy
from ai_platform.jobs.infrastructure.claims import PostgresClaims
from ai_platform.jobs.infrastructure.event_reads import PostgresEventReads
from ai_platform.jobs.infrastructure.followers import Followers
from ai_platform.jobs.infrastructure.intake import PostgresIntake
from ai_platform.jobs.infrastructure.live_progress import LiveProgress
from ai_platform.jobs.infrastructure.live_wire import changes_to
from ai_platform.jobs.infrastructure.lost_jobs import LostJobsTransactions
from ai_platform.jobs.infrastructure.reads import PostgresReads
from ai_platform.jobs.interface.events_http import serve_events
from ai_platform.jobs.interface.http import jobs_router
from ai_platform.jobs.interface.worker import JobWorker
from ai_platform.kernel.clock import SystemClock
from ai_platform.llm.contracts.api import LlmApi
from ai_platform.runtime.claims import Heartbeat
from ai_platform.runtime.db import Database
from ai_platform.runtime.live import LiveStream
from ai_platform.runtime.relay import Relay
from ai_platform.runtime.settings import Settings
from ai_platform.runtime.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsApi:
    """What the gateway serves of jobs."""

    submit: SubmitJob
    router: APIRouter


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsWork:
    """What a worker process runs of jobs."""

    worker: JobWorker
    heartbeat: Heartbeat


def build_jobs_api(
    *,
    database: Database,
    relay: Relay,
    live: LiveStream,
    llm: LlmApi,
    settings: Settings,
    metrics: Metrics,
    draining: Callable[[], bool],
) -> JobsApi:
    intake = PostgresIntake(database, relay, task_queue=settings.rabbitmq_task_queue, metrics=metrics)
    submit = SubmitJob(llm, intake, SystemClock(), settings.job_default_max_retries)
    reads = PostgresReads(database)
    event_reads = PostgresEventReads(database)
    follow = FollowEvents(event_reads, Followers(database, live, draining=draining))
    router = jobs_router(submit=submit, get=GetJob(reads), list_jobs=ListJobs(reads))
    serve_events(router, list_events=ListEvents(event_reads), follow=follow)
    return JobsApi(submit=submit, router=router)


def build_jobs_work(
    *, database: Database, relay: Relay, live: LiveStream, llm: LlmApi, settings: Settings, metrics: Metrics
) -> JobsWork:
    queue, clock, changed = settings.rabbitmq_task_queue, SystemClock(), changes_to(live)
    claims = PostgresClaims(
        database,
        relay,
        task_queue=queue,
        lease_seconds=settings.job_lease_seconds,
        metrics=metrics,
        changed=changed,
    )
    retries = RetryPolicy(shortest=settings.job_retry_delay_min, longest=settings.job_retry_delay_max)
    run_next = RunNextJob(claims, LiveProgress(database, live, clock), llm, clock, retries, random.random)
    recover = RecoverLostJobs(LostJobsTransactions(database, relay, task_queue=queue, changed=changed), clock)
    worker = JobWorker(
        run_next,
        OfferDueRetries(claims),
        recover,
        concurrency=settings.llm_worker_concurrency,
        lease=settings.job_lease_seconds,
    )
    return JobsWork(worker=worker, heartbeat=claims.heartbeat)
