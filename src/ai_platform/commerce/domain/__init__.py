"""The rules of products, stock, orders and payments."""
