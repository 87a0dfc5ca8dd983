"""What can be done with tenants, keys and members."""
