"""What confirming many orders at once asks of the world: each of these is one question, however many they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ai_platform.commerce.domain.allotment import OnShelf
from ai_platform.commerce.domain.confirmation import Confirmation
from ai_platform.commerce.domain.order import Order
from ai_platform.kernel.errors import PlatformError
from ai_platform.kernel.once import Json, Once


class ManyOrders(Protocol):
    async def find_all(self, order_ids: Sequence[UUID], *, waits: bool) -> Mapping[UUID, Order]:
        """Nobody else changes them until the transaction is left. Locked in the order of their ids.

        Unless it `waits`, those that somebody else has in hand are missing, like those that are not there.
        """

    def put(self, order: Order) -> None:
        """To be saved with the others; what follows from it is told in the name of whoever runs this."""

    async def write(self) -> None:
        """Everything that was put, with what follows from it."""


class ManyConfirmations(Protocol):
    async def of_tokens(self, token_hashes: Sequence[bytes]) -> Mapping[bytes, Confirmation]: ...

    async def use_all(self, confirmations: Sequence[Confirmation], at: datetime) -> None: ...


class ManyAnswers(Protocol):
    """The kernel's `Answers`, of several requests."""

    async def begin_all(self, onces: Sequence[Once]) -> Mapping[Once, Json | PlatformError | None]:
        """Each as `begin` answers or refuses it."""

    async def keep_all(self, answers: Mapping[Once, Json]) -> None: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether every line of every order is held, and what the shelf had before."""

    is_held: bool
    shelf: OnShelf


class Goods(Protocol):
    async def reserve(self, orders: Sequence[Order], *, at: datetime) -> Taken:
        """Hold all lines of all of them, if each is sold, at its price, and there; else nothing.

        The last statement of its transaction, since others queue behind its locks, which it takes in the order of ids.
        Unless all is held, the caller has to roll back what it wrote before.
        """


class ConfirmingWork(Protocol):
    """One transaction over one tenant's orders."""

    @property
    def orders(self) -> ManyOrders: ...

    @property
    def stock(self) -> Goods: ...

    @property
    def confirmations(self) -> ManyConfirmations: ...

    @property
    def answers(self) -> ManyAnswers: ...
