"""Members, signing in and the audit log over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from ai_platform.kernel.access import TenantNotFound
from ai_platform.kernel.errors import NotAllowed, Unavailable
from ai_platform.runtime.auth import SESSION_COOKIE, Door, refuse_other_origins
from ai_platform.runtime.edge import knock_of
from ai_platform.runtime.http import Caller, ExpectedVersions, OnlyOnce
from ai_platform.runtime.problems import EXAMPLE_ID, refusals
from ai_platform.tenancy.application.members import ChangeMember, CreateMember, RemoveMember
from ai_platform.tenancy.application.once_only import Telling
from ai_platform.tenancy.application.queries import ListAudit, ListMembers
from ai_platform.tenancy.application.recent_credentials import RecentCredentials
from ai_platform.tenancy.application.signing_in import SignedIn, SignIn, SignOut
from ai_platform.tenancy.application.who_am_i import WhoAmI
from ai_platform.tenancy.domain.errors import EmailTaken, MemberNotFound, SignInRefused, StaffForGood, TooManySignIns
from ai_platform.tenancy.domain.member import Member
from ai_platform.tenancy.interface.http import OWNERS, SEALED, Paged, created, etag_of, next_cursor
from ai_platform.tenancy.interface.people_schemas import (
    AuditPage,
    AuditResource,
    Me,
    MemberBody,
    MemberPage,
    MemberPatch,
    MemberResource,
    SignInBody,
)

AWAY = Unavailable("The database cannot be reached; try again shortly.", code="database_unavailable")
FOREIGN = NotAllowed("A session is served to the console's own pages only.", code="origin_not_allowed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleUseCases:
    create: CreateMember
    change: ChangeMember
    remove: RemoveMember
    list_: ListMembers
    list_audit: ListAudit
    sign_in: SignIn
    sign_out: SignOut
    who_am_i: WhoAmI
    credentials: RecentCredentials


def members_router(use: PeopleUseCases) -> APIRouter:
    router = APIRouter(prefix="/v1/crm/tenants/{tenant_id}/members", tags=["Members"])

    @router.post(
        "",
        status_code=201,
        operation_id="createMember",
        summary="Let somebody sign in to the console",
        response_model=MemberResource,
        responses=refusals(*OWNERS, EmailTaken(), SEALED),
    )
    async def create_member(tenant_id: UUID, body: MemberBody, caller: Caller, once: OnlyOnce) -> Response:
        telling = Telling[Member](lambda member: MemberResource.of(member).model_dump_json(), once)
        return created(await use.create(caller, tenant_id, body.new(), telling))

    @router.get(
        "", operation_id="listMembers", summary="Members, newest first", responses=refusals(TenantNotFound(EXAMPLE_ID))
    )
    async def list_members(tenant_id: UUID, caller: Caller, page: Paged) -> MemberPage:
        found, more = await use.list_(caller, tenant_id, page)
        cursor = next_cursor([one.id for one in found], more)
        return MemberPage(items=[MemberResource.of(one) for one in found], next_cursor=cursor)

    @router.patch(
        "/{member_id}",
        operation_id="changeMember",
        summary="Change a member",
        response_model=MemberResource,
        responses=refusals(*OWNERS, MemberNotFound(EXAMPLE_ID), StaffForGood()),
    )
    async def change_member(
        tenant_id: UUID, member_id: UUID, body: MemberPatch, caller: Caller, expected: ExpectedVersions
    ) -> Response:
        """Another role, password or right to come in ends the member's sessions."""
        return _shown(await use.change(caller, tenant_id, member_id, body.changes(), expected=expected))

    @router.delete(
        "/{member_id}",
        status_code=204,
        operation_id="removeMember",
        summary="Remove a member",
        responses=refusals(*OWNERS, MemberNotFound(EXAMPLE_ID)),
    )
    async def remove_member(tenant_id: UUID, member_id: UUID, caller: Caller, expected: ExpectedVersions) -> None:
        await use.remove(caller, tenant_id, member_id, expected=expected)

    return router


def audit_router(list_audit: ListAudit) -> APIRouter:
    router = APIRouter(prefix="/v1/ops", tags=["Operations"])

    @router.get("/audit", operation_id="listAudit", summary="Who did what, newest first", responses=refusals(*OWNERS))
    async def list_(caller: Caller, page: Paged, tenant_id: Annotated[UUID | None, Query()] = None) -> AuditPage:
        """Everything to the platform, or one tenant's; to an owner his own tenant's."""
        entries, more = await list_audit(caller, tenant_id, page)
        cursor = next_cursor([one.id for one in entries], more)
        return AuditPage(items=[AuditResource.of(one) for one in entries], next_cursor=cursor)

    return router


def sign_in_router(use: PeopleUseCases, door: Door) -> APIRouter:
    """Open to anybody; what has a cookie is asked whether it comes from our own page."""
    router = APIRouter(prefix="/v1/auth", tags=["Sign-in"])

    @router.post(
        "/login",
        operation_id="signIn",
        summary="Sign in to the console",
        response_model=MemberResource,
        responses=refusals(SignInRefused(), FOREIGN, TooManySignIns(30.0), AWAY),
    )
    async def login(body: SignInBody, request: Request) -> Response:
        """Answers with a cookie that no script can read."""
        if "origin" in request.headers:
            refuse_other_origins(knock_of(request.scope))
        address = request.client.host if request.client else ""
        signed_in = await use.sign_in(body.email, body.password, address=address)
        answer = _shown(signed_in.member, 200)
        _give(answer, signed_in, request, use.sign_in.longest)
        return answer

    @router.post(
        "/logout", status_code=204, operation_id="signOut", summary="Sign out", responses=refusals(FOREIGN, AWAY)
    )
    async def logout(request: Request) -> Response:
        """Whoever has no session is signed out already."""
        knock = knock_of(request.scope)
        if knock.session:
            refuse_other_origins(knock)
            await use.sign_out(knock.session)
            use.credentials.forget_session(knock.session)
        answer = Response(status_code=204)
        answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    @router.get(
        "/me",
        operation_id="getMe",
        summary="Whom the caller acts as",
    )
    async def me(request: Request) -> Me:
        """For a key, for a member's session, and in open mode."""
        caller = await door.enter(knock_of(request.scope))
        tenant, member = await use.who_am_i(caller)
        return Me(
            actor=caller.actor,
            role=caller.role,
            tenant_id=caller.tenant_id,
            tenant_name=tenant.name,
            currency=tenant.currency,
            timezone=tenant.timezone,
            member=MemberResource.of(member) if member else None,
        )

    return router


def _give(answer: Response, signed_in: SignedIn, request: Request, longest: timedelta) -> None:
    """`Secure` wherever the browser speaks TLS, also when a proxy ends it."""
    is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "").strip().lower())
    answer.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(longest.total_seconds()),
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )


def _shown(member: Member, status: int = 200) -> Response:
    return Response(MemberResource.of(member).model_dump_json(), status, etag_of(member.version), "application/json")
