"""What the use cases of orders do, on whatever keeps their rows: the fakes and PostgreSQL pass the same suite."""

import pytest

from tests.unit.commerce.order_suite_keeping import Keeping
from tests.unit.commerce.order_suite_ordering import Ordering
from tests.unit.commerce.order_suite_second_step import SecondStep
from tests.unit.commerce.shop_counter import Counter, Shop


class OrderSuite(Ordering, Keeping, SecondStep):
    """All of it, at one counter."""

    @pytest.fixture
    def counter(self, shop: Shop) -> Counter:
        return Counter(shop)
