"""What every store of payments does: the fakes and PostgreSQL pass the same suite."""

from tests.unit.commerce.payment_suite_keeping import Keeping
from tests.unit.commerce.payment_suite_scheduling import Scheduling


class PaymentSuite(Keeping, Scheduling):
    """All of it."""
