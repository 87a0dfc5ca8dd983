"""Tenancy over HTTP."""
