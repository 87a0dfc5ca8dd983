"""`ai-platform dlq …` and `ai-platform queues`: what the operator sees of queues, over HTTP."""

import json
import sys
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from ai_platform.processes.cli_gateway import HERE, AsJson, Gateway, Key, Url
from ai_platform.processes.lifecycle import fail

dlq = typer.Typer(name="dlq", help="Look at dead letters and replay them.", no_args_is_help=True)

Queue = Annotated[str | None, typer.Option(help="Only letters of this queue.")]
Code = Annotated[str | None, typer.Option(help="Only letters that died of this.")]

PATH = "/v1/ops/dead-letters"


def register(app: typer.Typer) -> None:
    app.add_typer(dlq, name="dlq")
    app.command(epilog="Example: ai-platform queues --json")(queues)
    app.command(epilog="Example: ai-platform usage --from 2026-01-01 --to 2026-01-31")(usage)


def queues(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Show every queue: what waits, who works, and how many dead letters there are."""
    items = Gateway(url, key).call("GET", "/v1/ops/queues")["items"]
    if as_json:
        _print_json(items)
        return
    table = Table("Queue", "Waiting", "Consumers", "Dead letters", box=None, header_style="bold")
    for item in items:
        table.add_row(item["queue"], str(item["depth"]), str(item["consumers"]), str(item["dead_letters"]))
    Console().print(table)


def usage(
    tenant: Annotated[UUID | None, typer.Option(help="Only this tenant's.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="The first day, like 2026-01-01.")] = None,
    to: Annotated[str | None, typer.Option(help="The last day, included; today when not named.")] = None,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Show what each tenant's jobs used: tokens and cost, over the last thirty days or as you say."""
    parameters = _given(tenant_id=str(tenant) if tenant else None, to=to, limit="200") | _given(**{"from": first})
    gateway, items, cursor = Gateway(url, key), [], None
    while True:
        page = gateway.call("GET", "/v1/ops/usage", params=parameters | _given(cursor=cursor))
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    if as_json:
        _print_json(items)
        return
    table = Table("Tenant", "Jobs", "Tokens in", "Tokens out", "Cost (USD)", box=None, header_style="bold")
    for item in items:
        numbers = (item["jobs"], item["input_tokens"], item["output_tokens"])
        table.add_row(item["tenant_id"], *(str(one) for one in numbers), f"{item['cost_usd']:.6f}")
    Console().print(table)
    typer.echo(f"{page['first_day']} to {page['last_day']} (UTC)")


@dlq.command(name="list", epilog="Example: ai-platform dlq list --queue ai_tasks --code llm_auth_failed")
def list_(
    queue: Queue = None,
    code: Code = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="Those that were replayed already.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """List dead letters, newest first: those that wait for a replay."""
    parameters = _given(queue=queue, code=code) | {"limit": limit, "replayed": replayed}
    page = Gateway(url, key).call("GET", PATH, params=parameters)
    if as_json:
        _print_json(page["items"])
        return
    if not page["items"]:
        typer.echo("No dead letters" + (" like that." if queue or code or replayed else ": everything was worked off."))
        return
    table = Table("Dead letter", "Queue", "Type", "Code", "Died", box=None, header_style="bold")
    table.columns[0].no_wrap = True
    for item in page["items"]:
        table.add_row(item["id"], item["queue"], item["type"], item["code"], _moment(item["died_at"]))
    Console().print(table)
    if page["next_cursor"]:
        typer.echo("There are more; see --limit, --queue and --code.")


@dlq.command(epilog="Example: ai-platform dlq show 550e8400-e29b-41d4-a716-446655440000")
def show(
    letter_id: Annotated[UUID, typer.Argument(help="The dead letter's id.")],
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Show one dead letter: what it asked for, why it died, and each attempt."""
    letter = Gateway(url, key).call("GET", f"{PATH}/{letter_id}")
    if as_json:
        _print_json(letter)
        return
    console = Console()
    facts = Table(box=None, show_header=False)
    for name in ("id", "queue", "type", "subject_id", "code", "message", "died_at", "replayed_at"):
        if letter[name]:
            facts.add_row(name, str(letter[name]))
    facts.add_row("body", json.dumps(letter["body"], ensure_ascii=False))
    console.print(facts, markup=False)
    console.print(_attempts(letter["attempts"]))


@dlq.command(epilog="Example: ai-platform dlq replay --queue ai_tasks --yes")
def replay(
    letter_id: Annotated[UUID | None, typer.Argument(help="One dead letter's id.")] = None,
    queue: Queue = None,
    code: Code = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters of all queues.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Put one dead letter into its queue again, or all of a queue, of a code, or --all."""
    ways = [letter_id is not None, queue is not None or code is not None, everything]
    if sum(ways) != 1:
        fail("Name one dead letter, or --queue and --code, or --all.", 2)
    gateway = Gateway(url, key)
    if letter_id is not None:
        gateway.call("POST", f"{PATH}/{letter_id}/replay")
        typer.echo(f"Dead letter {letter_id} is in its queue again.")
        return
    which = " ".join(f"{name} {value}" for name, value in _given(queue=queue, code=code).items()) or "all queues"
    if not yes and sys.stdin.isatty() and not typer.confirm(f"Replay every dead letter of {which}?"):
        fail("Nothing was replayed.", 1)
    parameters = _given(queue=queue, code=code) or {"all": "true"}
    count = gateway.call("POST", f"{PATH}/replay", params=parameters)["replayed"]
    typer.echo("No dead letter waits there." if count == 0 else f"Replayed {count} dead letter{'s' * (count > 1)}.")


def _given(**filters: str | None) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}


def _attempts(attempts: list[dict[str, Any]]) -> Table:
    table = Table("Attempt", "At", "Code", "Error", box=None, header_style="bold")
    for one in attempts:
        error = one.get("error") or {}
        cells = (
            one.get("attempt", ""),
            _moment(str(one.get("at", ""))),
            error.get("code", ""),
            error.get("message", ""),
        )
        table.add_row(*(str(cell) for cell in cells))
    return table


def _moment(text: str) -> str:
    return text[:19].replace("T", " ")


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
