"""The rules of tenants, keys and members."""
