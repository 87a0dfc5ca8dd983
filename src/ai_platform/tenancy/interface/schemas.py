"""Tenants as JSON."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ai_platform.runtime.fields import SaidText, StoredText, StrictBody
from ai_platform.tenancy.application.create_tenant import CreatedTenant
from ai_platform.tenancy.application.queries import TenantView
from ai_platform.tenancy.domain.business_hours import BusinessHours
from ai_platform.tenancy.domain.options import SlaTarget, TenantOptions
from ai_platform.tenancy.domain.payment import (
    PAYMENT_SECRETS,
    WEBHOOK_SECRET,
    PaymentConfig,
    PaymentOptions,
    PaymentProvider,
)
from ai_platform.tenancy.domain.tenant import NAME_MAX, PROMPT_MAX, TIMEZONE_MAX, WA_SESSION_MAX, TenantChanges

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hours = dict[Day, Annotated[str, Field(max_length=11)] | Annotated[list[str], Field(max_length=12)]]
Name = Annotated[SaidText, Field(min_length=1, max_length=NAME_MAX)]
Session = Annotated[SaidText, Field(min_length=1, max_length=WA_SESSION_MAX)]
Prompt = Annotated[StoredText, Field(max_length=PROMPT_MAX)]
Secret = Annotated[StoredText, Field(min_length=1, max_length=1000)]
Minutes = Annotated[int, Field(ge=1, le=525_600, strict=True)]

EXAMPLE: dict[str, Any] = {
    "name": "Warung Bu Sri",
    "wa_session": "warung-bu-sri",
    "agent_prompt": "You help the customers of Warung Bu Sri.",
    "payment_provider": "midtrans",
    "payment_config": {"server_key": "SB-Mid-server-…", "is_production": False},
    "business_hours": {"mon": ["09:00-12:00", "13:00-17:00"], "sat": "09:00-12:00"},
}


class SlaTargetBody(StrictBody):
    """Business minutes until the first answer and until the end."""

    first_response_minutes: Minutes
    resolution_minutes: Minutes


class OptionsBody(StrictBody):
    """What is not named stays as it is; null switches a thing off."""

    sla: dict[Literal["urgent", "high", "medium", "low"], SlaTargetBody] = Field(default_factory=dict)
    flow_on_create: bool = Field(False, strict=True)
    flow_auto_send: bool = Field(False, strict=True)
    token_budget_daily: int | None = Field(None, ge=0, le=2**53, strict=True)
    bot_pause_minutes: int = Field(0, ge=0, le=525_600, strict=True)
    cart_follow_up_minutes: Minutes | None = None
    order_expiry_hours: int = Field(24, ge=1, le=8_760, strict=True)
    handover_message: Annotated[StoredText, Field(max_length=4_000)] | None = None

    def over(self, options: TenantOptions) -> TenantOptions:
        named = {name: getattr(self, name) for name in self.model_fields_set if name != "sla"}
        if "sla" in self.model_fields_set:
            named["sla"] = {priority: SlaTarget(**one.model_dump()) for priority, one in self.sla.items()}
        return replace(options, **named)


class PaymentBody(StrictBody):
    """Midtrans has `server_key` and `is_production`, Xendit `secret_key` and `callback_token`. Never answered."""

    server_key: Secret | None = None
    is_production: bool | None = Field(None, strict=True)
    secret_key: Secret | None = None
    callback_token: Secret | None = None

    def change(self) -> PaymentConfig:
        stated = [name for name in PAYMENT_SECRETS if name in self.model_fields_set]
        return PaymentConfig({str(name): getattr(self, name) for name in stated}, self.is_production)


class TenantBody(StrictBody):
    """A new tenant."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name
    wa_session: Session | None = None
    llm_config_name: Name = "default-smart"
    agent_prompt: Prompt = ""
    agent_enabled: bool = Field(True, strict=True)
    payment_provider: PaymentProvider = PaymentProvider.MIDTRANS
    payment_config: PaymentBody = Field(default_factory=PaymentBody)
    currency: str = Field("IDR", min_length=3, max_length=3, examples=["IDR"])
    timezone: Annotated[StoredText, Field(max_length=TIMEZONE_MAX)] = "Asia/Jakarta"
    business_hours: Hours = Field(default_factory=dict)
    options: OptionsBody = Field(default_factory=OptionsBody)

    def settings(self) -> TenantChanges:
        is_production = self.payment_config.is_production
        return TenantChanges(
            wa_session=self.wa_session,
            llm_config_name=self.llm_config_name,
            agent_prompt=self.agent_prompt,
            agent_enabled=self.agent_enabled,
            payment_provider=self.payment_provider,
            payment_options=None if is_production is None else PaymentOptions(is_production),
            currency=self.currency,
            timezone=self.timezone,
            business_hours=BusinessHours.parse({str(day): words for day, words in self.business_hours.items()}),
            options=self.options.over(TenantOptions()),
        )


class TenantPatch(StrictBody):
    """What is not named stays as it is; of `options` and `payment_config`, too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agent_enabled": False}]})

    name: Name | None = None
    wa_session: Session | None = None
    llm_config_name: Name | None = None
    agent_prompt: Prompt | None = None
    agent_enabled: bool | None = Field(None, strict=True)
    payment_provider: PaymentProvider | None = None
    payment_config: PaymentBody | None = None
    currency: str | None = Field(None, min_length=3, max_length=3)
    timezone: Annotated[StoredText, Field(max_length=TIMEZONE_MAX)] | None = None
    business_hours: Hours | None = None
    options: OptionsBody | None = None
    is_active: bool | None = Field(None, strict=True, description="Role platform.")

    def changes(self) -> TenantChanges:
        plain = self.model_dump(exclude={"payment_config", "business_hours", "options"})
        hours = self.business_hours
        parsed = None if hours is None else BusinessHours.parse({str(day): words for day, words in hours.items()})
        return TenantChanges(**plain, business_hours=parsed)

    def payment(self) -> PaymentConfig:
        return self.payment_config.change() if self.payment_config else PaymentConfig()


class PromptBody(StrictBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"prompt": "You sell cakes."}]})

    prompt: Prompt


class PaymentShown(BaseModel):
    """Which secrets are set; no secret is ever answered."""

    is_production: bool
    server_key: bool
    secret_key: bool
    callback_token: bool


class TenantResource(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Warung Bu Sri",
                    "wa_session": "warung-bu-sri",
                    "llm_config_name": "default-smart",
                    "agent_prompt": "You help the customers of Warung Bu Sri.",
                    "payment_provider": "midtrans",
                    "payment_config": {
                        "is_production": False,
                        "server_key": True,
                        "secret_key": False,
                        "callback_token": False,
                    },
                    "business_hours": {"mon": ["09:00-12:00", "13:00-17:00"], "sat": ["09:00-12:00"]},
                }
            ]
        }
    )

    id: UUID
    name: str
    wa_session: str | None
    llm_config_name: str
    agent_prompt: str
    payment_provider: PaymentProvider
    payment_config: PaymentShown
    webhook_secret_set: bool
    currency: str
    timezone: str
    business_hours: dict[str, list[str]]
    agent_enabled: bool
    options: TenantOptions
    is_active: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, view: TenantView, **more: str) -> Self:
        tenant = view.tenant
        special = {"payment_config", "webhook_secret_set", "business_hours", *more}
        plain = {name: getattr(tenant, name) for name in cls.model_fields if name not in special}
        shown = PaymentShown(
            is_production=tenant.payment_options.is_production,
            **{name: name in view.secrets for name in PAYMENT_SECRETS},
        )
        return cls(
            **plain,
            **more,
            payment_config=shown,
            webhook_secret_set=WEBHOOK_SECRET in view.secrets,
            business_hours=tenant.business_hours.stated(),
        )


class TenantCreated(TenantResource):
    """`api_key` and `webhook_secret` are answered this once."""

    api_key: str
    webhook_secret: str

    @classmethod
    def made(cls, created: CreatedTenant) -> Self:
        return cls.of(created.view, api_key=created.api_key, webhook_secret=created.webhook_secret)


class TenantPage(BaseModel):
    items: list[TenantResource]
    next_cursor: str | None
