"""A caller of the platform: submits jobs and waits for what becomes of them."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

from tests.http_clients import sync_client
from tests.patience import PATIENCE

TERMINAL: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_FEW: Final = 20

Job = dict[str, Any]


class Client:
    def __init__(self, url: str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = sync_client(base_url=url, headers=headers, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def submit(self, prompt: str, **fields: object) -> str:
        """The id of the accepted job."""
        answer = self.http.post("/v1/jobs", json={"prompt": prompt, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def submit_all(self, prompts: Iterable[str], **fields: object) -> dict[str, str]:
        """The prompts by the ids of their jobs."""
        wanted = list(prompts)
        with ThreadPoolExecutor(max_workers=16) as threads:
            ids = list(threads.map(lambda prompt: self.submit(prompt, **fields), wanted))
        return dict(zip(ids, wanted, strict=True))

    def job(self, job_id: str) -> Job:
        answer = self.http.get(f"/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        job: Job = answer.json()
        return job

    def jobs(self, **filters: str | int) -> list[Job]:
        """All of them, page by page, newest first."""
        found: list[Job] = []
        cursor: Mapping[str, str] = {}
        while True:
            page = self.http.get("/v1/jobs", params={"limit": 200, **filters, **cursor})
            assert page.status_code == 200, page.text
            found += page.json()["items"]
            if page.json()["next_cursor"] is None:
                return found
            cursor = {"cursor": page.json()["next_cursor"]}

    def wait_terminal(self, job_ids: Iterable[str], *, within: float = PATIENCE) -> dict[str, Job]:
        """The jobs by their ids, once each is COMPLETED, FAILED or CANCELLED."""
        deadline = time.monotonic() + within
        waiting, ended = set(job_ids), dict[str, Job]()
        while True:
            looked_at = self.jobs() if len(waiting) > _FEW else [self.job(job_id) for job_id in waiting]
            ended |= {job["job_id"]: job for job in looked_at if job["status"] in TERMINAL and job["job_id"] in waiting}
            waiting -= ended.keys()
            if not waiting:
                return ended
            left = [(job["job_id"], job["status"], job["error"]) for job in looked_at if job["job_id"] in waiting]
            assert time.monotonic() < deadline, f"{len(waiting)} jobs not ended within {within:g} s: {left[:5]}"
            time.sleep(0.02 if len(waiting) <= _FEW else 0.1)

    def result_of(self, prompt: str, *, within: float = PATIENCE, **fields: object) -> Job:
        """One job from its submission to its end."""
        job_id = self.submit(prompt, **fields)
        return self.wait_terminal([job_id], within=within)[job_id]
