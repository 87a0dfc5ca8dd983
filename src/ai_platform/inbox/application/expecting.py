"""A writer who says which version he has read."""

from ai_platform.kernel.errors import PreconditionFailed


def require_version(version: int, expected: frozenset[int] | None) -> None:
    """None: the writer does not care. Raises PreconditionFailed when somebody was quicker."""
    if expected is not None and version not in expected:
        raise PreconditionFailed(f"It has version {version} by now; read it again.")
