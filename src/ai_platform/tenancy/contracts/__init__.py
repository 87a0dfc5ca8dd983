"""What other contexts may know of tenants."""
