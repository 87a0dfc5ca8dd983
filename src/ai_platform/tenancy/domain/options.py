"""What a tenant may set about its agent, its tickets and its orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SlaTarget:
    """Business minutes until the first answer and until the end."""

    first_response_minutes: int
    resolution_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantOptions:
    """`sla` by ticket priority, over the platform's own targets. None switches a thing off."""

    sla: Mapping[str, SlaTarget] = field(default_factory=dict)
    flow_on_create: bool = False
    flow_auto_send: bool = False
    token_budget_daily: int | None = None
    bot_pause_minutes: int = 0
    cart_follow_up_minutes: int | None = None
    order_expiry_hours: int = 24
    handover_message: str | None = None
