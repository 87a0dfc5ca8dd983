"""Money: whole minor units of one currency, and how people write it. No float ever holds an amount."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ai_platform.kernel.errors import InvalidInput, Violation

AMOUNT_MAX: Final = 10**12
"""Minor units."""

_NO_DECIMALS: Final = "BIF CLP DJF GNF IDR ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS: Final = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(_THREE_DECIMALS.split(), 3)
"""Where they are not two: ISO 4217, but for the rupiah, which has had no sen since long."""

_PLAIN: Final = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,16}))?", re.ASCII)


class NotMoney(InvalidInput):
    code = "money_invalid"

    def __init__(self, why: str, *loc: str | int) -> None:
        where = ".".join(str(part) for part in loc)
        super().__init__(f"{where}: {why}" if loc else why, violations=(Violation(loc, why, self.code),))
        self.why = why


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` in minor units: rupiah, cents. Between 0 and `AMOUNT_MAX`."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= AMOUNT_MAX:
            raise NotMoney(f"must be between 0 and {decimal_of(AMOUNT_MAX, self.currency)} {self.currency}")

    def __str__(self) -> str:
        return decimal_of(self.amount, self.currency)


def decimals_of(currency: str) -> int:
    return _DECIMALS.get(currency, 2)


def decimal_of(amount: int, currency: str) -> str:
    """As JSON has it: `125000` for rupiah, `12.50` for dollars."""
    decimals = decimals_of(currency)
    if decimals == 0:
        return str(amount)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def spoken(money: Money) -> str:
    """As people read it: `Rp 150.000`, `USD 1,250.00`."""
    whole, point, fraction = str(money).partition(".")
    grouped = f"{int(whole):,}{point}{fraction}"
    return f"Rp {grouped.replace(',', '.')}" if money.currency == "IDR" else f"{money.currency} {grouped}"


def money_of(said: str | int | Decimal, currency: str, *, spare_zeros: bool = False) -> Money:
    """What was written in `currency`: `125000`, `"12.50"`. Raises NotMoney.

    More decimals than the currency has are refused, even zeros, unless `spare_zeros`: a provider writes
    `125000.00` for rupiah.
    """
    words = str(said) if isinstance(said, str | int) else format(said, "f")
    found = None if isinstance(said, bool) else _PLAIN.fullmatch(words.strip() if spare_zeros else words)
    if found is None:
        raise NotMoney("must be a plain decimal number that is not negative, like 125000 or 12.50")
    whole, fraction = found[1], found[2] or ""
    decimals = decimals_of(currency)
    if spare_zeros:
        fraction = fraction[:decimals] + fraction[decimals:].rstrip("0")
    if len(fraction) > decimals:
        what = "takes whole amounts only" if decimals == 0 else f"has {decimals} decimals"
        raise NotMoney(f"{currency} {what}")
    return Money(int(whole + fraction.ljust(decimals, "0")), currency)


@dataclass(frozen=True, slots=True)
class SaidMoney:
    """An amount as somebody wrote it, who may have said in which currency."""

    words: str
    currency: str | None = None

    def within(self, currency: str, *loc: str | int) -> Money:
        """`loc` is where it stood. Raises NotMoney, also for another currency."""
        if self.currency not in (None, currency):
            raise NotMoney(f"must be in {currency}", *loc)
        try:
            return money_of(self.words, currency)
        except NotMoney as error:
            raise NotMoney(error.why, *loc) from None
