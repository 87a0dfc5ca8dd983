"""OpenAPI links, derived: what a collection made or lists is known, by its id, at the paths below the collection."""

import re
from typing import Any

_PARAMETER = re.compile(r"\{([^}]+)\}")


def link_operations(document: dict[str, Any]) -> None:
    """POST and GET of `/things` lead to every operation that takes one parameter more than they, `/things/{id}/…`.

    A tenant's things may also be known without naming it again: `/tenants/{tenant_id}/things` leads to `/things/{id}`.
    """
    for path, operations in document["paths"].items():
        for method in {"post", "get"} & operations.keys():
            status, item, pointer = _item_of(document, operations[method])
            if item:
                links = _links(document, path, item, pointer)
                operations[method]["responses"][status].setdefault("links", {}).update(links)


def _item_of(document: dict[str, Any], operation: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    """The status of the answer that tells of an item, the item's properties, and where in the body it stands."""
    for status in ("201", "202", "200"):
        content = operation["responses"].get(status, {}).get("content", {})
        schema = resolved(document, content.get("application/json", {}).get("schema", {}))
        properties = schema.get("properties", {})
        for many in ("items", "jobs"):
            if properties.get(many, {}).get("type") == "array":
                inner: dict[str, Any] = resolved(document, properties[many]["items"]).get("properties", {})
                return status, inner, f"/{many}/0"
        if properties:
            return status, properties, ""
    return "", {}, ""


def _links(document: dict[str, Any], path: str, item: dict[str, Any], pointer: str) -> dict[str, Any]:
    collection = path.removesuffix("/batch")
    known_at = (collection, collection.replace("/tenants/{tenant_id}", ""))
    own = set(_PARAMETER.findall(path))
    found = {}
    for other, operations in document["paths"].items():
        more = [name for name in _PARAMETER.findall(other) if name not in own]
        if len(more) != 1 or not other.startswith(tuple(f"{place}/{{{more[0]}}}" for place in known_at)):
            continue
        field = next((name for name in (more[0], "id", "name") if name in item), None)
        if field is None:
            continue
        parameters = {name: f"$request.path.{name}" for name in sorted(own) if f"{{{name}}}" in other}
        parameters[more[0]] = f"$response.body#{pointer}/{field}"
        for operation in operations.values():
            name = operation["operationId"]
            found[name] = {"operationId": name, "parameters": parameters, "description": operation["summary"]}
    return found


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference: str | None = schema.get("$ref")
    if reference is None:
        return schema
    target: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return target
