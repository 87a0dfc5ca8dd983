"""Commerce, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from ai_platform.commerce.application.facade import CommerceFacade
from ai_platform.commerce.contracts.api import CommerceApi
from ai_platform.commerce.infrastructure import order_tables as _order_tables  # noqa: F401 - known to Alembic
from ai_platform.commerce.infrastructure import tables as _tables  # noqa: F401 - known to Alembic from here
from ai_platform.commerce.infrastructure.purchases import SqlPurchases
from ai_platform.runtime.db import Database
from ai_platform.tenancy.contracts.api import TenancyApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Commerce:
    api: CommerceApi
    routers: Sequence[APIRouter]


def build_commerce(*, database: Database, tenancy: TenancyApi) -> Commerce:
    del tenancy
    return Commerce(api=CommerceFacade(SqlPurchases(database)), routers=())
