"""The report that must read zero, for the platform's own people."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from ai_platform.commerce.application.payment_queries import PaymentPages
from ai_platform.commerce.application.reconcile import Reconcile
from ai_platform.commerce.interface.payment_schemas import PaymentPage, PaymentResource
from ai_platform.runtime.cursors import cursor_of, position_of
from ai_platform.runtime.http import Operator


class ReconciliationReport(BaseModel):
    """Counts. `asked` payments were compared with their providers; everything else should be zero."""

    clean: bool
    asked: int
    changed: int
    unanswered: int
    variants: int
    orders: int
    totals: int
    overdue: int
    quarantined: int
    flagged: int


def reconciliation_router(reconcile: Reconcile, pages: PaymentPages) -> APIRouter:
    router = APIRouter(prefix="/v1/ops", tags=["Operations"])

    @router.post(
        "/payments/reconcile",
        operation_id="reconcilePayments",
        summary="Compare payments with providers, and reservations with stock",
    )
    async def reconcile_payments(_: Operator) -> ReconciliationReport:
        """Role platform. News that it finds is recorded, like any other."""
        report = await reconcile()
        return ReconciliationReport(clean=report.is_clean, **asdict(report))

    @router.get("/payments/flagged", operation_id="listFlaggedPayments", summary="Payments that need a person")
    async def list_flagged(
        _: Operator, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: str | None = None
    ) -> PaymentPage:
        """Role platform. Of all tenants, newest first; a tenant's own are in its list of payments."""
        found = await pages.page(None, flagged=True, before=position_of(cursor), limit=limit + 1)
        shown = [PaymentResource.of(one) for one in found[:limit]]
        return PaymentPage(items=shown, next_cursor=cursor_of(shown[-1].id) if len(found) > limit else None)

    return router
