"""Jobs in PostgreSQL, and the wake-ups that go with them."""
