"""Where something is sent to."""

from dataclasses import asdict, dataclass
from typing import Final

from ai_platform.kernel.errors import InvalidInput, Violation

ADDRESS_LINE_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """As people write it; what is not known is None."""

    street: str | None = None
    city: str | None = None
    province: str | None = None
    postal_code: str | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        for name in ("street", "city", "province", "postal_code", "country"):
            if len(getattr(self, name) or "") > ADDRESS_LINE_MAX:
                what = f"must have at most {ADDRESS_LINE_MAX} characters"
                raise InvalidInput(
                    f"{name}: {what}", violations=(Violation(("shipping_address", name), what, "too_long"),)
                )

    def __bool__(self) -> bool:
        return any((self.street, self.city, self.province, self.postal_code, self.country))

    def known(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value is not None}
