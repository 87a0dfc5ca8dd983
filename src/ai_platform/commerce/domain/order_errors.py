"""The refusals of orders."""

from collections.abc import Sequence
from uuid import UUID

from ai_platform.commerce.domain.order_line import PriceChange, ShortLine
from ai_platform.commerce.domain.order_status import STEPS, Hold, OrderStatus
from ai_platform.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, Violation
from ai_platform.kernel.money import decimal_of


class OrderNotFound(NotFound):
    code = "order_not_found"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id}.")


class LineNotFound(NotFound):
    code = "order_item_not_found"

    def __init__(self, line_id: UUID) -> None:
        super().__init__(f"The order has no item {line_id}.")


class OrderCustomerUnknown(InvalidInput):
    code = "customer_not_found"

    def __init__(self) -> None:
        what = "There is no such customer."
        super().__init__(what, violations=(Violation(("customer_id",), what, self.code),))


class VariantUnknown(InvalidInput):
    """Archived and foreign ones too: what is not sold here does not exist here."""

    code = "variant_not_found"

    def __init__(self, named: str, loc: tuple[str | int, ...]) -> None:
        what = f"Nothing is sold here as {named}."
        super().__init__(what, violations=(Violation(loc, what, self.code),))


class OrderTooLarge(InvalidInput):
    code = "order_too_large"

    def __init__(self, what: str) -> None:
        super().__init__(f"The order would be too large: {what}.", violations=(Violation((), what, self.code),))


class InvalidOrderStep(Conflict):
    code = "invalid_transition"

    def __init__(self, now: OrderStatus, wanted: OrderStatus) -> None:
        allowed = [one.value for one in STEPS[now]]
        ways = f"only {' or '.join(allowed)}" if allowed else "nothing"
        super().__init__(f"The order is {now}; from there it becomes {ways}, not {wanted}.", facts={"allowed": allowed})


class OrderNotEditable(Conflict):
    code = "order_not_editable"

    def __init__(self, now: OrderStatus, what: str = "Its lines and its shipping cost") -> None:
        super().__init__(f"The order is {now}. {what} can no longer be changed.")


class OrderEmpty(Conflict):
    code = "order_empty"

    def __init__(self) -> None:
        super().__init__("The order has no lines yet.")


class OutOfStock(Conflict):
    """Names every short line, so that one answer settles the whole order."""

    code = "out_of_stock"

    def __init__(self, short: Sequence[ShortLine]) -> None:
        told = ", ".join(f"{one.line.sku} ({one.available} of {one.line.quantity})" for one in short)
        lines = [
            {
                "variant_id": str(one.line.variant_id),
                "sku": one.line.sku,
                "requested": one.line.quantity,
                "available": one.available,
            }
            for one in short
        ]
        super().__init__(f"There is not enough of: {told}.", facts={"lines": lines})


class PriceChanged(Conflict):
    """The order has the new prices by now: whoever still wants it confirms once more. `prices` are by variant."""

    code = "price_changed"

    def __init__(self, changes: Sequence[PriceChange], currency: str) -> None:
        told = ", ".join(
            f"{one.line.sku} {decimal_of(one.line.unit_price, currency)} → {decimal_of(one.new, currency)} {currency}"
            for one in changes
        )
        lines = [
            {
                "variant_id": str(one.line.variant_id),
                "sku": one.line.sku,
                "old": _money(one.line.unit_price, currency),
                "new": _money(one.new, currency),
            }
            for one in changes
        ]
        facts = {"old": lines[0]["old"], "new": lines[0]["new"], "lines": lines}
        self.prices = {one.line.variant_id: one.new for one in changes}
        super().__init__(f"Prices have changed: {told}. Confirm again to accept them.", facts=facts)


class CurrencyDiffers(Conflict):
    code = "currency_differs"

    def __init__(self, sku: str, currency: str, orders: str) -> None:
        super().__init__(f"{sku} is priced in {currency}, the order is in {orders}.")


class PaymentUnderWay(Conflict):
    """Its payment has to be ended first: a customer may be paying at this moment."""

    code = "payment_under_way"

    def __init__(self) -> None:
        super().__init__("A payment of this order is under way; it has to end first.")


class OrderIsPaid(Conflict):
    code = "order_already_paid"

    def __init__(self) -> None:
        super().__init__("The order has been paid.")


class OrderExpired(Conflict):
    code = "order_expired"

    def __init__(self) -> None:
        super().__init__("The time to pay this order is over; its goods are about to be free again.")


class OrderOnHold(Conflict):
    code = "order_on_hold"

    def __init__(self, hold: Hold) -> None:
        super().__init__(f"The order is on hold ({hold}); nothing is sent until that is settled.")


class OwnersDecision(NotAllowed):
    code = "role_too_low"

    def __init__(self) -> None:
        super().__init__("The order has been paid; cancelling it refunds the money, which needs role owner.")


class ConfirmationRefused(Conflict):
    """Unknown, used, too old, for something else, or the order has changed since."""

    code = "confirmation_invalid"

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} Ask for a new summary and have it confirmed.")


def _money(amount: int, currency: str) -> dict[str, str]:
    return {"amount": decimal_of(amount, currency), "currency": currency}
