"""The data directory of `dev`: one owner at a time, and the keys that it keeps."""

import base64
import fcntl
import json
import os
import secrets
import string
from collections.abc import Callable
from pathlib import Path

from ai_platform.processes.lifecycle import WrongUse

_BASE62 = string.digits + string.ascii_letters


def new_api_key() -> str:
    """`aip_` and 40 base62 characters, 238 bits."""
    return "aip_" + "".join(secrets.choice(_BASE62) for _ in range(40))


def new_webhook_secret() -> str:
    """`whsec_` and 32 random bytes in base64, as Standard Webhooks writes a secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


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
        return self._kept("platform_key", new_api_key)

    def webhook_secret(self) -> str:
        """Likewise."""
        return self._kept("webhook_secret", new_webhook_secret)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        file = self.path / "keys.json"
        keys: dict[str, str] = {}
        if file.exists():
            try:
                keys = {**json.loads(file.read_text())}
            except (ValueError, TypeError, OSError):
                raise WrongUse(f"{file} cannot be read; remove it and a new key is made.") from None
        if name not in keys:
            draft = file.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({**keys, name: make()}))
            draft.replace(file)
            return self._kept(name, make)
        return keys[name]
