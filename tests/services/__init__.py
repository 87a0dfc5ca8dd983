"""Real PostgreSQL, RabbitMQ and Redis for tests and for development, with nothing left behind."""
