"""A provider that exists in development only: its books are a table, its pay page is ours, and its money nobody's."""

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ai_platform.commerce.application.payment_ports import Account, Asked, Notice, PayLine, PayWish, RefundWish
from ai_platform.commerce.application.sandbox_ports import SandboxPage
from ai_platform.commerce.domain.observation import Observation, Standing
from ai_platform.commerce.domain.payment import PayLink
from ai_platform.commerce.domain.payment_errors import ProviderRefused
from ai_platform.commerce.infrastructure.payment_tables import sandbox_payments as books
from ai_platform.commerce.infrastructure.provider_words import body_of, text_in
from ai_platform.kernel.money import Money
from ai_platform.runtime.db import Database

NAME: Final = "sandbox"
SIGNATURE: Final = "x-sandbox-signature"
PAID, WAITING, EXPIRED = Standing.PAID.value, Standing.WAITING.value, Standing.EXPIRED.value

_REFUND = text(
    """
    UPDATE sandbox_payments SET refunds = refunds || jsonb_build_object(cast(:key AS text), cast(:amount AS bigint))
    WHERE reference = :reference AND tenant_id = :tenant_id AND status = 'paid' AND NOT refunds ? :key
        AND amount >= :amount + coalesce((SELECT sum(value::bigint) FROM jsonb_each_text(refunds)), 0)
    """
)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Implements `PaymentProvider`. `public_url` is where the pay page is reached."""

    database: Database
    public_url: str

    async def open(self, account: Account, wish: PayWish) -> PayLink:  # noqa: ARG002 - it needs no key
        row = {
            "reference": wish.reference,
            "tenant_id": wish.tenant_id,
            "token": secrets.token_urlsafe(18),
            "transaction_id": secrets.token_hex(8),
            "amount": wish.amount.amount,
            "currency": wish.amount.currency,
            "lines": [asdict(line) for line in wish.lines],
            "method": wish.method.value if wish.method else None,
            "expires_at": wish.expires_at,
        }
        async with self.database.transaction(wish.tenant_id) as connection:
            await connection.execute(insert(books).values(row).on_conflict_do_nothing(index_elements=["reference"]))
            mine = (books.c.reference == wish.reference, books.c.tenant_id == wish.tenant_id)
            token = await connection.scalar(select(books.c.token).where(*mine))
        if token is None:
            raise ProviderRefused(NAME, "the reference is somebody else's")
        return PayLink(url=f"{self.public_url}/sandbox/pay/{token}", provider_id=token, expires_at=wish.expires_at)

    async def state(self, account: Account, asked: Asked) -> tuple[Observation, ...]:  # noqa: ARG002
        mine = (books.c.reference == asked.reference, books.c.tenant_id == asked.tenant_id)
        async with self.database.transaction(asked.tenant_id) as connection:
            row = (await connection.execute(select(books).where(*mine))).one_or_none()
        return () if row is None else (_observation_of(row),)

    async def end(self, account: Account, asked: Asked, how: Standing) -> None:  # noqa: ARG002
        waiting = (books.c.reference == asked.reference, books.c.tenant_id == asked.tenant_id, _IS_WAITING)
        async with self.database.transaction(asked.tenant_id) as connection:
            await connection.execute(update(books).where(*waiting).values(status=how.value, settled_at=func.now()))

    async def refund(self, account: Account, wish: RefundWish) -> None:  # noqa: ARG002
        values = {"key": wish.key, "amount": wish.amount.amount}
        mine = {"reference": wish.asked.reference, "tenant_id": wish.asked.tenant_id}
        async with self.database.transaction(wish.asked.tenant_id) as connection:
            given = (await connection.execute(_REFUND, values | mine)).rowcount
            known = await connection.scalar(
                select(books.c.refunds.has_key(wish.key)).where(books.c.reference == wish.asked.reference)
            )
        if not given and not known:
            raise ProviderRefused(NAME, "there is not so much to give back")

    async def page(self, token: str) -> SandboxPage | None:
        named = select(books, (books.c.expires_at <= func.now()).label("is_over")).where(books.c.token == token)
        async with self.database.transaction(None) as connection:
            row = (await connection.execute(named)).one_or_none()
        return None if row is None else _page_of(row)

    async def press(self, token: str, standing: Standing) -> bool:
        """PAID, DENIED or EXPIRED; False when it was settled before, or its time is over."""
        async with self.database.transaction(None) as connection:
            pressed = update(books).where(books.c.token == token, _IS_WAITING, books.c.expires_at > func.now())
            done = await connection.execute(pressed.values(status=standing.value, settled_at=func.now()))
            return bool(done.rowcount)


_IS_WAITING: Final = books.c.status == WAITING


def _page_of(row: Row[Any]) -> SandboxPage:
    return SandboxPage(
        tenant_id=row.tenant_id,
        reference=row.reference,
        lines=tuple(PayLine(**line) for line in row.lines),
        amount=Money(row.amount, row.currency),
        standing=Standing.EXPIRED if row.status == WAITING and row.is_over else Standing(row.status),
        refunded=Money(_refunded(row), row.currency),
        expires_at=row.expires_at,
        settled_at=row.settled_at,
    )


def _refunded(row: Row[Any]) -> int:
    return sum(int(amount) for amount in row.refunds.values())


def _observation_of(row: Row[Any]) -> Observation:
    refunded = _refunded(row)
    standing = Standing.REFUNDED if refunded else Standing(row.status)
    return Observation(
        transaction_id=row.transaction_id,
        standing=standing,
        amount=Money(row.amount, row.currency),
        refunded=refunded,
        occurred_at=row.settled_at,
        method=row.method or (NAME if row.status == PAID else None),
    )


@dataclass(frozen=True, slots=True)
class SandboxNotices:
    """Implements `NoticeReader`: HMAC-SHA256 over the raw body."""

    def reference_of(self, notice: Notice) -> str | None:
        return text_in(body_of(notice.body), "reference")

    def is_genuine(self, notice: Notice, account: Account) -> bool:
        shown = notice.headers.get(SIGNATURE, "")
        return hmac.compare_digest(signature_of(notice.body, account.secret).encode(), shown.encode("utf-8", "replace"))


def signature_of(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sandbox_notice(page: SandboxPage, secret: str) -> Notice:
    """What the sandbox tells after a button was pressed, as any provider would: over the callback's own door."""
    body = json.dumps({"reference": page.reference}).encode()
    return Notice({SIGNATURE: signature_of(body, secret), "content-type": "application/json"}, body)
