"""`python -m benchmarks [SCENARIO…]`: measure, print a table, write JSON."""

import argparse
import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.scenarios import ALL
from benchmarks.stage import Figures, staged


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[*ALL, []], help="which to run; all by default")
    chosen = parser.parse_args().scenarios or list(ALL)
    results: dict[str, Figures] = {}
    console = Console()
    for name in chosen:
        with console.status(f"{name}: {ALL[name].__doc__}"), staged() as stage:
            results[name] = ALL[name](stage)
        console.print(_table(name, results[name]))
    file = Path(__file__).parent / "results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.parent.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "cores": psutil.cpu_count(), "system": platform.platform()}
    file.write_text(json.dumps({"machine": machine, "results": results}, indent=2, ensure_ascii=False))
    console.print(f"Wrote {file}")


def _table(name: str, figures: Figures) -> Table:
    table = Table(name, "", title=ALL[name].__doc__, title_justify="left", show_header=False)
    for figure, value in figures.items():
        table.add_row(figure, f"{value:,.2f}")
    return table


if __name__ == "__main__":
    main()
