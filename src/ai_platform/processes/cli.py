"""`ai-platform`: every command. Each loads what it runs only when it is called, so that help is instant."""

# Imports inside the commands are the point: `ai-platform --help` must not load a web server or a database.
# ruff: noqa: PLC0415

import os
from pathlib import Path
from typing import Annotated

import typer

from ai_platform.processes.lifecycle import WrongUse, fail

app = typer.Typer(
    name="ai-platform",
    help="The engine a business can trust with its customers.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 is any free one.")]


@app.command(epilog="Example: ai-platform dev --port 8080 --data-dir /tmp/try")
def dev(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept between runs.")] = Path(".data"),
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Start without demo data and tenant keys.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the ready line as JSON.")] = False,
) -> None:
    """Run the whole platform in one process, with nothing else installed."""
    from ai_platform.processes import dev as process

    options = process.DevOptions(host=host, port=port, data_dir=data_dir, json_ready=json, seed=not no_seed)
    process.main(options)


@app.command(epilog="Example: ai-platform gateway --host 0.0.0.0 --port 8000")
def gateway(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve HTTP, on the services that the environment names."""
    from ai_platform.processes import gateway as process

    process.main(host, port)


@app.command(name="llm-worker", epilog="Example: LLM_WORKER_CONCURRENCY=200 ai-platform llm-worker")
def llm_worker() -> None:
    """Run jobs, on the services that the environment names."""
    from ai_platform.processes import llm_worker as process

    process.main()


@app.command(name="commerce-agent", epilog="Example: METRICS_PORT=9102 ai-platform commerce-agent")
def commerce_agent() -> None:
    """Look after payments and orders, on the services that the environment names."""
    from ai_platform.processes import commerce_agent as process

    process.main()


@app.command(epilog="Example: DATABASE_URL=postgresql://… ai-platform migrate")
def migrate(
    revision: Annotated[str, typer.Argument(help="Where to go: `head`, `base` or a revision.")] = "head",
) -> None:
    """Bring the database's schema to its newest revision."""
    from ai_platform.processes.setup import migrate_database

    migrate_database(revision)


@app.command(epilog="Example: ai-platform doctor --json")
def doctor(json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Check everything this installation needs, and say how to mend what is wrong."""
    from ai_platform.processes.doctor import examine

    raise typer.Exit(examine(as_json=json))


@app.command(epilog="Example: ai-platform init && ai-platform doctor")
def init(directory: Annotated[Path, typer.Option(help="Where to write `.env`.")] = Path()) -> None:
    """Write a `.env` with fresh secrets. An existing one is never touched."""
    from ai_platform.processes.setup import write_env

    write_env(directory / ".env")


@app.command(epilog="Example: ai-platform openapi -o openapi.json")
def openapi(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file instead of stdout.")] = None,
) -> None:
    """Print the OpenAPI document, without any service."""
    from ai_platform.processes.openapi import write_openapi

    write_openapi(output)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(installed("ai-platform"))


def add_groups() -> None:
    """The commands that come in groups."""
    from ai_platform.processes import cli_ops
    from ai_platform.processes.cli_jobs import jobs
    from ai_platform.processes.cli_llm import agent, config, template
    from ai_platform.processes.cli_payments import payments
    from ai_platform.processes.cli_products import products
    from ai_platform.processes.cli_tenancy import keys, members, tenants
    from ai_platform.processes.cli_workflow import workflow

    for group in (jobs, tenants, keys, members, products, payments, config, template, agent, workflow):
        app.add_typer(group)
    cli_ops.register(app)


def main() -> None:
    """The console script."""
    add_groups()
    try:
        app()
    except WrongUse as error:
        fail(str(error), 2)
    except BrokenPipeError:
        os._exit(1)  # whoever read our output has left


if __name__ == "__main__":
    main()
