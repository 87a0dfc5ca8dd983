"""`ai-platform products …`: talks to a running gateway over HTTP."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.processes.cli_gateway import HERE, AsJson, Gateway, Key, Url
from ai_platform.processes.cli_tenancy import TENANTS, Tenant, plain, print_json
from ai_platform.processes.lifecycle import WrongUse, fail

products = typer.Typer(name="products", help="Fill a shop's shelves.", no_args_is_help=True)

CHUNK: Final = 64 * 1024
PATIENCE: Final = 3600.0
"""Seconds to wait for the answer: it comes when the last line is stored."""

REJECTED_SHOWN: Final = 20


@products.callback()
def _group() -> None:
    """A group, though it has one command yet."""


@products.command(name="import", epilog="Example: ai-platform products import catalogue.csv --tenant 0198f0c0-…")
def import_products(
    file: Annotated[
        Path, typer.Argument(help="CSV: name,description,category,base_price,sku,variant_name,price,stock.")
    ],
    tenant: Tenant = str(DEFAULT_TENANT),
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Take a catalogue over from a CSV file. Lines that are wrong are named, and the others are kept: exit code 1.

    Send the same file again after mending it: what is known is updated.
    """
    try:
        size = file.stat().st_size
        with file.open("rb"), _progress() as progress:
            task = progress.add_task(file.name, total=size)
            report = Gateway(url, key).call(
                "POST",
                f"{TENANTS}/{plain(tenant)}/products/import",
                content=_pieces(file, progress, task),
                headers={"Content-Type": "text/csv"},
                timeout=PATIENCE,
            )
    except OSError as error:
        raise WrongUse(f"Cannot read {file} ({error.strerror}).") from None
    rejected = report["rejected"]
    if as_json:
        print_json(report)
    else:
        typer.echo(f"{report['created']} created, {report['updated']} updated, {len(rejected)} rejected.")
        for bad in rejected[:REJECTED_SHOWN]:
            typer.echo(f"  line {bad['line']}: {bad['code']}: {bad['message']}", err=True)
    if rejected:
        more = len(rejected) - REJECTED_SHOWN
        also = f"; --json names the other {more}" if more > 0 and not as_json else ""
        fail(f"{len(rejected)} lines were rejected{also}.", 1)


def _progress() -> Progress:
    """On a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _pieces(file: Path, progress: Progress, task: TaskID) -> Iterator[bytes]:
    """As the gateway takes them, so the bar shows what was really received."""
    with file.open("rb") as source:
        while piece := source.read(CHUNK):
            yield piece
            progress.advance(task, len(piece))
