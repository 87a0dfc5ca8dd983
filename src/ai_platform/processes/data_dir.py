"""The data directory of `dev`: one owner at a time, and the keys that it keeps."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

from ai_platform.processes.lifecycle import WrongUse
from ai_platform.runtime.keyring import new_secrets_key
from ai_platform.tenancy.application.create_tenant import new_webhook_secret
from ai_platform.tenancy.domain.api_key import new_key


class DataDir:
    """Locked for as long as the process lives; the kernel lets go of the lock however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    def acquire(self) -> None:
        """Raises WrongUse when the directory cannot be used or another instance has it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise WrongUse(f"Cannot use {self.path} as data directory ({error.strerror}); see --data-dir.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WrongUse(
                f"Another `ai-platform dev` runs on {self.path}; stop it, or give this one its own --data-dir."
            ) from None

    def platform_key(self) -> str:
        """The same key at every start, readable by its owner only."""
        return self._kept("platform_key", new_key)

    def secrets_key(self) -> str:
        """What the tenants' secrets are sealed with; without it, they are lost."""
        return self._kept("secrets_key", new_secrets_key)

    def owner_key(self, *, fresh: bool = False) -> str:
        """The default tenant's; a fresh one when the last was revoked."""
        return self._kept("owner_api_key", new_key, fresh=fresh)

    def webhook_secret(self) -> str:
        return self._kept("webhook_secret", new_webhook_secret)

    def _kept(self, name: str, make: Callable[[], str], *, fresh: bool = False) -> str:
        file = self.path / "keys.json"
        kept: dict[str, str] = {}
        if file.exists():
            try:
                kept = {**json.loads(file.read_text())}
            except (ValueError, TypeError, OSError):
                raise WrongUse(f"{file} cannot be read; remove it and new keys are made.") from None
        if name not in kept or fresh:
            kept[name] = make()
            draft = file.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(kept))
            draft.replace(file)
        return str(kept[name])
