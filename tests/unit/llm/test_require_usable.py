"""Work under a name that cannot serve it is refused before it is accepted, field by field."""

from collections.abc import Mapping

import pytest

from ai_platform.kernel.errors import InvalidInput
from ai_platform.llm.application.require_usable import RequireUsable
from tests.unit.llm.fakes import FakeCatalogue, a_config, a_template, an_agent


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


def a_crew_catalogue() -> FakeCatalogue:
    agents = ("main", "fallback", "followup", "moderation")
    return FakeCatalogue().put(a_config(), *(a_template(name=f"{name}-agent") for name in agents))


async def crew_refusal(catalogue: FakeCatalogue, template_name: str | None = None) -> list[tuple[object, str]]:
    with pytest.raises(InvalidInput) as refused:
        await RequireUsable(catalogue)(
            config_name="smart", template_name=template_name, variables={}, pipeline="multi_agent"
        )
    return [(violation.loc, violation.type) for violation in refused.value.violations]


async def test_agents_with_usable_rows_are_usable() -> None:
    await RequireUsable(a_crew_catalogue())(
        config_name="smart", template_name=None, variables={}, pipeline="multi_agent"
    )


async def test_the_jobs_own_config_and_template_are_named_as_the_callers_fields() -> None:
    catalogue = a_crew_catalogue().put(a_config(is_active=False))

    assert await crew_refusal(catalogue, "nobody") == [
        (("config_name",), "config_inactive"),
        (("template_name",), "template_unknown"),
    ]


async def test_what_is_wrong_with_an_agents_own_rows_stands_at_the_pipeline() -> None:
    catalogue = a_crew_catalogue().put(
        an_agent("moderation", config_name="nobody"), a_template(name="followup-agent", is_active=False)
    )

    assert sorted(await crew_refusal(catalogue)) == [
        (("pipeline",), "agent_config_unknown"),
        (("pipeline",), "agent_template_inactive"),
    ]


async def test_a_placeholder_in_any_agents_template_needs_its_variable_once() -> None:
    catalogue = a_crew_catalogue().put(
        a_template(name="main-agent", content="{shop}"), a_template(name="fallback-agent", content="{shop} {tone}")
    )

    assert sorted(set(await crew_refusal(catalogue))) == [
        (("variables", "shop"), "variable_missing"),
        (("variables", "tone"), "variable_missing"),
    ]


async def test_a_template_of_the_callers_own_spares_the_main_agents() -> None:
    catalogue = a_crew_catalogue().put(a_template(), a_template(name="main-agent", content="{shop}"))

    await RequireUsable(catalogue)(config_name="smart", template_name="assistant", variables={}, pipeline="multi_agent")
