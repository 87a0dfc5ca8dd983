"""The way to gateways that may be gone at any moment: whatever got no answer is asked again, with its key."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx

PASSING: Final = frozenset({"idempotency_in_progress", "refund_in_progress"})
PATIENCE: Final = 120.0
"""Seconds. Longer than the services' worst mishap together, and no reason to hide a request that is never answered."""
ANSWERED: Final = 30.0

Json = Mapping[str, Any]


@dataclass
class Street:
    """`doors` are the gateways'. Who finds one shut tries the next, as a balancer would."""

    doors: Sequence[httpx.AsyncClient]
    told: Counter[str] = field(default_factory=Counter)
    _turn: "count[int]" = field(default_factory=count)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        json: Json | None = None,
        headers: Json | None = None,
        within: float = ANSWERED,
    ) -> httpx.Response:
        sent = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        since = time.monotonic()
        last = "nobody was there"
        while time.monotonic() - since < PATIENCE:
            door = self.doors[next(self._turn) % len(self.doors)]
            try:
                answer = await door.request(method, path, json=json, headers=sent, timeout=within)
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if answer.status_code != 503 and not _passes(answer):
                    self.told["calls"] += 1
                    return answer
                last = answer.text
            self.told["repeated"] += 1
            await asyncio.sleep(0.1)
        raise AssertionError(f"{method} {path} was not answered in {PATIENCE} s: {last}")

    async def done(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = await self.ask(method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        body: dict[str, Any] = answer.json()
        return body


def _passes(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["code"] in PASSING
