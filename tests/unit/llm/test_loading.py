"""A process that calls no real provider never loads one."""

import subprocess
import sys

from ai_platform.llm.domain.config import DEMO
from ai_platform.llm.domain.provider_names import KNOWN_PROVIDERS

_CHECK = """
import sys
import ai_platform.llm.wiring
heavy = ("langchain", "langchain_core", "langchain_openai", "langchain_anthropic", "openai", "anthropic", "httpx2")
heavy += ("langgraph", "grandalf", "PIL")
print([name for name in heavy if name in sys.modules])
"""


def test_putting_the_model_layer_together_loads_no_vendor() -> None:
    ran = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_the_providers_that_a_config_may_name_are_those_that_langchain_knows() -> None:
    from langchain.chat_models import base  # noqa: PLC0415 - this test alone pays for LangChain

    assert frozenset(base._BUILTIN_PROVIDERS) | {DEMO} == KNOWN_PROVIDERS
