"""Examples for every request and answer: a schema's own where it has one, else put together from its parts."""

from typing import Any, Final

from ai_platform.runtime.openapi_links import resolved

_OF_FORMATS: Final = {
    "uuid": "0199f000-0000-7000-8000-000000000001",
    "date-time": "2026-01-05T09:00:00Z",
}
_OF_TYPES: Final[dict[str, Any]] = {"integer": 1, "number": 0.5, "boolean": True, "string": "text", "null": None}
_OF_FIELDS: Final = {
    "api_key": "aip_7Rk2…",
    "webhook_secret": "whsec_c2VjcmV0…",
    "prefix": "aip_7Rk2xQ",
    "email": "sri@example.com",
    "currency": "IDR",
    "timezone": "Asia/Jakarta",
    "actor": "platform-key",
    "next_cursor": None,
}


def give_examples(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for media in body.get("content", {}).values():
                    if not {"example", "examples"} & media.keys() and "schema" in media:
                        media["example"] = example_of(document, media["schema"])


def example_of(document: dict[str, Any], schema: dict[str, Any], name: str = "") -> Any:
    schema = resolved(document, schema)
    stated = schema.get("examples", [])
    if stated and not isinstance(stated[0], dict):
        return stated[0]
    if "properties" in schema:
        fields = {
            field: example_of(document, inner, field)
            for field, inner in schema["properties"].items()
            if field in schema.get("required", ())
        }
        return fields | (stated[0] if stated else {})
    return stated[0] if stated else _plain(document, schema, name)


def _plain(document: dict[str, Any], schema: dict[str, Any], name: str) -> Any:
    if name in _OF_FIELDS:
        return _OF_FIELDS[name]
    if "const" in schema or "enum" in schema or "default" in schema:
        return schema.get("default", schema.get("const", schema.get("enum", [None])[0]))
    for kinds in ("anyOf", "oneOf", "allOf"):
        if kinds in schema:
            return example_of(document, schema[kinds][0], name)
    if schema.get("type") == "array":
        return [example_of(document, schema.get("items", {}))]
    if schema.get("type") == "object":
        return {}
    return _OF_FORMATS.get(schema.get("format", ""), _OF_TYPES.get(schema.get("type", ""), name))
