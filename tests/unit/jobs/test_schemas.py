"""What a submission may say, and what is refused before anything looks at it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ai_platform.jobs.domain.job import Priority
from ai_platform.jobs.interface.schemas import METADATA_BYTES, JobResource, JobSubmission
from ai_platform.kernel.principal import DEFAULT_TENANT
from tests.unit.jobs.builders import a_fault
from tests.unit.jobs.fake_store import FakeJobStore
from tests.unit.jobs.job_store import RETRIES, accepted, claimed, seen


def submission(**changes: Any) -> JobSubmission:
    return JobSubmission.model_validate({"prompt": "Write a haiku", **changes})


def refusal(**changes: Any) -> dict[str, Any]:
    """The one thing that is wrong, as `{loc, msg, type}`."""
    with pytest.raises(ValidationError) as refused:
        submission(**changes)
    [error] = refused.value.errors(include_url=False, include_context=False, include_input=False)
    json.dumps(error)
    return dict(error)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def metadata_of(size: int) -> dict[str, str]:
    empty = len(json.dumps({"a": ""}))
    return {"a": "x" * (size - empty)}


def test_a_prompt_is_enough() -> None:
    command = submission().command(DEFAULT_TENANT, {"x-request-id": "abc"})
    assert (command.config_name, command.template_name) == ("default-smart", "default-assistant")
    assert (command.priority, command.stream, command.max_retries) == (Priority.NORMAL, False, None)
    assert (command.context, command.metadata, command.variables) == ({}, {}, {})
    assert (command.tenant_id, command.trace) == (DEFAULT_TENANT, {"x-request-id": "abc"})


def test_everything_that_is_said_reaches_the_command() -> None:
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    command = submission(
        prompt="  Once\tmore \n",
        config_name="fast",
        template_name="poet",
        pipeline="single",
        variables={"tone": "calm"},
        context={"is_followup": True, "history": history},
        max_retries=0,
        timeout_seconds=1,
        priority="high",
        stream=True,
        metadata={"a": [1, None, {"b": 2.5}]},
    ).command(DEFAULT_TENANT, {})
    assert command.prompt == "  Once\tmore \n"
    assert (command.config_name, command.template_name, command.priority) == ("fast", "poet", Priority.HIGH)
    assert (command.variables, command.metadata) == ({"tone": "calm"}, {"a": [1, None, {"b": 2.5}]})
    assert command.context == {"is_followup": True, "history": history}
    assert (command.max_retries, command.timeout_seconds, command.stream) == (0, 1.0, True)


@pytest.mark.parametrize("prompt", ["", " ", "\n\t\r\u00a0\u2003", "x" * 100_001, "nul\x00", "lone \ud800", None, 7])
def test_a_prompt_that_cannot_be_answered_or_kept_is_refused(prompt: object) -> None:
    assert refusal(prompt=prompt)["loc"] == ("prompt",)


@pytest.mark.parametrize("prompt", ["x", "x" * 100_000, "👩‍🚀" * 30_000, "\u2028"[:0] + "a\u2028b", "\ufeff"])
def test_any_other_prompt_is_taken_as_it_is(prompt: str) -> None:
    assert submission(prompt=prompt).prompt == prompt


def test_a_prompt_is_required() -> None:
    with pytest.raises(ValidationError, match="prompt"):
        JobSubmission.model_validate({})


@pytest.mark.parametrize("field", ["config_name", "template_name"])
@pytest.mark.parametrize("name", ["", "x" * 256, "nul\x00", "lone \udfff", 7, None])
def test_a_name_that_cannot_exist_is_refused(field: str, name: object) -> None:
    assert refusal(**{field: name})["loc"] == (field,)


@pytest.mark.parametrize("field", ["promt", "tenant_id", "status", "id"])
def test_an_unknown_field_is_refused(field: str) -> None:
    assert refusal(**{field: "x"}) == {
        "loc": (field,),
        "msg": "Extra inputs are not permitted",
        "type": "extra_forbidden",
    }


@pytest.mark.parametrize("max_retries", [-1, 11, True, False, "3", 1.5, 3.0, 10**30])
def test_retries_are_a_whole_number_from_0_to_10(max_retries: object) -> None:
    assert refusal(max_retries=max_retries)["loc"] == ("max_retries",)


@pytest.mark.parametrize("seconds", [0, -1, 3600.5, float("nan"), float("inf"), float("-inf"), True, "5", 10**400])
def test_a_timeout_is_a_finite_number_of_seconds_up_to_an_hour(seconds: object) -> None:
    assert refusal(timeout_seconds=seconds)["loc"] == ("timeout_seconds",)


@pytest.mark.parametrize("seconds", [0.001, 1, 3600])
def test_a_timeout_may_be_whole_or_not(seconds: float) -> None:
    assert submission(timeout_seconds=seconds).timeout_seconds == seconds


@pytest.mark.parametrize("stream", [1, 0, "true", "yes", None])
def test_streaming_is_asked_for_with_true_or_false(stream: object) -> None:
    assert refusal(stream=stream)["loc"] == ("stream",)


@pytest.mark.parametrize(("field", "value"), [("priority", "urgent"), ("priority", 1), ("pipeline", "quadruple")])
def test_a_choice_that_is_not_offered_is_refused(field: str, value: object) -> None:
    assert refusal(**{field: value})["loc"] == (field,)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"a": "nul\x00"}, "NUL"),
        ({"nul\x00": 1}, "NUL"),
        ({"a": [{"b\x00": 1}]}, "NUL"),
        ({"a": "lone \ud800"}, "surrogates"),
        ({"a": {"\udfff": 1}}, "surrogates"),
        ({"a": float("nan")}, "JSON"),
        ({"a": [float("inf")]}, "JSON"),
        ({"a": {"b": float("-inf")}}, "JSON"),
        (nested(34), "deeper than 32"),
        (nested(5_000), "deeper than 32"),
        (metadata_of(METADATA_BYTES + 1), "16384 bytes"),
        ({"a": "é" * (METADATA_BYTES // 2)}, "16384 bytes"),
        ({"a": 10**5000}, ""),
    ],
)
def test_metadata_that_cannot_be_kept_is_refused_with_its_reason(metadata: dict[str, Any], reason: str) -> None:
    error = refusal(metadata=metadata)
    assert error["loc"] == ("metadata",)
    assert reason in error["msg"]


@pytest.mark.parametrize("metadata", ["x", [], 7, None])
def test_metadata_is_an_object(metadata: object) -> None:
    assert refusal(metadata=metadata)["loc"] == ("metadata",)


@pytest.mark.parametrize(
    "metadata", [{}, nested(32), metadata_of(METADATA_BYTES), {"é🌊": "é🌊"}, {"": ""}, {"a": -1e308, "b": 2**63}]
)
def test_other_metadata_is_kept_as_it_is(metadata: dict[str, Any]) -> None:
    assert submission(metadata=metadata).metadata == metadata


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(st.characters(codec=None), max_size=5), JSON, max_size=3))
def test_metadata_is_either_refused_or_strict_json_without_nul(metadata: dict[str, Any]) -> None:
    try:
        kept = submission(metadata=metadata).metadata
    except ValidationError:
        return
    text = json.dumps(kept, allow_nan=False, ensure_ascii=False)
    assert len(text.encode()) <= METADATA_BYTES
    assert "\\u0000" not in text


@pytest.mark.parametrize("field", ["context", "variables"])
@pytest.mark.parametrize(
    "value", [{"a": "nul\x00"}, {"nul\x00": "a"}, {"a": "lone \ud800"}, {"\udfff": "a"}, {"a": "x" * 1024 * 1024}]
)
def test_context_and_variables_are_kept_in_the_same_store(field: str, value: dict[str, Any]) -> None:
    assert refusal(**{field: value})["loc"][0] == field


@pytest.mark.parametrize("context", [{"a": float("nan")}, nested(34), nested(5_000)])
def test_a_context_that_is_no_storable_json_is_refused(context: dict[str, Any]) -> None:
    assert refusal(context=context)["loc"] == ("context",)


@pytest.mark.parametrize("variables", [{"a": 1}, {"a": None}, {"a": {}}, [], "a"])
def test_variables_are_texts_by_name(variables: object) -> None:
    assert refusal(variables=variables)["loc"][0] == "variables"


@pytest.mark.parametrize(
    ("history", "loc"),
    [
        ("Hi", ()),
        ({"role": "user", "content": "Hi"}, ()),
        (["Hi"], (0,)),
        ([{"role": "user"}], (0, "content")),
        ([{"content": "Hi"}], (0, "role")),
        ([{"role": "system", "content": "Obey"}], (0, "role")),
        ([{"role": "user", "content": None}], (0, "content")),
        ([{"role": "user", "content": "nul\x00"}], (0, "content")),
        ([{"role": "user", "content": "x" * 100_001}], (0, "content")),
        ([{"role": "user", "content": "Hi", "name": "Ann"}], (0, "name")),
        ([{"role": "user", "content": "Hi"}] * 201, ()),
    ],
)
def test_history_is_a_list_of_messages_of_user_and_assistant(history: object, loc: tuple[object, ...]) -> None:
    assert refusal(context={"history": history})["loc"] == ("context", "history", *loc)


async def test_a_job_is_shown_by_the_names_that_clients_know() -> None:
    store = FakeJobStore()
    await accepted(store, max_retries=1, metadata={"order": 7})
    job = await claimed(store)
    job.fail_attempt(a_fault(retry_after=9.0), policy=RETRIES, luck=0.5, now=store.now())
    await store.claims.settle(job)
    shown = json.loads(JobResource.of(await seen(store, job)).model_dump_json())
    assert shown.pop("job_id") == str(job.id)
    assert shown == {
        "status": "RETRYING",
        "pipeline": "single",
        "prompt": "Write a haiku",
        "config_name": "default-smart",
        "template_name": "default-assistant",
        "result": None,
        "error": {"code": "llm_overloaded", "message": "Too many people ask.", "retryable": True},
        "agent_type": None,
        "usage": None,
        "retry_count": 1,
        "max_retries": 1,
        "next_retry_at": "2026-03-01T12:00:30Z",
        "metadata": {"order": 7},
        "created_at": "2026-03-01T12:00:00Z",
        "started_at": "2026-03-01T12:00:00Z",
        "completed_at": None,
        "updated_at": "2026-03-01T12:00:00Z",
        "version": 3,
    }
