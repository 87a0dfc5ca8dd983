"""The transaction as a use case sees it: enter, work, leave. Leaving cleanly commits; nobody else does."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar
from uuid import UUID

WorkT_co = TypeVar("WorkT_co", covariant=True)


class Transactions(Protocol[WorkT_co]):
    """Opens transactions over one context's repositories (`WorkT_co`)."""

    def __call__(self, tenant_id: UUID | None) -> AbstractAsyncContextManager[WorkT_co]:
        """One tenant's transaction; None opens one over all tenants, for claims and sweeps only.

        Raises Unavailable when the database is away; nothing half-done is left behind.
        """
