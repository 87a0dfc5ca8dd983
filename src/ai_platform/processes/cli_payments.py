"""`ai-platform payments …`: the report that must read zero, and what keeps it from that, over HTTP."""

import json
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from ai_platform.processes.cli_gateway import HERE, AsJson, Gateway, Key, Url
from ai_platform.processes.lifecycle import fail

payments = typer.Typer(
    name="payments", help="Compare payments with their providers, and settle what needs a person.", no_args_is_help=True
)

_QUARANTINE: Final = "/v1/ops/payments/quarantine"
_WORDS = {
    "changed": "payments had news at their provider, which is recorded now",
    "unanswered": "payments could not be asked about",
    "variants": "variants are reserved otherwise than by what orders hold",
    "orders": "orders disagree with their payments",
    "totals": "orders do not come to the sum of their lines",
    "overdue": "open payments were not looked after",
    "quarantined": "notifications are about no payment of ours",
    "flagged": "payments need a person",
}


@payments.callback()
def group() -> None:
    """Compare payments with their providers, and settle what needs a person."""


@payments.command(epilog="Example: ai-platform payments reconcile --json")
def reconcile(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Compare payments with providers, and reservations with stock. Fails unless everything agrees."""
    report = Gateway(url, key).call("POST", "/v1/ops/payments/reconcile")
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        typer.echo(f"{report['asked']} payments were compared with their providers.")
        for name, words in _WORDS.items():
            if report[name]:
                typer.echo(f"{report[name]} {words}.")
    if not report["clean"]:
        fail("Not everything agrees.", 1)
    if not as_json:
        typer.echo("Everything agrees.")


@payments.command(epilog="Example: ai-platform payments flagged --json")
def flagged(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Show the payments that a person has to look at, newest first."""
    _shown(
        Gateway(url, key).call("GET", "/v1/ops/payments/flagged", params={"limit": "200"}),
        {"Payment": "id", "Reference": "reference", "Status": "status", "Flags": "flags"},
        as_json=as_json,
    )


@payments.command(epilog="Example: ai-platform payments review 01a1fdc0-feda-783a-b769-476899b1b0e8 --reason settled")
def review(
    payment: Annotated[UUID, typer.Argument(help="Which payment.")],
    reason: Annotated[str, typer.Option(help="What came of it; kept in the audit log.")],
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Say that a person has looked at a flagged payment: its flags are taken off, and its order may go on."""
    Gateway(url, key).call("POST", f"/v1/crm/payments/{payment}/review", json={"reason": reason})
    typer.echo("Reviewed.")


@payments.command(epilog="Example: ai-platform payments quarantine --json")
def quarantine(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Show genuine notifications about no payment of ours, newest first."""
    _shown(
        Gateway(url, key).call("GET", _QUARANTINE, params={"limit": "200"}),
        {"Notification": "id", "Provider": "provider", "Reference": "reference", "Received": "received_at"},
        as_json=as_json,
    )


@payments.command(epilog="Example: ai-platform payments resolve 01a1fdc0-feda-783a-b769-476899b1b0e8")
def resolve(
    notification: Annotated[UUID, typer.Argument(help="Which notification of the quarantine.")],
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Say that a person has looked at a notification in quarantine: it counts no more in the report."""
    Gateway(url, key).call("POST", f"{_QUARANTINE}/{notification}/resolve")
    typer.echo("Resolved.")


def _shown(page: dict[str, Any], columns: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(page["items"], indent=2))
        return
    table = Table(*columns, box=None, header_style="bold")
    for item in page["items"]:
        table.add_row(*(_cell(item[name]) for name in columns.values()))
    Console().print(table)


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")
