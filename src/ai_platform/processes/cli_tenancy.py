"""`ai-platform tenants|keys|members …`: talks to a running gateway over HTTP."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.processes.cli_gateway import HERE, AsJson, Gateway, Key, Url
from ai_platform.processes.lifecycle import fail

tenants = typer.Typer(name="tenants", help="Take businesses on and let them go.", no_args_is_help=True)
keys = typer.Typer(name="keys", help="Hand API keys out and take them back.", no_args_is_help=True)
members = typer.Typer(name="members", help="Say who may sign in to the console.", no_args_is_help=True)

TENANTS: Final = "/v1/crm/tenants"
Tenant = Annotated[str, typer.Option(help="The tenant's id.")]
TenantId = Annotated[str, typer.Argument(help="The tenant's id.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many.")]
Password = Annotated[
    str,
    typer.Option(
        envvar="AI_PLATFORM_MEMBER_PASSWORD", prompt=True, confirmation_prompt=True, hide_input=True,
        help="At least 12 characters; asked for when it is not given.",
    ),
]  # fmt: skip


@tenants.command(epilog='Example: ai-platform tenants create "Warung Bu Sri" --wa-session sri')
def create(
    name: Annotated[str, typer.Argument(help="What the business is called.")],
    wa_session: Annotated[str | None, typer.Option(help="Its WhatsApp session.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "IDR",
    timezone: Annotated[str, typer.Option(help="IANA time zone.")] = "Asia/Jakarta",
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Take a business on; prints it as JSON, with its owner's key and its webhook secret, shown this once."""
    body = {"name": name, "wa_session": wa_session, "currency": currency, "timezone": timezone}
    print_json(Gateway(url, key).call("POST", TENANTS, json=body))


@tenants.command(name="list", epilog="Example: ai-platform tenants list --json")
def list_tenants(limit: Limit = 50, as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """List tenants, newest first."""
    items = Gateway(url, key).call("GET", TENANTS, params={"limit": limit})["items"]
    _list(items, ("id", "name", "wa_session", "is_active", "created_at"), as_json)


@tenants.command(epilog="Example: ai-platform tenants show 00000000-0000-7000-8000-000000000001")
def show(tenant: TenantId = str(DEFAULT_TENANT), url: Url = HERE, key: Key = "") -> None:
    """Show one tenant as JSON; of its secrets, which are set."""
    print_json(Gateway(url, key).call("GET", f"{TENANTS}/{plain(tenant)}"))


@tenants.command(epilog="Example: ai-platform tenants deactivate 0198f0c0-5d2e-7b3a-9c1d-2f4e6a8b0c1d")
def deactivate(tenant: TenantId, url: Url = HERE, key: Key = "") -> None:
    """Deactivate a tenant: its keys open nothing any more, and nothing of it is lost."""
    Gateway(url, key).call("DELETE", f"{TENANTS}/{plain(tenant)}")
    typer.echo(f"Tenant {tenant} is deactivated.")


@keys.command(name="create", epilog="Example: ai-platform keys create till --role agent --tenant 0198f0c0-…")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: Annotated[str, typer.Option(help="platform, owner or agent.")] = "agent",
    tenant: Tenant = str(DEFAULT_TENANT),
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Make an API key; prints it alone, so that it can be piped. It is shown this once."""
    body = {"name": name, "role": role}
    typer.echo(Gateway(url, key).call("POST", f"{TENANTS}/{plain(tenant)}/api-keys", json=body)["api_key"])


@keys.command(name="list", epilog="Example: ai-platform keys list --tenant 0198f0c0-…")
def list_keys(
    tenant: Tenant = str(DEFAULT_TENANT), limit: Limit = 50, as_json: AsJson = False, url: Url = HERE, key: Key = ""
) -> None:
    """List a tenant's keys, newest first."""
    items = Gateway(url, key).call("GET", f"{TENANTS}/{plain(tenant)}/api-keys", params={"limit": limit})["items"]
    _list(items, ("id", "name", "role", "prefix", "last_used_at"), as_json)


@keys.command(epilog="Example: ai-platform keys revoke 0198f0c0-5d2e-7b3a-9c1d-2f4e6a8b0c1d")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")],
    tenant: Tenant = str(DEFAULT_TENANT),
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Revoke a key: it opens nothing within two seconds, and never again."""
    Gateway(url, key).call("DELETE", f"{TENANTS}/{plain(tenant)}/api-keys/{plain(key_id)}")
    typer.echo(f"Key {key_id} is revoked.")


@members.command(name="create", epilog="Example: ai-platform members create sri@example.com Sri --role owner")
def create_member(
    email: Annotated[str, typer.Argument(help="The address to sign in with.")],
    name: Annotated[str, typer.Argument(help="What the member is called.")],
    password: Password,
    role: Annotated[str, typer.Option(help="platform, owner or agent.")] = "agent",
    tenant: Tenant = str(DEFAULT_TENANT),
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Let somebody sign in to the console; prints the member as JSON."""
    body = {"email": email, "name": name, "role": role, "password": password}
    print_json(Gateway(url, key).call("POST", f"{TENANTS}/{plain(tenant)}/members", json=body))


@members.command(name="list", epilog="Example: ai-platform members list")
def list_members(
    tenant: Tenant = str(DEFAULT_TENANT), limit: Limit = 50, as_json: AsJson = False, url: Url = HERE, key: Key = ""
) -> None:
    """List a tenant's members, newest first."""
    items = Gateway(url, key).call("GET", f"{TENANTS}/{plain(tenant)}/members", params={"limit": limit})["items"]
    _list(items, ("id", "email", "name", "role", "is_active"), as_json)


@members.command(epilog="Example: ai-platform members remove 0198f0c0-5d2e-7b3a-9c1d-2f4e6a8b0c1d")
def remove(
    member_id: Annotated[str, typer.Argument(help="The member's id, as `members list` shows it.")],
    tenant: Tenant = str(DEFAULT_TENANT),
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Remove a member, who is signed out everywhere."""
    Gateway(url, key).call("DELETE", f"{TENANTS}/{plain(tenant)}/members/{plain(member_id)}")
    typer.echo(f"Member {member_id} is removed.")


def plain(words: str) -> str:
    """An id goes into an address; nothing else may."""
    if not words.isascii() or not words.replace("-", "").isalnum():
        fail(f"{words!r} is no id.", 2)
    return words


def print_json(resource: Any) -> None:
    typer.echo(json.dumps(resource, indent=2, ensure_ascii=False))


def _list(items: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json(list(items))
        return
    table = Table(*(name.replace("_", " ").capitalize() for name in columns), box=None, header_style="bold")
    for item in items:
        table.add_row(*("" if item[name] is None else str(item[name]) for name in columns))
    Console().print(table)
