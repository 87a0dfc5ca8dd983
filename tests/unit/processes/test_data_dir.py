"""What `dev` keeps between its runs."""

import json
import stat
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from ai_platform.processes.data_dir import DataDir
from ai_platform.processes.lifecycle import WrongUse
from ai_platform.runtime.settings import Settings
from ai_platform.tenancy.application.create_tenant import new_webhook_secret


def test_the_secrets_stay_the_same_and_are_their_owners_only(tmp_path: Path) -> None:
    first, second = DataDir(tmp_path), DataDir(tmp_path)
    assert (first.platform_key(), first.webhook_secret()) == (second.platform_key(), second.webhook_secret())
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_a_directory_of_before_webhooks_keeps_its_key(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"platform_key": "aip_old"}))
    directory = DataDir(tmp_path)
    assert directory.webhook_secret().startswith("whsec_")
    assert directory.platform_key() == "aip_old"


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "null"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(WrongUse, match=r"keys\.json"):
        DataDir(tmp_path).platform_key()


def test_a_fresh_webhook_secret_is_strong_enough_for_production() -> None:
    secret = new_webhook_secret()
    Webhook(secret)
    Settings.model_validate(
        {
            "app_env": "production",
            "ai_platform_admin_key": "aip_" + "a" * 40,
            "secrets_key": "k",
            "webhook_secret": secret,
        }
    )
