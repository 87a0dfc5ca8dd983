"""The error tree. Every error that may cross a use case's border is one of these kinds.

    PlatformError
     ├─ InvalidInput      the caller's words are wrong; nothing was changed          (422)
     ├─ NotFound          no such thing, or not the caller's                         (404)
     ├─ Conflict          the thing's state does not allow it                        (409)
     │   └─ PreconditionFailed   it changed since the caller saw it                  (412)
     ├─ NotAllowed        the caller is unknown or may not do this                   (401, 403)
     ├─ LimitExceeded     too much, too often                                        (413, 429)
     └─ Unavailable       something we stand on is away; the same call may work later (503)

The kinds know no status codes: the HTTP edge and the workers each map them once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong: where it stands in the input, what is wrong, and the rule's name."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class PlatformError(Exception):
    """A refusal with a stable, machine-readable `code` and one sentence for a person."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.stable_code = code or self.code


class InvalidInput(PlatformError):
    code = "validation_failed"

    def __init__(self, detail: str, *, code: str | None = None, violations: tuple[Violation, ...] = ()) -> None:
        super().__init__(detail, code=code)
        self.violations = violations


class NotFound(PlatformError):
    code = "not_found"


class Conflict(PlatformError):
    """`facts` tell a program what stands in the way, e.g. the lines of which there is not enough."""

    code = "conflict"

    def __init__(self, detail: str, *, code: str | None = None, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(detail, code=code)
        self.facts = dict(facts or {})


class PreconditionFailed(Conflict):
    """The caller named the version that it saw, and the thing has another by now."""

    code = "precondition_failed"


class NotAllowed(PlatformError):
    """`known` tells whether we know who asks: an unknown caller is asked for a key, a known one is refused."""

    code = "not_allowed"

    def __init__(self, detail: str, *, code: str | None = None, known: bool = True) -> None:
        super().__init__(detail, code=code)
        self.known = known


class LimitExceeded(PlatformError):
    """`retry_after` is in seconds; None when waiting does not help (a body that is too large)."""

    code = "limit_exceeded"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(PlatformError):
    """`retry_after` is in seconds."""

    code = "unavailable"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
