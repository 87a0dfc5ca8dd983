"""Payments as they come and go over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from ai_platform.commerce.application.payment_queries import PaymentView
from ai_platform.commerce.domain.order_status import PaymentStatus
from ai_platform.commerce.domain.payment import Method
from ai_platform.commerce.domain.refund import Refund, RefundStatus
from ai_platform.commerce.domain.settlement import Flag
from ai_platform.commerce.interface.order_bodies import SecondStep
from ai_platform.runtime.fields import SaidText, StrictBody
from ai_platform.runtime.money_fields import MoneySaid, MoneyShown

Reason = Annotated[SaidText, StringConstraints(min_length=1, max_length=500)]


class PaymentWish(SecondStep):
    method: Method | None = Field(None, description="Narrows what the provider offers.")


class RefundBody(StrictBody):
    amount: MoneySaid | None = Field(None, description="All that is left when it is not said.")
    reason: Reason = Field(examples=["Barang rusak"])
    by_hand: bool = Field(False, description="It was given back already, outside of the provider: only record it.")


class RefundResource(BaseModel):
    id: UUID
    amount: MoneyShown
    reason: str
    status: RefundStatus
    by_hand: bool
    error: str | None
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, refund: Refund) -> Self:
        plain = ("id", "reason", "status", "by_hand", "error", "created_at", "settled_at")
        return cls(**{name: getattr(refund, name) for name in plain}, amount=MoneyShown.of_money(refund.amount))


class PaymentResource(BaseModel):
    """`method`, `va_number` and `qr` as far as the provider told; `flags` say why a person should look."""

    id: UUID
    tenant_id: UUID
    order_id: UUID
    provider: str
    reference: str
    status: PaymentStatus
    amount: MoneyShown
    refunded: MoneyShown
    url: str | None
    method: str | None
    va_number: str | None
    qr: str | None
    reason: str | None
    flags: list[Flag]
    refunds: list[RefundResource]
    expires_at: datetime
    paid_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, view: PaymentView) -> Self:
        payment = view.payment
        shaped = {"amount", "refunded", "flags", "refunds"}
        return cls(
            **{name: getattr(payment, name) for name in cls.model_fields if name not in shaped},
            amount=MoneyShown.of_money(payment.amount),
            refunded=MoneyShown.of(payment.refunded, payment.amount.currency),
            flags=sorted(payment.flags),
            refunds=[RefundResource.of(one) for one in view.refunds],
        )


class PaymentPage(BaseModel):
    items: list[PaymentResource]
    next_cursor: str | None


class ReviewBody(StrictBody):
    reason: Reason = Field(examples=["Pelanggan sudah transfer ulang"], description="Kept in the audit log.")


class NoticeTaken(BaseModel):
    """It is kept; what it means is found out afterwards."""

    status: str = Field(examples=["received"])
