"""The refusals of this context."""

from uuid import UUID

from ai_platform.kernel.errors import (
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
    Violation,
)


class KeyNotFound(NotFound):
    code = "api_key_not_found"

    def __init__(self, key_id: UUID) -> None:
        super().__init__(f"There is no API key {key_id}.")


class MemberNotFound(NotFound):
    code = "member_not_found"

    def __init__(self, member_id: UUID) -> None:
        super().__init__(f"There is no member {member_id}.")


class DefaultTenantStays(Conflict):
    """Requests of platform keys belong to it, so it is never switched off."""

    code = "default_tenant"

    def __init__(self) -> None:
        super().__init__("The default tenant cannot be deactivated.")


class WaSessionTaken(Conflict):
    code = "wa_session_taken"

    def __init__(self) -> None:
        super().__init__("Another tenant has this WhatsApp session.")


class EmailTaken(Conflict):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("Another member signs in with this e-mail address.")


class StaffForGood(Conflict):
    code = "role_fixed"

    def __init__(self) -> None:
        super().__init__("A member is of the platform's own staff from the beginning or never.")


class UnknownConfig(InvalidInput):
    code = "llm_config_not_found"

    def __init__(self) -> None:
        what = "There is no LLM configuration of this name."
        super().__init__(what, violations=(Violation(("llm_config_name",), what, self.code),))


class SignInRefused(NotAllowed):
    """Says the same of an unknown address, a wrong password and a member who may not come in."""

    code = "sign_in_refused"

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is not right.", known=False)


class TooManySignIns(LimitExceeded):
    code = "too_many_sign_ins"

    def __init__(self, retry_after: float) -> None:
        super().__init__("Too many attempts to sign in; wait a little.", retry_after=retry_after)
