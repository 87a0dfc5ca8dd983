"""Keys, members, sessions and the audit log as JSON."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai_platform.kernel.principal import Role
from ai_platform.runtime.fields import SaidText
from ai_platform.tenancy.application.members import MemberChanges, NewMember
from ai_platform.tenancy.domain.api_key import KEY_NAME_MAX, ApiKey
from ai_platform.tenancy.domain.audit import AuditEntry
from ai_platform.tenancy.domain.member import EMAIL_MAX, MEMBER_NAME_MAX, PASSWORD_MAX, PASSWORD_MIN, Member

KeyName = Annotated[SaidText, Field(min_length=1, max_length=KEY_NAME_MAX)]
MemberName = Annotated[SaidText, Field(min_length=1, max_length=MEMBER_NAME_MAX)]
Password = Annotated[str, Field(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX)]


class KeyBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "till", "role": "agent"}]})

    name: KeyName
    role: Role = Role.AGENT


class KeyResource(BaseModel):
    """A key without itself: `prefix` is its beginning."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "till", "role": "agent"}]})

    id: UUID
    name: str
    role: Role
    prefix: str
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey, **more: str) -> Self:
        return cls(**{name: getattr(key, name) for name in cls.model_fields if name not in more}, **more)


class KeyCreated(KeyResource):
    """`api_key` is answered this once."""

    api_key: str


class KeyPage(BaseModel):
    items: list[KeyResource]
    next_cursor: str | None


class MemberBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"email": "sri@example.com", "name": "Sri", "role": "owner", "password": "correct horse battery"}
            ]
        },
    )

    email: str = Field(max_length=EMAIL_MAX)
    name: MemberName
    role: Role = Role.AGENT
    password: Password

    def new(self) -> NewMember:
        return NewMember(email=self.email, name=self.name, role=self.role, password=self.password)


class MemberPatch(BaseModel):
    """What is not named stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": False}]})

    name: MemberName | None = None
    role: Role | None = None
    is_active: bool | None = Field(None, strict=True)
    password: Password | None = None

    def changes(self) -> MemberChanges:
        return MemberChanges(name=self.name, role=self.role, is_active=self.is_active, password=self.password)


class MemberResource(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "sri@example.com", "name": "Sri", "role": "owner"}]}
    )

    id: UUID
    tenant_id: UUID | None
    email: str
    name: str
    role: Role
    is_active: bool
    last_sign_in_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(**{name: getattr(member, name) for name in cls.model_fields})


class MemberPage(BaseModel):
    items: list[MemberResource]
    next_cursor: str | None


class SignInBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"email": "sri@example.com", "password": "correct horse battery"}]},
    )

    email: str = Field(max_length=1000)
    password: str = Field(max_length=1000)


class Me(BaseModel):
    """Whom the caller acts as. `member` is null for keys and in open mode; the tenant's fields serve its display."""

    actor: str
    role: Role
    tenant_id: UUID
    tenant_name: str
    currency: str
    timezone: str
    member: MemberResource | None


class AuditResource(BaseModel):
    """Who did what to which subject, and when."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "api_key.created", "details": {"name": "till", "role": "agent"}}]}
    )

    id: UUID
    tenant_id: UUID | None
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    request_id: str | None

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class AuditPage(BaseModel):
    items: list[AuditResource]
    next_cursor: str | None
