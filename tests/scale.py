"""A database as it is after a year: thousands of tenants, one of them large, and their jobs."""

from uuid import UUID

import asyncpg

_TENANTS = """
INSERT INTO tenants (id, name)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'tenant ' || n
FROM generate_series(1, $1::int) AS n
"""
_JOBS = """
INSERT INTO jobs (id, tenant_id, status, pipeline, priority, fair_at, prompt, config_name, template_name, variables,
    context, metadata, stream, max_retries, trace, created_at, attempt, next_retry_at, result, input_tokens,
    output_tokens, cost_usd, started_at, completed_at)
SELECT (lpad(to_hex(1760000000000 + n * 10::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
        || substr(md5(n::text), 4, 15))::uuid,
    ('00000000-0000-7000-9000-' || lpad(to_hex(CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n / 7 % $2 END), 12, '0'))::uuid,
    status, 'single', n % 3, now() - n * interval '1 millisecond', 'Write a haiku about ' || n, 'config-' || n % 17,
    'default-assistant', '{}', '{}', '{}', false, 3, '{}', to_timestamp(1760000000 + n / 100.0), 1,
    CASE status WHEN 'RETRYING' THEN now() + interval '1 hour' END,
    CASE status WHEN 'COMPLETED' THEN repeat('An old silent pond. ', 5) END, 20, 40, 0.0001, now(), now()
FROM (
    SELECT n, CASE WHEN n % 50 = 0 THEN 'QUEUED' WHEN n % 97 = 1 THEN 'RETRYING' WHEN n % 31 = 3 THEN 'FAILED'
        ELSE 'COMPLETED' END AS status
    FROM generate_series(1, $1::int) AS n
) AS numbered
"""
LARGE = UUID("00000000-0000-7000-9000-000000000001")
"""A tenth of all jobs are its."""


async def fill(dsn: str, *, tenants: int, jobs: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_TENANTS, tenants)
        await connection.execute(_JOBS, jobs, tenants, timeout=600)
        await connection.execute("VACUUM ANALYZE jobs")
    finally:
        await connection.close()
