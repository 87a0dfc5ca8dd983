"""A process that calls no real provider never loads one."""

import subprocess
import sys

_CHECK = """
import sys
import ai_platform.llm.wiring
heavy = ("langchain", "langchain_core", "langchain_openai", "langchain_anthropic", "openai", "anthropic", "httpx2")
print([name for name in heavy if name in sys.modules])
"""


def test_putting_the_model_layer_together_loads_no_vendor() -> None:
    ran = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
