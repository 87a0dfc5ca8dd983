"""Customers as JSON."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai_platform.inbox.application.views import CustomerView
from ai_platform.inbox.domain.customer import (
    ADDRESS_LINE_MAX,
    CUSTOMER_NAME_MAX,
    EMAIL_MAX,
    TAG_MAX,
    TAGS_MAX,
    Address,
    CustomerChanges,
)
from ai_platform.runtime.fields import SaidText, StoredText, StrictBody
from ai_platform.runtime.money_fields import MoneyShown

Phone = Annotated[SaidText, Field(min_length=1, max_length=64, examples=["0812-3456-7890"])]
Name = Annotated[StoredText, Field(max_length=CUSTOMER_NAME_MAX)]
Email = Annotated[StoredText, Field(max_length=EMAIL_MAX)]
Line = Annotated[StoredText, Field(max_length=ADDRESS_LINE_MAX)]
Tags = Annotated[list[Annotated[SaidText, Field(max_length=TAG_MAX)]], Field(max_length=TAGS_MAX)]

EXAMPLE: dict[str, Any] = {
    "phone_number": "0812-3456-7890",
    "name": "Budi Santoso",
    "address": {"street": "Jl. Melati 3", "city": "Bandung", "postal_code": "40115", "country": "ID"},
    "tags": ["reseller"],
}


class CustomerAddressBody(StrictBody):
    """Of a change, what is not named stays as it is."""

    street: Line | None = None
    city: Line | None = None
    province: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None

    def over(self, known: Address | None) -> Address:
        return replace(known or Address(), **{name: getattr(self, name) for name in self.model_fields_set})


class CustomerBody(StrictBody):
    """A number as it is dialled in the country, or with the country's code."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    phone_number: Phone
    name: Name | None = None
    email: Email | None = None
    address: CustomerAddressBody | None = None
    tags: Tags = Field(default_factory=list)

    def details(self) -> CustomerChanges:
        address = None if self.address is None else self.address.over(None)
        return CustomerChanges(name=self.name, email=self.email, address=address, tags=tuple(self.tags))


class CustomerPatch(StrictBody):
    """What is not named stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Budi"}]})

    phone_number: Phone | None = None
    name: Name | None = None
    email: Email | None = None
    address: CustomerAddressBody | None = None
    tags: Tags | None = None

    def changes(self) -> CustomerChanges:
        return CustomerChanges(
            phone_number=self.phone_number,
            name=self._stated("name"),
            email=self._stated("email"),
            tags=None if self.tags is None else tuple(self.tags),
        )

    def _stated(self, field: str) -> str | None:
        """Null takes it away."""
        return (getattr(self, field) or "") if field in self.model_fields_set else None


class CustomerAddress(BaseModel):
    street: str | None
    city: str | None
    province: str | None
    postal_code: str | None
    country: str | None


class CustomerResource(BaseModel):
    """`total_orders` and `total_spent` are of orders that were paid."""

    id: UUID
    tenant_id: UUID
    phone_number: str | None
    wa_chat_id: str | None
    name: str | None
    email: str | None
    address: CustomerAddress | None
    tags: list[str]
    total_orders: int
    total_spent: MoneyShown
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, view: CustomerView) -> Self:
        one = view.customer
        special = ("address", "tags", "total_orders", "total_spent")
        plain = {name: getattr(one, name) for name in cls.model_fields if name not in special}
        return cls(
            **plain,
            address=None if one.address is None else CustomerAddress(**asdict(one.address)),
            tags=list(one.tags),
            total_orders=view.orders,
            total_spent=MoneyShown.of(view.spent, view.currency),
        )

    @classmethod
    def worded(cls, view: CustomerView) -> dict[str, object]:
        """As JSON."""
        return cls.of(view).model_dump(mode="json")


class CustomerPage(BaseModel):
    items: list[CustomerResource]
    next_cursor: str | None


class CustomerExport(BaseModel):
    """Everything that is kept of a person here, and by what the person is known."""

    customer: CustomerResource
    known_by: list[str]

    @classmethod
    def of(cls, view: CustomerView) -> Self:
        return cls(customer=CustomerResource.of(view), known_by=sorted(view.customer.aliases))
