"""Summaries that wait for a yes."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import Action, Confirmation
from ai_platform.commerce.infrastructure.order_tables import order_confirmations


@dataclass(frozen=True, slots=True)
class SqlConfirmations:
    """Implements `order_ports.Confirmations`. Whoever uses one has locked its order, so it is used once."""

    connection: AsyncConnection
    tenant_id: UUID

    async def add(self, confirmation: Confirmation) -> None:
        stored = {one.name: getattr(confirmation, one.name) for one in fields(Confirmation)}
        address = confirmation.shipping_address
        stored |= {"tenant_id": self.tenant_id, "shipping_address": address.known() if address else None}
        await self.connection.execute(insert(order_confirmations), stored)

    async def of_token(self, token_hash: bytes) -> Confirmation | None:
        mine = order_confirmations.c.tenant_id == self.tenant_id
        named = select(order_confirmations).where(mine, order_confirmations.c.token_hash == token_hash)
        row = (await self.connection.execute(named)).one_or_none()
        if row is None:
            return None
        stored = {one.name: getattr(row, one.name) for one in fields(Confirmation)}
        address = Address(**row.shipping_address) if row.shipping_address else None
        return Confirmation(**{**stored, "action": Action(row.action), "shipping_address": address})

    async def use(self, confirmation: Confirmation, at: datetime) -> None:
        mine = (order_confirmations.c.tenant_id == self.tenant_id, order_confirmations.c.id == confirmation.id)
        await self.connection.execute(update(order_confirmations).where(*mine).values(used_at=at))
