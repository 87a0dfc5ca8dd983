"""The private PostgreSQL of `dev`: no kill -9, of it or of us, costs a committed row or the next start."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from ai_platform.runtime.postgres_binaries import PostgresUnavailable
from ai_platform.runtime.postgres_embedded import EmbeddedPostgres
from tests.integration.postgres_left_overs import (
    AS_ROOT,
    a_stranger,
    hand_to_postgres,
    is_alive,
    kill_9,
    kill_within_initdb,
    lock_of,
    processes_on,
    supervise_until_killed,
)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped database to be copied, because initdb is the slowest part of a first start."""
    folder = tmp_path_factory.mktemp("made") / "data"

    async def make() -> None:
        async with EmbeddedPostgres(folder, durable=False):
            pass

    asyncio.run(make())
    return folder


@pytest.fixture
def data_dir(made_once: Path, new_dir: Path) -> Path:
    """A data directory with a stopped database in it."""
    shutil.copytree(made_once, new_dir)
    return new_dir


@pytest.fixture
def new_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory that is not there yet; whatever a failing test leaves running on it is ended."""
    folder = tmp_path / "data"
    yield folder
    left_over = processes_on(folder)
    for process in left_over:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left_over, timeout=10)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), ssl=False)
    try:
        yield connection
    finally:
        connection.terminate()


async def write_a_row(url: str) -> None:
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE jobs AS SELECT 'paid' AS status")


async def rows(url: str) -> list[str]:
    async with connected(url) as connection:
        return [row["status"] for row in await connection.fetch("SELECT status FROM jobs")]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_the_first_start_creates_a_database_that_a_stop_and_a_start_keep(new_dir: Path) -> None:
    async with EmbeddedPostgres(new_dir) as postgres:
        assert postgres.url.startswith("postgresql+asyncpg://ai_platform:")
        assert postgres.url.endswith("/ai_platform")
        await write_a_row(postgres.url)
    assert processes_on(new_dir) == []
    async with EmbeddedPostgres(new_dir) as again:
        assert await rows(again.url) == ["paid"]


async def test_only_who_knows_the_password_gets_in(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir, durable=False) as postgres:
        password = data_dir / "postgres" / "password"
        assert password.stat().st_mode & 0o777 == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url.replace("+asyncpg", "").replace(password.read_text(), "guessed"))


async def test_the_postmaster_lives_in_a_session_of_its_own_and_not_as_root(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir, durable=False) as postgres:
        assert os.getsid(postgres.pid) == postgres.pid
        assert psutil.Process(postgres.pid).uids().effective != 0


async def test_a_committed_row_survives_kill_9_of_the_postmaster(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as postgres:
        url = postgres.url
        await write_a_row(url)
        kill_9(postgres.pid)
        assert await postgres.start() == url
        assert await rows(url) == ["paid"]


async def test_a_start_waits_for_the_orphans_of_a_killed_postmaster(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as connection:
        await write_a_row(postgres.url)
        query = asyncio.create_task(connection.fetchval("SELECT count(*) FROM generate_series(1, 4000000)"))
        async with connected(postgres.url) as other:
            while not await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%4000000%' AND pid <> pg_backend_pid()"
            ):
                pass
        kill_9(postgres.pid)
        await postgres.start()
        await asyncio.gather(query, return_exceptions=True)
        assert "still in use" in (data_dir / "postgres.log").read_text()
        assert await rows(postgres.url) == ["paid"]


async def test_a_postmaster_left_over_by_a_killed_supervisor_is_adopted_and_stopped(data_dir: Path) -> None:
    left_over = supervise_until_killed(data_dir)
    async with EmbeddedPostgres(data_dir) as postgres:
        assert postgres.pid == left_over
        await write_a_row(postgres.url)
    assert processes_on(data_dir) == []


async def test_a_left_over_that_could_lose_rows_is_replaced(data_dir: Path) -> None:
    left_over = supervise_until_killed(data_dir, "fast")
    async with EmbeddedPostgres(data_dir) as postgres, connected(postgres.url) as connection:
        assert postgres.pid != left_over
        assert await connection.fetchval("SHOW fsync") == "on"
        assert not is_alive(left_over)


async def test_a_left_over_with_another_password_is_replaced(data_dir: Path) -> None:
    left_over = supervise_until_killed(data_dir, "fast")
    password = data_dir / "postgres" / "password"
    right = password.read_text()
    password.write_text("wrong")
    with pytest.raises(PostgresUnavailable, match="password authentication failed"):
        await EmbeddedPostgres(data_dir, durable=False).start()
    assert not is_alive(left_over)
    assert processes_on(data_dir) == []
    password.write_text(right)
    async with EmbeddedPostgres(data_dir, durable=False) as postgres:
        assert postgres.pid != left_over


async def test_a_lock_that_names_a_living_stranger_is_no_reason_to_fail_nor_to_hurt_him(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir, durable=False) as postgres:
        await write_a_row(postgres.url)
        lock = lock_of(data_dir).read_text()
    with a_stranger(data_dir) as stranger:
        lock_of(data_dir).write_text("\n".join([str(stranger.pid), *lock.split("\n")[1:]]))
        hand_to_postgres(data_dir, lock_of(data_dir))
        async with EmbeddedPostgres(data_dir, durable=False) as again:
            assert await rows(again.url) == ["paid"]
        assert stranger.poll() is None


async def test_a_lock_that_was_cut_short_is_no_reason_to_fail(data_dir: Path) -> None:
    async with EmbeddedPostgres(data_dir, durable=False) as postgres:
        await write_a_row(postgres.url)
    lock_of(data_dir).touch(mode=0o600)
    hand_to_postgres(data_dir, lock_of(data_dir))
    async with EmbeddedPostgres(data_dir, durable=False) as again:
        assert await rows(again.url) == ["paid"]


@pytest.mark.skipif(not AS_ROOT, reason="only root has folders that PostgreSQL's account cannot pass through")
async def test_a_directory_private_to_root_stays_so_and_works(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    async with EmbeddedPostgres(private / "with, comma" / "data", durable=False) as postgres:
        await write_a_row(postgres.url)
        assert [parent.stat().st_uid for parent in (private, private / "with, comma" / "data")] == [0, 0]
        assert private.stat().st_mode & 0o777 == 0o700


async def test_an_initdb_that_was_killed_half_way_is_begun_anew(new_dir: Path) -> None:
    kill_within_initdb(new_dir)
    async with EmbeddedPostgres(new_dir, durable=False) as postgres:
        await write_a_row(postgres.url)
    assert names_in(new_dir) == ["postgres", "postgres.log"]


async def test_a_database_of_a_version_that_is_not_installed_is_refused_in_one_sentence(new_dir: Path) -> None:
    cluster = new_dir / "postgres" / "data"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(
        PostgresUnavailable, match=r"made by PostgreSQL 12, but only PostgreSQL \d+.*was found: install"
    ):
        await EmbeddedPostgres(new_dir).start()


async def test_a_folder_that_is_no_database_is_left_alone(new_dir: Path) -> None:
    note = new_dir / "postgres" / "note.txt"
    note.parent.mkdir(parents=True)
    note.write_text("mine")
    with pytest.raises(PostgresUnavailable, match="move it away"):
        await EmbeddedPostgres(new_dir, durable=False).start()
    assert note.read_text() == "mine"


async def test_a_log_that_has_grown_long_is_begun_anew(data_dir: Path) -> None:
    log = data_dir / "postgres.log"
    async with EmbeddedPostgres(data_dir, durable=False):
        pass
    os.truncate(log, 10 * 1024 * 1024 + 1)
    async with EmbeddedPostgres(data_dir, durable=False):
        assert log.stat().st_size < 10_000
