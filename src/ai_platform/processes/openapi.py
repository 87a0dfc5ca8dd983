"""`ai-platform openapi`: the HTTP contract as a document, without any service."""

import json
import sys
from pathlib import Path

from ai_platform.llm.wiring import build_llm
from ai_platform.processes.commerce import commerce_of
from ai_platform.processes.foundation import connected
from ai_platform.processes.gateway import gateway_app
from ai_platform.processes.lifecycle import WrongUse
from ai_platform.processes.tenancy import tenancy_of
from ai_platform.runtime.settings import Settings


def write_openapi(output: Path | None) -> None:
    document = openapi_text()
    if output is None:
        sys.stdout.write(document)
        return
    try:
        output.write_text(document)
    except OSError as error:
        raise WrongUse(f"Cannot write {output} ({error.strerror}).") from None


def openapi_text() -> str:
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def openapi_document() -> dict[str, object]:
    """Nothing is contacted: the addresses stand for services that are never called."""
    settings = Settings.model_validate(
        {
            "database_url": "postgresql://nobody@localhost/none",
            "rabbitmq_url": "amqp://localhost",
            "redis_url": "redis://localhost",
        }
    )
    foundation = connected(settings, service="openapi")
    llm = build_llm(database=foundation.database, environment={}, metrics=foundation.metrics)
    tenancy = tenancy_of(foundation)
    app = gateway_app(foundation, llm, tenancy, commerce_of(foundation, tenancy), draining=lambda: False)
    return app.openapi()
