"""What providers write, read from their own samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from ai_platform.commerce.application.payment_ports import Account, Notice
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.infrastructure import midtrans_wire, xendit_wire
from ai_platform.commerce.infrastructure.midtrans_wire import MidtransNotices, standing_of
from ai_platform.commerce.infrastructure.xendit_wire import XenditNotices
from ai_platform.kernel.money import Money

SAMPLES = Path(__file__).parent / "samples"
MIDTRANS = Account(provider="midtrans", secret="SB-Mid-server-TEST")
XENDIT = Account(provider="xendit", secret="k", callback_token="xnd-callback-token-TEST")


def sample(name: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found | changes


def notice_of(body: dict[str, Any], **headers: str) -> Notice:
    return Notice(headers, json.dumps(body).encode())


@pytest.mark.parametrize("name", ["pending_va", "settlement_va", "expire", "partial_refund", "capture_accept"])
def test_midtrans_signs_its_notifications(name: str) -> None:
    notice = notice_of(sample(f"midtrans_notif_{name}"))
    assert MidtransNotices().is_genuine(notice, MIDTRANS)
    assert MidtransNotices().reference_of(notice) == "ORD-20261121-0001"


@pytest.mark.parametrize(
    "body",
    [
        sample("midtrans_notif_FORGED_settlement"),
        sample("midtrans_notif_settlement_va", gross_amount="1.00"),
        sample("midtrans_notif_settlement_va", gross_amount=145000.00),
        sample("midtrans_notif_settlement_va", order_id="ORD-20261121-0002"),
        sample("midtrans_notif_settlement_va", signature_key=None),
        sample("midtrans_notif_settlement_va", signature_key="ü"),
        {},
    ],
)
def test_what_midtrans_did_not_sign_is_not_genuine(body: dict[str, Any]) -> None:
    assert not MidtransNotices().is_genuine(notice_of(body), MIDTRANS)


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_object_is_nobodys_notification(raw: bytes) -> None:
    assert not MidtransNotices().is_genuine(Notice({}, raw), MIDTRANS)
    assert MidtransNotices().reference_of(Notice({}, raw)) is None
    assert XenditNotices().reference_of(Notice({}, raw)) is None


def test_nobody_signs_with_an_empty_key() -> None:
    body = sample("midtrans_notif_settlement_va")
    assert not MidtransNotices().is_genuine(notice_of(body), Account(provider="midtrans", secret=""))


@pytest.mark.parametrize(
    ("status", "code", "fraud", "standing"),
    [
        ("settlement", "200", None, Standing.PAID),
        ("capture", "200", "accept", Standing.PAID),
        ("capture", "201", "challenge", Standing.WAITING),
        ("capture", "200", "challenge", Standing.WAITING),
        ("settlement", "201", "accept", Standing.WAITING),
        ("PENDING", "201", None, Standing.WAITING),
        ("deny", "202", "accept", Standing.DENIED),
        ("expire", "407", None, Standing.EXPIRED),
        ("cancel", "200", None, Standing.CANCELLED),
        ("refund", "200", None, Standing.REFUNDED),
        ("authorize", "200", None, Standing.WAITING),
        ("something-new", "200", None, Standing.WAITING),
    ],
)
def test_midtrans_says_paid_in_one_way_only(status: str, code: str, fraud: str | None, standing: Standing) -> None:
    body = {"transaction_status": status, "status_code": code} | ({"fraud_status": fraud} if fraud else {})
    assert standing_of(body) is standing


def test_a_midtrans_settlement_is_read() -> None:
    found = midtrans_wire.observation_of(sample("midtrans_status_200_settlement"))
    assert (found.standing, found.amount, found.va_number) == (
        Standing.PAID,
        Money(145_000, "IDR"),
        "812345678901234",
    )
    assert found.occurred_at is not None
    assert found.occurred_at.isoformat() == "2026-11-21T15:03:10+07:00"


def test_a_partial_refund_tells_how_much() -> None:
    assert midtrans_wire.observation_of(sample("midtrans_notif_partial_refund")).refunded == 45_000


def test_xendit_shows_its_token() -> None:
    body = sample("xendit_callback_paid_bank_transfer")
    genuine = notice_of(body, **{"x-callback-token": "xnd-callback-token-TEST"})
    assert XenditNotices().is_genuine(genuine, XENDIT)
    assert XenditNotices().reference_of(genuine) == "ORD-20261121-0002"
    for shown in ("", "wrong", "xnd-callback-token-test"):
        assert not XenditNotices().is_genuine(notice_of(body, **{"x-callback-token": shown}), XENDIT)
    assert not XenditNotices().is_genuine(genuine, Account(provider="xendit", secret="k"))


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("PENDING", Standing.WAITING),
        ("PAID", Standing.PAID),
        ("SETTLED", Standing.PAID),
        ("EXPIRED", Standing.EXPIRED),
        ("UNKNOWN_ENUM_VALUE", Standing.WAITING),
    ],
)
def test_xendit_has_two_words_for_paid(status: str, standing: Standing) -> None:
    assert xendit_wire.observation_of(sample("xendit_invoice_200_pending", status=status)).standing is standing


def test_what_was_paid_at_xendit_counts_and_not_what_was_asked() -> None:
    body = sample("xendit_callback_paid_bank_transfer", paid_amount=100_000)
    assert xendit_wire.observation_of(body).amount == Money(100_000, "IDR")
