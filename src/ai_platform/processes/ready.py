"""The ready line of `dev`: printed once the platform answers, as a box for people or as JSON for programs."""

import asyncio
import json
import sys
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from ai_platform.runtime.trust import trusted_certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What the default tenant's owner needs; the platform's own key is `Ready.api_key`."""

    tenant_id: str
    api_key: str
    webhook_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """`model` is what `default-smart` answers with, e.g. `demo:demo`."""

    url: str
    api_key: str
    auth_mode: str
    model: str
    pid: int
    owner: Owner | None = None

    def as_json(self) -> str:
        return json.dumps(
            {
                "ready": True,
                "url": self.url,
                "console_url": None,
                "docs_url": f"{self.url}/docs",
                "api_key": self.api_key,
                "tenant_id": self.owner and self.owner.tenant_id,
                "owner_api_key": self.owner and self.owner.api_key,
                "webhook_secret": self.owner and self.owner.webhook_secret,
                "auth_mode": self.auth_mode,
                "model": self.model,
                "pid": self.pid,
            }
        )

    def curl(self) -> str:
        key = "" if self.auth_mode == "open" else f" \\\n  -H 'Authorization: Bearer {self.api_key}'"
        body = """{"prompt": "Write a haiku about programming"}"""
        return f"curl -s {self.url}/v1/jobs{key} \\\n  -H 'Content-Type: application/json' -d '{body}'"


async def announce(ready: Ready, *, as_json: bool) -> None:
    """Wait until the platform answers, then say so once."""
    async with httpx.AsyncClient(base_url=ready.url, verify=trusted_certificates(), trust_env=False) as client:
        while not await _answers(client):  # noqa: ASYNC110 - the condition is an answer over HTTP
            await asyncio.sleep(0.02)
    if as_json or not sys.stdout.isatty():
        sys.stdout.write(ready.as_json() + "\n")
        sys.stdout.flush()
    else:
        Console().print(_box(ready))
        Console().print(ready.curl(), soft_wrap=True, highlight=False)


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def _box(ready: Ready) -> Panel:
    rows = Table.grid(padding=(0, 2))
    rows.add_row("API", ready.url)
    rows.add_row("Docs", f"{ready.url}/docs")
    rows.add_row("Model", f"default-smart answers with {ready.model}")
    rows.add_row("Key", f"{ready.api_key}" + ("  (not needed: open on loopback)" if ready.auth_mode == "open" else ""))
    return Panel(rows, title="AI Platform Engine is ready", subtitle="Ctrl-C drains and stops", expand=False)
