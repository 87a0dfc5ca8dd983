"""Operators read the configuration over HTTP: every name once, page by page."""

import httpx
import pytest

from tests.integration.llm.editing import refusal


@pytest.mark.parametrize("path", ["/configs/nobody", "/templates/nobody", "/templates/nobody/revisions"])
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert refusal(await http.get(path))[:2] == (404, f"{path.split('/')[1][:-1]}_not_found")


@pytest.mark.parametrize("path", ["/configs", "/templates"])
async def test_pages_hold_every_name_once(http: httpx.AsyncClient, path: str) -> None:
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = (await http.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    whole = (await http.get(path)).json()
    assert names == [item["name"] for item in whole["items"]]
    assert len(set(names)) == len(names) >= 5


@pytest.mark.parametrize("path", ["/configs", "/templates", "/templates/main-agent/revisions"])
@pytest.mark.parametrize("cursor", ["!", "YQ==", "AA"])
async def test_a_foreign_cursor_is_refused(http: httpx.AsyncClient, path: str, cursor: str) -> None:
    assert refusal(await http.get(path, params={"cursor": cursor}))[:2] == (422, "invalid_cursor")
