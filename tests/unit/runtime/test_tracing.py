"""A trace is continued where it is well formed, and begun anew where it is not."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.runtime import tracing
from ai_platform.runtime.tracing import REQUEST_ID

TRACE_ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT}-01"
WELL_FORMED = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def test_a_well_formed_trace_is_continued_by_a_span_of_our_own() -> None:
    trace = tracing.begin("request-1", TRACEPARENT)
    assert trace.request_id == "request-1"
    assert trace.trace_id == TRACE_ID
    assert trace.traceparent.endswith("-01")
    assert PARENT not in trace.traceparent
    assert WELL_FORMED.fullmatch(trace.traceparent)


def test_the_callers_choice_not_to_sample_is_kept() -> None:
    assert tracing.begin(None, f"00-{TRACE_ID}-{PARENT}-00").traceparent.endswith("-00")


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "garbage",
        TRACEPARENT.upper(),
        f"ff-{TRACE_ID}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID}-{PARENT}",
        f"00-{TRACE_ID}-{PARENT}-01-extra",
        f"{TRACEPARENT}\n",
        f" {TRACEPARENT}",
        f"00-{TRACE_ID[:-1]}g-{PARENT}-01",
    ],
)
def test_a_malformed_trace_is_replaced(traceparent: str | None) -> None:
    trace = tracing.begin(None, traceparent)
    assert WELL_FORMED.fullmatch(trace.traceparent)
    assert trace.trace_id != TRACE_ID


@pytest.mark.parametrize("request_id", [None, "", "a b", "a\n", "é", "x" * 129, "a/b", "'; DROP TABLE jobs"])
def test_a_malformed_request_id_is_replaced(request_id: str | None) -> None:
    made = tracing.begin(request_id).request_id
    assert made != request_id
    assert REQUEST_ID.fullmatch(made)


@pytest.mark.parametrize("request_id", ["a", "x" * 128, "A-b_c.9"])
def test_a_well_formed_request_id_is_kept(request_id: str) -> None:
    assert tracing.begin(request_id).request_id == request_id


@given(st.text() | st.none(), st.text() | st.none())
def test_whatever_comes_in_what_goes_on_is_well_formed(request_id: str | None, traceparent: str | None) -> None:
    trace = tracing.begin(request_id, traceparent)
    assert REQUEST_ID.fullmatch(trace.request_id)
    assert WELL_FORMED.fullmatch(trace.traceparent)


def test_two_new_traces_differ() -> None:
    first, second = tracing.begin(), tracing.begin()
    assert first.request_id != second.request_id
    assert first.trace_id != second.trace_id


def test_the_headers_of_a_message_continue_the_trace_on_the_other_side() -> None:
    sent = tracing.begin("request-1", TRACEPARENT)
    with tracing.continued(sent.headers()) as received:
        assert tracing.current() == received
    assert (received.request_id, received.trace_id) == ("request-1", TRACE_ID)
    assert received.traceparent != sent.traceparent


def test_a_message_without_headers_begins_a_trace() -> None:
    with tracing.continued({}) as received:
        assert WELL_FORMED.fullmatch(received.traceparent)


def test_outside_of_any_work_there_is_no_trace() -> None:
    with tracing.active(tracing.begin()) as outer:
        with tracing.active(tracing.begin()) as inner:
            assert tracing.current() == inner
        assert tracing.current() == outer
    assert tracing.current() is None


async def test_tasks_that_the_work_starts_belong_to_its_trace() -> None:
    async def look() -> tracing.Trace | None:
        await asyncio.sleep(0)
        return tracing.current()

    with tracing.active(tracing.begin()) as trace:
        inside = asyncio.create_task(look())
    outside = asyncio.create_task(look())
    assert (await inside, await outside) == (trace, None)
