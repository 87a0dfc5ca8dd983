"""AI Platform Engine: LLM jobs, WhatsApp commerce and support on one PostgreSQL truth."""
