import pytest

from ai_platform.processes.cli_follow import Spoken
from ai_platform.processes.cli_gateway import Event, parsed
from ai_platform.processes.cli_jobs import pairs


class Screen:
    def __init__(self) -> None:
        self.text = ""
        self.notes: list[str] = []
        self.spoken = Spoken(self._say, self.notes.append)

    def hears(self, text: str, *, offset: int = 0, attempt: int = 1, take: int = 1) -> None:
        self.spoken.hear({"attempt": attempt, "take": take, "offset": offset, "text": text})

    def _say(self, text: str) -> None:
        self.text += text


def test_words_are_printed_once_and_the_rest_with_the_result() -> None:
    screen = Screen()
    screen.hears("Code ")
    screen.hears("flows", offset=5)
    screen.spoken.end("Code flows on")
    assert (screen.text, screen.notes) == ("Code flows on\n", [])


def test_without_a_word_heard_the_result_is_printed() -> None:
    screen = Screen()
    screen.spoken.end("Code flows on")
    assert screen.text == "Code flows on\n"


@pytest.mark.parametrize("again", [{"take": 2}, {"attempt": 2}])
def test_an_answer_that_begins_anew_is_said_to(again: dict[str, int]) -> None:
    screen = Screen()
    screen.hears("Half an")
    screen.hears("Whole", **again)
    screen.spoken.end("Whole")
    assert screen.text == "Half an\nWhole\n"
    assert len(screen.notes) == 1


def test_after_a_gap_nothing_is_printed_before_the_result() -> None:
    screen = Screen()
    screen.hears("Code ")
    screen.hears("on", offset=11)
    screen.spoken.end("Code flows on")
    assert screen.text == "Code flows on\n"


def test_events_are_read_comments_are_not_and_half_an_event_is_none() -> None:
    lines = [": still here", "", "id: 7", "event: job.queued", 'data: {"at": "x"}', "", "event: job.token", "data: {}"]
    assert list(parsed(lines)) == [Event("7", "job.queued", {"at": "x"})]


def test_metadata_are_pairs() -> None:
    assert pairs(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("word", ["a", "=1", ""])
def test_what_is_no_pair_is_wrong_use(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        pairs([word])
    assert ended.value.code == 2
    assert "KEY=VALUE" in capsys.readouterr().err
