"""A request that may come twice and shall be done once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """The caller's own key for one effect, within actor and path; `fingerprint` is the SHA-256 of what was asked."""

    actor: str
    path: str
    key: str
    fingerprint: bytes
