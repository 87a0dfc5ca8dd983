"""The configuration on the command line: listed, shown, set and deleted, and drawn as the workflow that it makes."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.command_line import run
from tests.e2e.programs import GatewayProcess
from tests.e2e.stage import KEY


def test_the_configuration_is_listed_shown_set_and_deleted(gateway: GatewayProcess, tmp_path: Path) -> None:
    there = {"AI_PLATFORM_URL": gateway.url, "AI_PLATFORM_API_KEY": KEY}

    def said(*arguments: str, code: int = 0) -> str:
        ran = run(*arguments, directory=tmp_path, variables=there, code=code)
        return ran.stderr if code else ran.stdout

    made = json.loads(said("config", "set", "a/b", "provider=demo", "model_name=demo", "fallbacks=demo"))
    assert (made["fallbacks"], made["version"]) == (["demo"], 1)
    changed = json.loads(said("config", "set", "a/b", "temperature=0.2", "validation.on_empty=accept"))
    assert (changed["temperature"], changed["validation"]["on_empty"], changed["fallbacks"]) == (
        0.2,
        "accept",
        ["demo"],
    )
    assert json.loads(said("config", "show", "a/b")) == changed
    assert "a/b" in said("config", "list")
    assert "temperature" in said("config", "set", "a/b", "temperature=7", code=1)
    assert "key=value" in said("config", "set", "a/b", "temperature", code=2)
    said("config", "delete", "a/b")
    assert "There is no config 'a/b'." in said("config", "show", "a/b", code=1)
    (tmp_path / "shop.txt").write_text("You serve {shop}.")
    assert json.loads(said("template", "set", "shop", "--file", "shop.txt"))["variables"] == ["shop"]
    said("template", "set", "shop", "--content", "Serve well.")
    assert said("template", "show", "shop") == "Serve well.\n"
    assert [one["revision"] for one in json.loads(said("template", "revisions", "shop", "--json"))] == [2, 1]
    assert "--file" in said("template", "set", "shop", code=2)
    assert json.loads(said("agent", "set", "main", "config_name=demo"))["template_name"] == "main-agent"
    assert "the main agent" in said("config", "delete", "demo", code=1)
    assert json.loads(said("agent", "set", "main", "config_name=null"))["config_name"] is None
    assert "chief" in said("agent", "set", "chief", "max_tokens=1", code=1)


def test_the_jobs_workflow_is_drawn_without_any_service(tmp_path: Path) -> None:
    shown = run("workflow", "draw", "jobs", directory=tmp_path).stdout
    for word in (
        "| moderation |",
        "main -> fallback  (failed)",
        "graph TD;",
        "router -. &nbsp;violation&nbsp; .-> fallback",
    ):
        assert word in shown
    for target in ("main", "followup", "fallback"):
        assert f"router -> {target}  (" in shown
    run("workflow", "draw", "jobs", "-o", "jobs.png", directory=tmp_path)
    with Image.open(tmp_path / "jobs.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500
        assert len(picture.getcolors(1_000_000) or ()) > 5
    run("workflow", "draw", "jobs", "--format", "mermaid", "-o", "jobs.mmd", directory=tmp_path)
    assert "moderation" in (tmp_path / "jobs.mmd").read_text()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("nonsense",), "nonsense"), (("jobs", "--format", "svg"), "svg"), (("jobs", "-o", "nowhere/x.png"), "nowhere")],
)
def test_what_cannot_be_drawn_is_wrong_use(tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    refused = run("workflow", "draw", *arguments, directory=tmp_path, code=2)
    assert word in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
