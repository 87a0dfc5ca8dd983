"""Jobs: a prompt that was accepted is answered once, whatever dies in between."""
