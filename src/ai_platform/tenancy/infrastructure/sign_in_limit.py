"""How often somebody may try to sign in."""

from dataclasses import dataclass
from typing import Final

from ai_platform.runtime.rate_limits import Buckets, Rate

_PERSON_FROM_ONE_PLACE: Final = Rate(per_second=1 / 30, burst=5)
_PERSON: Final = Rate(per_second=1 / 10, burst=50)
_PLACE: Final = Rate(per_second=1 / 2, burst=50)


@dataclass(frozen=True, slots=True)
class SignInBuckets:
    """Implements `ports.SignInLimit`.

    The narrow limit is on one address of one person, so that a stranger elsewhere locks nobody out at once.
    """

    buckets: Buckets

    async def take(self, email: str, address: str) -> float:
        for name, rate in (
            (f"sign-in:{address}:{email[:254]}", _PERSON_FROM_ONE_PLACE),
            (f"sign-in:{email[:254]}", _PERSON),
            (f"sign-in:{address}", _PLACE),
        ):
            taken = await self.buckets.take(name, rate)
            if not taken.allowed:
                return taken.wait
        return 0.0
