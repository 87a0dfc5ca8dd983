"""Tenants: who owns what on a shared installation."""
