"""`ai-platform config|template|agent …`: the dynamic configuration of a running gateway."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.table import Table

from ai_platform.processes.cli_gateway import HERE, AsJson, Key, Url
from ai_platform.processes.lifecycle import fail

config = typer.Typer(name="config", help="LLM configurations, effective within two seconds.", no_args_is_help=True)
template = typer.Typer(name="template", help="Prompt templates, effective within two seconds.", no_args_is_help=True)
agent = typer.Typer(name="agent", help="The agents of the multi-agent pipeline.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Its name.")]
Pairs = Annotated[list[str], typer.Argument(help="key=value, e.g. temperature=0.2 fallbacks=demo,other; null clears.")]

_TEXTS: Final = ("provider", "model_name", "api_key_env", "base_url", "config_name", "template_name", "on_error")


class Shelf:
    """One kind of rows at the gateway. Every refusal ends the command with the problem's own sentence."""

    def __init__(self, kind: str, url: str, key: str) -> None:
        if not key.isascii():
            fail("The API key is not valid: a key has no such characters.", 2)
        self._url = url.rstrip("/")
        self._rows = f"{self._url}/v1/llm/{kind}"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(headers=headers, timeout=30, trust_env=False)

    def all(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        page: dict[str, Any] = {"next_cursor": ""}
        while page["next_cursor"] is not None:
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
            page = _body(self._call("GET", "", params=cursor))
            items += page["items"]
        return items

    def one(self, name: str, more: str = "") -> dict[str, Any]:
        return _body(self._call("GET", _path(name) + more))

    def set(self, name: str, stated: dict[str, Any]) -> dict[str, Any]:
        """Changes these fields of a row, or makes it. What another changes meanwhile is not overwritten."""
        there = self._call("GET", _path(name), may_miss=True)
        if there.status_code == 404:
            return _body(self._call("POST", "", json={"name": name, **stated}))
        row, tag = _body(there), {"If-Match": there.headers.get("ETag", "*")}
        return _body(self._call("PUT", _path(name), json=_merged(row, stated), headers=tag))

    def delete(self, name: str) -> None:
        self._call("DELETE", _path(name))

    def _call(self, method: str, path: str, *, may_miss: bool = False, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, self._rows + path, **arguments)
        except (httpx.TransportError, httpx.InvalidURL):
            fail(f"Nothing answers at {self._url}; is `ai-platform dev` running? (see --url)", 1)
        if answer.is_error and not (may_miss and answer.status_code == 404):
            fail(_detail(answer), 1)
        return answer


@config.command(name="list", epilog="Example: ai-platform config list")
def list_configs(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """List the configurations."""
    rows = Shelf("configs", url, key).all()
    _show_rows(rows, ("name", "provider", "model_name", "temperature", "max_tokens", "is_active"), as_json)


@config.command(name="show", epilog="Example: ai-platform config show default-smart")
def show_config(name: Name, url: Url = HERE, key: Key = "") -> None:
    """Show one configuration as JSON."""
    _show(Shelf("configs", url, key).one(name))


@config.command(name="set", epilog="Example: ai-platform config set fast provider=openai model_name=gpt-6-luna")
def set_config(name: Name, pairs: Pairs, url: Url = HERE, key: Key = "") -> None:
    """Change fields of a configuration, or make it."""
    _show(Shelf("configs", url, key).set(name, _stated(pairs)))


@config.command(name="delete", epilog="Example: ai-platform config delete fast")
def delete_config(name: Name, url: Url = HERE, key: Key = "") -> None:
    """Delete a configuration that nothing uses."""
    Shelf("configs", url, key).delete(name)


@template.command(name="list", epilog="Example: ai-platform template list")
def list_templates(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """List the prompt templates."""
    rows = Shelf("templates", url, key).all()
    _show_rows(rows, ("name", "revision", "variables", "description"), as_json)


@template.command(name="show", epilog="Example: ai-platform template show default-assistant")
def show_template(name: Name, as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Print a template's content, or with --json all of it."""
    row = Shelf("templates", url, key).one(name)
    _show(row) if as_json else typer.echo(row["content"])


@template.command(name="set", epilog='Example: ai-platform template set shop --content "You serve {shop}."')
def set_template(
    name: Name,
    source: Annotated[str | None, typer.Argument(help="`-` reads the content from stdin.")] = None,
    file: Annotated[Path | None, typer.Option(help="The file with the content.")] = None,
    content: Annotated[str | None, typer.Option(help="The content itself.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Give a template a new revision, or make it."""
    stated = {"content": _content(source, file, content), "variables": None}
    _show(Shelf("templates", url, key).set(name, stated | ({"description": description} if description else {})))


@template.command(epilog="Example: ai-platform template revisions main-agent")
def revisions(name: Name, as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """List what a template said, newest first."""
    rows = Shelf("templates", url, key).one(name, "/revisions")["items"]
    _show_rows(rows, ("revision", "created_at", "variables", "description"), as_json)


@agent.command(name="list", epilog="Example: ai-platform agent list")
def list_agents(as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """List the agents."""
    rows = Shelf("agents", url, key).all()
    _show_rows(rows, ("agent_type", "config_name", "template_name", "on_error", "max_retries"), as_json)


@agent.command(name="show", epilog="Example: ai-platform agent show moderation")
def show_agent(name: Name, url: Url = HERE, key: Key = "") -> None:
    """Show one agent as JSON."""
    _show(Shelf("agents", url, key).one(name))


@agent.command(name="set", epilog="Example: ai-platform agent set moderation config_name=default-fast on_error=block")
def set_agent(name: Name, pairs: Pairs, url: Url = HERE, key: Key = "") -> None:
    """Change fields of an agent."""
    shelf = Shelf("agents", url, key)
    shelf.one(name)
    _show(shelf.set(name, _stated(pairs)))


def _stated(pairs: list[str]) -> dict[str, Any]:
    """`validation.on_empty=accept` states a field of a field."""
    stated: dict[str, Any] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals or not field:
            fail(f"'{pair}' is not key=value.", 2)
        outer, _, inner = field.partition(".")
        if inner:
            stated.setdefault(outer, {})[inner] = _value(inner, value)
        else:
            stated[field] = _value(field, value)
    return stated


def _value(field: str, value: str) -> Any:
    if value == "null":
        return None
    if field in _TEXTS:
        return value
    if field == "fallbacks" and not value.startswith("["):
        return [name.strip() for name in value.split(",") if name.strip()]
    try:
        return json.loads(value)
    except ValueError:
        return value


def _merged(row: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    nested = {name: {**row[name], **value} for name, value in stated.items() if isinstance(row.get(name), dict)}
    return {**row, **stated, **nested}


def _content(source: str | None, file: Path | None, content: str | None) -> str:
    given = [one for one in (source, file, content) if one is not None]
    if len(given) != 1 or source not in (None, "-"):
        fail("Say where the content is: --file FILE, --content TEXT, or - for stdin.", 2)
    if content is not None:
        return content
    try:
        return sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"The content cannot be read ({error.__class__.__name__}).", 2)


def _path(name: str) -> str:
    return f"/{quote(name, safe='')}"


def _show(row: dict[str, Any]) -> None:
    typer.echo(json.dumps(row, indent=2, ensure_ascii=False))


def _show_rows(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body: dict[str, Any] = answer.json()
    except ValueError:
        fail(f"What answers at {answer.url.host} is not the platform; see --url.", 1)
    return body


def _detail(answer: httpx.Response) -> str:
    try:
        return " ".join(str(answer.json()["detail"]).split())
    except (ValueError, KeyError, TypeError):
        return f"The gateway answered {answer.status_code}."
