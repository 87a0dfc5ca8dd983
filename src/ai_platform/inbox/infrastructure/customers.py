"""Customers in PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, exists, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.types import Text

from ai_platform.inbox.domain.customer import Customer
from ai_platform.inbox.infrastructure.customer_rows import asked_words, customer_row, customers_of, looked_up_by
from ai_platform.inbox.infrastructure.tables import customer_aliases, customer_words, customers
from ai_platform.runtime.answers import SqlAnswers
from ai_platform.runtime.db import Database

_LAST: Final = "\U0010ffff"

_WAIT: Final = text(
    """
    SELECT pg_advisory_xact_lock(wanted.lock) FROM (
        SELECT DISTINCT hashtextextended('customer ' || :whose || ' ' || alias, 0) AS lock
        FROM unnest(CAST(:aliases AS text[])) AS asked (alias) ORDER BY 1
    ) AS wanted
    """
).bindparams(bindparam("aliases", type_=ARRAY(Text())))
"""In one order, so that two who know somebody by several names wait for each other at most once."""


@dataclass(frozen=True, slots=True)
class SqlCustomers:
    """Implements `ports.Customers`."""

    session: AsyncSession
    tenant_id: UUID
    _known: set[UUID] = field(default_factory=set)

    async def of(self, aliases: Collection[str]) -> Sequence[Customer]:
        await self.session.execute(_WAIT, {"whose": str(self.tenant_id), "aliases": sorted(aliases)})
        known = select(customer_aliases.c.customer_id).where(
            customer_aliases.c.tenant_id == self.tenant_id, customer_aliases.c.alias.in_(sorted(aliases))
        )
        return await self._read(customers.c.id.in_(known))

    async def get(self, customer_id: UUID) -> Customer | None:
        found = await self._read(customers.c.id == customer_id)
        return found[0] if found else None

    async def _read(self, which: Any) -> Sequence[Customer]:
        wanted = select(customers).where(
            customers.c.tenant_id == self.tenant_id, customers.c.erased_at.is_(None), which
        )
        wanted = wanted.order_by(customers.c.id).with_for_update(key_share=True)
        found = await _loaded(await self.session.connection(), self.tenant_id, wanted)
        self._known.update(one.id for one in found)
        return found

    async def save(self, customer: Customer) -> None:
        customer.version += customer.id in self._known
        self._known.add(customer.id)
        row = customer_row(customer)
        statement = insert(customers).values(row)
        changed = {name: statement.excluded[name] for name in row if name not in ("id", "tenant_id", "created_at")}
        await self.session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))
        await self._save_aliases(customer)
        await self._save_words(customer)

    async def _save_aliases(self, customer: Customer) -> None:
        mine = (customer_aliases.c.tenant_id == self.tenant_id, customer_aliases.c.customer_id == customer.id)
        await self.session.execute(
            delete(customer_aliases).where(*mine, customer_aliases.c.alias.not_in(sorted(customer.aliases)))
        )
        if customer.aliases:
            rows = [self._row(customer, alias=alias) for alias in sorted(customer.aliases)]
            statement = insert(customer_aliases).values(rows)
            taken_over = {"customer_id": statement.excluded.customer_id}
            await self.session.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "alias"],
                    set_=taken_over,
                    where=customer_aliases.c.customer_id != statement.excluded.customer_id,
                )
            )

    async def _save_words(self, customer: Customer) -> None:
        words = looked_up_by(customer)
        mine = (customer_words.c.tenant_id == self.tenant_id, customer_words.c.customer_id == customer.id)
        await self.session.execute(delete(customer_words).where(*mine, customer_words.c.word.not_in(sorted(words))))
        if words:
            rows = [self._row(customer, word=word) for word in sorted(words)]
            await self.session.execute(insert(customer_words).values(rows).on_conflict_do_nothing())

    def _row(self, customer: Customer, **more: str) -> dict[str, Any]:
        return {"tenant_id": self.tenant_id, "customer_id": customer.id, **more}


@dataclass(frozen=True, slots=True)
class SqlCustomerReads:
    """Implements `ports.CustomerReads`."""

    database: Database

    async def tenant_of(self, customer_id: UUID) -> UUID | None:
        async with self.database.transaction(None) as connection:
            found: UUID | None = await connection.scalar(
                select(customers.c.tenant_id).where(customers.c.id == customer_id)
            )
        return found

    async def customer(self, tenant_id: UUID, customer_id: UUID) -> Customer | None:
        wanted = self._of(tenant_id).where(customers.c.id == customer_id)
        async with self.database.transaction(tenant_id) as connection:
            found = await _loaded(connection, tenant_id, wanted)
        return found[0] if found else None

    async def page(self, tenant_id: UUID, said: str | None, *, before: UUID | None, limit: int) -> Sequence[Customer]:
        wanted = self._of(tenant_id).order_by(customers.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(customers.c.id < before)
        if said is not None and said.strip():
            words = asked_words(said)
            if not words:
                return []
            for word in words:
                wanted = wanted.where(_has(tenant_id, word))
        async with self.database.transaction(tenant_id) as connection:
            return await _loaded(connection, tenant_id, wanted)

    def _of(self, tenant_id: UUID) -> Select[Any]:
        return select(customers).where(customers.c.tenant_id == tenant_id, customers.c.erased_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlCustomerWork:
    """Implements `ports.CustomerWork`."""

    customers: SqlCustomers
    answers: SqlAnswers


@dataclass(frozen=True, slots=True)
class CustomerTransactions:
    """Implements the kernel's `Transactions`; customers are always one tenant's."""

    database: Database

    @asynccontextmanager
    async def __call__(self, tenant_id: UUID | None) -> AsyncIterator[SqlCustomerWork]:
        assert tenant_id is not None  # noqa: S101 - no use case works on everybody's customers at once
        async with self.database.session(tenant_id) as session:
            yield SqlCustomerWork(customers=SqlCustomers(session, tenant_id), answers=SqlAnswers(session, tenant_id))


async def _loaded(connection: AsyncConnection, tenant_id: UUID, wanted: Select[Any]) -> list[Customer]:
    rows = (await connection.execute(wanted)).all()
    aliases = select(customer_aliases).where(
        customer_aliases.c.tenant_id == tenant_id, customer_aliases.c.customer_id.in_([row.id for row in rows])
    )
    return customers_of(rows, (await connection.execute(aliases)).all() if rows else [])


def _has(tenant_id: UUID, word: str) -> Any:
    """Some word of the customer begins with this one: a range of the index."""
    of = customer_words.c
    begun = (of.word >= word, of.word < word + _LAST)
    return exists(select(literal(1)).where(of.tenant_id == tenant_id, of.customer_id == customers.c.id, *begun))
