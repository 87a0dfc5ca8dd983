"""`ai-platform jobs …`: talks to a running gateway over HTTP."""

import json
import sys
import time
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.table import Table

from ai_platform.processes.lifecycle import fail

jobs = typer.Typer(name="jobs", help="Submit jobs and look at them.", no_args_is_help=True)

Url = Annotated[str, typer.Option(envvar="AI_PLATFORM_URL", help="Where the gateway is.")]
Key = Annotated[str, typer.Option(envvar="AI_PLATFORM_API_KEY", help="API key; none is needed in open mode.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

HERE = "http://localhost:8000"
TERMINAL = {"COMPLETED", "FAILED", "CANCELLED"}


class Gateway:
    """The few calls that the commands make; every refusal ends the command with the problem's own sentence."""

    def __init__(self, url: str, key: str) -> None:
        if not key.isascii():
            fail("The API key is not valid: a key has no such characters.", 2)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(headers=headers, timeout=30, trust_env=False)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = self._http.request(method, self._url + path, **arguments)
        except (httpx.TransportError, httpx.InvalidURL):
            fail(f"Nothing answers at {self._url}; is `ai-platform dev` running? (see --url)", 1)
        if answer.is_error:
            fail(_detail(answer), 1)
        if answer.status_code == 204:
            return None
        try:
            return answer.json()
        except ValueError:
            fail(f"What answers at {self._url} is not the platform; see --url.", 1)


@jobs.command(epilog='Example: ai-platform jobs submit "Write a haiku about programming" --wait')
def submit(
    prompt: Annotated[str, typer.Argument(help="What to ask; `-` reads it from stdin.")],
    config: Annotated[str, typer.Option(help="LLM configuration.")] = "default-smart",
    template: Annotated[str, typer.Option(help="Prompt template.")] = "default-assistant",
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the result and print it.")] = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Submit a prompt; prints the job's id, or with --wait its result."""
    gateway = Gateway(url, key)
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.isprintable() and text != text.encode("utf-8", "replace").decode():
        fail("The prompt is not valid UTF-8.", 2)
    body = {"prompt": text, "config_name": config, "template_name": template, "priority": priority}
    job_id = gateway.call("POST", "/v1/jobs", json=body)["job_id"]
    if not wait:
        typer.echo(job_id)
        return
    job = _wait_for(gateway, job_id)
    if job["status"] != "COMPLETED":
        fail(f"Job {job_id} is {job['status']}: {(job['error'] or {}).get('message', '')}", 1)
    typer.echo(job["result"])


@jobs.command(epilog="Example: ai-platform jobs show 550e8400-e29b-41d4-a716-446655440000")
def show(job_id: Annotated[UUID, typer.Argument(help="The job's id.")], url: Url = HERE, key: Key = "") -> None:
    """Show one job as JSON."""
    typer.echo(json.dumps(Gateway(url, key).call("GET", f"/v1/jobs/{job_id}"), indent=2, ensure_ascii=False))


@jobs.command(name="list", epilog="Example: ai-platform jobs list --status FAILED")
def list_(
    status: Annotated[str | None, typer.Option(help="Only jobs of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """List jobs, newest first."""
    parameters = {"limit": limit} | ({"status": status} if status else {})
    items = Gateway(url, key).call("GET", "/v1/jobs", params=parameters)["items"]
    if as_json:
        typer.echo(json.dumps(items, indent=2, ensure_ascii=False))
        return
    if not items:
        typer.echo('No jobs yet. Try: ai-platform jobs submit "Hello" --wait')
        return
    table = Table("Job", "Status", "Config", "Prompt", "Created", box=None, header_style="bold")
    for item in items:
        created = item["created_at"][:19].replace("T", " ")
        table.add_row(item["job_id"], item["status"], item["config_name"], item["prompt"][:40], created)
    Console().print(table)


def _wait_for(gateway: Gateway, job_id: str) -> dict[str, Any]:
    console = Console(stderr=True)
    with console.status(f"Job {job_id} …") as line:
        pause = 0.05
        while True:
            job: dict[str, Any] = gateway.call("GET", f"/v1/jobs/{job_id}")
            if job["status"] in TERMINAL:
                return job
            line.update(f"Job {job_id}: {job['status']}")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError):
        return f"The gateway answered {answer.status_code}."
