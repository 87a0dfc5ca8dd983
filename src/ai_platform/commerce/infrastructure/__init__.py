"""Commerce in PostgreSQL, and its payment providers."""
