"""What is forgotten of commerce: summaries that nobody can say yes to any more, and notices of long ago."""

from datetime import timedelta
from typing import Final

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.types import Interval

from ai_platform.runtime.db import Database

FORGOTTEN_AT_ONCE: Final = 1000

LATE: Final = timedelta(days=1)
"""How long a token that is used or old is told apart from one that never was; no answer is repeated for longer."""

_FORGET_CONFIRMATIONS: Final = text(
    """
    WITH old AS MATERIALIZED (
        SELECT id FROM order_confirmations WHERE expires_at < now() - :age
        ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), forgotten AS (
        DELETE FROM order_confirmations USING old WHERE order_confirmations.id = old.id RETURNING 1
    )
    SELECT count(*) FROM forgotten
    """
).bindparams(bindparam("age", type_=Interval()))
_FORGET_NOTICES: Final = text("SELECT forget_payment_notices(:age, :most)").bindparams(
    bindparam("age", type_=Interval())
)


class CommerceRetention:
    """Some at a time, and until none is left. Which notices may go is the database's own rule."""

    def __init__(self, database: Database, *, notice_days: float, most: int = FORGOTTEN_AT_ONCE) -> None:
        self._database = database
        self._notice_age = timedelta(days=notice_days)
        self._most = most

    async def __call__(self) -> None:
        await self._forget(_FORGET_CONFIRMATIONS, LATE)
        await self._forget(_FORGET_NOTICES, self._notice_age)

    async def _forget(self, statement: TextClause, age: timedelta) -> None:
        gone = self._most
        while gone == self._most:
            async with self._database.transaction(None, durable=False) as connection:
                gone = await connection.scalar(statement, {"age": age, "most": self._most}) or 0
