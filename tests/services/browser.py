"""A browser for pages: this machine's own, driven over a pipe; nothing is downloaded but Debian's package."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests.services.locate import ServiceNotFound, chromium_program, install_missing

_HOW: Final = """\
Chromium is not here and could not be installed. One of these helps:
  - a browser that is somewhere else:  export TEST_CHROMIUM=/path/to/chromium
  - Debian:                            sudo apt-get install --no-install-recommends chromium
  - macOS:                             brew install --cask chromium
{trouble}"""
_ARGUMENTS: Final = ("--disable-dev-shm-usage", "--no-first-run")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Raises ServiceNotFound."""
    program = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


def find_chromium() -> Path:
    """From the environment, from this machine, or installed as root on Debian; raises ServiceNotFound."""
    if named := os.environ.get("TEST_CHROMIUM"):
        return Path(named)
    trouble = "" if chromium_program() else install_missing({"chromium": chromium_program})
    program = chromium_program()
    if program is None:
        raise ServiceNotFound(_HOW.format(trouble=trouble).rstrip())
    return program
