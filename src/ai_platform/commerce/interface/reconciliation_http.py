"""The report that must read zero, for the platform's own people."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from ai_platform.commerce.application.reconcile import Reconcile
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


def reconciliation_router(reconcile: Reconcile) -> APIRouter:
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

    return router
