"""What is refused about orders and their payments, each in the words that somebody might hear."""

from typing import Final

from ai_platform.commerce.domain.order_errors import (
    ConfirmationRefused,
    CurrencyDiffers,
    InvalidOrderStep,
    LineNotFound,
    OrderCustomerUnknown,
    OrderEmpty,
    OrderExpired,
    OrderIsPaid,
    OrderNotEditable,
    OrderNotFound,
    OrderOnHold,
    OrderTooLarge,
    OutOfStock,
    OwnersDecision,
    PaymentUnderWay,
    PriceChanged,
    VariantUnknown,
)
from ai_platform.commerce.domain.order_line import InvalidQuantity, OrderLine, PriceChange, ShortLine
from ai_platform.commerce.domain.order_status import Hold, OrderStatus
from ai_platform.commerce.domain.payment_errors import (
    NothingToPay,
    PaymentBeingOpened,
    PaymentNotConfigured,
    ProviderRefused,
    ProviderUnavailable,
    RefundByHand,
    RefundInProgress,
)
from ai_platform.kernel.money import NotMoney
from ai_platform.runtime.keyring import SecretsKeyMissing
from ai_platform.runtime.problems import EXAMPLE_ID, refusals

_SKU: Final = "GAYO-250"
_LINE: Final = OrderLine(
    id=EXAMPLE_ID,
    product_id=EXAMPLE_ID,
    variant_id=EXAMPLE_ID,
    sku=_SKU,
    name="Kopi Gayo, 250 g",
    quantity=2,
    unit_price=85_000,
)

UNKNOWN: Final = OrderNotFound(EXAMPLE_ID)
_STEP: Final = InvalidOrderStep(OrderStatus.DELIVERED, OrderStatus.CONFIRMED)
_NOT_EDITABLE: Final = OrderNotEditable(OrderStatus.CONFIRMED)
_HOLD: Final = OrderOnHold(Hold.NEEDS_REFUND)
_TOKEN: Final = ConfirmationRefused("This token has been used.")
_OUT_OF_STOCK: Final = OutOfStock([ShortLine(line=_LINE, available=1)])
_PRICE_CHANGED: Final = PriceChanged([PriceChange(line=_LINE, new=90_000)], "IDR")
_TOO_LARGE: Final = OrderTooLarge("it may have 100 lines")

WISH: Final = (VariantUnknown(_SKU, ("sku",)), InvalidQuantity(1200), _TOO_LARGE, CurrencyDiffers(_SKU, "USD", "IDR"))
"""Why something cannot be put into an order."""
PROVIDER: Final = (
    PaymentNotConfigured("midtrans"),
    ProviderRefused("midtrans", "the transaction is over"),
    ProviderUnavailable("midtrans", "ReadTimeout"),
)
"""Why a provider does not do what is asked of it."""
NO_REFUND: Final = (RefundInProgress(), RefundByHand("bank_transfer"))
"""Why money does not go back this way, or not now."""
_HELD: Final = (_OUT_OF_STOCK, _PRICE_CHANGED, OrderEmpty())
_ENDED: Final = (OwnersDecision(), PaymentUnderWay(), *PROVIDER, *NO_REFUND)

CREATED: Final = refusals(OrderCustomerUnknown(), *WISH)
READ: Final = refusals(UNKNOWN)
ADDED: Final = refusals(UNKNOWN, _NOT_EDITABLE, *WISH)
REMOVED: Final = refusals(UNKNOWN, LineNotFound(EXAMPLE_ID), _NOT_EDITABLE)
CHANGED: Final = refusals(UNKNOWN, _NOT_EDITABLE, _TOO_LARGE, NotMoney("IDR takes whole amounts only", "shipping_cost"))
ASKED: Final = refusals(
    UNKNOWN, _STEP, OrderEmpty(), _OUT_OF_STOCK, OrderIsPaid(), OrderExpired(), _HOLD, SecretsKeyMissing()
)
CONFIRMED: Final = refusals(UNKNOWN, _STEP, *_HELD, _TOKEN)
CANCELLED: Final = refusals(UNKNOWN, _STEP, _TOKEN, *_ENDED)
MOVED: Final = refusals(UNKNOWN, _STEP, _HOLD, *_HELD, *_ENDED)
_NOT_PAYABLE: Final = (_HOLD, OrderIsPaid(), OrderExpired(), NothingToPay())
PAID: Final = refusals(UNKNOWN, _STEP, _TOKEN, *_NOT_PAYABLE, *PROVIDER, PaymentBeingOpened())
