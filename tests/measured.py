"""What tests measured, told at the end of the run; where several processes run them, by the one that started these."""

from typing import Any, Final

import pytest

MEASURED: Final[list[str]] = []
"""Sentences."""

_OUTPUT: Final = "measured"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[_OUTPUT] = MEASURED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Of pytest-xdist: a process that ran tests has ended."""
    MEASURED.extend(getattr(node, "workeroutput", {}).get(_OUTPUT, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("measured")
        for line in MEASURED:
            terminalreporter.write_line(line)
