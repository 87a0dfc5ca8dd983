"""What the routers of the configuration share."""

from typing import Final

from fastapi import Response
from pydantic import BaseModel

TAG: Final = "LLM configuration"


def tagged(resource: BaseModel, version: int, status: int = 200) -> Response:
    """The resource with its version as `ETag`."""
    return Response(resource.model_dump_json(), status, {"ETag": f'"{version}"'}, "application/json")
