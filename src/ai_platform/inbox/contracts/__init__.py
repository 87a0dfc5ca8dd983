"""What other contexts may know of customers."""
