"""A client that is generated from docs/openapi.json type-checks, and so does a program that uses it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = Path("tests") / "typescript_client"
GENERATED = shutil.ignore_patterns("node_modules", "generated")


def npm(*arguments: str, directory: Path) -> None:
    program = shutil.which("npm")
    if program is None:
        pytest.fail("npm is not there: install Node.js 20 or later (apt-get install nodejs npm).")
    ran = subprocess.run([program, *arguments], cwd=directory, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.timeout(500)
def test_a_typescript_program_over_the_generated_client_type_checks(tmp_path: Path) -> None:
    client = tmp_path / CLIENT
    shutil.copytree(ROOT / CLIENT, client, ignore=GENERATED)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "openapi.json", tmp_path / "docs")
    npm("ci", "--no-audit", "--no-fund", directory=client)
    npm("run", "check", directory=client)


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / CLIENT / "package-lock.json").read_text()
