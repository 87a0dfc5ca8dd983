"""The sandbox's pay page in words: what is to be paid, to whom, until when; or how it ended, and what to do then."""

from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from ai_platform.commerce.application.payment_ports import PayLine
from ai_platform.commerce.application.sandbox_ports import SandboxPage
from ai_platform.commerce.application.show_pay_page import ShownPage
from ai_platform.commerce.domain.observation import Standing
from ai_platform.commerce.interface.pay_page_style import STYLE
from ai_platform.kernel.money import Money, spoken

BUTTONS: Final = {"pay": Standing.PAID, "fail": Standing.DENIED, "expire": Standing.EXPIRED}

_ASK_AGAIN: Final = "No money was taken. The order may still be open: ask the shop for a new link."
_ENDS: Final = {
    Standing.PAID: ("Paid", "The shop has been notified and goes on with the order. You can close this page."),
    Standing.DENIED: ("Payment failed", _ASK_AGAIN),
    Standing.FAILED: ("Payment failed", _ASK_AGAIN),
    Standing.EXPIRED: ("Expired", f"The time to pay is over. {_ASK_AGAIN}"),
    Standing.CANCELLED: ("Cancelled", "The shop has called this payment off. No money was taken."),
}
_SIGNS: Final = {
    Standing.PAID: '<path d="m7 12.5 3.5 3.5L17 9"/>',
    Standing.EXPIRED: '<path d="M12 7v5l3.5 2"/>',
}
_CROSS: Final = '<path d="m9 9 6 6m0-6-6 6"/>'


def pay_page(shown: ShownPage) -> str:
    """One document without a script; when the time is over, it is asked for again by itself."""
    page = shown.page
    waiting = page.standing is Standing.WAITING
    amount, shop = escape(spoken(page.amount)), escape(shown.shop)
    refresh = f'<meta http-equiv="refresh" content="{_seconds_left(shown) + 2}">' if waiting else ""
    title = f"Pay {amount} to {shop}" if waiting else f"{_ENDS[page.standing][0]}: {amount} to {shop}"
    return _document(
        title,
        f'<h1>Payment to <b>{shop}</b></h1><p class="sum">{amount}</p>'
        f"{_until(shown) if waiting else _end_of(shown)}{_table(page)}{_BUTTONS if waiting else ''}",
        head=refresh,
        foot=f"Payment {escape(page.reference)}",
    )


def nowhere_page() -> str:
    """For a link that leads to no payment."""
    end = _end("denied", _CROSS, "There is no such payment", "Check the link, or ask the shop for a new one.")
    return _document("No such payment", f"<h1>Nothing to pay here</h1>{end}")


def _document(title: str, body: str, *, head: str = "", foot: str = "AI Platform Engine") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f'<link rel="icon" href="data:,">{head}<title>{title} · Sandbox</title><style>{STYLE}</style></head><body>'
        f'<main><p class="badge">Sandbox: no real money moves</p><div class="body">{body}</div><footer>{foot}</footer>'
        "</main></body></html>"
    )


_BUTTONS: Final = (
    '<form method="post"><button class="pay" name="action" value="pay">Pay</button>'
    '<div class="others"><button name="action" value="fail" aria-describedby="what">Fail</button>'
    '<button name="action" value="expire" aria-describedby="what">Let it expire</button></div>'
    '<p class="hint" id="what">The last two try out what happens when the bank refuses, or nobody pays in time.</p>'
    "</form>"
)


def _until(shown: ShownPage) -> str:
    page = shown.page
    return f'<p class="until">Pay by {_moment(page.expires_at, shown)} <span>({_left(shown)} left)</span></p>'


def _end_of(shown: ShownPage) -> str:
    page = shown.page
    words, advice = _ENDS[page.standing]
    if page.refunded.amount:
        words, advice = _given_back(page.refunded, page.amount)
    when = f'<p class="when">{_moment(page.settled_at, shown)}</p>' if page.settled_at else ""
    return _end(page.standing.value, _SIGNS.get(page.standing, _CROSS), words, advice, when)


def _given_back(refunded: Money, amount: Money) -> tuple[str, str]:
    if refunded == amount:
        return "Refunded", "The shop has given all of it back."
    return "Partly refunded", f"The shop has given {spoken(refunded)} of it back."


def _end(kind: str, sign: str, words: str, advice: str, more: str = "") -> str:
    return (
        f'<div class="end {kind}" role="status"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
        f'<circle cx="12" cy="12" r="10"/>{sign}</svg><div><h2>{words}</h2><p>{advice}</p>{more}</div></div>'
    )


def _table(page: SandboxPage) -> str:
    rows = "".join(_row(line, page.amount.currency) for line in page.lines)
    total = f'<tr><th scope="row">Total</th><td>{escape(spoken(page.amount))}</td></tr>'
    return f"<table><tbody>{rows}</tbody><tfoot>{total}</tfoot></table>"


def _row(line: PayLine, currency: str) -> str:
    each = spoken(Money(line.unit_price, currency))
    small = f"<small>{line.quantity} &times; {escape(each)}</small>" if line.quantity > 1 else ""
    subtotal = spoken(Money(line.unit_price * line.quantity, currency))
    return f'<tr><th scope="row">{escape(line.name)}{small}</th><td>{escape(subtotal)}</td></tr>'


def _moment(at: datetime, shown: ShownPage) -> str:
    """On the shop's clock."""
    local = at.astimezone(ZoneInfo(shown.timezone))
    return f'<time datetime="{at.isoformat()}">{local.day} {local:%B %Y, %H:%M %Z}</time>'


def _left(shown: ShownPage) -> str:
    hours, minutes = divmod(_seconds_left(shown) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _seconds_left(shown: ShownPage) -> int:
    return max(int((shown.page.expires_at - shown.now).total_seconds()), 0)
