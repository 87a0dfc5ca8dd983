"""The inbox, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.commerce.contracts.api import CommerceApi
from ai_platform.inbox.infrastructure import tables as _tables  # noqa: F401 - known to Alembic from here
from ai_platform.runtime.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    routers: Sequence[APIRouter]


def build_inbox(*, database: Database, commerce: CommerceApi) -> Inbox:
    del database, commerce
    return Inbox(routers=())
