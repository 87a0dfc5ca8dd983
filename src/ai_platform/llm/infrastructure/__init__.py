"""Tables, the demo model and the vendors."""
