"""Work under a name that cannot serve it is refused before it is accepted, field by field."""

from collections.abc import Mapping

import pytest

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.application.require_usable import RequireUsable
from tests.unit.llm.fakes import FakeCatalogue, a_config, a_template


async def refusal(catalogue: FakeCatalogue, variables: Mapping[str, str] | None = None) -> list[tuple[object, str]]:
    with pytest.raises(InvalidInput) as refused:
        await RequireUsable(catalogue)(config_name="smart", template_name="assistant", variables=variables or {})
    return [(violation.loc, violation.type) for violation in refused.value.violations]


async def test_an_active_config_and_template_with_their_variables_are_usable() -> None:
    catalogue = FakeCatalogue().put(a_config(), a_template(content="Hi {name}"))

    await RequireUsable(catalogue)(config_name="smart", template_name="assistant", variables={"name": "Ani"})


async def test_both_unknown_names_are_told_at_once() -> None:
    assert await refusal(FakeCatalogue()) == [
        (("config_name",), "config_unknown"),
        (("template_name",), "template_unknown"),
    ]


async def test_what_is_switched_off_is_not_usable() -> None:
    catalogue = FakeCatalogue().put(a_config(is_active=False), a_template(is_active=False))

    assert await refusal(catalogue) == [
        (("config_name",), "config_inactive"),
        (("template_name",), "template_inactive"),
    ]


async def test_each_missing_variable_is_a_violation_of_its_own() -> None:
    catalogue = FakeCatalogue().put(a_config(), a_template(content="{a} {b} {c}"))

    assert await refusal(catalogue, {"b": "2"}) == [
        (("variables", "a"), "variable_missing"),
        (("variables", "c"), "variable_missing"),
    ]


async def test_a_template_that_cannot_be_read_is_refused() -> None:
    catalogue = FakeCatalogue().put(a_config(), a_template(content="{oops"))

    assert await refusal(catalogue) == [(("template_name",), "template_invalid")]
