"""What is sold, ordered and paid."""
