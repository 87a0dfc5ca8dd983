"""What is said about orders, as JSON."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from ai_platform.commerce.application.create_order import NewOrder
from ai_platform.commerce.application.order_ports import Wanted
from ai_platform.commerce.application.second_step import Yes
from ai_platform.commerce.domain.address import ADDRESS_LINE_MAX, Address
from ai_platform.commerce.domain.confirmation import TOKEN_MAX, Action
from ai_platform.commerce.domain.order import LINES_MAX, REASON_MAX
from ai_platform.commerce.domain.order_changes import NOTES_MAX, TRACKING_MAX, OrderChanges
from ai_platform.commerce.domain.order_line import QUANTITY_MAX
from ai_platform.commerce.domain.order_status import OrderStatus
from ai_platform.commerce.domain.variant import SKU_MAX
from ai_platform.runtime.fields import SaidText, StoredText, StrictBody
from ai_platform.runtime.money_fields import MoneySaid

AddressLine = Annotated[StoredText, Field(max_length=ADDRESS_LINE_MAX)]
Notes = Annotated[StoredText, Field(max_length=NOTES_MAX)]
Reason = Annotated[StoredText, Field(max_length=REASON_MAX)]
Token = Annotated[str, Field(min_length=1, max_length=TOKEN_MAX)]

ITEM: dict[str, Any] = {"sku": "GAYO-250", "quantity": 2}
ADDRESS: dict[str, Any] = {"street": "Jl. Braga 12", "city": "Bandung", "postal_code": "40111", "country": "ID"}


class ShippingAddressBody(StrictBody):
    model_config = ConfigDict(json_schema_extra={"examples": [ADDRESS]})

    street: AddressLine | None = None
    city: AddressLine | None = None
    province: AddressLine | None = None
    postal_code: AddressLine | None = None
    country: AddressLine | None = None

    def address(self) -> Address | None:
        return Address(**self.model_dump()) or None


class ItemBody(StrictBody):
    """What is wanted, by SKU (in any case) or by variant, and how many."""

    model_config = ConfigDict(json_schema_extra={"examples": [ITEM]})

    sku: Annotated[SaidText, Field(max_length=SKU_MAX)] | None = None
    variant_id: UUID | None = None
    quantity: int = Field(ge=1, le=QUANTITY_MAX, strict=True)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.sku is None) == (self.variant_id is None):
            raise ValueError("name either sku or variant_id")
        return self

    def wanted(self, *loc: str | int) -> Wanted:
        field = "sku" if self.sku is not None else "variant_id"
        return Wanted(quantity=self.quantity, variant_id=self.variant_id, sku=self.sku, loc=(*loc, field))


class OrderBody(StrictBody):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"customer_id": "0198c5a0-0000-7000-8000-000000000001", "items": [ITEM]}]},
    )

    customer_id: UUID
    conversation_id: UUID | None = None
    items: list[ItemBody] = Field(default_factory=list, max_length=LINES_MAX)
    notes: Notes | None = None

    def new(self) -> NewOrder:
        return NewOrder(
            customer_id=self.customer_id,
            conversation_id=self.conversation_id,
            wanted=[one.wanted("items", at) for at, one in enumerate(self.items)],
            notes=self.notes,
        )


class SecondStep(StrictBody):
    """`token` makes it the second of two steps: see `…/confirmation`. Without one the caller answers for having asked.

    `said_at` is when the customer last said something, for a summary that was shown in a conversation.
    """

    token: Token | None = None
    said_at: AwareDatetime | None = None

    def yes(self) -> Yes | None:
        return None if self.token is None else Yes(token=self.token, said_at=self.said_at)


class ConfirmBody(SecondStep):
    model_config = ConfigDict(json_schema_extra={"examples": [{"shipping_address": ADDRESS}]})

    shipping_address: ShippingAddressBody | None = None


class CancelBody(SecondStep):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "ordered twice"}]})

    reason: Reason = ""


class ConfirmationBody(StrictBody):
    """What is about to be done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action": "confirm"}]})

    action: Action
    shipping_address: ShippingAddressBody | None = None
    conversation_id: UUID | None = None


class StatusBody(StrictBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "SHIPPED"}]})

    status: OrderStatus
    reason: Reason = ""


class OrderPatch(StrictBody):
    """What is not named stays as it is; null forgets it. The cost only while the order is PENDING."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"shipping_cost": "15000"}]})

    shipping_cost: MoneySaid | None = None
    shipping_address: ShippingAddressBody | None = None
    notes: Notes | None = None
    tracking_number: Annotated[StoredText, Field(max_length=TRACKING_MAX)] | None = None

    def changes(self, currency: str) -> OrderChanges:
        named: dict[str, int | str | Address | None] = {
            name: getattr(self, name) for name in self.model_fields_set & {"notes", "tracking_number"}
        }
        if "shipping_cost" in self.model_fields_set:
            cost = self.shipping_cost
            named["shipping_cost"] = cost.within(currency, "shipping_cost").amount if cost else 0
        if "shipping_address" in self.model_fields_set:
            named["shipping_address"] = self.shipping_address.address() if self.shipping_address else None
        return OrderChanges(named)
