"""System prompts with `{placeholders}`; literal braces are written `{{` and `}}`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ai_platform.kernel.aggregate import Aggregate
from ai_platform.kernel.errors import InvalidInput, Violation

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class _Placeholder:
    name: str


_Part = str | _Placeholder


@dataclass(eq=False, kw_only=True)
class PromptTemplate(Aggregate):
    """`revision` counts the contents it had, `version` every change of the row."""

    name: str
    content: str
    description: str = ""
    revision: int = 1
    is_active: bool = True
    version: int = 1

    def rewrite(self, wanted: "PromptTemplate") -> None:
        """Each rewriting is a new revision, even one that says the same."""
        self.content, self.description, self.is_active = wanted.content, wanted.description, wanted.is_active
        self.revision += 1

    @property
    def variables(self) -> tuple[str, ...]:
        """The placeholders in the order of their first use. Raises InvalidInput when the content is unparsable."""
        return tuple(dict.fromkeys(part.name for part in _parse(self.content) if isinstance(part, _Placeholder)))

    def missing(self, variables: Mapping[str, str]) -> tuple[str, ...]:
        """The placeholders that `variables` does not fill; what it holds beyond them is ignored."""
        return tuple(name for name in self.variables if name not in variables)

    def render(self, variables: Mapping[str, str]) -> str:
        """The prompt with every placeholder filled; a value's own braces are text. Raises InvalidInput."""
        missing = self.missing(variables)
        if missing:
            raise missing_variables(self.name, missing)
        return "".join(part if isinstance(part, str) else variables[part.name] for part in _parse(self.content))


def missing_variables(template_name: str, names: tuple[str, ...]) -> InvalidInput:
    listed = ", ".join(names)
    return InvalidInput(
        f"Template '{template_name}' needs a value for: {listed}.",
        violations=tuple(
            Violation(("variables", name), f"Template '{template_name}' needs a value for {name}.", "variable_missing")
            for name in names
        ),
    )


@lru_cache(maxsize=1024)
def _parse(content: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    for token in _TOKEN.finditer(content):
        word = token.group()
        if word in ("{", "}"):
            raise _unparsable(content, token.start(), word)
        if token["name"] is not None:
            parts.append(_Placeholder(token["name"]))
        else:
            parts.append(word[0] if word in ("{{", "}}") else word)
    return tuple(parts)


def _unparsable(content: str, position: int, brace: str) -> InvalidInput:
    line = content.count("\n", 0, position) + 1
    column = position - content.rfind("\n", 0, position)
    msg = (
        f"The '{brace}' in line {line}, column {column} opens or closes no placeholder: "
        "write {name} for a placeholder and {{ or }} for a literal brace."
    )
    return InvalidInput(msg, violations=(Violation(("content",), msg, "template_invalid"),))
