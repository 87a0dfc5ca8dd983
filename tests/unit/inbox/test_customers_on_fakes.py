"""The use cases of customers on the fakes."""

import pytest

from tests.unit.inbox.customer_suite import Counter, CustomerSuite
from tests.unit.inbox.fake_customers import FakeCustomerReads, customer_memory


class TestOnFakes(CustomerSuite):
    @pytest.fixture
    def counter(self) -> Counter:
        memory = customer_memory()
        return Counter(memory, FakeCustomerReads(memory))
