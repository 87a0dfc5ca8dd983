"""Prompt templates as JSON."""

from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.llm.application.ports import Stamped, TemplateRevision
from ai_platform.llm.domain.template import PromptTemplate
from ai_platform.llm.interface.schemas import Name, NewName, Stated, same_name
from ai_platform.runtime.fields import SaidText, StoredText

CONTENT_BYTES: Final = 1024 * 1024


class TemplateReplacement(Stated):
    """`{name}` is a placeholder, `{{` and `}}` are braces. `variables`, when given, must be the placeholders."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "shop", "content": "You serve {shop}.", "description": "", "variables": ["shop"]}]
        }
    )

    name: Name | None = None
    content: SaidText
    description: Annotated[StoredText, Field(max_length=10_000)] = ""
    variables: list[str] | None = None
    is_active: bool = Field(True, strict=True)

    @field_validator("content")
    @classmethod
    def _is_not_too_long(cls, content: str) -> str:
        if len(content.encode()) > CONTENT_BYTES:
            raise ValueError(f"must be at most {CONTENT_BYTES} bytes")
        return content

    def template(self, name: str) -> PromptTemplate:
        """Raises InvalidInput."""
        same_name(self.name, name)
        template = PromptTemplate(
            name=name, content=self.content, description=self.description, is_active=self.is_active
        )
        if self.variables is not None and set(self.variables) != set(template.variables):
            msg = f"The placeholders of the content are: {', '.join(template.variables) or 'none'}."
            raise InvalidInput(msg, violations=(Violation(("variables",), msg, "variables_differ"),))
        return template


class NewTemplate(TemplateReplacement):
    """A template under its name."""

    name: NewName


def variables_of(name: str, content: str) -> list[str]:
    """Empty for a content that somebody wrote by SQL and that cannot be read."""
    try:
        return list(PromptTemplate(name=name, content=content).variables)
    except InvalidInput:
        return []


class TemplateResource(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "shop", "content": "You serve {shop}.", "description": "", "variables": ["shop"]}]
        }
    )

    name: str
    content: str
    description: str
    variables: list[str]
    is_active: bool
    revision: int
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, stamped: Stamped[PromptTemplate]) -> Self:
        row = stamped.row
        return cls(
            name=row.name,
            content=row.content,
            description=row.description,
            variables=variables_of(row.name, row.content),
            is_active=row.is_active,
            revision=row.revision,
            version=row.version,
            created_at=stamped.created_at,
            updated_at=stamped.updated_at,
        )


class TemplatePage(BaseModel):
    items: list[TemplateResource]
    next_cursor: str | None


class RevisionResource(BaseModel):
    name: str
    revision: int
    content: str
    description: str
    variables: list[str]
    created_at: datetime

    @classmethod
    def of(cls, said: TemplateRevision) -> Self:
        return cls(
            name=said.name,
            revision=said.revision,
            content=said.content,
            description=said.description,
            variables=variables_of(said.name, said.content),
            created_at=said.created_at,
        )


class RevisionPage(BaseModel):
    items: list[RevisionResource]
    next_cursor: str | None
