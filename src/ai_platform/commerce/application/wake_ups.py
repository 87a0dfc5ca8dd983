"""The messages on `crm_tasks` that wake the commerce agent for payments."""

from typing import Final

PAYMENT_DUE: Final = "commerce.payment_due"
"""There is news of a payment, or it is time to look. What is due is claimed from the database."""
