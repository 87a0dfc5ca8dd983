"""What Midtrans' twin knows: orders at Snap, transactions in the core, and the notifications that they make."""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

SERVER_KEY: Final = "SB-Mid-server-TEST"
WIB: Final = timezone(timedelta(hours=7))
REFUNDABLE: Final = frozenset({"credit_card", "gopay", "shopeepay", "dana", "ovo", "qris", "kredivo", "akulaku"})

_CODES: Final = {"pending": "201", "settlement": "200", "capture": "200", "refund": "200", "partial_refund": "200"}

Body = dict[str, Any]


def signature(order_id: str, status_code: str, gross_amount: str, key: str) -> str:
    return hashlib.sha512(f"{order_id}{status_code}{gross_amount}{key}".encode()).hexdigest()


@dataclass
class MidtransOrder:
    """What Snap was asked for, and the transaction that the customer's choice made of it, if any."""

    order_id: str
    gross_amount: int
    token: str
    request: Body
    transaction: Body | None = None
    refunds: dict[str, int] = field(default_factory=dict)


class MidtransBooks:
    """`server_key` is the one that the twin accepts and signs with."""

    def __init__(self, server_key: str = SERVER_KEY) -> None:
        self.server_key = server_key
        self.orders: dict[str, MidtransOrder] = {}

    def is_known(self, authorization: str) -> bool:
        expected = base64.b64encode(f"{self.server_key}:".encode()).decode()
        return authorization == f"Basic {expected}"

    def snap(self, request: Body) -> tuple[int, Body]:
        details = request.get("transaction_details") or {}
        if not details.get("order_id"):
            return 400, {"error_messages": ["transaction_details.order_id is required"]}
        if not isinstance(details.get("gross_amount"), int):
            return 400, {"error_messages": ["transaction_details.gross_amount is required"]}
        items = request.get("item_details")
        if items is not None and sum(one["price"] * one["quantity"] for one in items) != details["gross_amount"]:
            return 400, {"error_messages": ["transaction_details.gross_amount is not equal to the sum of item_details"]}
        if len(details["order_id"]) > 50:
            return 400, {"error_messages": ["transaction_details.order_id too long"]}
        known = self.orders.get(details["order_id"])
        if known and known.transaction and known.transaction["transaction_status"] not in ("expire", "pending"):
            words = "transaction_details.order_id has been paid and utilized, please use another order ID"
            return 400, {"error_messages": [words]}
        order = MidtransOrder(details["order_id"], details["gross_amount"], str(uuid.uuid4()), request)
        if known:
            order.transaction = known.transaction
        self.orders[order.order_id] = order
        url = f"https://app.sandbox.midtrans.com/snap/v3/redirection/{order.token}"
        return 201, {"token": order.token, "redirect_url": url}

    def choose(self, order_id: str, payment_type: str = "bank_transfer") -> Body:
        """The customer picks a way to pay; only now there is a transaction."""
        order = self.orders[order_id]
        transaction: Body = {
            "transaction_time": _now(),
            "transaction_status": "pending",
            "transaction_id": str(uuid.uuid4()),
            "payment_type": payment_type,
            "order_id": order_id,
            "merchant_id": "G000000001",
            "gross_amount": f"{order.gross_amount}.00",
            "currency": "IDR",
            "fraud_status": "accept",
        }
        if payment_type == "bank_transfer":
            transaction["va_numbers"] = [{"va_number": "812345678901234", "bank": "bca"}]
        order.transaction = transaction
        return self.notice(order_id)

    def pay(self, order_id: str, payment_type: str = "bank_transfer") -> Body:
        order = self.orders[order_id]
        if order.transaction is None or order.transaction["transaction_status"] in ("expire", "cancel"):
            self.choose(order_id, payment_type)
        assert order.transaction is not None
        order.transaction |= {"transaction_status": "settlement", "settlement_time": _now()}
        return self.notice(order_id)

    def become(self, order_id: str, status: str, **more: Any) -> Body:
        """Any other state, e.g. a `deny` after the settlement."""
        order = self.orders[order_id]
        if order.transaction is None:
            self.choose(order_id, "credit_card" if status == "capture" else "bank_transfer")
        assert order.transaction is not None
        order.transaction |= {"transaction_status": status, **more}
        return self.notice(order_id)

    def notice(self, order_id: str, **changes: Any) -> Body:
        """The notification of how things stand, signed; `changes` are made after signing."""
        transaction = self.orders[order_id].transaction
        assert transaction is not None
        code = self._code(transaction)
        if transaction["transaction_status"] == "expire":
            code = "202"
        signed = signature(order_id, code, transaction["gross_amount"], self.server_key)
        words = {"status_message": "midtrans payment notification", "status_code": code, "signature_key": signed}
        return {**transaction, **words, "payment_amounts": [], **changes}

    def status(self, subject: str) -> Body:
        order = self._find(subject)
        if order is None or order.transaction is None:
            return {"status_code": "404", "status_message": "Transaction doesn't exist.", "id": str(uuid.uuid4())}
        code = self._code(order.transaction)
        signed = signature(order.order_id, code, order.transaction["gross_amount"], self.server_key)
        said = {"status_code": code, "status_message": "Success, transaction is found", "signature_key": signed}
        return {**said, **order.transaction, "payment_amounts": []}

    def end(self, subject: str, status: str) -> Body:
        order = self._find(subject)
        if order is None or order.transaction is None:
            return self.status(subject)
        if order.transaction["transaction_status"] != "pending":
            words = "Merchant cannot modify the status of the transaction"
            return {"status_code": "412", "status_message": words}
        order.transaction["transaction_status"] = status
        code = "407" if status == "expire" else "200"
        words = "Success, transaction has expired" if status == "expire" else "Success, transaction is canceled"
        return {"status_code": code, "status_message": words, **order.transaction}

    def refund(self, subject: str, request: Body) -> Body:
        order = self._find(subject)
        if order is None or order.transaction is None:
            return self.status(subject)
        transaction = order.transaction
        paid = transaction["transaction_status"] in ("settlement", "refund", "partial_refund")
        if not paid or transaction["payment_type"] not in REFUNDABLE:
            return {"status_code": "412", "status_message": "Merchant cannot modify the status of the transaction"}
        key, amount = request.get("refund_key") or str(uuid.uuid4()), request.get("amount", order.gross_amount)
        if key in order.refunds:
            return {"status_code": "406", "status_message": "Duplicate refund ID"}
        if not 0 < amount <= order.gross_amount - sum(order.refunds.values()):
            return {"status_code": "414", "status_message": "Refund request is rejected due to invalid amount"}
        order.refunds[key] = amount
        total = sum(order.refunds.values())
        status = "refund" if total == order.gross_amount else "partial_refund"
        transaction |= {"transaction_status": status, "refund_amount": f"{total}.00"}
        words = {"status_code": "200", "status_message": "Success, refund request is approved"}
        return {**words, **transaction, "refund_key": key}

    def _find(self, subject: str) -> MidtransOrder | None:
        by_id = (
            one
            for one in list(self.orders.values())
            if one.transaction and one.transaction["transaction_id"] == subject
        )
        return self.orders.get(subject) or next(by_id, None)

    def _code(self, transaction: Body) -> str:
        status = transaction["transaction_status"]
        if status == "capture" and transaction.get("fraud_status") == "challenge":
            return "201"
        return "407" if status == "expire" else _CODES.get(status, "202")


def _now() -> str:
    return datetime.now(UTC).astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")
