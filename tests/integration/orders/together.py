"""Wishes of one batch, what became of each, and who waits meanwhile."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ai_platform.commerce.application.confirming import Wish
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.once import Answer, Asking, Once
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.integration.orders.shop import ASKING, Shop


def a_wish(order_id: UUID, **more: Any) -> Wish:
    return Wish(**{"tenant_id": DEFAULT_TENANT, "order_id": order_id, "asking": ASKING, **more})


def keyed(key: str, fingerprint: bytes = b"f") -> Any:
    return Asking(ASKING.worded, Once(actor="a", path="/confirm", key=key, fingerprint=fingerprint))


async def decided(shop: Shop, *wishes: Wish) -> list[str | None]:
    """Of one batch: `done`, `replay`, the code of the refusal, or None for what is left to be decided alone."""
    return [_told(one) for one in await shop.together(wishes)]


def _told(outcome: Answer | PlatformError | None) -> str | None:
    if isinstance(outcome, Answer):
        return "replay" if outcome.is_replay else "done"
    return None if outcome is None else outcome.stable_code


async def so_many_wait(shop: Shop, wanted: int) -> bool:
    [(waiting,)] = await shop.sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(waiting >= wanted)


async def somebody_waits(shop: Shop) -> bool:
    return await so_many_wait(shop, 1)


async def statuses(shop: Shop, orders: Sequence[UUID]) -> list[str]:
    return [(await shop.order(one)).status.value for one in orders]
