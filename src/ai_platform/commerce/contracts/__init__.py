"""What other contexts may know of commerce."""
