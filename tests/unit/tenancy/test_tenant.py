"""What a tenant may be, and when it is open."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.kernel.errors import InvalidInput
from ai_platform.kernel.ids import new_id
from ai_platform.kernel.principal import DEFAULT_TENANT
from ai_platform.tenancy.domain.business_hours import BusinessHours, Interval
from ai_platform.tenancy.domain.errors import DefaultTenantStays
from ai_platform.tenancy.domain.tenant import Tenant, TenantChanges

THEN, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def a_tenant(**changes: Any) -> Tenant:
    return Tenant(**{"id": new_id(), "name": "Sri", "created_at": THEN, "updated_at": THEN, **changes})


def test_a_change_tells_what_is_different_now() -> None:
    tenant = a_tenant()
    assert tenant.change(TenantChanges(name="Sri", currency="USD", agent_enabled=False), NOW) == (
        "agent_enabled",
        "currency",
    )
    assert (tenant.currency, tenant.agent_enabled, tenant.updated_at) == ("USD", False, NOW)


def test_a_change_to_what_is_so_already_is_none() -> None:
    tenant = a_tenant()
    assert tenant.change(TenantChanges(name="Sri"), NOW) == ()
    assert tenant.updated_at == THEN


def test_the_default_tenant_is_never_switched_off() -> None:
    with pytest.raises(DefaultTenantStays):
        a_tenant(id=DEFAULT_TENANT).change(TenantChanges(is_active=False), NOW)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", TenantChanges(name="")),
        ("name", TenantChanges(name="n" * 256)),
        ("wa_session", TenantChanges(wa_session="")),
        ("currency", TenantChanges(currency="BTC")),
        ("timezone", TenantChanges(timezone="WIB")),
        ("timezone", TenantChanges(timezone="")),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(field: str, change: TenantChanges) -> None:
    for refused in (lambda: a_tenant(**change.named()), lambda: a_tenant().change(change, NOW)):
        with pytest.raises(InvalidInput) as refusal:
            refused()
        assert [one.loc for one in refusal.value.violations] == [(field,)]


def test_a_bare_string_is_one_interval_and_days_come_in_the_order_of_the_week() -> None:
    hours = BusinessHours.parse({"sun": "10:00-24:00", "mon": ["13:00-17:00", "09:00-12:00"]})
    assert hours.stated() == {"mon": ["09:00-12:00", "13:00-17:00"], "sun": ["10:00-24:00"]}
    assert list(hours.days) == ["mon", "sun"]


@pytest.mark.parametrize(
    "words", ["9:00-17:00", "09:00", "09:00-09:00", "17:00-09:00", "25:00-26:00", "09:60-10:00", "24:00-24:00", "", "x"]
)
def test_what_is_no_interval_is_refused_with_its_day(words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        BusinessHours.parse({"mon": words})
    assert refusal.value.violations[0].loc == ("business_hours", "mon")


def test_intervals_of_one_day_may_touch_and_not_overlap() -> None:
    assert BusinessHours.parse({"mon": ["09:00-12:00", "12:00-13:00"]}).days["mon"][1] == Interval(720, 780)
    with pytest.raises(InvalidInput, match="overlap"):
        BusinessHours.parse({"mon": ["09:00-12:00", "11:59-13:00"]})


@given(st.integers(0, 1439).flatmap(lambda opens: st.tuples(st.just(opens), st.integers(opens + 1, 1440))))
def test_an_interval_reads_as_it_is_written(bounds: tuple[int, int]) -> None:
    assert Interval.parse(str(Interval(*bounds))) == Interval(*bounds)
