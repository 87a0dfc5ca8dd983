"""Topics match as in AMQP: `*` is one word, `#` any number."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_platform.runtime.bus import topic_matches

WORDS = st.sampled_from(["jobs", "done", "v1", "a", ""])
KEYS = st.lists(WORDS, min_size=1, max_size=6).map(".".join)
PATTERNS = st.lists(WORDS | st.sampled_from(["*", "#"]), min_size=1, max_size=6).map(".".join)


def expression_of(pattern: str) -> re.Pattern[str]:
    """The pattern over words that each end in a dot."""
    words = {"*": r"[^.]*\.", "#": r"(?:[^.]*\.)*"}
    return re.compile("".join(words.get(word, re.escape(f"{word}.")) for word in pattern.split(".")))


@given(PATTERNS, KEYS)
def test_it_agrees_with_a_regular_expression(pattern: str, routing_key: str) -> None:
    assert topic_matches(pattern, routing_key) == bool(expression_of(pattern).fullmatch(f"{routing_key}."))


@given(KEYS)
def test_a_lone_hash_matches_everything_and_a_key_itself(routing_key: str) -> None:
    assert topic_matches("#", routing_key)
    assert topic_matches(routing_key, routing_key)


@pytest.mark.parametrize(
    ("pattern", "routing_key", "matches"),
    [
        ("jobs.completed.v1", "jobs.completed.v1", True),
        ("jobs.*.v1", "jobs.completed.v1", True),
        ("jobs.*.v1", "jobs.v1", False),
        ("jobs.#", "jobs", True),
        ("#.v1", "jobs.completed.v1", True),
        ("jobs.#.v1", "jobs.v1", True),
        ("jobs.*", "jobs.completed.v1", False),
        ("job.#", "jobs.completed.v1", False),
    ],
)
def test_the_examples_of_the_protocol_hold(pattern: str, routing_key: str, matches: bool) -> None:
    assert topic_matches(pattern, routing_key) is matches
