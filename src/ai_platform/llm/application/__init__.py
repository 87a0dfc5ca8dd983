"""What the model layer does for its callers."""
