"""`ai-platform workflow draw …`: the graphs that run, drawn from the graphs themselves."""

# Imports inside the commands are the point: help must not load LangGraph.
# ruff: noqa: PLC0415

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ai_platform.processes.lifecycle import WrongUse, fail

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Graph as Drawing

workflow = typer.Typer(name="workflow", help="Look at the workflows.", no_args_is_help=True)

_FORMATS: Final = ("ascii", "mermaid", "png")
_BY_SUFFIX: Final = {".png": "png", ".mmd": "mermaid", ".mermaid": "mermaid", ".txt": "ascii"}


@workflow.callback()
def _workflows() -> None:
    """Look at the workflows."""


@workflow.command(epilog="Example: ai-platform workflow draw jobs -o jobs.png")
def draw(
    name: Annotated[str, typer.Argument(help="Which workflow: jobs.")],
    output_format: Annotated[
        str | None, typer.Option("--format", help="ascii, mermaid or png; without it ASCII and Mermaid.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file instead of stdout.")] = None,
) -> None:
    """Draw a workflow, without any service or network."""
    if name != "jobs":
        fail(f"There is no workflow '{name}'; there is: jobs.", 2)
    chosen = output_format or (_BY_SUFFIX.get(output.suffix.lower()) if output else None)
    if chosen is not None and chosen not in _FORMATS:
        fail(f"There is no format '{chosen}'; there are: {', '.join(_FORMATS)}.", 2)
    if chosen == "png" and output is None and sys.stdout.isatty():
        fail("A picture needs a file: add -o jobs.png.", 2)
    _write(_drawn(chosen), output)


def _drawn(chosen: str | None) -> bytes:
    from ai_platform.llm.wiring import agent_drawing

    drawing = agent_drawing()
    if chosen == "png":
        from ai_platform.runtime.graph_pictures import png_of

        return png_of(drawing)
    texts = {"ascii": _ascii, "mermaid": _mermaid}
    wanted = [texts[chosen]] if chosen else list(texts.values())
    return "\n".join(text(drawing) for text in wanted).encode()


def _ascii(drawing: "Drawing") -> str:
    """LangGraph's boxes, and under them the conditions, for which its lines have no room."""
    lines = [line.rstrip() for line in drawing.draw_ascii().splitlines()]
    edges = [
        f"  {one.source} -> {one.target}" + ("" if one.data is None else f"  ({one.data})")
        for one in sorted(drawing.edges, key=lambda one: list(drawing.nodes).index(one.source))
    ]
    return "\n".join([*lines, "", *edges, ""])


def _mermaid(drawing: "Drawing") -> str:
    return str(drawing.draw_mermaid())


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise WrongUse(f"Cannot write {output} ({error.strerror}).") from None
    typer.echo(f"Wrote {output}")
