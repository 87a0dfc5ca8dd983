"""Money in request and response bodies."""

import math
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, PlainSerializer, WithJsonSchema

from ai_platform.kernel.money import Money, SaidMoney, decimal_of

_EXAMPLES: Final = ["125000", 125000, {"amount": "125000", "currency": "IDR"}]
_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string"},
        {"type": "number"},
        {
            "type": "object",
            "properties": {
                "amount": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                "currency": {"type": "string"},
            },
            "required": ["amount"],
            "additionalProperties": False,
        },
    ],
    "description": "An amount in the tenant's currency, which may be named. Rupiah are whole.",
    "examples": _EXAMPLES,
}


def _said(value: Any) -> SaidMoney:
    if isinstance(value, SaidMoney):
        return value
    if isinstance(value, dict):
        if set(value) - {"amount", "currency"} or not isinstance(value.get("currency", ""), str):
            raise ValueError("must be an object with amount and currency")
        return SaidMoney(_words(value.get("amount")), value.get("currency"))
    return SaidMoney(_words(value))


def _words(value: Any) -> str:
    """A number in JSON has no trailing zeros that would mean anything: 125000.0 is whole."""
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)[:64]
    raise ValueError("must be an amount: a decimal number, as a number or a string")


MoneySaid = Annotated[
    SaidMoney, BeforeValidator(_said), PlainSerializer(lambda said: said.words), WithJsonSchema(_SCHEMA)
]


class MoneyShown(BaseModel):
    """`amount` is a decimal string."""

    amount: str
    currency: str

    @classmethod
    def of(cls, amount: int, currency: str) -> Self:
        """`amount` in minor units."""
        return cls(amount=decimal_of(amount, currency), currency=currency)

    @classmethod
    def of_money(cls, money: Money) -> Self:
        return cls.of(money.amount, money.currency)
