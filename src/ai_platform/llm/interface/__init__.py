"""The configuration over HTTP."""
