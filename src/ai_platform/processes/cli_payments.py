"""`ai-platform payments …`: the report that must read zero, over HTTP."""

import json

import typer

from ai_platform.processes.cli_gateway import HERE, AsJson, Gateway, Key, Url
from ai_platform.processes.lifecycle import fail

payments = typer.Typer(name="payments", help="Compare payments with their providers.", no_args_is_help=True)

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
    """Compare payments with their providers."""


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
