"""A year of shop life: shoppers with a memory of their own, the providers' books, and everything that may go wrong."""
