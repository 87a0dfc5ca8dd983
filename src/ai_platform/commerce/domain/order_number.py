"""An order's number: short enough to be read out, unique on the installation, and no clue to how many there are."""

import os
from datetime import datetime
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nobody mistakes one for another."""
_DRAWN: Final = 6
NUMBER_MAX: Final = 32


def new_number(at: datetime) -> str:
    """`ORD-261121-K7Q4M2`: the day in UTC, and 30 random bits. Two may be the same; the table refuses the second."""
    drawn = int.from_bytes(os.urandom(4))
    return f"ORD-{at:%y%m%d}-" + "".join(_LETTERS[(drawn >> 5 * place) & 31] for place in range(_DRAWN))
