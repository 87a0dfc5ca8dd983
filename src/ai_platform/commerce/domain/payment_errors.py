"""The refusals around payments.

PaymentNotFound            404
PaymentNotOpen             409   it is open, paid or over already
NothingToRefund            409   less is left to give back than was asked for
RefundInProgress           409   another refund of this payment is not settled yet
RefundByHand               409   the provider cannot give this money back
ProviderRefused            409   the provider said no, and would say so again
PaymentNotConfigured       409   the tenant has no credentials for its provider
ProviderUnavailable        503   nobody knows what became of the call; asking again is safe
NoticeNotGenuine           401   a notification that the provider did not send
"""

from uuid import UUID

from ai_platform.kernel.errors import Conflict, NotAllowed, NotFound, Unavailable
from ai_platform.kernel.money import decimal_of


class PaymentNotFound(NotFound):
    code = "payment_not_found"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"There is no payment {payment_id}.")


class PaymentNotOpen(Conflict):
    code = "invalid_transition"

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"Payment {payment_id} has gone on meanwhile.")


class NothingToRefund(Conflict):
    code = "refund_too_large"

    def __init__(self, left: int, currency: str) -> None:
        super().__init__(f"{decimal_of(left, currency)} {currency} can be refunded of this payment, and no more.")


class RefundInProgress(Conflict):
    code = "refund_in_progress"

    def __init__(self) -> None:
        super().__init__("Another refund of this payment is not settled yet; wait for its end.")


class RefundByHand(Conflict):
    code = "refund_by_hand"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The provider cannot give this money back ({why}). Return it yourself, then record it with by_hand."
        )


class ProviderRefused(Conflict):
    code = "payment_provider_refused"

    def __init__(self, provider: str, why: str) -> None:
        super().__init__(f"{provider} refused: {why[:300]}")
        self.why = why[:300]


class ReferenceUsed(ProviderRefused):
    """The provider has been paid under this reference already."""


class NothingToPay(Conflict):
    code = "nothing_to_pay"

    def __init__(self) -> None:
        super().__init__("The order comes to nothing, so there is nothing to pay.")


class PaymentNotConfigured(Conflict):
    code = "payment_not_configured"

    def __init__(self, provider: str) -> None:
        super().__init__(f"This tenant has no credentials for {provider}; its owner sets them in payment_config.")


class ProviderUnavailable(Unavailable):
    code = "payment_provider_unavailable"

    def __init__(self, provider: str, why: str) -> None:
        super().__init__(f"{provider} does not answer ({why}); nothing is lost, try again shortly.", retry_after=5)


class PaymentBeingOpened(Unavailable):
    code = "payment_in_progress"

    def __init__(self) -> None:
        super().__init__("The payment is being opened at this moment; try again shortly.", retry_after=2)


class NoticeNotGenuine(NotAllowed):
    code = "signature_invalid"

    def __init__(self) -> None:
        super().__init__("The notification's signature is not right.", known=False)
