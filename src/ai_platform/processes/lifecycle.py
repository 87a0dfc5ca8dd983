"""How a process starts, is asked to stop, and ends."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import uvloop
from dotenv import dotenv_values
from pydantic import ValidationError

from ai_platform.runtime.fields import complaint
from ai_platform.runtime.settings import Settings


class WrongUse(Exception):
    """The environment or the call is wrong: one sentence, exit code 2."""


def fail(sentence: str, code: int) -> NoReturn:
    """One clear sentence on stderr, never a traceback."""
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(code)


def read_settings() -> Settings:
    """Raises WrongUse with every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(_sentence(one) for one in error.errors())
        raise WrongUse(f"The settings are wrong: {wrong}") from None


def service_settings() -> Settings:
    """The settings of a service process, which embeds nothing."""
    settings = read_settings()
    missing = settings.missing_services()
    if missing:
        raise WrongUse(
            f"Set {', '.join(missing)} in the environment or in .env (`ai-platform dev` needs none of them)."
        )
    return settings


def environment() -> Mapping[str, str]:
    """What the process was started with, over what `.env` says; the keys of providers are looked up here."""
    written = {name: value for name, value in dotenv_values(".env").items() if value}
    return written | {name: value for name, value in os.environ.items() if value}


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a process to its end; refusals of the environment become one sentence and exit code 2."""
    settle_garbage()
    try:
        uvloop.run(main)
    except WrongUse as error:
        fail(str(error), 2)


def settle_garbage() -> None:
    """What was imported stays for good: the collector need not look at it again, nor after every few requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """The event is set by SIGTERM or SIGINT; a second signal changes nothing."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _sentence(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    message = complaint(error)
    return f"{name}: {message}" if name else message
