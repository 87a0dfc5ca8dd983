"""The metrics that the documentation promises are there from the start, with the labels that it names."""

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from ai_platform.runtime.telemetry import Metrics

PROMISED = {
    "http_request_duration_seconds": ("method", "route", "status"),
    "jobs_submitted_total": (),
    "jobs_processed_total": ("status",),
    "job_processing_duration_seconds": (),
    "job_queue_wait_seconds": (),
    "llm_call_duration_seconds": ("config", "outcome"),
    "llm_tokens_total": ("config", "direction"),
    "circuit_breaker_state": ("name",),
    "tickets_created_total": (),
    "tickets_processed_total": ("status",),
    "workflow_step_duration_seconds": ("step",),
    "ticket_processing_duration_seconds": (),
    "wa_messages_total": ("direction", "status"),
    "orders_total": ("status",),
    "payments_total": ("provider", "status"),
    "queue_messages_total": ("queue", "outcome"),
    "queue_depth": ("queue",),
    "outbox_pending": (),
}
"""Names as a dashboard asks for them, with the labels that their users choose by."""


def declared(metrics: Metrics) -> dict[str, MetricWrapperBase]:
    """A counter's own name is without the `_total` that every reader sees."""
    found = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    return {one._name + ("_total" if one._type == "counter" else ""): one for one in found}


def test_every_promised_metric_is_declared_with_its_labels() -> None:
    found = {name: one._labelnames for name, one in declared(Metrics()).items()}
    assert {name: found.get(name) for name in PROMISED} == PROMISED


def test_a_reader_sees_every_promised_metric_before_anything_happened() -> None:
    families = text_string_to_metric_families(Metrics().exposition().decode())
    seen = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    assert PROMISED.keys() <= seen


def test_two_processes_in_one_interpreter_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.orders.labels("PAID").inc()
    assert other.registry.get_sample_value("orders_total", {"status": "PAID"}) is None
