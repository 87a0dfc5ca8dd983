"""Phone numbers as E.164 has them, and the ids that WhatsApp makes of them.

In Indonesia `0812…`, `812…`, `62812…` and `+62812…` are one number. Numbers as they are dialled within a country are
understood of the country whose currency the shop uses; every other is written with its country's code.
"""

import re
from typing import Final

from ai_platform.inbox.domain.errors import NotAPhoneNumber

INDONESIA: Final = "62"
_COUNTRIES: Final = {
    "IDR": INDONESIA, "MYR": "60", "SGD": "65", "PHP": "63", "THB": "66", "VND": "84", "INR": "91", "AUD": "61",
    "JPY": "81", "GBP": "44",
}  # fmt: skip
_SPOKEN: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015\u2060\u200b-\u200f\u202a-\u202e]+")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_DIGITS: Final = re.compile(r"\+?[0-9]{6,20}", re.ASCII)
_INDONESIAN: Final = re.compile(r"\+62[2-9][0-9]{6,11}", re.ASCII)

PHONE_CHAT: Final = "@c.us"
HIDDEN_CHAT: Final = "@lid"


def country_of(currency: str) -> str | None:
    return _COUNTRIES.get(currency)


def phone_number(said: str, country: str | None = INDONESIA) -> str:
    """E.164. Raises NotAPhoneNumber."""
    digits = _SPOKEN.sub("", said)
    if _DIGITS.fullmatch(digits) is None:
        raise NotAPhoneNumber
    number = _international(digits, country)
    rule = _INDONESIAN if number.startswith("+62") else _E164
    if rule.fullmatch(number) is None:
        raise NotAPhoneNumber
    return number


def _international(digits: str, country: str | None) -> str:
    if digits.startswith("+"):
        return _without_trunk(digits)
    if digits.startswith("00"):
        return _without_trunk("+" + digits[2:])
    if country is None:
        raise NotAPhoneNumber
    if digits.startswith(country) and len(digits) > len(country) + 6:
        return _without_trunk("+" + digits)
    return f"+{country}{digits.removeprefix('0')}"


def _without_trunk(number: str) -> str:
    """+62 (0)812: the zero is for those who dial within the country."""
    return "+62" + number[4:] if number.startswith("+620") else number


def chat_of(number: str) -> str:
    """WhatsApp's chat with a phone number."""
    return number[1:] + PHONE_CHAT


def alias_of_chat(chat_id: str) -> str:
    """What a chat makes known of a customer: a phone number as E.164, or the hidden id as it is."""
    name, _, server = chat_id.partition("@")
    name = name.partition(":")[0]
    if f"@{server}" in (PHONE_CHAT, "@s.whatsapp.net") and _E164.fullmatch("+" + name):
        return "+" + name
    return f"{name}@{server}" if server else name
