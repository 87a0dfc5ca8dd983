"""Where a webhook may go, as far as the words of its URL tell."""

import ipaddress
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import AfterValidator, BaseModel, SecretStr, ValidationError

from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.runtime.callback_urls import CallbackRefused, check_target, is_public
from ai_platform.runtime.webhooks import CallbackPolicy

PUBLIC = [
    "https://example.com/hook?a=1",
    "http://example.com:8080",
    "https://EXAMPLE.com./x",
    "https://bücher.example/hook",
    "https://93.184.216.34/",
    "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/",
]
PRIVATE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://127.0.0.1./",
    "http://0/",
    "http://10.0.0.1/",
    "http://172.16.3.4/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://192.0.0.8/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://[::1]/",
    "http://[fec0::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://127。0。0。1/",
    "http://017700000001/",
    "http://localhost/",
    "http://LOCALHOST:80/",
    "http://localhost./",
    "http://a.b.localhost/",
]
NO_TARGET = [
    "",
    "example.com/hook",
    "//example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http:///hook",
    "http://",
    "http:example.com",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "https://example.com/#fragment",
    "https://example.com/#",
    "http://exa mple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com/\r\nX-Injected: 1",
    "http://127.0.0.1%2f@example.com/",
    "http://%31%32%37.0.0.1/",
    "http://0177.0.0.1/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://1.2.3.256/",
    "http://1.2.3.4.5/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example..com/",
    "http://" + "a" * 64 + ".example/",
    "https://example.com/" + "a" * 2048,
]


class Submission(BaseModel):
    callback_url: Annotated[str, AfterValidator(lambda url: check_target(url, allow_private=False))]


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_address_is_a_target(url: str) -> None:
    assert check_target(url, allow_private=False) == url


@pytest.mark.parametrize("url", PRIVATE)
def test_no_spelling_of_a_private_address_is_a_target(url: str) -> None:
    with pytest.raises(CallbackRefused):
        check_target(url, allow_private=False)


@pytest.mark.parametrize("url", PRIVATE)
def test_an_operator_may_allow_private_addresses(url: str) -> None:
    assert check_target(url, allow_private=True) == url


@pytest.mark.parametrize("url", NO_TARGET)
@pytest.mark.parametrize("allow_private", [True, False])
def test_what_is_no_plain_web_address_is_never_a_target(url: str, allow_private: bool) -> None:
    with pytest.raises(CallbackRefused):
        check_target(url, allow_private=allow_private)


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(CallbackRefused) as caught:
        check_target("http://127.0.0.1/", allow_private=False)
    assert [one.loc for one in caught.value.violations] == [("callback_url",)]


def test_a_schema_can_use_it() -> None:
    with pytest.raises(ValidationError, match="must not point to a private or loopback address"):
        Submission(callback_url="http://127.0.0.1/")


@pytest.mark.parametrize("address", ["::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::a00:1", "192.0.2.1"])
def test_a_private_address_stays_private_however_it_is_wrapped(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


async def of_the_default_tenant(tenant_id: UUID) -> SecretStr | None:
    return SecretStr("whsec_x") if tenant_id == DEFAULT_TENANT else None


async def test_without_a_secret_to_sign_with_no_callback_is_accepted() -> None:
    policy = CallbackPolicy(of_the_default_tenant, allow_private=False)
    await policy.require_signed(DEFAULT_TENANT)
    with pytest.raises(CallbackRefused, match="WEBHOOK_SECRET"):
        await policy.require_signed(new_id())


def test_with_a_secret_the_address_decides() -> None:
    policy = CallbackPolicy(of_the_default_tenant, allow_private=False)
    assert policy.check("https://example.com/") == "https://example.com/"
    with pytest.raises(CallbackRefused, match="private"):
        policy.check("https://localhost/")
