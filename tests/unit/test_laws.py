"""The laws of the tree hold, and each of them is seen to catch what it forbids."""

import ast
import configparser
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAWS = ROOT / ".importlinter"
CONTEXTS = ("commerce", "inbox", "jobs", "llm", "tenancy")
LOADED_LATE = ("anthropic", "langchain", "langchain_core", "langgraph", "openai")


def verdicts(source: Path, workplace: Path) -> dict[str, str]:
    """The linter's word on each contract over `source`, the folder that holds `ai_platform`."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", LAWS, "--no-cache", "--no-logo"],
        cwd=workplace,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "240", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = dict(re.findall(r"^(\S.*?) (KEPT|BROKEN)\b", ran.stdout, re.MULTILINE))
    ids = {law["name"]: name.rpartition(":")[2] for name, law in laws().items() if "name" in law}
    assert said.keys() == ids.keys(), ran.stdout + ran.stderr
    return {ids[name]: verdict for name, verdict in said.items()}


def laws() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(LAWS)
    return parser


def words_of(law: str, option: str) -> set[str]:
    return set(laws()[f"importlinter:contract:{law}"][option].split())


@pytest.fixture
def copied_source(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "src"


def add(source: Path, module: str, line: str) -> None:
    """Write `line` at the end of a module of the copy, which is made when it is new."""
    file = source / "ai_platform" / module
    if not file.parent.exists():
        file.parent.mkdir()
        (file.parent / "__init__.py").touch()
    with file.open("a") as code:
        code.write(f"\n{line}\n")


def test_the_tree_keeps_every_law(tmp_path: Path) -> None:
    assert set(verdicts(ROOT / "src", tmp_path).values()) == {"KEPT"}


VIOLATIONS = {
    "the runtime knows a context": ("floors", "runtime/health.py", "import ai_platform.jobs.contracts.events"),
    "the kernel knows the runtime": ("floors", "kernel/ids.py", "import ai_platform.runtime.periodic"),
    "a context is in no contract": ("floors", "payroll/wiring.py", ""),
    "llm calls jobs": ("one-way", "llm/application/complete.py", "import ai_platform.jobs.contracts.events"),
    "jobs reaches into llm": ("llm-is-private", "jobs/application/ports.py", "import ai_platform.llm.domain.calls"),
    "the inbox reaches into commerce": (
        "commerce-is-private",
        "inbox/infrastructure/tables.py",
        "import ai_platform.commerce.infrastructure.tables",
    ),
    "commerce reaches into jobs": (
        "jobs-is-private",
        "commerce/application/ports.py",
        "import ai_platform.jobs.domain.errors",
    ),
    "llm reaches into tenancy": (
        "tenancy-is-private",
        "llm/infrastructure/repositories.py",
        "import ai_platform.tenancy.infrastructure.tables",
    ),
    "the domain knows a use case": ("rooms", "jobs/domain/retry.py", "import ai_platform.jobs.application.ports"),
    "the interface knows the tables": (
        "rooms",
        "jobs/interface/http.py",
        "import ai_platform.jobs.infrastructure.rows",
    ),
    "a contract knows the domain": ("rooms", "jobs/contracts/events.py", "import ai_platform.jobs.domain.errors"),
    "a context has a room for everything": ("rooms", "jobs/helpers/anything.py", ""),
    "the domain knows SQLAlchemy": ("rules-are-pure", "jobs/domain/retry.py", "import sqlalchemy"),
    "a use case knows the runtime": (
        "rules-are-pure",
        "llm/application/ports.py",
        "import ai_platform.runtime.logging",
    ),
    "a contract is a Pydantic model": ("contracts-are-plain", "llm/contracts/api.py", "import pydantic"),
    "the domain tells spans": ("rules-are-pure", "llm/domain/calls.py", "import opentelemetry.trace"),
    "the kernel logs": ("kernel-is-pure", "kernel/clock.py", "import structlog"),
}


@pytest.mark.parametrize(("law", "module", "line"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_exactly_one_law_is_broken_when(law: str, module: str, line: str, copied_source: Path, tmp_path: Path) -> None:
    add(copied_source, module, line)
    broken = {name for name, verdict in verdicts(copied_source, tmp_path).items() if verdict == "BROKEN"}
    assert broken == {law}


def test_every_contract_has_a_violation_that_it_catches() -> None:
    contracts = {name.rpartition(":")[2] for name in laws().sections() if ":contract:" in name}
    assert contracts == {law for law, _, _ in VIOLATIONS.values()}


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_room_of_a_context_is_named_in_the_laws(context: str) -> None:
    package = f"ai_platform.{context}"
    inside = ROOT / "src" / "ai_platform" / context
    rooms = {f"{package}.{entry.stem}" for entry in inside.iterdir() if entry.is_dir() or entry.suffix == ".py"} - {
        f"{package}.__init__",
        f"{package}.__pycache__",
    }
    assert package in words_of("rooms", "containers")
    assert rooms & {f"{package}.domain", f"{package}.application"} <= words_of("rules-are-pure", "source_modules")
    assert rooms & {f"{package}.contracts"} <= words_of("contracts-are-plain", "source_modules")
    if context != "inbox":  # the one-way law alone keeps everybody out of the leftmost
        private = rooms - {f"{package}.contracts"}
        assert private == words_of(f"{context}-is-private", "forbidden_modules")


# What the linter cannot say: imports that are allowed rather than forbidden, and calls rather than imports.


@dataclass(frozen=True)
class Uses:
    """What a module imports, and the names of what it calls."""

    imports: frozenset[str]
    calls: frozenset[str]


@functools.cache  # a copy differs from its original in one module
def uses(code: str) -> Uses:
    nodes = list(ast.walk(ast.parse(code)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    methods = {one.attr for one in called if isinstance(one, ast.Attribute)}
    functions = {one.id for one in called if isinstance(one, ast.Name)}
    return Uses(frozenset(plain | froms), frozenset(methods | functions))


def modules(source: Path, *patterns: str) -> Iterator[tuple[str, Uses]]:
    package = source / "ai_platform"
    for pattern in patterns:
        for file in package.glob(pattern):
            yield file.relative_to(package).as_posix(), uses(file.read_text())


def foreign_imports(source: Path) -> set[str]:
    """Modules of the rooms for rules that import anything but the standard library and this package."""
    known = {*sys.stdlib_module_names, "ai_platform"}
    pure = ("kernel/*.py", "*/domain/*.py", "*/application/*.py", "*/contracts/*.py")
    return {
        name
        for name, used in modules(source, *pure)
        if any(imported.partition(".")[0] not in known for imported in used.imports)
    }


def callers_of(source: Path, *functions: str) -> set[str]:
    """Modules that call something of one of these names."""
    return {name for name, used in modules(source, "**/*.py") if used.calls & set(functions)}


def openers_of_transactions(source: Path) -> set[str]:
    """Migrations have a connection of their own: they run before there is a schema to serve."""
    opening = callers_of(source, "create_async_engine", "create_engine", "AsyncSession", "async_sessionmaker", "commit")
    return opening - {"runtime/db.py", "runtime/db_pool.py", "runtime/migrations.py"}


def publishers(source: Path) -> set[str]:
    return callers_of(source, "publish", "basic_publish") - {"runtime/relay.py", "runtime/bus_amqp.py"}


def runners_of_graphs(source: Path) -> set[str]:
    """A model's own call has the same name, in its one place."""
    return callers_of(source, "ainvoke", "invoke") - {"runtime/graphs.py", "llm/infrastructure/langchain_call.py"}


CALL_LAWS = {
    "only one place runs a graph": (
        runners_of_graphs,
        "jobs/infrastructure/rows.py",
        "async def go(graph): await graph.ainvoke({})",
    ),
    "rules import the standard library only": (foreign_imports, "jobs/domain/retry.py", "import yaml"),
    "only the database module opens transactions": (
        openers_of_transactions,
        "jobs/infrastructure/rows.py",
        "async def keep(connection): await connection.commit()",
    ),
    "only the relay publishes": (
        publishers,
        "jobs/infrastructure/rows.py",
        "async def tell(bus, message): await bus.publish([message])",
    ),
}


@pytest.mark.parametrize(("find", "module", "line"), CALL_LAWS.values(), ids=CALL_LAWS.keys())
def test_nobody_but_an_intruder_breaks_the_law_that(
    find: Callable[[Path], set[str]], module: str, line: str, copied_source: Path
) -> None:
    assert find(ROOT / "src") == set()
    add(copied_source, module, line)
    assert find(copied_source) == {module}


def loaded_by(*statements: str) -> list[set[str]]:
    """What a fresh interpreter holds after each of the statements: names of modules and packages."""
    code = "import sys\n" + "\n".join(f"{statement}\nprint(*sys.modules)" for statement in statements)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return [set(line.split()) for line in ran.stdout.splitlines()]


def test_what_is_large_is_loaded_by_those_who_need_it() -> None:
    """FastAPI and the Redis client bring parts of OpenTelemetry along, but nothing that makes or sends a span.

    `dev` is every process in one, so no other is asked about spans.
    """
    gateway, dev = loaded_by("import ai_platform.processes.gateway", "import ai_platform.processes.dev")
    assert {f"ai_platform.processes.{name}" for name in ("gateway", "llm_worker", "commerce_agent")} <= dev
    assert gateway & set(LOADED_LATE) == set()
    assert dev & {"opentelemetry.sdk.trace", "opentelemetry.exporter"} == set()


def test_a_model_library_that_is_loaded_would_be_noticed() -> None:
    (loaded,) = loaded_by("import langchain_core")
    assert "langchain_core" in loaded & set(LOADED_LATE)
