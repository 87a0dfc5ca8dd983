"""A cursor is a position that only we can make."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.kernel.errors import InvalidInput
from ai_platform.runtime.cursors import cursor_of, position_of


@given(st.uuids())
def test_a_cursor_leads_back_to_its_position(position: UUID) -> None:
    cursor = cursor_of(position)
    assert position_of(cursor) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_no_cursor_is_the_beginning() -> None:
    assert position_of(None) is None


@given(st.text())
def test_whatever_we_did_not_make_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        position_of(cursor)


def forged() -> list[str]:
    genuine = cursor_of(UUID(int=0))
    return [
        "",
        "x",
        genuine[:-1],
        genuine + "A",
        genuine + "==",
        genuine[:-1] + "B",  # the same bytes by another spelling
        genuine + "\n",
        " " + genuine,
        "0198a1ff-9d2e-7abf-a53a-10dfdf4aa0ce",
        base64.urlsafe_b64encode(b"1 OR 1=1").decode(),
        "\x00" * 22,
        "é" * 22,
    ]


@pytest.mark.parametrize("cursor", forged())
def test_a_forged_cursor_names_the_field(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        position_of(cursor)
    assert refused.value.stable_code == "invalid_cursor"
    assert [(one.loc, one.type) for one in refused.value.violations] == [(("query", "cursor"), "invalid_cursor")]
