"""A writer who says which version he has read."""

from ai_platform.kernel.errors import Outdated


def require_version(version: int, expected: int | None) -> None:
    """None: the writer does not care. Raises Outdated when somebody was quicker."""
    if expected is not None and version != expected:
        raise Outdated(f"It has version {version} by now, not {expected}; read it again.")
