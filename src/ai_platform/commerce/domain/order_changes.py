"""What somebody wants to be different about an order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ai_platform.commerce.domain.address import Address

NOTES_MAX: Final = 4_000
TRACKING_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class OrderChanges:
    """Only what is named changes; None forgets it. `shipping_cost` in minor units."""

    named: Mapping[str, int | str | Address | None] = field(default_factory=dict)

    def names(self, field_name: str) -> bool:
        return field_name in self.named
