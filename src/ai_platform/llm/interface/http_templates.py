"""`/v1/llm/templates`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.convertors import PathConvertor, register_url_convertor

from ai_platform.kernel.errors import Conflict, InvalidInput, NotFound, Violation
from ai_platform.kernel.once import Asking, Json
from ai_platform.llm.application.create_template import CreateTemplate
from ai_platform.llm.application.delete_template import DeleteTemplate
from ai_platform.llm.application.ports import Stamped
from ai_platform.llm.application.queries import ReadConfiguration
from ai_platform.llm.application.replace_template import ReplaceTemplate
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.interface.tagged import TAG, made, tagged
from ai_platform.llm.interface.template_schemas import (
    NewTemplate,
    RevisionPage,
    RevisionResource,
    TemplatePage,
    TemplateReplacement,
    TemplateResource,
)
from ai_platform.runtime.cursors import name_cursor_of, name_position_of
from ai_platform.runtime.http import ExpectedVersions, OnlyOnce, Operator
from ai_platform.runtime.problems import refusals

EXISTS = Conflict("There is a template 'shop' already.", code="template_exists")
UNKNOWN = NotFound("There is no template 'shop'.", code="template_not_found")
IN_USE = Conflict("The template 'shop' is in use by the agent 'main'.", code="template_in_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEndpoints:
    create: CreateTemplate
    replace: ReplaceTemplate
    delete: DeleteTemplate
    read: ReadConfiguration


Limit = Annotated[int, Query(ge=1, le=200)]


class NameConvertor(PathConvertor):
    """A name may hold slashes; what follows the last one is no part of it when it asks for the revisions."""

    regex = ".+(?<!/revisions)"


def templates_router(endpoints: TemplateEndpoints) -> APIRouter:
    register_url_convertor("template", NameConvertor())
    router = APIRouter(prefix="/v1/llm/templates", tags=[TAG])

    async def answer(name: str) -> Response:
        stamped = await endpoints.read.template(name)
        return tagged(TemplateResource.of(stamped), stamped.row.version)

    @router.post(
        "",
        status_code=201,
        operation_id="createPromptTemplate",
        summary="Make a prompt template",
        response_model=TemplateResource,
        responses=refusals(EXISTS),
    )
    async def create_template(template: NewTemplate, caller: Operator, once: OnlyOnce) -> Response:
        told = await endpoints.create(caller.tenant_id, template.template(template.name), Asking(_worded, once))
        return made(told, TemplateResource)

    @router.get(
        "",
        operation_id="listPromptTemplates",
        summary="Prompt templates, by name",
    )
    async def list_templates(_: Operator, limit: Limit = 50, cursor: str | None = None) -> TemplatePage:
        found, more = await endpoints.read.templates(after=name_position_of(cursor), limit=limit)
        items = [TemplateResource.of(one) for one in found]
        return TemplatePage(items=items, next_cursor=name_cursor_of(items[-1].name) if more else None)

    @router.get(
        "/{name:path}/revisions",
        operation_id="listPromptTemplateRevisions",
        summary="What a prompt template said, newest first",
        responses=refusals(UNKNOWN),
    )
    async def list_revisions(name: str, _: Operator, limit: Limit = 50, cursor: str | None = None) -> RevisionPage:
        found, more = await endpoints.read.revisions(name, before=_revision_of(cursor), limit=limit)
        items = [RevisionResource.of(one) for one in found]
        return RevisionPage(items=items, next_cursor=name_cursor_of(str(items[-1].revision)) if more else None)

    @router.get(
        "/{name:template}",
        operation_id="getPromptTemplate",
        summary="One prompt template",
        response_model=TemplateResource,
        responses=refusals(UNKNOWN),
    )
    async def get_template(name: str, _: Operator) -> Response:
        return await answer(name)

    @router.put(
        "/{name:template}",
        operation_id="replacePromptTemplate",
        summary="Replace a prompt template by a new revision",
        response_model=TemplateResource,
        responses=refusals(UNKNOWN),
    )
    async def replace_template(
        name: str, template: TemplateReplacement, expected: ExpectedVersions, _: Operator
    ) -> Response:
        """Effective in every running worker within two seconds."""
        await endpoints.replace(template.template(name), expected)
        return await answer(name)

    @router.delete(
        "/{name:template}",
        status_code=204,
        operation_id="deletePromptTemplate",
        summary="Delete a prompt template that nothing uses, with its revisions",
        responses=refusals(UNKNOWN, IN_USE),
    )
    async def delete_template(name: str, expected: ExpectedVersions, _: Operator) -> None:
        """409 while an agent names it, and for the one that jobs begin with."""
        await endpoints.delete(name, expected)

    return router


def _revision_of(cursor: str | None) -> int | None:
    position = name_position_of(cursor)
    if position is None:
        return None
    if not position.isascii() or not position.isdecimal() or len(position) > 9:
        violation = Violation(("query", "cursor"), "is not a cursor of this list", "invalid_cursor")
        raise InvalidInput("The cursor is not valid.", code="invalid_cursor", violations=(violation,))
    return int(position)


def _worded(stamped: Stamped[PromptTemplate]) -> Json:
    return TemplateResource.of(stamped).model_dump(mode="json")
