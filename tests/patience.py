"""How long tests wait for what shall come true."""

from typing import Final

PATIENCE: Final = 90.0
"""Seconds. It bounds nothing but a failure, so it allows for a slow machine; promises of the product name their own."""
