"""Placeholders are filled, literal braces stay, and what cannot be read or filled is named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.kernel.errors import InvalidInput
from tests.unit.llm.fakes import a_template


def test_placeholders_are_filled_wherever_they_stand() -> None:
    template = a_template(content="{greeting}, {name}! Welcome to {shop}, {name}.")

    assert template.render({"greeting": "Halo", "name": "Budi", "shop": "Kopi Kita"}) == (
        "Halo, Budi! Welcome to Kopi Kita, Budi."
    )


def test_doubled_braces_are_literal_braces() -> None:
    assert a_template(content='Answer {{"is_safe": true}}.').render({}) == 'Answer {"is_safe": true}.'


def test_a_placeholder_may_stand_in_literal_braces() -> None:
    assert a_template(content="{{{name}}}").render({"name": "x"}) == "{x}"


def test_variables_are_listed_once_in_the_order_of_their_first_use() -> None:
    assert a_template(content="{b} {a} {b} {{c}}").variables == ("b", "a")


def test_braces_in_a_value_are_text() -> None:
    assert a_template(content="{name}").render({"name": "{other} }{"}) == "{other} }{"


def test_values_that_no_placeholder_asks_for_are_ignored() -> None:
    assert a_template(content="Hi {name}").render({"name": "Ani", "mood": "good"}) == "Hi Ani"


def test_each_missing_variable_is_named() -> None:
    with pytest.raises(InvalidInput) as refusal:
        a_template(content="{first} {second} {third}").render({"second": "2"})

    assert [violation.loc for violation in refusal.value.violations] == [("variables", "first"), ("variables", "third")]
    assert refusal.value.detail == "Template 'assistant' needs a value for: first, third."


@pytest.mark.parametrize(
    "content", ["{", "}", "a {b", "{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>3}", "{a b}", "{é}"]
)
def test_anything_but_a_plain_name_between_braces_is_unparsable(content: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        a_template(content=content).render({"a": "1", "b": "2"})

    assert refusal.value.violations[0].type == "template_invalid"


def test_the_place_of_a_stray_brace_is_told() -> None:
    with pytest.raises(InvalidInput, match=r"'}' in line 2, column 4"):
        _ = a_template(content="one {a}\ntwo}").variables


@given(st.text())
def test_any_text_with_its_braces_doubled_renders_to_itself(text: str) -> None:
    assert a_template(content=text.replace("{", "{{").replace("}", "}}")).render({}) == text


@given(st.text())
def test_any_content_is_rendered_or_refused_but_never_crashes(content: str) -> None:
    with suppress(InvalidInput):
        assert isinstance(a_template(content=content).render({}), str)
