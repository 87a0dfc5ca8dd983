"""Which configurations cannot be called from here, because the variable that holds their key is not set."""

from collections.abc import Mapping

from sqlalchemy import select

from ai_platform.llm.domain.config import LLMConfig
from ai_platform.llm.infrastructure.tables import llm_configs, map_llm
from ai_platform.runtime.db import Database


async def missing_keys(database: Database, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by the names of active configs. Raises Unavailable when the database is away."""
    map_llm()
    async with database.session(None) as session:
        wanted = select(LLMConfig).where(llm_configs.c.is_active).order_by(llm_configs.c.name)
        configs = (await session.scalars(wanted)).all()
    named = {config.name: config.key_variable for config in configs}
    return {name: key for name, key in named.items() if key is not None and not environment.get(key, "").strip()}
