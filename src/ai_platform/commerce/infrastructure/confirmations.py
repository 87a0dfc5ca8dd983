"""Summaries that wait for a yes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ai_platform.commerce.domain.address import Address
from ai_platform.commerce.domain.confirmation import Action, Confirmation
from ai_platform.commerce.infrastructure.order_tables import order_confirmations


@dataclass(frozen=True, slots=True)
class SqlConfirmations:
    """Implements `order_ports.Confirmations` and `confirming_ports.ManyConfirmations`.

    Whoever uses one has locked its order, so it is used once.
    """

    connection: AsyncConnection
    tenant_id: UUID

    async def add(self, confirmation: Confirmation) -> None:
        stored = {one.name: getattr(confirmation, one.name) for one in fields(Confirmation)}
        address = confirmation.shipping_address
        stored |= {"tenant_id": self.tenant_id, "shipping_address": address.known() if address else None}
        await self.connection.execute(insert(order_confirmations), stored)

    async def of_token(self, token_hash: bytes) -> Confirmation | None:
        return (await self.of_tokens([token_hash])).get(token_hash)

    async def of_tokens(self, token_hashes: Sequence[bytes]) -> Mapping[bytes, Confirmation]:
        if not token_hashes:
            return {}
        mine = order_confirmations.c.tenant_id == self.tenant_id
        named = select(order_confirmations).where(mine, order_confirmations.c.token_hash.in_(token_hashes))
        found = [_confirmation_of(row) for row in await self.connection.execute(named)]
        return {one.token_hash: one for one in found}

    async def use(self, confirmation: Confirmation, at: datetime) -> None:
        await self.use_all([confirmation], at)

    async def use_all(self, confirmations: Sequence[Confirmation], at: datetime) -> None:
        if not confirmations:
            return
        used = order_confirmations.c.id.in_([one.id for one in confirmations])
        mine = order_confirmations.c.tenant_id == self.tenant_id
        await self.connection.execute(update(order_confirmations).where(mine, used).values(used_at=at))


def _confirmation_of(row: Row[Any]) -> Confirmation:
    stored = {one.name: getattr(row, one.name) for one in fields(Confirmation)}
    address = Address(**row.shipping_address) if row.shipping_address else None
    return Confirmation(**{**stored, "action": Action(row.action), "shipping_address": address})
