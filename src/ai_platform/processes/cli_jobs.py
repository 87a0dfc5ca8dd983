"""`ai-platform jobs …`: talks to a running gateway over HTTP."""

import json
import sys
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from ai_platform.processes.cli_follow import goes_on, listed, result_of, show, speak, wait_for
from ai_platform.processes.cli_gateway import HERE, AsJson, Gateway, Key, Url
from ai_platform.processes.lifecycle import fail

jobs = typer.Typer(name="jobs", help="Submit jobs, follow them, cancel them.", no_args_is_help=True)

JobId = Annotated[UUID, typer.Argument(help="The job's id.")]


@jobs.command(
    epilog='Example: ai-platform jobs submit "Write a haiku about programming" --stream\n\n'
    "Example: cat question.txt | ai-platform jobs submit - --pipeline multi_agent --metadata ticket=42 --wait"
)
def submit(  # noqa: PLR0913 - each is an option of the command
    prompt: Annotated[str, typer.Argument(help="What to ask; `-` reads it from stdin.")],
    *,
    config: Annotated[str, typer.Option(help="LLM configuration.")] = "default-smart",
    template: Annotated[
        str | None, typer.Option(help="Prompt template; the pipeline's own when none is named.")
    ] = None,
    pipeline: Annotated[Literal["single", "multi_agent"], typer.Option(help="Who answers.")] = "single",
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Kept with the job; may be repeated.")
    ] = None,
    callback_url: Annotated[str | None, typer.Option(help="Called with a signed webhook when the job ends.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key again is the same job, not a second one.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the result and print it.")] = False,
    stream: Annotated[bool, typer.Option("--stream", help="Print the answer as it is written.")] = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Submit a prompt; prints the job's id, or with --wait or --stream its result. Ctrl-C leaves the job running."""
    gateway = Gateway(url, key)
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text.isprintable() and text != text.encode("utf-8", "replace").decode():
        fail("The prompt is not valid UTF-8.", 2)
    wanted = {
        "prompt": text,
        "config_name": config,
        "template_name": template,
        "pipeline": pipeline,
        "priority": priority,
        "metadata": pairs(metadata or []),
        "callback_url": callback_url,
        "stream": stream,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    job_id = gateway.call("POST", "/v1/jobs", json=body, headers=headers)["job_id"]
    if stream:
        speak(gateway, job_id)
    else:
        typer.echo(result_of(wait_for(gateway, job_id)) if wait else job_id)


def pairs(words: list[str]) -> dict[str, str]:
    """`KEY=VALUE` of each; what is no pair ends the command."""
    found: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            fail(f"--metadata takes KEY=VALUE, not {word!r}.", 2)
        found[name] = value
    return found


@jobs.command(epilog="Example: ai-platform jobs cancel 550e8400-e29b-41d4-a716-446655440000")
def cancel(job_id: JobId, url: Url = HERE, key: Key = "") -> None:
    """Cancel a job that has not ended; prints its status."""
    typer.echo(Gateway(url, key).call("POST", f"/v1/jobs/{job_id}/cancel")["status"])


@jobs.command(epilog="Example: ai-platform jobs retry 550e8400-e29b-41d4-a716-446655440000")
def retry(job_id: JobId, url: Url = HERE, key: Key = "") -> None:
    """Run a failed or cancelled job again, with all its retries; prints its status."""
    typer.echo(Gateway(url, key).call("POST", f"/v1/jobs/{job_id}/retry")["status"])


@jobs.command(epilog="Example: ai-platform jobs events 550e8400-e29b-41d4-a716-446655440000 --follow")
def events(
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Show what happened to a job, oldest first, one line an event."""
    gateway = Gateway(url, key)
    if not follow:
        for event in listed(gateway.call("GET", f"/v1/jobs/{job_id}/events")):
            show(event, as_json=as_json)
        return
    with goes_on(str(job_id)):
        for event in gateway.follow(str(job_id)):
            show(event, as_json=as_json)


@jobs.command(name="show", epilog="Example: ai-platform jobs show 550e8400-e29b-41d4-a716-446655440000")
def show_job(job_id: JobId, url: Url = HERE, key: Key = "") -> None:
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
