"""An answer without words is no answer."""

import pytest

from ai_platform.llm.application.single_try import SingleTry
from ai_platform.llm.domain.calls import Answer, Call, Ending, Tokens
from ai_platform.llm.domain.failures import ModelCallFailed
from tests.unit.llm.fakes import FakeModels, a_config


async def the_failure(answer: Answer) -> ModelCallFailed:
    with pytest.raises(ModelCallFailed) as failed:
        await SingleTry(FakeModels(answer)).answer(a_config(), (), Call())
    return failed.value


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_an_answer_without_text_may_be_asked_for_again(text: str) -> None:
    failure = await the_failure(Answer(text, Tokens(3, 0)))

    assert (failure.stable_code, failure.retryable) == ("llm_empty_response", True)


async def test_a_model_that_thought_up_its_tokens_says_so() -> None:
    failure = await the_failure(Answer("", Tokens(3, 9), Ending.TRUNCATED))

    assert "max_tokens (4096)" in failure.detail


async def test_a_wordless_refusal_is_not_tried_again() -> None:
    failure = await the_failure(Answer("", None, Ending.REFUSED))

    assert (failure.stable_code, failure.retryable) == ("llm_content_refused", False)
