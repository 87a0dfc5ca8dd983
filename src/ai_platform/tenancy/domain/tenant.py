"""A business on this installation."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID
from zoneinfo import available_timezones

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.errors import InvalidInput, Violation
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.domain.business_hours import BusinessHours
from ai_platform.tenancy.domain.currencies import CURRENCIES
from ai_platform.tenancy.domain.errors import DefaultTenantStays
from ai_platform.tenancy.domain.options import TenantOptions
from ai_platform.tenancy.domain.payment import PaymentOptions, PaymentProvider

NAME_MAX: Final = 255
WA_SESSION_MAX: Final = 100
PROMPT_MAX: Final = 100_000
TIMEZONE_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChanges:
    """What is None stays as it is."""

    name: str | None = None
    wa_session: str | None = None
    llm_config_name: str | None = None
    agent_prompt: str | None = None
    agent_enabled: bool | None = None
    payment_provider: PaymentProvider | None = None
    payment_options: PaymentOptions | None = None
    currency: str | None = None
    timezone: str | None = None
    business_hours: BusinessHours | None = None
    options: TenantOptions | None = None
    is_active: bool | None = None

    def named(self) -> dict[str, object]:
        stated = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(eq=False, kw_only=True)
class Tenant(Aggregate):
    """Deactivated, its keys open nothing and its webhooks are ignored; nothing of it is lost."""

    id: UUID
    name: str
    wa_session: str | None = None
    llm_config_name: str = "default-smart"
    agent_prompt: str = ""
    agent_enabled: bool = True
    payment_provider: PaymentProvider = PaymentProvider.MIDTRANS
    payment_options: PaymentOptions = field(default_factory=PaymentOptions)
    currency: str = "IDR"
    timezone: str = "Asia/Jakarta"
    business_hours: BusinessHours = field(default_factory=BusinessHours)
    options: TenantOptions = field(default_factory=TenantOptions)
    is_active: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        self._check()

    def change(self, changes: TenantChanges, at: datetime) -> tuple[str, ...]:
        """The names of the fields that are different now. Raises InvalidInput, DefaultTenantStays."""
        changed = {name: value for name, value in changes.named().items() if getattr(self, name) != value}
        if changed.get("is_active") is False and self.id == DEFAULT_TENANT:
            raise DefaultTenantStays
        for name, value in changed.items():
            setattr(self, name, value)
        if changed:
            self._check()
            self.updated_at = at
        return tuple(sorted(changed))

    def touch(self, at: datetime) -> None:
        """Something that belongs to it has changed, so its version has too."""
        self.updated_at = at

    def _check(self) -> None:
        wrong = tuple(
            Violation((name,), message, "invalid_value") for name, holds, message in self._rules() if not holds
        )
        if wrong:
            raise InvalidInput(f"{wrong[0].loc[0]}: {wrong[0].msg}", violations=wrong)

    def _rules(self) -> tuple[tuple[str, bool, str], ...]:
        session = self.wa_session
        return (
            ("name", 1 <= len(self.name.strip()) <= NAME_MAX, f"must have 1 to {NAME_MAX} characters, not all blank"),
            ("wa_session", session is None or 1 <= len(session) <= WA_SESSION_MAX, "must have 1 to 100 characters"),
            ("agent_prompt", len(self.agent_prompt) <= PROMPT_MAX, f"must have at most {PROMPT_MAX} characters"),
            ("currency", self.currency in CURRENCIES, "must be a currency of ISO 4217, like IDR"),
            ("timezone", self.timezone in _zones(), "must be a time zone of the IANA database, like Asia/Jakarta"),
        )


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Read from the disk once, when first needed."""
    return frozenset(available_timezones())
