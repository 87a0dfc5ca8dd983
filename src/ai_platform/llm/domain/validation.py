"""What a config does with an answer that came whole and may still be of no use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal, Self, get_args

from ai_platform.kernel.errors import InvalidInput, Violation

Action = Literal["retry", "fallback", "accept"]
"""`retry` treats the answer like a call that failed in passing, `fallback` asks the next config at once."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRules:
    """A short answer may be right, and so may a refusal: each config says for itself.

    `min_length` counts the characters of the answer without the white space around it. `flaw` says why rules that
    somebody stored cannot be read; nothing is called under such rules.
    """

    min_length: int = 1
    on_empty: Action = "retry"
    on_too_short: Action = "accept"
    on_error_indicator: Action = "fallback"
    on_refusal: Action = "accept"
    on_truncated: Action = "accept"
    flaw: str = ""

    def __post_init__(self) -> None:
        wrong = tuple(self._wrong())
        if wrong:
            raise InvalidInput(f"The response rules are not valid: {wrong[0].msg}", violations=wrong)

    def _wrong(self) -> list[Violation]:
        wrong = [
            Violation(("validation", name), f"One of: {', '.join(ACTIONS)}.", "unknown_action")
            for name in _ON
            if getattr(self, name) not in ACTIONS
        ]
        if not _is_count(self.min_length):
            wrong.append(Violation(("validation", "min_length"), "A whole number, 0 or more.", "out_of_range"))
        return wrong

    @classmethod
    def read(cls, stored: Mapping[str, object]) -> Self:
        """Rules from what a row holds; a missing key takes its default. Raises InvalidInput."""
        unknown = sorted(set(stored) - {*_ON, "min_length"})
        if unknown:
            place = ("validation", unknown[0])
            raise InvalidInput(
                f"The response rules are not valid: there is no rule '{unknown[0]}'.",
                violations=(Violation(place, "There is no such rule.", "unknown_rule"),),
            )
        return cls(**stored)  # type: ignore[arg-type]  # each value is checked above, whatever its type

    def stated(self) -> dict[str, int | str]:
        """Every rule under its name, as a row keeps it."""
        return {name: value for name, value in asdict(self).items() if name != "flaw"}


_ON: Final = tuple(field.name for field in fields(ResponseRules) if field.name.startswith("on_"))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
