"""What other contexts may see of the model layer."""
