"""A shop's customers on the gateway's application and a real PostgreSQL."""

import pytest

from tests.integration.commerce.conftest import install, open_shop, platform, shop

__all__ = ["install", "open_shop", "platform", "shop"]

pytest.register_assert_rewrite("tests.unit.inbox.customer_suite")
