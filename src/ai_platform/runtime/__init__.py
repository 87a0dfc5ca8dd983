"""Technology without a business word: what every context stands on."""
