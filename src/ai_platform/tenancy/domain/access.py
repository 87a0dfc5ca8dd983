"""Who may hand out which role."""

from ai_platform.kernel.access import require_platform
from ai_platform.kernel.principal import Principal, Role


def require_grant(who: Principal, role: Role) -> None:
    """Nobody hands out more than he has. Raises RoleTooLow."""
    if role is Role.PLATFORM:
        require_platform(who)
