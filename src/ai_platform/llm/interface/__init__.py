"""The model layer over HTTP."""
