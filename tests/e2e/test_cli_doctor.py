"""The doctor says of each thing that an installation needs whether it is there, and names the remedy."""

from pathlib import Path

from ai_platform.runtime.keyring import new_secrets_key
from tests.e2e.client import Client
from tests.e2e.command_line import findings, run
from tests.e2e.stage import SECRETS_KEY, Stage


def test_the_doctor_finds_a_good_installation_good(served: Stage, tmp_path: Path) -> None:
    found = findings(run("doctor", "--json", directory=tmp_path, variables=served.variables))
    assert {"database", "schema", "queue", "cache", "python"} <= found.keys()
    assert "failed" not in {one["outcome"] for one in found.values()}
    assert "database" in run("doctor", directory=tmp_path, variables=served.variables).stdout


def test_the_doctor_names_what_is_wrong_with_its_remedy(served: Stage, fresh_database: str, tmp_path: Path) -> None:
    broken = served.variables | {
        "DATABASE_URL": fresh_database,
        "RABBITMQ_URL": "amqp://guest:hidden@127.0.0.1:1/",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "AI_PLATFORM_ADMIN_KEY": "",
    }
    ran = run("doctor", "--json", directory=tmp_path, variables=broken, code=1)
    found = findings(ran)
    assert found["database"]["outcome"] == "ok"
    for subject in ("schema", "queue", "cache", "admin key"):
        assert found[subject]["outcome"] == "failed"
        assert "Remedy:" in found[subject]["detail"]
    assert "hidden" not in ran.stdout + ran.stderr


def test_the_doctor_names_configs_whose_key_is_not_here(served: Stage, tmp_path: Path) -> None:
    served.config("keyless", "some-model", provider="openai", api_key_env="NOBODY_SET_THIS")
    served.config("keyed", "some-model", provider="openai", api_key_env="SOMEBODY_SET_THIS")
    served.config("switched-off", "some-model", provider="openai", api_key_env="NOBODY_SET_THIS", is_active=False)
    variables = served.variables | {"SOMEBODY_SET_THIS": "sk-hidden", "WEBHOOK_SECRET": "whsec_hidden"}
    ran = run("doctor", "--json", directory=tmp_path, variables=variables)
    served.sql("DELETE FROM llm_configs WHERE name IN ('keyless', 'keyed', 'switched-off')")
    found = findings(ran)
    assert found["config keyless"]["outcome"] == "warning"
    assert "NOBODY_SET_THIS" in found["config keyless"]["detail"]
    assert not {"config keyed", "config switched-off", "config demo"} & found.keys()
    assert found["webhook secret"]["outcome"] == "ok"
    assert "hidden" not in ran.stdout + ran.stderr


def test_the_doctor_warns_that_webhooks_cannot_be_signed(served: Stage, tmp_path: Path) -> None:
    found = findings(run("doctor", "--json", directory=tmp_path, variables=served.variables))
    assert found["webhook secret"]["outcome"] == "warning"
    assert "WEBHOOK_SECRET" in found["webhook secret"]["detail"]


def test_the_doctor_tries_the_secrets_key_on_what_is_stored(served: Stage, client: Client, tmp_path: Path) -> None:
    client.http.post("/v1/crm/tenants", json={"name": "Toko Sealed"})

    def seen(secrets_key: str, code: int = 0) -> dict[str, str]:
        variables = served.variables | {"SECRETS_KEY": secrets_key}
        found = findings(run("doctor", "--json", directory=tmp_path, variables=variables, code=code))
        return {name: found[name]["outcome"] for name in ("secrets key", "stored secrets") if name in found}

    assert seen(SECRETS_KEY) == {"secrets key": "ok", "stored secrets": "ok"}
    assert seen("", code=1) == {"secrets key": "warning", "stored secrets": "failed"}
    assert seen("hidden", code=1) == {"secrets key": "failed"}
    assert seen(new_secrets_key(), code=1) == {"secrets key": "ok", "stored secrets": "failed"}


def test_the_doctor_needs_no_service_to_say_that_dev_can_run(tmp_path: Path) -> None:
    found = findings(run("doctor", "--json", directory=tmp_path))
    assert found["services"]["outcome"] == "warning"
    assert "dev" in found["services"]["detail"]
