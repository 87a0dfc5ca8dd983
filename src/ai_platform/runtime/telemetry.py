"""The Prometheus metrics of one process. Labels are templates and names, never ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Made once by a process and passed down; a second process in one interpreter has its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_request_duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            ("method", "route", "status"),
            buckets=_FAST,
            registry=self.registry,
        )
        self.jobs_submitted = Counter("jobs_submitted_total", "Jobs accepted.", registry=self.registry)
        self.jobs_processed = Counter(
            "jobs_processed_total", "Attempts that ended, by the status they left.", ("status",), registry=self.registry
        )
        self.job_processing_duration = Histogram(
            "job_processing_duration_seconds", "One attempt, claim to end.", buckets=_SLOW, registry=self.registry
        )
        self.job_queue_wait = Histogram(
            "job_queue_wait_seconds", "Submission to first claim.", buckets=_SLOW, registry=self.registry
        )
        self.llm_call_duration = Histogram(
            "llm_call_duration_seconds", "One model call.", ("config", "outcome"), buckets=_SLOW, registry=self.registry
        )
        self.llm_tokens = Counter(
            "llm_tokens_total", "Tokens as providers count them.", ("config", "direction"), registry=self.registry
        )
        self.circuit_breaker_state = Gauge(
            "circuit_breaker_state",
            "An LLM config's breaker: 0 closed, 1 half open, 2 open.",
            ("name",),
            registry=self.registry,
        )
        self.queue_messages = Counter(
            "queue_messages_total",
            "Messages consumed, by what became of them.",
            ("queue", "outcome"),
            registry=self.registry,
        )
        self.queue_depth = Gauge("queue_depth", "Messages ready in a queue.", ("queue",), registry=self.registry)
        self.dead_letters = Gauge(
            "dead_letters", "Dead letters that wait for a replay.", ("queue",), registry=self.registry
        )
        self.webhooks_sent = Counter(
            "webhooks_sent_total", "Tries of webhooks, by what became of them.", ("outcome",), registry=self.registry
        )
        self.outbox_pending = Gauge(
            "outbox_pending", "Outbox rows that are due and unpublished.", registry=self.registry
        )

        self._declare_conversations()

    def _declare_conversations(self) -> None:
        """Of orders, tickets and messages: there from the first day, so that dashboards and alarms find them."""
        registry = self.registry
        self.orders = Counter("orders_total", "Orders, by the status they reached.", ("status",), registry=registry)
        self.payments = Counter(
            "payments_total", "Payments, by the status they reached.", ("provider", "status"), registry=registry
        )
        self.payment_notices = Counter(
            "payment_notices_total",
            "Notifications of payment providers: received, ignored, or refused as forged.",
            ("provider", "outcome"),
            registry=registry,
        )
        self.wa_messages = Counter(
            "wa_messages_total", "WhatsApp messages in and out.", ("direction", "status"), registry=registry
        )
        self.tickets_created = Counter("tickets_created_total", "Tickets opened.", registry=registry)
        self.tickets_processed = Counter(
            "tickets_processed_total", "Runs of Ticket Flow, by how they ended.", ("status",), registry=registry
        )
        self.ticket_processing_duration = Histogram(
            "ticket_processing_duration_seconds", "One run of Ticket Flow.", buckets=_SLOW, registry=registry
        )
        self.workflow_step_duration = Histogram(
            "workflow_step_duration_seconds", "One step of a workflow.", ("step",), buckets=_SLOW, registry=registry
        )

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
