"""Whose everything is: tenants, their keys and members, and who did what."""
