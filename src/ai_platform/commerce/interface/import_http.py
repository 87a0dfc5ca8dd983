"""A catalogue taken over from a file, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from ai_platform.commerce.application.import_products import ImportProducts, ImportReport
from ai_platform.commerce.application.know_currency import KnowCurrency
from ai_platform.commerce.interface.catalogue_http import OWNERS, PRODUCTS
from ai_platform.commerce.interface.import_rows import rows_of
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.runtime.http import Caller
from ai_platform.runtime.problems import refusals

IMPORT: Final = PRODUCTS + "/import"

_EXAMPLE: Final = (
    "name,category,base_price,sku,variant_name,price,stock,roast\nKopi Gayo,Kopi,85000,GAYO-250,250 g,,40,medium\n"
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "examples": {"two": {"value": _EXAMPLE}}}},
    }
}


class NotCsv(InvalidInput):
    code = "media_type_invalid"

    def __init__(self) -> None:
        what = "must be text/csv"
        super().__init__(f"Content-Type {what}.", violations=(Violation(("header", "Content-Type"), what, self.code),))


class BrokeOff(InvalidInput):
    code = "body_broke_off"

    def __init__(self) -> None:
        super().__init__("The file broke off; what came before is kept, send it again.")


class RejectedLine(BaseModel):
    line: int
    code: str
    message: str


class ImportResource(BaseModel):
    """Rows, not products."""

    created: int
    updated: int
    rejected: list[RejectedLine]

    @classmethod
    def of(cls, report: ImportReport) -> "ImportResource":
        rejected = [RejectedLine(line=one.line, code=one.code, message=one.message) for one in report.rejected]
        return cls(created=report.created, updated=report.updated, rejected=rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUseCases:
    import_: ImportProducts
    currency: KnowCurrency


def import_router(use: ImportUseCases) -> APIRouter:
    router = APIRouter(tags=["Catalogue"])

    @router.post(
        IMPORT,
        operation_id="importProducts",
        summary="Take a catalogue over from a CSV file",
        responses=refusals(OWNERS, NotCsv(), BrokeOff()),
        openapi_extra=_BODY,
    )
    async def import_products(tenant_id: UUID, request: Request, caller: Caller) -> ImportResource:
        """Role owner. Of any size: it is read as it comes, and one bad line loses no other. Columns in any order;
        those that are not known become attributes. Send the file again, and what it says is updated."""
        currency = await use.currency(caller, tenant_id)
        return ImportResource.of(await use.import_(caller, tenant_id, rows_of(_received(request), currency)))

    return router


_CSV: Final = ("text/csv", "application/csv", "application/vnd.ms-excel", "text/plain")


async def _received(request: Request) -> AsyncIterator[bytes]:
    """A sender who goes away has said what he has said: no half line of his is taken.

    Raises NotCsv, once it is known that he may send anything.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _CSV:
        raise NotCsv
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise BrokeOff from None
