"""Commerce over HTTP."""
