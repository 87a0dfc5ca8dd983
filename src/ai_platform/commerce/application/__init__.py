"""What can be done with products, stock, orders and payments."""
