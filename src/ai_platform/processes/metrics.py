"""A worker process' own `/metrics`."""

from prometheus_client import start_http_server

from ai_platform.processes.lifecycle import WrongUse
from ai_platform.runtime.telemetry import Metrics


def serve_metrics(port: int, host: str, metrics: Metrics) -> None:
    try:
        start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise WrongUse(f"Cannot serve metrics on {host}:{port} ({error.strerror}); see METRICS_PORT.") from None
