"""What the routers of the configuration share."""

from typing import Final

from fastapi import Response
from pydantic import BaseModel

from ai_platform.kernel.once import Answer
from ai_platform.runtime.http import REPLAYED

TAG: Final = "LLM configuration"


def tagged(resource: BaseModel, version: int) -> Response:
    """The resource with its version as `ETag`."""
    return Response(resource.model_dump_json(), headers={"ETag": f'"{version}"'}, media_type="application/json")


def made(answer: Answer, kind: type[BaseModel]) -> Response:
    """201 with the resource as it was when it was made."""
    resource = kind.model_validate(answer.body)
    headers = {"ETag": f'"{answer.body["version"]}"'} | (REPLAYED if answer.is_replay else {})
    return Response(resource.model_dump_json(), 201, headers, "application/json")
